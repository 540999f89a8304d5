"""Prices worked out by hand: one rule and one trap after the other."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from pipelines.billing.rating.rate import GREATEST_VOLUME
from pipelines.billing.tariffs.limits import Limit
from pipelines.billing.tariffs.model import DIMENSIONS
from tests.rated import MONDAY, Period, component, element, rated, tariff

pytestmark = pytest.mark.fast

HOUR = 3600


def test_energy_is_billed_in_whole_steps_and_kwh() -> None:
    found = rated(tariff(element(component("ENERGY", "0.25", 1, "10"))), Period("115.2"))
    assert found.lines[0]["quantity"] == Decimal("0.116")
    assert found.lines[0]["amount_excl_vat"] == Decimal("0.029")
    assert found.lines[0]["amount_incl_vat"] == Decimal("0.0319")
    assert (found.excl, found.incl) == (Decimal("0.0290"), Decimal("0.0319"))


@pytest.mark.parametrize(
    ("wh", "step", "kwh"), [(101, 25, "0.125"), (125, 25, "0.125"), (1, 500, "0.5"), (500, 500, "0.5")]
)
def test_energy_steps_of_the_specification(wh: int, step: int, kwh: str) -> None:
    found = rated(tariff(element(component("ENERGY", "0.25", step))), Period(wh))
    assert found.lines[0]["quantity"] == Decimal(kwh)


def test_charging_time_is_not_stepped_when_paid_parking_follows() -> None:
    both = (component("TIME", "1", 600), component("PARKING_TIME", "2", 600))
    session = (Period(charging=21 * 60), Period(parking=16 * 60))
    found = rated(tariff(element(*both)), *session)
    assert [(line["dimension"], line["quantity"]) for line in found.lines] == [
        ("TIME", Decimal("0.35")),
        ("PARKING_TIME", Decimal("0.333333")),
    ]
    assert found.excl == Decimal("1.0167")
    stepped = rated(tariff(element(both[0])), *session)
    assert stepped.lines[0]["quantity"] == Decimal("0.5")


def test_charging_after_a_pause_takes_the_step_and_the_pause_does_not() -> None:
    both = tariff(element(component("TIME", "60", 600), component("PARKING_TIME", "60", 600)))
    found = rated(both, Period(charging=60), Period(parking=60), Period(charging=60))
    assert [(line["dimension"], line["amount_excl_vat"]) for line in found.lines] == [("TIME", 10), ("PARKING_TIME", 1)]


def test_what_a_step_adds_is_billed_in_the_last_paid_period_at_its_price() -> None:
    night = tariff(
        element(component("ENERGY", "0.20", 500), end_second=17 * HOUR, start_second=0),
        element(component("ENERGY", "0.27", 500)),
    )
    found = rated(night, Period(4300, HOUR), Period(1100, HOUR), start=datetime.fromisoformat("2026-01-12T16:00"))
    assert [(p["element_no"], p["volume"], p["billed_volume"]) for p in found.periods] == [
        (0, 4300, 4300),
        (1, 1100, 1200),
    ]
    assert found.excl == Decimal("1.184")


def test_the_last_step_counts_and_free_time_after_it_does_not() -> None:
    free_at_eight = tariff(
        element(component("PARKING_TIME", "1", 900), start_second=0, end_second=20 * HOUR),
        element(component("TIME", "2.4", 1800)),
    )
    at = datetime.fromisoformat("2026-01-12T19:40")
    found = rated(free_at_eight, Period(charging=720), Period(parking=480), Period(parking=720), start=at)
    assert [(p["dimension"], p["billed_volume"]) for p in found.periods] == [("TIME", 720), ("PARKING_TIME", 900)]


def test_a_total_is_rounded_once_and_not_line_by_line() -> None:
    # 0.00004 + 0.00004: each line would round to 0.
    found = rated(tariff(element(component("ENERGY", "0.04"), component("FLAT", "0.00004"))), Period(1))
    assert found.excl == Decimal("0.0001")


def test_a_third_of_a_cent_does_not_lose_the_tie() -> None:
    # 30 s at 0.245 an hour and 20 % VAT are 0.00245 exactly, half-way between two roundings.
    assert rated(tariff(element(component("TIME", "0.245", 1, "20"))), Period(charging=30)).incl == Decimal("0.0025")


def test_unknown_vat_makes_the_gross_unknown() -> None:
    found = rated(tariff(element(component("ENERGY", "1", vat=None), component("FLAT", "1", vat="19"))), Period(1000))
    assert (found.excl, found.incl) == (Decimal(2), None)
    assert [line["amount_incl_vat"] for line in found.lines] == [None, Decimal("1.19")]


def test_a_dimension_without_component_is_free_and_the_first_element_wins() -> None:
    first_wins = tariff(element(component("ENERGY", "1")), element(component("ENERGY", "9"), component("FLAT", "2")))
    found = rated(first_wins, Period(1000, HOUR, HOUR))
    assert found.amounts() == [("ENERGY", 0, Decimal(1)), ("FLAT", 1, Decimal(2))]
    assert found.excl == Decimal(3)


def test_dimensions_of_a_period_come_from_different_elements() -> None:
    mixed = tariff(
        element(component("ENERGY", "1"), max_kwh=Decimal(1)),
        element(component("ENERGY", "2"), component("PARKING_TIME", "3")),
    )
    found = rated(mixed, Period(1000, HOUR), Period(1000, HOUR), Period(parking=HOUR))
    assert found.amounts() == [
        ("ENERGY", 0, Decimal(1)),
        ("ENERGY", 1, Decimal(2)),
        ("PARKING_TIME", 1, Decimal(3)),
    ]


def test_a_session_without_a_priced_line_costs_nothing() -> None:
    found = rated(tariff(element(component("ENERGY", "1"))), Period(charging=60))
    assert (found.lines, found.excl, found.incl, found.has_element) == ([], Decimal(0), Decimal(0), True)


def test_where_no_element_matches_anything_nothing_says_that_it_is_free() -> None:
    found = rated(tariff(element(component("ENERGY", "1"), days=frozenset({7}))), Period(1000, HOUR))
    assert not found.has_element
    free = rated(tariff(element(component("FLAT", "0", vat=None))), Period(1000, HOUR))
    assert (free.has_element, free.excl) == (True, 0)


def test_the_greatest_volumes_and_prices_do_not_overflow() -> None:
    dear = tariff(element(*(component(dimension, "1000000", vat="100") for dimension in DIMENSIONS)))
    found = rated(dear, Period(GREATEST_VOLUME, GREATEST_VOLUME, GREATEST_VOLUME))
    # 10⁶ kWh, twice 10⁹ ÷ 3600 hours, one session, each at 10⁶.
    assert found.excl == Decimal("1555556555555.5556")
    assert found.incl == Decimal("3111113111111.1111")
    gross = tariff(*dear.elements, tax_included="YES")
    found = rated(gross, Period(GREATEST_VOLUME, GREATEST_VOLUME, GREATEST_VOLUME))
    assert (found.excl, found.incl) == (Decimal("777778277777.7778"), Decimal("1555556555555.5556"))


# ---- restrictions


def matches(at: datetime = MONDAY, period: Period | None = None, **asked: object) -> bool:
    """Whether an element with these restrictions prices a period that starts at `at`."""
    asked_for = tariff(element(component("FLAT", "1"), **asked))
    return rated(asked_for, period or Period(1000, HOUR), start=at).has_element


@pytest.mark.parametrize(
    ("window", "clock", "expected"),
    [
        ((8, 20), "08:00:00", True),
        ((8, 20), "07:59:59.999999", False),
        ((8, 20), "19:59:59.999999", True),
        ((8, 20), "20:00:00", False),
        ((0, 24), "00:00:00", True),
        ((17, 24), "23:59:59.999999", True),
        ((17, 24), "16:59:59", False),
        ((22, 6), "22:00:00", True),
        ((22, 6), "05:59:59", True),
        ((22, 6), "06:00:00", False),
        ((22, 6), "12:00:00", False),
        ((8, 8), "03:00:00", True),
    ],
)
def test_times_of_day(window: tuple[int, int], clock: str, expected: bool) -> None:
    at = datetime.fromisoformat(f"2026-01-12T{clock}")
    assert matches(at, start_second=window[0] * HOUR, end_second=window[1] * HOUR) is expected


def test_the_weekday_of_a_window_that_wraps_midnight_is_that_of_the_instant() -> None:
    night_of_monday = {"start_second": 22 * HOUR, "end_second": 6 * HOUR, "days": frozenset({1})}
    assert matches(datetime.fromisoformat("2026-01-12T23:00"), **night_of_monday)
    assert matches(datetime.fromisoformat("2026-01-12T02:00"), **night_of_monday)
    assert not matches(datetime.fromisoformat("2026-01-13T02:00"), **night_of_monday)


@pytest.mark.parametrize(
    ("day", "expected"), [("2026-01-11", False), ("2026-01-12", True), ("2026-01-13", True), ("2026-01-14", False)]
)
def test_the_first_day_is_inclusive_and_the_last_exclusive(day: str, expected: bool) -> None:
    at = datetime.fromisoformat(f"{day}T12:00")
    assert matches(at, start_date=date(2026, 1, 12), end_date=date(2026, 1, 14)) is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"min_power": Decimal(11)}, True),
        ({"min_power": Decimal("11.001")}, False),
        ({"max_power": Decimal(22)}, False),
        ({"max_power": Decimal("22.001")}, True),
        ({"min_current": Decimal(16)}, True),
        ({"min_current": Decimal(17)}, False),
        ({"max_current": Decimal(32)}, False),
        ({"max_current": Decimal(33)}, True),
    ],
)
def test_power_and_current_are_inclusive_below_and_exclusive_above(asked: dict[str, Decimal], expected: bool) -> None:
    flow = Period(1000, HOUR, min_power=11_000, max_power=22_000, min_current=16, max_current=32)
    assert matches(period=flow, **asked) is expected
    assert not matches(period=Period(1000, HOUR), **asked)  # what is not known matches nothing


@pytest.mark.parametrize("threshold", ["min", "max"])
def test_thresholds_of_energy_and_duration_count_from_the_start(threshold: str) -> None:
    for asked in ({f"{threshold}_kwh": Decimal(1)}, {f"{threshold}_duration": Decimal(1800)}):
        found = rated(
            tariff(element(component("ENERGY", "1"), **asked)), Period(999, 1799), Period(1, 1), Period(1000, 1)
        )
        inside = [p["period_no"] for p in found.periods]
        assert inside == ([3] if threshold == "min" else [1, 2])


# ---- flat fees and reservations

RESERVED = element(component("FLAT", "2"), component("TIME", "6", 600), reservation="RESERVATION")
EXPIRED = element(component("FLAT", "4"), reservation="RESERVATION_EXPIRES")
CHARGED = element(component("FLAT", "0.5"), component("TIME", "1"))


def test_a_flat_fee_is_paid_once_from_the_first_period_where_one_matches() -> None:
    later = tariff(element(component("FLAT", "1"), min_kwh=Decimal(1)), element(component("ENERGY", "1")))
    found = rated(later, Period(1000, HOUR), Period(1000, HOUR), Period(1000, HOUR))
    assert [(p["period_no"], p["dimension"]) for p in found.periods if p["dimension"] == "FLAT"] == [(2, "FLAT")]
    assert found.excl == 4


def test_a_used_reservation_pays_its_own_elements_and_the_session_its_own() -> None:
    found = rated(
        tariff(EXPIRED, RESERVED, CHARGED),
        Period(reserved=22 * 60, reservation="RESERVATION"),
        Period(charging=HOUR),
    )
    assert found.amounts() == [
        ("TIME", 2, Decimal(1)),
        ("FLAT", 2, Decimal("0.5")),
        ("RESERVATION_TIME", 1, Decimal(3)),
        ("RESERVATION_FLAT", 1, Decimal(2)),
    ]


@pytest.mark.parametrize("order", [(EXPIRED, RESERVED, CHARGED), (RESERVED, CHARGED, EXPIRED)])
def test_an_expired_reservation_falls_through_where_it_has_no_price_of_its_own(order: tuple[object, ...]) -> None:
    found = rated(tariff(*order), Period(reserved=HOUR, reservation="RESERVATION_EXPIRES"))  # type: ignore[arg-type]
    assert [(line["dimension"], line["amount_excl_vat"]) for line in found.lines] == [
        ("RESERVATION_TIME", Decimal(6)),
        ("RESERVATION_FLAT", Decimal(4)),
    ]


# ---- least and greatest price, included taxes

ONE_KWH = element(component("ENERGY", "1", vat="20"))


def test_a_least_price_lifts_net_and_gross_separately_and_has_a_line() -> None:
    lifted = tariff(ONE_KWH, min_price=Limit(Decimal(2), Decimal("2.30")))
    found = rated(lifted, Period(1000))
    assert (found.excl, found.incl) == (Decimal(2), Decimal("2.30"))
    line = found.lines[-1]
    assert (line["dimension"], line["vat_percent"]) == ("MIN_PRICE", Decimal(20))
    assert (line["amount_excl_vat"], line["amount_incl_vat"]) == (Decimal(1), Decimal("1.10"))
    only_gross = rated(tariff(ONE_KWH, min_price=Limit(Decimal(1), Decimal("1.30"))), Period(1000))
    assert (only_gross.excl, only_gross.incl) == (Decimal(1), Decimal("1.30"))


def test_a_greatest_price_caps_and_its_line_is_negative() -> None:
    found = rated(tariff(ONE_KWH, max_price=Limit(Decimal(2), None)), Period(5000))
    assert (found.excl, found.incl) == (Decimal(2), Decimal("2.4"))
    assert found.lines[-1]["dimension"] == "MAX_PRICE"
    assert (found.lines[-1]["amount_excl_vat"], found.lines[-1]["amount_incl_vat"]) == (-3, Decimal("-3.6"))


def test_within_its_limits_a_price_has_no_line_for_them() -> None:
    bounds = {"min_price": Limit(Decimal(1), Decimal("1.2")), "max_price": Limit(Decimal(5), Decimal(6))}
    for wh in (1000, 5000):
        assert len(rated(tariff(ONE_KWH, **bounds), Period(wh)).lines) == 1


def test_a_least_price_is_due_where_nothing_was_used_and_unknown_vat_stays_unknown() -> None:
    least = Limit(Decimal(2), Decimal("2.4"))
    assert rated(tariff(ONE_KWH, min_price=least), Period()).incl == Decimal("2.4")
    untaxed = tariff(element(component("ENERGY", "1", vat=None)), min_price=least)
    found = rated(untaxed, Period(1000))
    assert (found.excl, found.incl) == (2, None)


def test_the_difference_takes_the_rate_of_the_greatest_line() -> None:
    mixed = tariff(
        element(component("ENERGY", "1", vat="10"), component("FLAT", "2", vat="20")), min_price=Limit(Decimal(5), None)
    )
    found = rated(mixed, Period(1000))
    assert found.lines[-1]["vat_percent"] == 20
    assert (found.excl, found.incl) == (5, Decimal("5.9"))


def test_included_taxes_are_taken_out_where_their_rate_is_known() -> None:
    inside = tariff(element(component("ENERGY", "1.19", vat="19")), tax_included="YES")
    found = rated(inside, Period(1000))
    assert (found.excl, found.incl) == (Decimal(1), Decimal("1.19"))
    assert found.lines[0]["amount_incl_vat"] == Decimal("1.19")
    hidden = rated(tariff(element(component("ENERGY", "1.19", vat=None)), tax_included="YES"), Period(1000))
    assert (hidden.excl, hidden.incl) == (None, Decimal("1.19"))
    assert hidden.lines[0]["amount_excl_vat"] is None


def test_where_no_tax_applies_the_gross_is_the_net() -> None:
    found = rated(tariff(element(component("ENERGY", "1", vat=None)), tax_included="N/A"), Period(1000))
    assert (found.excl, found.incl) == (1, 1)
