"""The audit of the registry: each change of a row, in the transaction that makes it. Secret columns are not told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import sqlalchemy as sa

from warehouse import exact_json
from warehouse.contract import Table
from warehouse.registry.values import Value
from warehouse.state import table

Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes the registry, and with what."""

    name: str
    source: str


def lock(connection: sa.Connection) -> None:
    """Let nobody else change the registry until this transaction ends: compare and write must see the same rows."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('kwhouse registry apply'))"))


def record(
    connection: sa.Connection, declared: Table, changes: Iterable[tuple[Row | None, Row | None]], author: Author
) -> None:
    """Keep what rows of `declared` were before and are after; under `lock`."""
    rows = table("registry", "changes")
    newest = connection.execute(sa.select(sa.func.max(rows.c.change_id))).scalar() or 0
    moment = datetime.now(UTC)
    told = [
        {
            "change_id": newest + number,
            "changed_at": moment,
            "table_name": declared.name,
            "row_key": _json([_plain(_key_of(before, after)[name]) for name in declared.key]),
            "change": "added" if before is None else "removed" if after is None else "changed",
            "before": _row(declared, before, after),
            "after": _row(declared, after, before),
            "changed_by": author.name,
            "source": author.source,
        }
        for number, (before, after) in enumerate(changes, start=1)
    ]
    if told:
        connection.execute(sa.insert(rows), told)


def _key_of(before: Row | None, after: Row | None) -> Row:
    return after if after is not None else before or {}


def _row(declared: Table, row: Row | None, other: Row | None) -> str | None:
    """A row as JSON without what is NULL; beside another state of it only what differs."""
    if row is None:
        return None
    shown = {column.name: row[column.name] for column in declared.readable if column.name in row}
    if other is None:
        return _json({name: _plain(value) for name, value in shown.items() if value is not None})
    return _json({name: _plain(value) for name, value in shown.items() if value != other.get(name)})


def _json(value: object) -> str:
    return exact_json.dumps(value)  # type: ignore[arg-type]


def _plain(value: Value) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value
