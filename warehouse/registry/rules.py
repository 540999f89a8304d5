"""What must hold between the rows of a registry: keys, references, times, tariffs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from warehouse import exact_json
from warehouse.contract import Table, registry
from warehouse.contract.access import ACCESS_RULES
from warehouse.contract.registry import (
    CONNECTORS,
    DECLARED,
    METER_KEYS,
    OPERATORS,
    PLANS,
    SITES,
    SUBSCRIPTIONS,
    TARIFF_ASSIGNMENTS,
    TARIFFS,
    TAX_RATES,
)
from warehouse.errors import Problem
from warehouse.registry import access, plans, series, taxes
from warehouse.registry.records import Record, by_key
from warehouse.registry.tariffs import TariffCheck, shape_problems
from warehouse.registry.values import Value

Registry = Mapping[str, Sequence[Record]]  # records by table name


@dataclass(frozen=True, slots=True)
class Declared:
    """What one file says. Where it could not be read in full (`complete`), nobody is told that it lacks a row."""

    file: str
    records: Sequence[Record]
    complete: bool


PERIODS = (("valid_from", "valid_to"), ("in_service_from", "in_service_to"))

# Tables of which only one row may hold at a time, by what identifies the thing itself.
ONE_AT_A_TIME = ((CONNECTORS, CONNECTORS.key[:3]), (TAX_RATES, TAX_RATES.key[:2]), (METER_KEYS, METER_KEYS.key[:2]))

# What a price is made of: a version never changes in these.
PRICES = (
    (
        TARIFFS,
        "tariff",
        ("currency", "ocpi_version", "elements", "min_price", "max_price", "tax_included", "tariff_type"),
    ),
    (PLANS, "plan", ("currency", "monthly_fee", "included_kwh", "vat_percent", "tariff_id")),
)


def problems_of(
    declared: Mapping[str, Declared], stored: Registry, check_tariff: TariffCheck | None
) -> Iterator[Problem]:
    """Everything wrong with the registry that would come about: `declared` in place of `stored`, table by table."""
    future = {**stored, **{name: given.records for name, given in declared.items()}}
    for table in DECLARED:
        if table.name in declared:
            yield from _repeated(table, future[table.name])
            yield from _backward(table, future[table.name])
        yield from _references(table, future, declared)
    for table, identity in ONE_AT_A_TIME:
        if table.name in declared:
            yield from _overlapping(table, identity, future[table.name])
    if {TARIFF_ASSIGNMENTS.name, CONNECTORS.name} & declared.keys() and _complete(declared, CONNECTORS.name):
        yield from _assigned_connectors(future)
    if TARIFFS.name in declared:
        yield from _tariffs(future[TARIFFS.name], check_tariff)
    if {ACCESS_RULES.name, SITES.name} & declared.keys() and _complete(declared, SITES.name):
        yield from access.problems_of(future[ACCESS_RULES.name], future[SITES.name])
    if OPERATORS.name in declared:
        yield from series.shared(future[OPERATORS.name])
    yield from _prices_and_terms(declared, stored, future)


def _prices_and_terms(declared: Mapping[str, Declared], stored: Registry, future: Registry) -> Iterator[Problem]:
    for table, thing, price in PRICES:
        if table.name in declared:
            yield from _edited_prices(table, thing, price, future[table.name], stored[table.name])
    for name in sorted(plans.BOUNDS.keys() & declared.keys()):
        yield from plans.out_of_bounds(name, future[name])
    if {PLANS.name, SUBSCRIPTIONS.name} & declared.keys() and _complete(declared, PLANS.name):
        yield from plans.without_plan(future[SUBSCRIPTIONS.name], future[PLANS.name])
    if TAX_RATES.name in declared:
        yield from taxes.odd_rates(future[TAX_RATES.name])
    looked_at = taxes.OF_REVERSE_CHARGE & declared.keys()
    if looked_at and all(declared[name].complete for name in looked_at):
        yield from taxes.reverse_charge(future)


def _repeated(table: Table, records: Sequence[Record]) -> Iterator[Problem]:
    seen: dict[tuple[Value, ...], Record] = {}
    for key, record in by_key(records, table):
        if first := seen.setdefault(key, record):
            if first is record:
                continue
            same = ", ".join(f"{name} {_shown(value)}" for name, value in zip(table.key, key, strict=True))
            yield record.problem(table.key[0], f"{same} already stands in line {first.line}")


def _backward(table: Table, records: Sequence[Record]) -> Iterator[Problem]:
    for begin, end in PERIODS:
        if begin not in table.by_name:
            continue
        for record in records:
            start, stop = record.get(begin), record.get(end)
            if isinstance(start, datetime) and isinstance(stop, datetime) and stop <= start:
                yield record.problem(end, f"{_shown(stop)} is not after {begin} {_shown(start)}")


def _references(table: Table, future: Registry, declared: Mapping[str, Declared]) -> Iterator[Problem]:
    for column in table.columns:
        if column.references is None:
            continue
        target, _, name = column.references.partition(".")
        if not {table.name, target} & declared.keys() or not _complete(declared, target):
            continue
        if any(name not in record.values for record in future[target]):
            continue
        known = {record.get(name) for record in future[target]}
        for record in future[table.name]:
            value = record.get(column.name)
            if value is None or value in known:
                continue
            if record.file:
                yield record.problem(column.name, f"{target} has no {name} {_shown(value)}")
            else:
                reason = f"{_shown(value)} is missing: {table.name} still holds rows that point to it"
                yield Problem(declared[target].file, None, name, reason)


def _complete(declared: Mapping[str, Declared], table: str) -> bool:
    return table not in declared or declared[table].complete


def _overlapping(table: Table, identity: Sequence[str], records: Sequence[Record]) -> Iterator[Problem]:
    begin, end = next(pair for pair in PERIODS if pair[0] in table.by_name)
    by_identity: dict[tuple[Value, ...], list[tuple[datetime, Record]]] = defaultdict(list)
    for record in records:
        key, start = record.key(identity), record.get(begin)
        # One whose end could not be read is left out: its problem is told already.
        if key is not None and isinstance(start, datetime) and end in record.values:
            by_identity[key].append((start, record))
    for periods in by_identity.values():
        ordered = sorted(periods, key=lambda period: period[0])
        for (_, earlier), (start, later) in pairwise(ordered):
            stop = earlier.get(end)
            if stop is None or (isinstance(stop, datetime) and stop > start):
                until = "has no end" if stop is None else f"lasts until {_shown(stop)}"
                reason = f"{_shown(start)} overlaps with line {earlier.line}, which {until}"
                yield later.problem(begin, reason)


def _assigned_connectors(future: Registry) -> Iterator[Problem]:
    """An assignment to an EVSE or connector must name the station, and they must exist."""
    places = {
        tuple(connector.get(name) for name in names)
        for connector in future[CONNECTORS.name]
        for names in (("station_id", "evse_id"), ("station_id", "evse_id", "connector_id"))
    }
    for record in future[TARIFF_ASSIGNMENTS.name]:
        evse = record.get("evse_id")
        if record.get("connector_id") is not None and evse is None:
            yield record.problem("connector_id", "needs evse_id beside it")
        elif evse is not None and record.get("station_id") is None:
            yield record.problem("evse_id", "needs station_id beside it")
        elif evse is not None:
            names = ["station_id", "evse_id", *(["connector_id"] if record.get("connector_id") is not None else [])]
            if tuple(record.get(name) for name in names) not in places:
                place = ", ".join(f"{name} {_shown(record.get(name))}" for name in names)
                yield record.problem(names[-1], f"connectors has no {place}")


def _tariffs(records: Sequence[Record], check_tariff: TariffCheck | None) -> Iterator[Problem]:
    for record in records:
        text = record.get("elements")
        if not isinstance(text, str):
            continue
        elements = exact_json.loads(text)
        found = list(shape_problems(elements))
        for path, reason in found:
            yield record.problem("elements", reason, path)
        if check_tariff is not None and not found:
            facts = {name: _read(name, record.get(name)) for name in registry.TARIFFS.column_names}
            for reason in check_tariff(facts):
                yield record.problem("elements", reason)


def _edited_prices(
    table: Table, thing: str, price: Sequence[str], declared: Sequence[Record], stored: Sequence[Record]
) -> Iterator[Problem]:
    identity, _ = table.key
    before = dict(by_key(stored, table))
    newest = {record.get(identity): 0 for record in declared}
    for record in (*stored, *declared):
        version = record.get("version")
        if isinstance(version, int):
            newest[record.get(identity)] = max(newest.get(record.get(identity), 0), version)
    for key, record in by_key(declared, table):
        old = before.get(key)
        for name in price if old else ():
            if name in record.values and old and not same(name, record.get(name), old.get(name)):
                reason = (
                    f"differs from the stored version {key[1]} of {thing} {key[0]}, and a price is never edited in "
                    f"place: keep that version as it is and make version {newest[key[0]] + 1}"
                )
                yield record.problem(name, reason)


def same(name: str, one: Value, other: Value) -> bool:
    """Whether two values of column `name` mean the same; for JSON columns by structure, 0.30 being 0.3."""
    return one == other or _read(name, one) == _read(name, other)


def _read(name: str, value: Value) -> object:
    """The value; of a JSON column of a tariff what stands in it."""
    column = TARIFFS.by_name.get(name)
    if column is not None and column.type == "JSON" and isinstance(value, str):
        return exact_json.loads(value)
    return value


def _shown(value: Value) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
