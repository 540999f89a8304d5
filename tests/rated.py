"""Usage put in by hand and priced by the real engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.billing.rating.rate import rate
from pipelines.billing.rating.tables import load_tariffs
from pipelines.billing.tariffs.model import Component, Element, Tariff, parse_tariff
from pipelines.billing.tariffs.restrictions import Restrictions

MONDAY = datetime.fromisoformat("2026-01-12T10:00")

USAGE = """
CREATE OR REPLACE TEMP TABLE usage (
    session_no BIGINT, period_no INTEGER, started_at TIMESTAMPTZ, local_started_at TIMESTAMP,
    session_seconds DECIMAL(18,6), session_energy_wh DECIMAL(18,6), energy_wh DECIMAL(18,6),
    charging_seconds DECIMAL(18,6), parking_seconds DECIMAL(18,6), reservation_seconds DECIMAL(18,6),
    min_power_w DECIMAL(18,6), max_power_w DECIMAL(18,6), min_current_a DECIMAL(18,6), max_current_a DECIMAL(18,6),
    reservation VARCHAR
)
"""


@dataclass(frozen=True)
class Period:
    """A charging period: Wh, seconds, W and A; `at` is local, by default where the one before ended."""

    energy: Any = 0
    charging: Any = 0
    parking: Any = 0
    reserved: Any = 0
    at: datetime | None = None
    min_power: Any = None
    max_power: Any = None
    min_current: Any = None
    max_current: Any = None
    reservation: str | None = None


@dataclass(frozen=True)
class Rated:
    """What came out of one session."""

    excl: Decimal | None
    incl: Decimal | None
    has_element: bool
    lines: list[dict[str, Any]]
    periods: list[dict[str, Any]]

    def amounts(self) -> list[tuple[str, int | None, Decimal]]:
        return [(line["dimension"], line["element_no"], line["amount_excl_vat"]) for line in self.lines]


def usage_rows(periods: Sequence[Period], start: datetime = MONDAY) -> list[tuple[Any, ...]]:
    """Rows of `usage` but for the session's number."""
    rows = []
    at, seconds, energy = start, Decimal(0), Decimal(0)
    for number, period in enumerate(periods, start=1):
        at = period.at or at
        flow = [period.min_power, period.max_power, period.min_current, period.max_current]
        volumes = [Decimal(x) for x in (period.energy, period.charging, period.parking, period.reserved)]
        rows.append((number, at.replace(tzinfo=UTC), at, seconds, energy, *volumes, *flow, period.reservation))
        lasts = sum(volumes[1:])
        at += timedelta(seconds=float(lasts))
        if period.reservation is None:
            seconds, energy = seconds + lasts, energy + volumes[0]
    return rows


def rate_all(cases: Sequence[tuple[Tariff, Sequence[Period]]], start: datetime = MONDAY) -> list[Rated]:
    """Each tariff and session priced, all at once."""
    # Several threads where there are several sessions, whose order they could mix up.
    with duckdb.connect(config={"threads": 1} if len(cases) == 1 else {}) as con:
        con.execute("SET TimeZone = 'UTC'")
        load_tariffs(con, [(f"T{number}", 1, tariff) for number, (tariff, _) in enumerate(cases)])
        con.execute(
            "CREATE TEMP TABLE sessions_to_rate AS"
            " SELECT i AS session_no, 'S' || i AS session_id, 'T' || i AS tariff_id, 1 AS tariff_version"
            " FROM range(?) numbers (i)",
            [len(cases)],
        )
        con.execute(USAGE)
        rows = [
            [number, *(format(x, "f") if isinstance(x, Decimal) else x for x in row)]
            for number, (_, periods) in enumerate(cases)
            for row in usage_rows(periods, start)
        ]
        if rows:
            con.executemany(f"INSERT INTO usage VALUES ({', '.join('?' * len(rows[0]))})", rows)
        rate(con)
        return [collect(con, number) for number in range(len(cases))]


def collect(con: duckdb.DuckDBPyConnection, number: int) -> Rated:
    """The results of session `number` on a connection that has rated."""
    lines = _dicts(con, "SELECT * FROM rated_lines WHERE session_no = ? ORDER BY line_no", number)
    periods = _dicts(con, "SELECT * FROM rated_periods WHERE session_no = ? ORDER BY period_no, dimension_no", number)
    totals = _dicts(con, "SELECT * FROM rated_totals WHERE session_no = ?", number)
    [total] = totals or [{"total_excl_vat": None, "total_incl_vat": None, "has_element": False}]
    return Rated(total["total_excl_vat"], total["total_incl_vat"], total["has_element"], lines, periods)


def rated(tariff: Tariff, *periods: Period, start: datetime = MONDAY) -> Rated:
    """One session priced."""
    return rate_all([(tariff, periods)], start)[0]


def tariff(*elements: Element, **terms: Any) -> Tariff:
    """A tariff in euros."""
    return Tariff("EUR", elements, **terms)


def element(*components: Component, **asked: Any) -> Element:
    """An element with the restrictions `asked`."""
    assert asked.keys() <= {field.name for field in fields(Restrictions)}
    return Element(components, Restrictions(**asked))


def component(dimension: str, amount: str, step: int = 1, vat: str | None = "0") -> Component:
    return Component(dimension, Decimal(amount), None if vat is None else Decimal(vat), step)


def read_tariff(found: dict[str, Any]) -> Tariff:
    """A tariff of a JSON file, with exact numbers."""
    return parse_tariff(json.loads(json.dumps(found, default=float), parse_float=Decimal, parse_int=Decimal))


def _dicts(con: duckdb.DuckDBPyConnection, query: str, number: int) -> list[dict[str, Any]]:
    result = con.execute(query, [number])
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
