"""Make the lake's tables as the contract says, and add columns that it has gained."""

from __future__ import annotations

from collections.abc import Iterator

from warehouse.contract import LAKE_TABLES, VIEWS, Table
from warehouse.contract.ddl import CATALOG, METADATA, comment, create_statements, quoted, stored_type
from warehouse.errors import ContractBroken
from warehouse.store.connection import Lake


def ensure_tables(lake: Lake) -> None:
    """Create missing tables and columns in one transaction.

    Raises `ContractBroken` when a stored column has another type, or a new column may not be NULL.
    """
    with lake.read():
        missing = list(_missing(lake))
    if missing:
        with lake.write("tables of the contract") as con:
            # Asked again under the lock: another process may have made them meanwhile.
            for statement in list(_missing(lake)):
                con.execute(statement)
        # raw is append-only and grows in files of one landing each: they are merged on purpose, never on the side.
        with lake.lock():
            lake.con.execute("CALL lake.set_option('parquet_compression', 'zstd')")
            lake.con.execute("CALL lake.set_option('auto_compact', false, schema => 'raw', table_name => 'messages')")
    if _has_unmeasured(lake):
        with lake.lock():
            _measure_empty(lake)


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


# Tables that have never held a row. DuckLake has no statistics of them, and asks its catalog for them again for each
# column of each query that names the table, which takes 3 ms a column.
UNMEASURED = f"""
    SELECT table_id FROM {METADATA}.ducklake_table WHERE end_snapshot IS NULL
    EXCEPT SELECT table_id FROM {METADATA}.ducklake_table_stats
"""  # noqa: S608 (no input)


def _has_unmeasured(lake: Lake) -> bool:
    return lake.con.execute(f"SELECT 1 FROM ({UNMEASURED}) LIMIT 1").fetchone() is not None  # noqa: S608


def _measure_empty(lake: Lake) -> None:
    """Say of them what is true: no row, no value. Whatever comes is added to it."""
    lake.con.execute("BEGIN")
    try:
        # Columns first: they are found by what the tables lack.
        lake.con.execute(
            f"INSERT INTO {METADATA}.ducklake_table_column_stats (table_id, column_id, contains_null) "  # noqa: S608
            f"SELECT table_id, column_id, false FROM {METADATA}.ducklake_column "
            # Of a list, its elements.
            f"ANTI JOIN (SELECT table_id, parent_column AS column_id FROM {METADATA}.ducklake_column) AS parents "
            f"USING (table_id, column_id) WHERE end_snapshot IS NULL AND table_id IN ({UNMEASURED})"
        )
        lake.con.execute(
            f"INSERT INTO {METADATA}.ducklake_table_stats (table_id, record_count, next_row_id, file_size_bytes) "  # noqa: S608
            f"SELECT table_id, 0, 0, 0 FROM ({UNMEASURED})"
        )
        lake.con.execute("COMMIT")
    except BaseException:
        lake.con.execute("ROLLBACK")
        raise
