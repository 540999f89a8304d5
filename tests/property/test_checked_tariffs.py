"""What `tariff check` says can never be is never done by the engine, and what it does not name is always priced."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.billing.checking.elements import looked_at
from pipelines.billing.tariffs.model import Tariff
from tests.drawn_tariffs import sessions, tariffs
from tests.rated import Period, rate_all

pytestmark = pytest.mark.fast


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
