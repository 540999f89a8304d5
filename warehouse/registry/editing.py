"""Change single rows of the registry: what commands and the HTTP API do, where `apply` declares whole tables.

Each change is checked as a file's row is (types, references, times) and kept in `registry.changes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from warehouse.contract import BY_NAME, Column, Table
from warehouse.contract.access import ACCESS_RULES
from warehouse.contract.registry import TOKENS
from warehouse.errors import InputError
from warehouse.registry import access, changes
from warehouse.registry.changes import Author, Row
from warehouse.registry.records import Record
from warehouse.registry.values import Value, typed
from warehouse.state import table


class RowRefused(InputError):
    """A row of the registry cannot be changed so. `problems` says why, by column (or "" for the row)."""

    def __init__(self, table_name: str, problems: Mapping[str, str]) -> None:
        told = "; ".join(f"{name} {reason}" if name else reason for name, reason in problems.items())
        super().__init__(f"registry.{table_name}: {told}.")
        self.table_name, self.problems = table_name, dict(problems)


@dataclass(frozen=True, slots=True)
class Edited:
    """A row before and after; None: there was, or is, none."""

    before: Row | None
    after: Row | None


def add_row(engine: sa.Engine, table_name: str, given: Mapping[str, object], author: Author) -> Edited:
    """Add a row; columns that are not given are NULL, and `valid_from` now. Raises `RowRefused`."""
    declared = BY_NAME[f"registry.{table_name}"]
    values = _typed(declared, {"valid_from": datetime.now(UTC), **given} if "valid_from" in declared.by_name else given)
    missing = {c.name: f"is missing: {c.meaning}" for c in declared.columns if not c.nullable and c.name not in values}
    if missing:
        raise RowRefused(table_name, missing)
    row: dict[str, Value] = {name: values.get(name) for name in declared.column_names}
    with engine.begin() as connection:
        changes.lock(connection)
        if _stored(connection, declared, row) is not None:
            told = ", ".join(str(row[name]) for name in declared.key)
            raise RowRefused(table_name, {"": f"{told} is there already; change it instead"})
        _check(connection, declared, row)
        connection.execute(sa.insert(table("registry", table_name)), row)
        changes.record(connection, declared, [(None, row)], author)
    return Edited(None, row)


def change_row(
    engine: sa.Engine,
    table_name: str,
    key: Mapping[str, object],
    given: Mapping[str, object],
    author: Author,
    *,
    look: Callable[[Row], None] = lambda _row: None,
) -> Edited:
    """Set columns of the row with `key`; what is set to the same again is no change. Raises `RowRefused`.

    `look` sees the row as it is before, while nobody else can change it, and may raise.
    """
    declared = BY_NAME[f"registry.{table_name}"]
    wanted = _typed(declared, key)
    with engine.begin() as connection:
        changes.lock(connection)
        before = _stored(connection, declared, wanted)
        if before is None:
            raise RowRefused(table_name, {"": f"there is no {', '.join(map(str, wanted.values()))}"})
        look(before)
        after = {**before, **_typed(declared, given)}
        _check(connection, declared, after)
        if after != before:
            rows = table("registry", table_name)
            new = {name: value for name, value in after.items() if name not in declared.key}
            connection.execute(sa.update(rows).where(_is(rows, declared, wanted)).values(new))
            changes.record(connection, declared, [(before, after)], author)
    return Edited(before, after)


def remove_row(
    engine: sa.Engine,
    table_name: str,
    key: Mapping[str, object],
    author: Author,
    *,
    look: Callable[[Row], None] = lambda _row: None,
) -> Edited:
    """Take the row with `key` away. Raises `RowRefused`; `look` as above. For tables that nothing refers to."""
    declared = BY_NAME[f"registry.{table_name}"]
    wanted = _typed(declared, key)
    with engine.begin() as connection:
        changes.lock(connection)
        before = _stored(connection, declared, wanted)
        if before is None:
            raise RowRefused(table_name, {"": f"there is no {', '.join(map(str, wanted.values()))}"})
        look(before)
        rows = table("registry", table_name)
        connection.execute(sa.delete(rows).where(_is(rows, declared, wanted)))
        changes.record(connection, declared, [(before, None)], author)
    return Edited(before, None)


def _typed(declared: Table, given: Mapping[str, object]) -> dict[str, Value]:
    """Values with their columns' types; texts are read as in a file."""
    found: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for name, value in given.items():
        column = declared.by_name.get(name)
        if column is None:
            problems[name] = f"is no column of registry.{declared.name}"
            continue
        try:
            found[name] = _value(column, value)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise RowRefused(declared.name, problems)
    return found


def _value(column: Column, value: object) -> Value:
    if value is None:
        return None
    if isinstance(value, str) and column.type != "JSON":
        return typed(column, value)
    return value  # type: ignore[return-value]


def _check(connection: sa.Connection, declared: Table, row: Row) -> None:
    """Raises `RowRefused` where a reference points to nothing, a time ends before it begins, or a rule is odd."""
    problems: dict[str, str] = {}
    for column in declared.columns:
        value = row.get(column.name)
        if value is None:
            if not column.nullable:
                problems[column.name] = f"is missing: {column.meaning}"
        elif column.references is not None:
            target, _, name = column.references.partition(".")
            there = table("registry", target)
            if connection.execute(sa.select(there.c[name]).where(there.c[name] == value).limit(1)).first() is None:
                problems[column.name] = f"{value}: {target} has none"
    begin, end = row.get("valid_from"), row.get("valid_to")
    if isinstance(begin, datetime) and isinstance(end, datetime) and end <= begin:
        problems["valid_to"] = f"{end.isoformat()} is not after valid_from {begin.isoformat()}"
    if declared is ACCESS_RULES:
        known = connection.scalars(sa.select(table("registry", "sites").c.site_id))
        sites = [Record({"site_id": site_id}) for site_id in known]
        problems |= {found.field or "": found.reason for found in access.problems_of([Record(dict(row))], sites)}
    if declared is TOKENS and (other := _same_token(connection, str(row["id_token"]))) is not None:
        problems["id_token"] = f"{row['id_token']} is the same to stations as {other}: they take no notice of case"
    if problems:
        raise RowRefused(declared.name, problems)


def _same_token(connection: sa.Connection, id_token: str) -> str | None:
    """Another token that differs in case only."""
    there = table("registry", "tokens").c.id_token
    query = sa.select(there).where(sa.func.lower(there) == id_token.lower(), there != id_token)
    return connection.scalars(query.limit(1)).first()


def _stored(connection: sa.Connection, declared: Table, key: Row) -> dict[str, Value] | None:
    rows = table("registry", declared.name)
    found = connection.execute(sa.select(rows).where(_is(rows, declared, key))).mappings().first()
    return None if found is None else dict(found)


def _is(rows: sa.Table, declared: Table, key: Row) -> sa.ColumnElement[bool]:
    return sa.and_(*(rows.c[name] == key[name] for name in declared.key))
