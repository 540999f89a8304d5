"""The SQL engine against plain fractions (`tests/exact_rating.py`), and what must hold of any price."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.billing.tariffs.limits import Limit
from pipelines.billing.tariffs.model import DIMENSIONS, Component, Element, Tariff
from pipelines.billing.tariffs.restrictions import Restrictions
from tests.cut import Session, Step, cut_all
from tests.exact_rating import Piece, cut_session, half_up, price
from tests.rated import Period, Rated, rate_all, usage_rows

pytestmark = pytest.mark.fast

# A week around both changes of the clocks would be rare; these days hold one each, and one holds none.
STARTS = [
    datetime.fromisoformat("2026-03-28T22:17:05"),
    datetime.fromisoformat("2026-10-24T21:00"),
    datetime.fromisoformat("2026-01-12T10:00"),
]
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe"]

prices = st.decimals("0", "5", places=4) | st.decimals("0", "100000", places=6)
vats = st.none() | st.sampled_from([Decimal(p) for p in ("0", "5.2", "7.7", "19", "20", "33.3333")])
steps = st.sampled_from([1, 7, 25, 60, 300, 500, 900, 1800])


@st.composite
def components(draw: Any, dimensions: tuple[str, ...] = DIMENSIONS) -> tuple[Component, ...]:
    chosen = draw(st.lists(st.sampled_from(dimensions), min_size=1, max_size=3, unique=True))
    return tuple(Component(d, draw(prices), draw(vats), 1 if d == "FLAT" else draw(steps)) for d in chosen)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.none() | values


@st.composite
def restrictions(draw: Any, reservations: bool = True) -> Restrictions:
    window = draw(maybe(st.tuples(st.integers(0, 47), st.integers(1, 48))))
    return Restrictions(
        start_second=window and window[0] * 1800,
        end_second=window and window[1] * 1800,
        start_date=draw(maybe(st.sampled_from([date(2026, 3, 29), date(2026, 1, 12)]))),
        end_date=draw(maybe(st.sampled_from([date(2026, 10, 25), date(2026, 1, 13)]))),
        min_kwh=draw(maybe(st.decimals("0", "60", places=3))),
        max_kwh=draw(maybe(st.decimals("0", "60", places=3))),
        min_current=draw(maybe(st.sampled_from([Decimal(16), Decimal(32)]))),
        max_current=draw(maybe(st.sampled_from([Decimal(16), Decimal(32)]))),
        min_power=draw(maybe(st.sampled_from([Decimal(11), Decimal(50)]))),
        max_power=draw(maybe(st.sampled_from([Decimal(11), Decimal(50)]))),
        min_duration=draw(maybe(st.integers(0, 20_000).map(Decimal))),
        max_duration=draw(maybe(st.integers(0, 20_000).map(Decimal))),
        days=draw(st.frozensets(st.integers(1, 7), min_size=5) | st.just(frozenset())),
        reservation=draw(maybe(st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"]))) if reservations else None,
    )


@st.composite
def elements(draw: Any, reservations: bool = True) -> Element:
    asked = draw(st.just(Restrictions()) | restrictions(reservations))
    return Element(draw(components(DIMENSIONS if asked.reservation is None else ("TIME", "FLAT"))), asked)


@st.composite
def limits(draw: Any, needs_gross: bool) -> Limit:
    net = draw(st.decimals("0", "20", places=4))
    more = draw(st.decimals("0", "5", places=4))
    return Limit(net, net + more if needs_gross or draw(st.booleans()) else None)


@st.composite
def tariffs(draw: Any, reservations: bool = True) -> Tariff:
    found = tuple(draw(st.lists(elements(reservations), min_size=1, max_size=5)))
    known = all(c.vat_percent is not None for e in found for c in e.components)
    untaxed = not any(c.vat_percent for e in found for c in e.components)
    included = draw(st.sampled_from(["NO", "YES", "N/A"] if untaxed else ["NO", "YES"]))
    some = maybe(limits(included == "YES" and not known))
    least, greatest = draw(some), draw(some)
    if least and greatest:
        grosses = (least.after_taxes, greatest.after_taxes)
        if least.before_taxes > greatest.before_taxes or (None not in grosses and grosses[0] > grosses[1]):
            greatest = None
    return Tariff("EUR", found, included, least, greatest)


watts = st.sampled_from([10_999, 11_000, 22_000, 50_000, 60_000])
amperes = st.sampled_from([6, 16, 31, 32])


@st.composite
def periods(draw: Any) -> list[Period]:
    seconds = st.integers(0, 20_000).map(Decimal) | st.decimals("0", "10000", places=6)
    found = [
        Period(
            draw(st.decimals("0", "30000", places=6)),
            draw(seconds),
            draw(seconds | st.just(Decimal(0))),
            min_power=(power := draw(maybe(watts))),
            max_power=power,
            min_current=(current := draw(maybe(amperes))),
            max_current=current,
        )
        for _ in range(draw(st.integers(0, 4)))
    ]
    kinds = ["RESERVATION"] if found else ["RESERVATION", "RESERVATION_EXPIRES"]
    reserved = [Period(reserved=draw(seconds), reservation=draw(st.sampled_from(kinds)))]
    return reserved + found if not found or draw(st.booleans()) else found


@st.composite
def sessions(draw: Any) -> Session:
    idle = draw(st.integers(0, 40_000))
    begin, made = 0, []
    for _ in range(draw(st.integers(0, 4))):
        begin += draw(st.just(0) | st.integers(1, 5_000))
        end = begin + draw(st.integers(1, 9_000))
        energy = draw(st.decimals("0.000001", "20000", places=6))
        made.append(Step(begin, end, energy, draw(maybe(watts)), draw(maybe(amperes))))
        begin = end
    charging = sum(step.end - step.begin for step in made)
    if made:
        energy = sum((step.energy for step in made), Decimal(0))
        # The session's own times need not be what its steps cover.
        charging = max(charging + draw(st.just(0) | st.integers(-500, 500)), 0)
    else:
        energy, charging = draw(st.decimals("0", "50000", places=6)), draw(st.integers(0, 30_000))
    at = draw(st.sampled_from(STARTS)).replace(tzinfo=UTC)
    return Session(energy, charging, idle, tuple(made), at, draw(st.sampled_from(ZONES)), seconds=begin)


def check(tariff: Tariff, pieces: list[Piece], found: Rated) -> None:
    expected = price(tariff, pieces)
    rounded = None if expected.net is None else half_up(expected.net, 4)
    assert (found.excl, found.incl) == (rounded, None if expected.gross is None else half_up(expected.gross, 4))
    assert found.has_element == expected.has_element
    column = "amount_incl_vat" if tariff.tax_included == "YES" else "amount_excl_vat"
    lines = [(d["dimension"], d["element_no"], d[column]) for d in found.lines if d["element_no"] is not None]
    assert lines == [(name, number, half_up(amount, 12)) for name, number, amount in expected.lines]
    for column, total in (("amount_excl_vat", found.excl), ("amount_incl_vat", found.incl)):
        if total is not None:
            parts = sum((line[column] for line in found.lines), Decimal(0))
            assert abs(parts - total) <= Decimal("0.000051")


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(tariffs(), periods()), min_size=1, max_size=10))
def test_periods_are_priced_as_fractions_price_them(cases: list[tuple[Tariff, list[Period]]]) -> None:
    for (tariff, session), found in zip(cases, rate_all(cases), strict=True):
        rows = usage_rows(session)
        pieces = [Piece(row[2], Fraction(row[3]), Fraction(row[4]), p) for row, p in zip(rows, session, strict=True)]
        check(tariff, pieces, found)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(tariffs(reservations=False), sessions()), min_size=1, max_size=10))
def test_sessions_are_cut_and_priced_as_fractions_do(cases: list[tuple[Tariff, Session]]) -> None:
    for (tariff, session), found in zip(cases, cut_all(cases), strict=True):
        assert sum(found.column("energy_wh")) == session.energy
        assert sum(found.column("charging_seconds")) == session.charging
        assert sum(found.column("parking_seconds")) == session.idle
        if tariff.is_restricted:
            check(tariff, cut_session(tariff, session), found.rated)


PLAIN = st.lists(st.builds(Element, components()), min_size=1, max_size=3).map(
    lambda found: Tariff("EUR", tuple(found))
)


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(PLAIN, periods(), st.integers(1, 99)), min_size=1, max_size=10))
def test_cutting_a_period_further_changes_no_price(cases: list[tuple[Tariff, list[Period], int]]) -> None:
    def halved(period: Period, percent: int) -> list[Period]:
        if period.reservation is not None or period.parking:
            return [period]
        first = replace(
            period,
            energy=round(period.energy * percent / 100, 6),
            charging=round(period.charging * percent / 100, 6),
        )
        rest = replace(period, energy=period.energy - first.energy, charging=period.charging - first.charging)
        return [first, rest]

    whole = rate_all([(tariff, session) for tariff, session, _ in cases])
    cut = rate_all(
        [(tariff, [p for one in session for p in halved(one, percent)]) for tariff, session, percent in cases]
    )
    assert [(one.excl, one.incl) for one in whole] == [(one.excl, one.incl) for one in cut]


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(tariffs(reservations=False), sessions()), min_size=1, max_size=10))
def test_bounds_hold_and_a_later_week_costs_the_same(cases: list[tuple[Tariff, Session]]) -> None:
    # Where dates are not asked and no clock changes meanwhile, the same time a week later costs the same.
    undated = [
        (
            replace(
                tariff,
                elements=tuple(
                    replace(e, restrictions=replace(e.restrictions, start_date=None, end_date=None))
                    for e in tariff.elements
                ),
            ),
            replace(session, start=STARTS[2].replace(tzinfo=UTC), zone="Asia/Kolkata"),
        )
        for tariff, session in cases
    ]
    later = [(tariff, replace(session, start=session.start + timedelta(days=7))) for tariff, session in undated]
    for (tariff, _), one, other in zip(undated, cut_all(undated), cut_all(later), strict=True):
        assert (one.rated.excl, one.rated.incl) == (other.rated.excl, other.rated.incl)
        for limit, sign in ((tariff.min_price, 1), (tariff.max_price, -1)):
            if limit is not None and one.rated.excl is not None:
                assert (one.rated.excl - limit.before_taxes) * sign >= 0
