"""Where our own sessions are cut, and how their energy and time is shared out."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.cut import Cut, Session, Step, cut_one
from tests.rated import component, element, tariff

pytestmark = pytest.mark.fast

HOUR = 3600
DAY_PRICE = element(
    component("ENERGY", "0.40"), component("PARKING_TIME", "6"), start_second=8 * HOUR, end_second=20 * HOUR
)
NIGHT_PRICE = element(component("ENERGY", "0.20"))
BY_DAY = tariff(DAY_PRICE, NIGHT_PRICE)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local_times(found: Cut) -> list[str]:
    return [local.isoformat(timespec="minutes") for local in found.column("local_started_at")]


def test_without_restrictions_a_session_is_one_charging_and_one_parking_period() -> None:
    found = cut_one(tariff(NIGHT_PRICE), Session(10_000, HOUR, 1800))
    assert found.column("charging_seconds") == [HOUR, 0]
    assert found.column("parking_seconds") == [0, 1800]
    assert found.column("started_at") == [at("2026-01-12T10:00"), at("2026-01-12T11:00")]


def test_a_session_is_cut_at_local_times_of_day() -> None:
    # 19:00 UTC is 20:00 in Berlin.
    found = cut_one(BY_DAY, Session(10_000, 2 * HOUR, 0, start=at("2026-01-12T18:00"), zone="Europe/Berlin"))
    assert found.column("started_at") == [at("2026-01-12T18:00"), at("2026-01-12T19:00")]
    assert found.column("local_started_at") == [
        datetime.fromisoformat("2026-01-12T19:00"),
        datetime.fromisoformat("2026-01-12T20:00"),
    ]
    assert found.column("energy_wh") == [5000, 5000]
    assert found.rated.excl == 3


def test_energy_lies_evenly_within_each_step_and_the_rest_is_not_lost() -> None:
    steps = (Step(0, 900, 1), Step(900, 2700, "2.000001"))
    found = cut_one(BY_DAY, Session("3.000001", 2700, 900, steps, start=at("2026-01-12T07:30")))
    # Half of the second step: 1.0000005 Wh, half-up.
    assert found.column("energy_wh") == [Decimal("2.000001"), Decimal("1.000000"), 0]
    assert found.column("charging_seconds") == [1800, 900, 0]
    assert found.column("parking_seconds") == [0, 0, 900]


def test_a_session_is_cut_where_charging_pauses() -> None:
    steps = (Step(0, 600, 100), Step(1200, 1800, 100))
    found = cut_one(BY_DAY, Session(200, 1200, 1200, steps))
    assert found.column("session_seconds") == [0, 600, 1200, 1800]
    assert found.column("charging_seconds") == [600, 0, 600, 0]
    assert found.column("parking_seconds") == [0, 600, 0, 600]


def test_times_that_the_steps_do_not_tell_fall_to_the_last_piece_of_their_kind() -> None:
    steps = (Step(0, 600, 100), Step(1200, 1800, 100))
    more = cut_one(BY_DAY, Session(200, 1300, 1100, steps, seconds=2400))
    assert more.column("charging_seconds") == [600, 0, 700, 0]
    assert more.column("parking_seconds") == [0, 600, 0, 500]
    fewer = cut_one(BY_DAY, Session(200, 1000, 1400, steps, seconds=2400))
    assert fewer.column("charging_seconds") == [600, 0, 400, 0]
    assert fewer.column("parking_seconds") == [0, 600, 0, 800]


def test_a_session_is_cut_at_thresholds_of_energy_and_duration() -> None:
    tiers = tariff(
        element(component("ENERGY", "0"), max_kwh=Decimal(1)),
        element(component("ENERGY", "1"), max_duration=Decimal(1800)),
        element(component("ENERGY", "2")),
    )
    found = cut_one(tiers, Session(3000, HOUR, 0))
    assert found.column("session_energy_wh") == [0, 1000, 1500]
    assert found.column("session_seconds") == [0, 1200, 1800]
    assert found.rated.excl == Decimal("3.5")


def test_an_energy_is_reached_at_the_nearest_microsecond_and_exactly() -> None:
    third = tariff(element(component("ENERGY", "1"), max_kwh=Decimal("0.001")), element(component("ENERGY", "2")))
    found = cut_one(third, Session(3, 10, 0))
    assert found.column("session_seconds") == [0, Decimal("3.333333")]
    assert found.column("energy_wh") == [1, 2]


def test_a_jump_of_the_register_is_cut_at_every_threshold_it_passes() -> None:
    tiers = tariff(
        element(component("ENERGY", "1"), max_kwh=Decimal(1)),
        element(component("ENERGY", "2"), max_kwh=Decimal(2)),
        element(component("ENERGY", "3")),
    )
    found = cut_one(tiers, Session(3000, 60, 0, (Step(60, 60, 3000),)))
    assert found.rated.amounts() == [("ENERGY", 0, 1), ("ENERGY", 1, 2), ("ENERGY", 2, 3)]


def test_a_session_over_midnight_is_cut_there_where_weekdays_count() -> None:
    monday = tariff(element(component("ENERGY", "1"), days=frozenset({1})), element(component("ENERGY", "2")))
    found = cut_one(monday, Session(2000, 2 * HOUR, 0, start=at("2026-01-12T23:00")))
    assert found.column("local_started_at") == [
        datetime.fromisoformat("2026-01-12T23:00"),
        datetime.fromisoformat("2026-01-13T00:00"),
    ]
    assert found.rated.excl == 3


@pytest.mark.parametrize(
    ("start", "hours", "cuts"),
    [
        # 02:00 CET is 03:00 CEST: the hour from 02:00 on does not exist, and 02:30 with it.
        ("2026-03-29T00:00", 3, ["2026-03-29T01:00", "2026-03-29T03:00"]),
        # 03:00 CEST is 02:00 CET: the hour comes twice, and 02:30 too.
        (
            "2026-10-24T23:30",
            3,
            ["2026-10-25T01:30", "2026-10-25T02:30", "2026-10-25T02:00", "2026-10-25T02:30"],
        ),
    ],
)
def test_days_on_which_the_clocks_change(start: str, hours: int, cuts: list[str]) -> None:
    half_past_two = tariff(
        element(component("TIME", "1"), start_second=9000, end_second=5 * HOUR), element(component("TIME", "2"))
    )
    found = cut_one(half_past_two, Session(0, hours * HOUR, 0, start=at(start), zone="Europe/Berlin"))
    assert local_times(found) == cuts
    assert sum(found.column("charging_seconds")) == hours * HOUR


def test_a_zone_that_is_not_a_whole_hour_ahead() -> None:
    found = cut_one(BY_DAY, Session(2000, 2 * HOUR, 0, start=at("2026-01-12T01:30"), zone="Asia/Kolkata"))
    assert found.column("local_started_at") == [
        datetime.fromisoformat("2026-01-12T07:00"),
        datetime.fromisoformat("2026-01-12T08:00"),
    ]


def test_a_session_of_many_days_is_cut_on_each() -> None:
    found = cut_one(BY_DAY, Session(0, 0, 3 * 86_400))
    assert found.rated.lines[0]["quantity"] == 36
    assert len(found.pieces) == 7


def test_power_and_current_cut_at_each_step() -> None:
    fast = tariff(
        element(component("ENERGY", "1"), min_power=Decimal(50)),
        element(component("ENERGY", "0.5"), max_current=Decimal(16)),
        element(component("ENERGY", "0.25")),
    )
    steps = (Step(0, 60, 1000, 60_000), Step(60, 120, 500, 30_000, 10), Step(120, 180, 500, 30_000, 16))
    found = cut_one(fast, Session(2000, 180, 60, steps))
    assert found.column("min_power_w") == [60_000, 30_000, 30_000, None]
    assert found.rated.excl == Decimal("1.375")


def test_parking_after_the_session_ended_is_cut_too() -> None:
    session = Session(1000, HOUR, 2 * HOUR, start=at("2026-01-12T18:00"), seconds=HOUR)
    found = cut_one(BY_DAY, session)
    assert found.rated.amounts() == [("ENERGY", 0, Decimal("0.4")), ("PARKING_TIME", 0, Decimal(6))]


def test_charging_that_was_never_seen_is_not_lost() -> None:
    found = cut_one(BY_DAY, Session(1000, None, None, seconds=HOUR))
    assert found.column("energy_wh") == [1000]
    assert cut_one(BY_DAY, Session(1000, 0, 0, seconds=0)).column("energy_wh") == [1000]
