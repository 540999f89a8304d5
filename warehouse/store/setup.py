"""Make the lake's tables as the contract says, and add columns that it has gained."""

from __future__ import annotations

from collections.abc import Iterator

from warehouse.contract import LAKE_TABLES, VIEWS, Column, Table
from warehouse.contract.ddl import CATALOG, comment, create_statements, quoted, stored_type
from warehouse.errors import ContractBroken
from warehouse.store.connection import Lake


def ensure_tables(lake: Lake) -> None:
    """Create missing tables and columns in one transaction.

    Raises `ContractBroken` when a stored column has another type, or a new column may not be NULL.
    """
    with lake.read():
        if not any(True for _ in _missing(lake)) and not _never_filled(lake):
            return
    with lake.write("tables of the contract") as con:
        # Asked again under the lock: another process may have made them meanwhile.
        for statement in list(_missing(lake)):
            con.execute(statement)
        for table in _never_filled(lake):
            _fill_and_empty(lake, table)
    # raw is append-only and grows in files of one landing each: they are merged on purpose, never on the side.
    with lake.lock():
        lake.con.execute("CALL lake.set_option('parquet_compression', 'zstd')")
        lake.con.execute("CALL lake.set_option('auto_compact', false, schema => 'raw', table_name => 'messages')")


def _missing(lake: Lake) -> Iterator[str]:
    schemas = {
        row[0]
        for row in lake.con.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ?", [CATALOG]
        ).fetchall()
    }
    for schema in sorted({table.schema for table in LAKE_TABLES} - schemas):
        yield f"CREATE SCHEMA {CATALOG}.{schema}"
    stored = _stored_columns(lake)
    for table in LAKE_TABLES:
        if table.full_name not in stored:
            yield from create_statements(table)
        else:
            yield from _additions(table, stored[table.full_name])
    for table in VIEWS:
        if table.full_name in stored:  # an older version kept it
            yield f"DROP TABLE {CATALOG}.{table.full_name}"


def _stored_columns(lake: Lake) -> dict[str, dict[str, str]]:
    rows = lake.con.execute(
        "SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = ?",
        [CATALOG],
    ).fetchall()
    stored: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        stored.setdefault(table, {})[column] = data_type.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
    return stored


def _additions(table: Table, stored: dict[str, str]) -> Iterator[str]:
    differences = [
        f"{column.name} is {stored[column.name]}, declared {stored_type(column)}"
        for column in table.columns
        if column.name in stored and stored[column.name] != stored_type(column)
    ]
    new = [column for column in table.columns if column.name not in stored]
    differences += [f"{column.name} is new and may not be NULL" for column in new if not column.nullable]
    if differences:
        raise ContractBroken(table.full_name, differences)
    name = f"{CATALOG}.{table.full_name}"
    for column in new:
        yield f'ALTER TABLE {name} ADD COLUMN "{column.name}" {stored_type(column)}'
        yield f'COMMENT ON COLUMN {name}."{column.name}" IS {quoted(comment(column))}'


def _never_filled(lake: Lake) -> list[Table]:
    """Tables that have never held a row: DuckLake has no statistics of them.

    It asks the catalog for them again for each column of each query that names the table, which takes 3 ms a column.
    """
    rows = lake.con.execute(
        """
        SELECT schema_name || '.' || table_name
        FROM __ducklake_metadata_lake.ducklake_table AS tables
        JOIN __ducklake_metadata_lake.ducklake_schema USING (schema_id)
        JOIN __ducklake_metadata_lake.ducklake_table_stats USING (table_id)
        WHERE tables.end_snapshot IS NULL
        """
    ).fetchall()
    filled = {row[0] for row in rows}
    return [table for table in LAKE_TABLES if table.full_name not in filled]


def _fill_and_empty(lake: Lake, table: Table) -> None:
    """Let a row come and go within the transaction: what stays is that there are statistics."""
    values = ", ".join(f"CAST({_any_value(column)} AS {stored_type(column)})" for column in table.columns)
    lake.con.execute(f"INSERT INTO {CATALOG}.{table.full_name} VALUES ({values})")  # noqa: S608 (names of the contract)
    lake.con.execute(f"DELETE FROM {CATALOG}.{table.full_name}")  # noqa: S608


def _any_value(column: Column) -> str:
    if column.type.endswith("[]"):
        return "'[]'"
    return "'epoch'" if column.type in {"DATE", "TIMESTAMPTZ"} else "'0'"
