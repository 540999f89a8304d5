"""What is shown to people who ask in SQL: the contract's tables, with personal columns empty.

They stand as views in a catalog of their own over those that everything else reads, so that a view which computes with
a personal column (the place of supply of a document, say) still says the same.
"""

from __future__ import annotations

import duckdb

from warehouse.contract import TABLES, Table
from warehouse.contract.ddl import stored_type

CATALOG = "shown"


def hide_personal(cursor: duckdb.DuckDBPyConnection) -> None:
    """Let `cursor` find every table by its name as before, but NULL in the columns that the contract calls personal."""
    cursor.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {CATALOG}")
    cursor.execute("BEGIN")
    for schema in sorted({table.schema for table in TABLES}):
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {CATALOG}.{schema}")
    for table in TABLES:
        chosen = f"SELECT *{_hidden(table)} FROM memory.{table.full_name}"  # noqa: S608 (names from the contract)
        cursor.execute(f"CREATE OR REPLACE VIEW {CATALOG}.{table.full_name} AS {chosen}")
    cursor.execute("COMMIT")
    cursor.execute(f"USE {CATALOG}")


def _hidden(table: Table) -> str:
    empty = [
        f'CAST(NULL AS {stored_type(column)}) AS "{column.name}"'
        for column in table.columns
        if column.personal and not column.secret
    ]
    return f" REPLACE ({', '.join(empty)})" if empty else ""
