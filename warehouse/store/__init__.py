"""The store: the one place that opens DuckDB and the DuckLake catalog.

`connection.py` opens it, `lock.py` keeps one writer at a time, `setup.py` makes the tables of the contract,
`landing.py` takes in the collectors' files, `changes.py` tells a stage what is new since it last ran (`watermarks.py`).
Reading: `core.sessions` (views with the contract's columns). Writing: `lake.core.sessions`, inside `Lake.write`.
"""

from warehouse.store.connection import Lake, NothingToWrite, open_lake

__all__ = ["Lake", "NothingToWrite", "open_lake"]
