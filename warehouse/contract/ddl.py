"""DDL of the lake from the contract: CREATE TABLE with NOT NULL, and comments that BI tools show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from warehouse.contract.model import Column, Table

CATALOG = "lake"
# DuckLake's own tables.
METADATA = f"__ducklake_metadata_{CATALOG}"


def quoted(text: str) -> str:
    """A SQL string literal, for statements that take no bound parameters (comments, ATTACH, COPY, lists of files).

    Everywhere else values are bound.
    """
    return "'" + text.replace("'", "''") + "'"


def stored_type(column: Column) -> str:
    """DuckLake type: JSON is kept as text."""
    return column.type.replace("JSON", "VARCHAR")


def comment(column: Column) -> str:
    """Meaning, unit and possible values in one line."""
    parts = [column.meaning]
    if column.unit:
        parts.append(f"unit: {column.unit}")
    if column.values:
        parts.append("one of: " + ", ".join(column.values))
    return "; ".join(parts)


def create_statements(table: Table, catalog: str = CATALOG) -> Iterator[str]:
    """Statements that make one lake table. Run them in one transaction."""
    name = f"{catalog}.{table.full_name}"
    columns = ", ".join(
        f'"{column.name}" {stored_type(column)}{"" if column.nullable else " NOT NULL"}' for column in table.columns
    )
    yield f"CREATE TABLE {name} ({columns})"
    yield f"COMMENT ON TABLE {name} IS {quoted(table.grain)}"
    for column in table.columns:
        yield f'COMMENT ON COLUMN {name}."{column.name}" IS {quoted(comment(column))}'


def view_statement(table: Table, source: str, stored: Set[str] | None = None) -> str:
    """A view `schema.table` over `source` with the contract's columns and types, in its order, but for secret ones.

    `stored`: the columns that are there, where an old snapshot may lack some; none of them: the table was not there.
    """
    if stored is not None and not stored:
        return f"CREATE OR REPLACE VIEW memory.{table.full_name} AS {no_rows(table.readable)}"
    columns = ", ".join(_selected(column, source, stored) for column in table.readable)
    origin = f"{source}.{table.full_name}" if source == CATALOG else f'{source}."{table.schema}_{table.name}"'
    return f"CREATE OR REPLACE VIEW memory.{table.full_name} AS SELECT {columns} FROM {origin}"  # noqa: S608


def _selected(column: Column, source: str, stored: Set[str] | None) -> str:
    if stored is not None and column.name not in stored:
        return _unknown(column)
    if source == CATALOG:
        return f'"{column.name}"'
    return f'CAST("{column.name}" AS {stored_type(column)}) AS "{column.name}"'


def no_rows(columns: Iterable[Column]) -> str:
    """A SELECT with these columns and no row, for which nothing is asked of any catalog."""
    return f"SELECT {', '.join(map(_unknown, columns))} WHERE false"


def _unknown(column: Column) -> str:
    return f'CAST(NULL AS {stored_type(column)}) AS "{column.name}"'
