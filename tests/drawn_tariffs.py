"""Tariffs and sessions for Hypothesis: few boundaries, so that restrictions meet, hide each other and leave gaps."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from pipelines.billing.tariffs.model import DIMENSIONS, Tariff
from tests.rated import MONDAY, Period, component, element, tariff

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
