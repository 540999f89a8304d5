"""The registry in files: `apply` makes the state database say what a folder says, `export` writes such a folder.

One file a table, `<table>.yaml` (a list of mappings) or `<table>.csv`, named and shaped by
`warehouse/contract/registry.py`. `sources.py` reads files, `values.py` types their cells, `rules.py` checks rows
against each other, `tariffs.py` the shape of tariffs, `applying.py` writes, `exporting.py` writes back.
"""

from warehouse.registry.applying import ApplyReport, TableChanges, apply
from warehouse.registry.exporting import ExportReport, export

__all__ = ["ApplyReport", "ExportReport", "TableChanges", "apply", "export"]
