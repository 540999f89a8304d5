"""What the pages show of a place and of a charge, and what they leave out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ingest.api.driver.charge_pages import charge_page, place_page
from ingest.api.driver.page import Reader
from pipelines.billing.pricing.running import RunningCost, RunningLine
from pipelines.billing.starts.costs import EndedCost
from pipelines.billing.starts.model import Start
from pipelines.billing.starts.place import Evse
from pipelines.billing.starts.showing import Charge, Place, charge_shown, kwh, span
from pipelines.billing.tariffs.posted import Posted
from tests.unit.phone.test_steps import START

pytestmark = pytest.mark.fast

D = Decimal
NOW = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
PLACE = Place(
    station_id="CP-1", evse_id=1, name="CP <1>", site="Harbour & Co", address="", operator="Op", plug="CCS · 150 kW",
    state="free", prices=(Posted("Energy", "€0.59 per kWh", "22:00 to 06:00"),), no_price=False, pays="hold",
    hold="€60.00",
)  # fmt: skip
EVSE = Evse(
    "CP-1", 1, 1, "CP 1", "harbour", "Harbour", "", "Europe/Berlin", "EUR", "op", "Op", "en", ("CCS",), 150_000, "used"
)
LINES = (
    RunningLine("ENERGY", D("4.5"), "kWh", D("2.23"), D("2.655")),
    RunningLine("TIME", D("0.75"), "h", D("0.84"), D("1.00")),
)
RUNNING = RunningCost(
    "s", "CP-1", NOW - timedelta(minutes=75), NOW, D(4500), "T", 1, "EUR", D("3.07"), D("3.655"), None, D(10800), LINES
)
ENDED = EndedCost("s", "CP-1", None, RUNNING.started_at, NOW, D(4500), "EUR", D("3.07"), D("3.65"), LINES)


@pytest.mark.parametrize(
    ("place", "shows", "button"),
    [
        (PLACE, ("Harbour &amp; Co", "CP &lt;1&gt;", "22:00 to 06:00", "€60.00 is held", "Send the receipt"), True),
        (replace(PLACE, pays="contract", hold=None), ("Your contract pays",), True),
        (replace(PLACE, pays="nobody", hold=None), ("cannot be paid here",), False),
        (replace(PLACE, state="used"), ("In use", "another connector"), False),
        (replace(PLACE, state="offline"), ("Not connected", "cannot be reached"), False),
        (replace(PLACE, prices=(), no_price=True), ("not known at the moment",), False),
    ],
)
def test_a_place(place: Place, shows: tuple[str, ...], button: bool) -> None:
    page = place_page(Reader(), place, "t" * 32)
    assert all(text in page for text in shows)
    assert ("<button" in page) == button


def shown(start: Start, cost: RunningCost | EndedCost | None, **more: object) -> Charge:
    given = {"payment": None, "receipt": None, "is_stopping": False, "is_rest_open": False, "may_begin": False, **more}
    return charge_shown(start, EVSE, cost, now=NOW, language="en", **given)  # type: ignore[arg-type]


def test_a_charge_that_goes_on_says_of_when_it_is() -> None:
    charge = shown(replace(START, state="charging", payment_id=None), RUNNING)
    assert (charge.cost, charge.energy, charge.power, charge.duration) == (
        "€3.66",
        "4.50\u00a0kWh",
        "10.8\u00a0kW",
        "1:15\u00a0h",
    )
    assert (charge.since, charge.as_of) == ("13:15", "14:30:00")
    page = charge_page(Reader(), charge, "t" * 32)
    assert "As of 14:30:00" in page
    assert 'data-refresh="5"' in page
    assert "Stop charging" in page
    assert "Stop charging" not in charge_page(Reader(), replace(charge, is_stopping=True), "t" * 32)


def test_items_sum_to_the_cost_that_is_shown() -> None:
    charge = shown(replace(START, state="ended", payment_id=None), ENDED)
    assert [(item.what, item.quantity, item.amount) for item in charge.items] == [
        ("ENERGY", "4.50\u00a0kWh", "€2.66"),
        ("TIME", "45\u00a0min", "€1.00"),
        ("ROUNDING", "", "−€0.01"),
    ]
    assert charge.cost == "€3.65"
    assert charge.is_final
    page = charge_page(Reader(), charge, "t" * 32)
    assert "data-refresh" not in page
    assert "next invoice" in page


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("state", ["awaiting_payment", "starting", "charging", "ended", "failed"])
def test_each_state_has_a_page_in_each_language(language: str, state: str) -> None:
    why = "refused" if state == "failed" else None
    charge = shown(replace(START, state=state, why_failed=why, payment_id=None), None)
    page = charge_page(Reader(language), charge, "t" * 32)  # type: ignore[arg-type]
    assert f'lang="{language}"' in page
    assert "None" not in page


def test_energy_has_its_watt_hours_where_there_are_any_and_short_times_their_seconds() -> None:
    assert [kwh(D(wh), "en") for wh in ("4500", "244.4", "245")] == [
        "4.50\u00a0kWh",
        "0.244\u00a0kWh",
        "0.245\u00a0kWh",
    ]
    assert [span(timedelta(seconds=seconds)) for seconds in (1, 59, 61)] == ["1\u00a0s", "59\u00a0s", "1\u00a0min"]


def test_spans() -> None:
    assert [span(timedelta(minutes=minutes)) for minutes in (-1, 0, 59, 60, 125)] == [
        "0\u00a0min", "0\u00a0min", "59\u00a0min", "1:00\u00a0h", "2:05\u00a0h",
    ]  # fmt: skip
