"""What is shown to people: the contract's tables, cut to the rows that they may see, with personal columns empty.

They stand as views in a catalog of their own over those that everything else reads, so that a view which computes with
a personal column or with another site's rows (the place of supply of a document, say) still says the same. A connection
that uses the catalog finds every table by its name as before, and can be asked by the same SQL.
"""

from __future__ import annotations

import threading

import duckdb

from warehouse.contract import BY_NAME, TABLES, Table
from warehouse.contract.ddl import stored_type
from warehouse.store.macros import macros
from warehouse.store.sight import Sight

_MAKING = threading.Lock()  # two threads must not make the same catalog at once


def show(con: duckdb.DuckDBPyConnection, sight: Sight) -> None:
    """Make the catalog of `sight` where `con` does not find it, and let `con` use it."""
    catalog = sight.catalog
    with _MAKING:
        made = con.execute("SELECT 1 FROM duckdb_databases() WHERE database_name = ?", [catalog]).fetchone()
        if made is None:
            con.execute(f"ATTACH ':memory:' AS {catalog}")
            con.execute("BEGIN")
            _make(con, sight, catalog)
            con.execute("COMMIT")
    con.execute(f"USE {catalog}")


def _make(con: duckdb.DuckDBPyConnection, sight: Sight, catalog: str) -> None:
    con.execute(f"CREATE TABLE {catalog}.main.seen_sites (site_id VARCHAR)")
    con.execute(f"CREATE TABLE {catalog}.main.seen_owners (owner_id VARCHAR)")
    con.execute(f"INSERT INTO {catalog}.main.seen_sites SELECT unnest($1)", [sorted(sight.sites or ())])
    con.execute(f"INSERT INTO {catalog}.main.seen_owners SELECT $1", [sight.owner_id])
    statements = macros(catalog, None if sight.sites is None else f"site IN (FROM {catalog}.main.seen_sites)")
    statements += [f"CREATE SCHEMA {catalog}.{schema}" for schema in sorted({table.schema for table in TABLES})]
    # A view that looks into another one comes after it.
    for table in sorted(TABLES, key=_depth):
        chosen = f"SELECT *{'' if sight.personal else _empty(table)} FROM memory.{table.full_name}"  # noqa: S608
        rows = "" if sight.sites is None else f" WHERE {_rows(table, catalog)}"
        statements.append(f"CREATE VIEW {catalog}.{table.full_name} AS {chosen}{rows}")
    con.execute(";\n".join(statements))


def _rows(table: Table, catalog: str) -> str:
    """The condition on which rows of `table` are shown to somebody who sees some sites only."""
    match table.belongs_by:
        case None:
            return "true" if table.for_everybody else "false"
        case "owner_id":
            return f"owner_id IN (FROM {catalog}.main.seen_owners)"
        case "site_id":
            return f"site_id IN (FROM {catalog}.main.seen_sites)"
        case parent:
            (key,) = BY_NAME[parent].key
            return f"{key} IN (SELECT {key} FROM {catalog}.{parent})"  # noqa: S608 (names of the contract)


def _depth(table: Table) -> int:
    parent = BY_NAME.get(table.belongs_by or "")
    return 0 if parent is None else _depth(parent) + 1


def _empty(table: Table) -> str:
    """What makes personal columns NULL."""
    empty = [
        f'CAST(NULL AS {stored_type(column)}) AS "{column.name}"'
        for column in table.columns
        if column.personal and not column.secret
    ]
    return f" REPLACE ({', '.join(empty)})" if empty else ""
