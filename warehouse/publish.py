"""The marts as one plain DuckDB file, for BI tools and notebooks that know nothing of DuckLake.

Sessions, marts, forecasts, billing and the registry's tables without personal data, with the contract's comments.
The file replaces its predecessor in one step: readers see the old one or the new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.contract import TABLES, Home, Table
from warehouse.contract.ddl import create_statements, quoted
from warehouse.contract.declared import NOTE
from warehouse.contract.documents import CHANGED_BY
from warehouse.contract.ledger import ACCOUNT_FILES
from warehouse.contract.payments import WHY_UNBOOKED
from warehouse.errors import InputError, QueryError
from warehouse.files import refuse_own, whole_file
from warehouse.store import Lake

SCHEMAS = ("mart", "forecast", "planning", "billing")
# Notes and reasons are free text, in which people name people; who closed a month is nobody's business outside.
LEFT_OUT = (NOTE, CHANGED_BY, WHY_UNBOOKED)
# The accountant's file, with the numbers of DATEV's client.
TABLES_LEFT_OUT = (ACCOUNT_FILES,)
# Who charges now, who visits, who may come in; what stations are asked to do.
SCHEMAS_LEFT_OUT = ("access", "remote")


@dataclass(frozen=True, slots=True)
class PublishReport:
    """The file, its rows by table, and the snapshot of the lake that it holds."""

    path: Path
    tables: dict[str, int]
    snapshot: int

    def __str__(self) -> str:
        width = max(map(len, self.tables))
        lines = [f"{name:<{width}}  {rows:>12,} rows" for name, rows in self.tables.items()]
        return "\n".join([*lines, f"{self.path} holds snapshot {self.snapshot}"])


def published_tables() -> tuple[Table, ...]:
    """The tables that are published, without the columns that are not."""
    found = [
        table
        for table in TABLES
        if table.home is not Home.STATE and (table.full_name == "core.sessions" or table.schema in SCHEMAS)
    ]
    for table in TABLES:
        columns = tuple(column for column in table.readable if column not in LEFT_OUT)
        if table.home is not Home.STATE or table in TABLES_LEFT_OUT or table.schema in SCHEMAS_LEFT_OUT:
            continue
        if not any(column.personal for column in columns):
            found.append(Table(table.schema, table.name, table.grain, table.readable_key, columns, home=table.home))
    return tuple(found)


def publish(lake: Lake, target: Path) -> PublishReport:
    """Write `target` from one snapshot of the lake.

    Raises `InputError` where `target` holds something else than a DuckDB file, `QueryError` when it cannot be written.
    """
    refuse_own(target, lake.settings)
    if target.is_file() and not _replaceable(target):
        raise InputError(f"{target} exists and is not a DuckDB file; it stays. Name another file, or move it away.")
    cursor = lake.cursor()
    try:
        with whole_file(target) as path:
            cursor.execute(f"ATTACH {quoted(str(path))} AS published")
            try:
                rows, snapshot = _fill(cursor)
            except BaseException:
                cursor.rollback()  # or DETACH would fail as well, and hide why
                raise
            finally:
                cursor.execute("DETACH published")
    except duckdb.Error as error:
        raise QueryError(f"{target} could not be written: {error}") from error
    finally:
        cursor.close()
    return PublishReport(target, rows, snapshot)


def _replaceable(target: Path) -> bool:
    with target.open("rb") as file:
        head = file.read(12)
    return not head or head[8:] == b"DUCK"  # after a checksum, DuckDB's files bear its name


def _fill(cursor: duckdb.DuckDBPyConnection) -> tuple[dict[str, int], int]:
    tables = published_tables()
    rows: dict[str, int] = {}
    cursor.execute("BEGIN")
    found = cursor.execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
    snapshot = int(found[0]) if found else 0
    for schema in sorted({table.schema for table in tables}):
        cursor.execute(f"CREATE SCHEMA published.{schema}")
    for table in tables:
        for statement in create_statements(table, "published"):
            cursor.execute(statement)
        columns = ", ".join(f'"{name}"' for name in table.column_names)
        order = ", ".join(f'"{name}"' for name in table.sort or table.key)
        written = cursor.execute(
            f"INSERT INTO published.{table.full_name} SELECT {columns} FROM {table.full_name} ORDER BY {order}"  # noqa: S608
        ).fetchone()
        rows[table.full_name] = int(written[0]) if written else 0
    cursor.execute(
        "CREATE TABLE published.main.published AS SELECT ?::BIGINT AS snapshot_id, now() AS published_at", [snapshot]
    )
    cursor.execute("COMMENT ON TABLE published.main.published IS 'the snapshot of the warehouse that this file holds'")
    cursor.execute("COMMIT")
    return rows, snapshot
