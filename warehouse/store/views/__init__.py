"""Tables of the contract that are kept nowhere: a SELECT over others, `<schema>_<name>.sql`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from warehouse.contract import Table


@cache
def definition(table: Table) -> str:
    """The SELECT that gives the rows of `table`."""
    return (Path(__file__).parent / f"{table.schema}_{table.name}.sql").read_text(encoding="utf-8")
