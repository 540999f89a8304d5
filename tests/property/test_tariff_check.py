"""What `tariff check` says can never be is never done by the engine, and what it does not name is always priced."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.billing.checking.elements import looked_at
from pipelines.billing.tariffs import DIMENSIONS, Tariff
from tests.rated import MONDAY, Period, component, element, rate_all, tariff

pytestmark = pytest.mark.fast

HOURS = st.sampled_from([0, 6, 12, 22])
KWH = st.sampled_from([Decimal(n) for n in (0, 2, 5)])
SECONDS = st.sampled_from([Decimal(n) for n in (0, 600, 3600)])
KW = st.sampled_from([Decimal(n) for n in (0, 11, 50)])


@st.composite
def restrictions(draw: st.DrawFn) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for name in draw(
        st.sets(st.sampled_from(["clock", "days", "dates", "kwh", "duration", "power", "reservation"]), max_size=2)
    ):
        match name:
            case "clock":
                asked |= {"start_second": draw(HOURS) * 3600, "end_second": (draw(HOURS) or 24) * 3600}
            case "days":
                asked["days"] = draw(st.frozensets(st.integers(1, 7), min_size=1))
            case "dates":
                day = MONDAY.date() + timedelta(days=draw(st.integers(-1, 2)))
                asked[draw(st.sampled_from(["start_date", "end_date"]))] = day
            case "kwh":
                asked[draw(st.sampled_from(["min_kwh", "max_kwh"]))] = draw(KWH)
            case "duration":
                asked[draw(st.sampled_from(["min_duration", "max_duration"]))] = draw(SECONDS)
            case "power":
                asked[draw(st.sampled_from(["min_power", "max_power"]))] = draw(KW)
            case "reservation":
                asked["reservation"] = draw(st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"]))
    return asked


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    elements = []
    for _ in range(draw(st.integers(2, 5))):
        asked = draw(restrictions())
        able = ["TIME", "FLAT"] if "reservation" in asked else list(DIMENSIONS)
        names = draw(st.sets(st.sampled_from(able), min_size=1, max_size=2))
        elements.append(element(*(component(name, "1") for name in sorted(names)), **asked))
    return tariff(*elements)


@st.composite
def sessions(draw: st.DrawFn) -> list[Period]:
    start = MONDAY - timedelta(days=1) + timedelta(hours=draw(st.integers(0, 80)))
    kind = draw(st.sampled_from([None, "RESERVATION", "RESERVATION_EXPIRES"]))
    periods = []
    if kind is not None:
        periods.append(Period(reserved=draw(st.sampled_from([60, 3600])), reservation=kind, at=start))
    for number in range(0 if kind == "RESERVATION_EXPIRES" else draw(st.integers(1, 3))):
        power = draw(st.sampled_from([None, (7000, 7000), (7000, 60000), (11000, 11000), (60000, 60000)]))
        least, most = power or (None, None)
        periods.append(
            Period(
                at=start if number == 0 and kind is None else None,
                energy=draw(st.sampled_from([1, 2000, 3000])),
                charging=draw(st.sampled_from([1, 600, 3000])),
                parking=draw(st.sampled_from([0, 60])),
                min_power=least,
                max_power=most,
            )
        )
    return periods


@settings(max_examples=40, deadline=None)
@given(found=tariffs(), driven=st.lists(sessions(), min_size=1, max_size=12))
def test_the_engine_agrees(found: Tariff, driven: list[list[Period]]) -> None:
    hidden, gaps = looked_at(found, date(2026, 1, 1))
    never = {(one.element_no, name) for one in hidden for name in one.dimensions}
    free = {gap.dimension for gap in gaps if not gap.reserved}
    priced = {
        part.dimension for one in found.elements if one.restrictions.reservation is None for part in one.components
    }
    used = {"ENERGY": "energy", "TIME": "charging", "PARKING_TIME": "parking"}
    for periods, result in zip(driven, rate_all([(found, periods) for periods in driven]), strict=True):
        chosen = {(row["element_no"], row["dimension"].replace("RESERVATION_", "")) for row in result.periods}
        assert not chosen & never
        for name in set() if None in free else priced - free - {"FLAT"}:
            for number, period in enumerate(periods, start=1):
                if period.reservation is None and getattr(period, used[name]):
                    assert [row for row in result.periods if (row["period_no"], row["dimension"]) == (number, name)]
