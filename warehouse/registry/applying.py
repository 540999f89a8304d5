"""Make the registry say what a folder says: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from warehouse.account import account_or_number
from warehouse.contract import Table
from warehouse.contract.registry import DECLARED
from warehouse.errors import Problem, RegistryError
from warehouse.registry import changes
from warehouse.registry.changes import Author
from warehouse.registry.own import kept
from warehouse.registry.records import Record, record
from warehouse.registry.rules import Declared, problems_of, same
from warehouse.registry.sources import files_of, read
from warehouse.registry.tariffs import TariffCheck
from warehouse.registry.values import Value
from warehouse.settings import Settings
from warehouse.state import opened, table

Key = tuple[Value, ...]
Stored = Mapping[str, Sequence[Mapping[str, Value]]]


@dataclass(frozen=True, slots=True)
class TableChanges:
    """Rows of one table: how many are new, changed, gone, and the same as before."""

    added: int
    changed: int
    removed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What `apply` did, by table that has a file. The other tables were not touched."""

    tables: dict[str, TableChanges]

    @property
    def changed(self) -> bool:
        """Whether anything is different from before."""
        return any(t.added or t.changed or t.removed for t in self.tables.values())

    def __str__(self) -> str:
        width = max(map(len, self.tables), default=0)
        return "\n".join(
            f"{name:<{width}}  {t.added:>6} added {t.changed:>6} changed {t.removed:>6} removed {t.unchanged:>6} kept"
            for name, t in self.tables.items()
        )


def apply(
    where: Settings | sa.Engine,
    folder: Path,
    check_tariff: TariffCheck | None = None,
    *,
    allow_removal: bool = False,
    author: Author | None = None,
) -> ApplyReport:
    """Apply the registry files in `folder`. A table without a file stays as it is; rows missing from a file go, but for
    those that drivers made on their phones.

    A file without rows may empty a table that has some only with `allow_removal`. `check_tariff` says why a tariff
    cannot be priced, where the caller has pricing code; `author` is who is told in `registry.changes` (default: the
    account). Raises `RegistryError` with every problem found; nothing is
    changed then.
    """
    problems: list[Problem] = []
    tables = {declared.name: declared for declared in DECLARED}
    declared: dict[str, Declared] = {}
    for name, path in files_of(folder, problems).items():
        found: list[Problem] = []
        rows = read(path, tables[name], found)
        records = [record(row, tables[name], problems) for row in rows]
        declared[name] = Declared(path.name, records, complete=not found)
        problems.extend(found)
    with state_engine(where) as engine, engine.begin() as connection:
        changes.lock(connection)
        stored = {name: _stored_rows(connection, declaration) for name, declaration in tables.items()}
        known = {name: [Record(dict(row)) for row in rows] for name, rows in stored.items()}
        whole = {
            name: replace(given, records=[*given.records, *kept(connection, name, stored[name], given.records)])
            for name, given in declared.items()
        }
        problems.extend(problems_of(whole, known, check_tariff))
        if not allow_removal:
            problems.extend(_emptied(tables, whole, declared, stored))
        if problems:
            raise RegistryError(sorted(problems, key=lambda problem: (problem.file, problem.line or 0)))
        author = author or Author(account_or_number(), "registry apply")
        return ApplyReport(
            {
                name: _write(connection, tables[name], stored[name], given.records, author)
                for name, given in whole.items()
            }
        )


def _emptied(
    tables: Mapping[str, Table], whole: Mapping[str, Declared], declared: Mapping[str, Declared], stored: Stored
) -> Iterator[Problem]:
    """Tables that would lose all their rows: more often a broken export, or another house's folder, than a wish.

    (One row in place of the only one is taken for a correction.)
    """
    for name, given in declared.items():
        if not stored[name] or not given.complete:
            continue
        rows = [record.values for record in given.records]
        if not all(row.keys() >= set(tables[name].key) for row in rows):
            continue  # one of them has no key: that is told already
        told = {_key(row, tables[name]) for row in rows}
        # Behind the file's own rows stand those that are kept whatever it says.
        stay = {_key(record.values, tables[name]) for record in whole[name].records[len(given.records) :]}
        before = {_key(row, tables[name]) for row in stored[name]} - stay
        if not given.records or (len(before) > 1 and not before & told):
            holds = "holds none of them" if given.records else "holds no row"
            reason = f"{holds} and would remove all {len(before):,} of {name}; give --allow-removal if meant"
            yield Problem(given.file, None, None, reason)


@contextmanager
def state_engine(where: Settings | sa.Engine) -> Iterator[sa.Engine]:
    """The engine itself, or one opened from settings and closed at the end."""
    if isinstance(where, sa.Engine):
        yield where
        return
    with opened(where) as engine:
        yield engine


def _stored_rows(connection: sa.Connection, declared: Table) -> Sequence[Mapping[str, Value]]:
    return [dict(row) for row in connection.execute(sa.select(table("registry", declared.name))).mappings()]


def _write(
    connection: sa.Connection,
    declared: Table,
    stored: Sequence[Mapping[str, Value]],
    records: Sequence[Record],
    author: Author,
) -> TableChanges:
    rows = table("registry", declared.name)
    before = {_key(row, declared): row for row in stored}
    after = {_key(record.values, declared): record.values for record in records}
    added = [row for key, row in after.items() if key not in before]
    changed = [row for key, row in after.items() if key in before and _differs(row, before[key])]
    removed = [row for key, row in before.items() if key not in after]
    this_row = sa.and_(*(rows.c[name] == sa.bindparam(f"key_{name}") for name in declared.key))
    if removed:
        connection.execute(sa.delete(rows).where(this_row), [_bound(row, declared) for row in removed])
    if changed:
        others: dict[str, sa.BindParameter[Value]] = {
            name: sa.bindparam(name) for name in declared.column_names if name not in declared.key
        }
        connection.execute(
            sa.update(rows).where(this_row).values(others), [{**row, **_bound(row, declared)} for row in changed]
        )
    if added:
        connection.execute(sa.insert(rows), [dict(row) for row in added])
    told = [
        *((row, None) for row in removed),
        *((before[_key(row, declared)], row) for row in changed),
        *((None, row) for row in added),
    ]
    changes.record(connection, declared, told, author)
    return TableChanges(len(added), len(changed), len(removed), len(after) - len(added) - len(changed))


def _key(row: Mapping[str, Value], declared: Table) -> Key:
    return tuple(row[name] for name in declared.key)


def _bound(row: Mapping[str, Value], declared: Table) -> dict[str, Value]:
    return {f"key_{name}": row[name] for name in declared.key}


def _differs(row: Mapping[str, Value], before: Mapping[str, Value]) -> bool:
    return any(not same(name, value, before[name]) for name, value in row.items())
