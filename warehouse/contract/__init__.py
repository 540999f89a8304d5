"""The table contract: every table and column of kwhouse, declared once.

One module a schema; `model.py` says what a declaration is and lists what is made from it.
"""

from __future__ import annotations

from warehouse.contract import (
    access,
    billing,
    core,
    documents,
    ledger,
    mart,
    ops,
    owners,
    payments,
    power,
    raw,
    registry,
    remote,
    signed,
)
from warehouse.contract.model import Column, Home, Table

TABLES: tuple[Table, ...] = (
    *raw.TABLES,
    *core.TABLES,
    *signed.TABLES,
    *mart.TABLES,
    *billing.TABLES,
    *documents.TABLES,
    *ledger.TABLES,
    *payments.TABLES,
    *owners.TABLES,
    *ops.TABLES,
    *remote.TABLES,
    *power.TABLES,
    *registry.TABLES,
    *access.TABLES,
)
BY_NAME: dict[str, Table] = {table.full_name: table for table in TABLES}
LAKE_TABLES = tuple(table for table in TABLES if table.home is Home.LAKE)
STATE_TABLES = tuple(table for table in TABLES if table.home is Home.STATE)
VIEWS = tuple(table for table in TABLES if table.home is Home.VIEW)

__all__ = ["BY_NAME", "LAKE_TABLES", "STATE_TABLES", "TABLES", "VIEWS", "Column", "Home", "Table"]
