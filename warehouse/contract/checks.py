"""Checks of stored tables, made from their declarations. Dagster runs them as asset checks, tests run them too.

DuckLake has no keys, no CHECK and no UNIQUE: what a database would refuse, these find.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.contract.ddl import CATALOG, quoted, stored_type
from warehouse.contract.model import Column, Home, Table


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `sql` gives one number, how many rows (or keys, or columns) break the rule. 0 is good."""

    table: Table
    name: str
    about: str
    sql: str


def checks_of(table: Table) -> tuple[Check, ...]:
    """All checks of `table`, to be run on a connection of `open_lake`."""
    return tuple(_checks(table))


def _checks(table: Table) -> Iterator[Check]:
    name = table.full_name
    # A key that no view shows is the state database's own to hold to.
    key = ", ".join(f'"{column}"' for column in table.readable_key)
    if key:
        yield Check(
            table,
            "key_unique",
            f"({', '.join(table.key)}) tells rows apart; counts keys that stand twice",
            f"SELECT count(*) FROM (SELECT {key} FROM {name} GROUP BY {key} HAVING count(*) > 1)",  # noqa: S608
        )
    needed = [column for column in table.readable if not column.nullable]
    if needed:
        yield Check(
            table,
            "no_nulls",
            f"{', '.join(column.name for column in needed)} are never NULL; counts rows that break it",
            _count(name, " OR ".join(f'"{column.name}" IS NULL' for column in needed)),
        )
    for column in table.readable:
        if column.values:
            yield Check(
                table,
                f"{column.name}_allowed",
                f"{column.name} is one of {', '.join(column.values)}; counts rows that break it",
                _count(name, _not_allowed(column)),
            )
    if table.home is Home.LAKE:
        yield Check(
            table,
            "types_as_declared",
            "every column is stored as declared (no HUGEINT, no DOUBLE for money); counts columns that differ",
            _types(table),
        )


def _count(name: str, condition: str) -> str:
    return f"SELECT count(*) FROM {name} WHERE {condition}"  # noqa: S608


def _not_allowed(column: Column) -> str:
    listing = ", ".join(quoted(value) for value in column.values)
    if column.type.endswith("[]"):
        return f'len(list_filter("{column.name}", lambda x: x NOT IN ({listing}))) > 0'
    return f'"{column.name}" NOT IN ({listing})'


def _types(table: Table) -> str:
    declared = ", ".join(f"({quoted(column.name)}, {quoted(stored_type(column))})" for column in table.columns)
    return f"""
        WITH declared (column_name, data_type) AS (VALUES {declared}),
        stored AS (
            SELECT column_name, replace(data_type, 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ') AS data_type
            FROM duckdb_columns()
            WHERE database_name = {quoted(CATALOG)} AND schema_name = {quoted(table.schema)}
              AND table_name = {quoted(table.name)}
        )
        SELECT count(*) FROM declared FULL JOIN stored USING (column_name)
        WHERE declared.data_type IS DISTINCT FROM stored.data_type
    """  # noqa: S608
