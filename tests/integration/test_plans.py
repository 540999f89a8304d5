"""Plans on invoices: fees by the day, included energy, member prices, fleets, drafts per session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.billing.pricing import cdrs
from tests.homes import new_home
from tests.integration.billing_world import OPEN, World, energy
from warehouse.readers.money import contract_by_cost_centre
from warehouse.settings import load_settings
from warehouse.store import open_lake

FEBRUARY, MARCH, APRIL = (f"2020-0{month}-01T00:00:00+01:00" for month in (2, 3, 4))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_lake(load_settings(home=new_home(tmp_path))) as lake:
        world = World(lake).basic()
        world.set("operators", ["O"], country_code="DE", party_id="KWH", name="kWhouse GmbH", time_zone="Europe/Berlin")
        yield world


def lines(world: World, kind: str) -> list[tuple[Any, ...]]:
    return world.rows(
        f"SELECT invoice_id, vat_percent, amount_excl_vat FROM billing.invoice_lines WHERE kind = '{kind}' ORDER BY ALL"
    )


def totals(world: World) -> dict[str, Decimal]:
    return dict(world.rows("SELECT invoice_id, total_excl_vat FROM billing.invoices"))


def test_a_fee_each_month_also_without_a_session_until_the_newest_data(world: World) -> None:
    world.plan()
    world.subscribe(valid_from="2020-01-20T15:00:00+01:00", valid_to="2020-04-11T00:00:00+02:00")
    world.session("s1", "2020-03-15T12:00:00+00:00", energy_wh=Decimal(30_000))
    world.run()
    # 12 of 31 days (the 20th counts); 10.00 × 12 / 31 = 3.8709…; nothing for April: the data do not reach it.
    assert lines(world, "fee") == [
        ("C1-2020-01-EUR", Decimal(19), Decimal("3.87")),
        ("C1-2020-02-EUR", Decimal(19), Decimal(10)),
        ("C1-2020-03-EUR", Decimal(19), Decimal(10)),
    ]
    # 30 kWh × 0.30 less 20 kWh × 0.30, and the fee.
    assert totals(world)["C1-2020-03-EUR"] == Decimal(13)
    world.session("s2", "2020-05-01T12:00:00+00:00", id_token=None)
    world.run()
    # 10 of 30 days: the 11th counts no more. Nothing for May.
    assert lines(world, "fee")[3:] == [("C1-2020-04-EUR", Decimal(19), Decimal("3.33"))]
    assert world.rows("SELECT sessions, energy_wh, total_vat FROM billing.invoices WHERE month = '2020-02-01'") == [
        (0, Decimal(0), Decimal("1.9"))
    ]
    # The data reach March no more.
    world.drop_session("s2")
    world.session("s1", "2020-02-15T12:00:00+00:00")
    world.run()
    assert list(totals(world)) == ["C1-2020-01-EUR", "C1-2020-02-EUR"]


def test_a_clock_ahead_bills_no_month_that_has_not_come(world: World) -> None:
    world.plan()
    world.subscribe(valid_from=FEBRUARY)
    world.session(start="2020-02-10T12:00:00+00:00")
    received = {"last_received_at": "2020-02-12T00:00:00+00:00"}
    world.session("s2", start="2031-01-01T00:00:00+00:00", id_token=None, **received)
    world.session("s3", start="2020-05-01T00:00:00+00:00", id_token=None, grade="unbillable")
    world.run()
    assert [row[0] for row in lines(world, "fee")] == ["C1-2020-02-EUR"]


def test_the_month_of_a_fee_is_that_of_the_operators_books(world: World) -> None:
    world.plan()
    world.subscribe(valid_from="2020-01-31T23:30:00Z")  # 00:30 on 1 February in Berlin
    world.session(start="2020-02-10T12:00:00+00:00")
    world.run()
    assert lines(world, "fee") == [("C1-2020-02-EUR", Decimal(19), Decimal(10))]
    world.set("operators", ["O"], country_code="DE", party_id="KWH", name="kWhouse GmbH")  # UTC
    world.run()
    assert lines(world, "fee") == [
        ("C1-2020-01-EUR", Decimal(19), Decimal("0.32")),
        ("C1-2020-02-EUR", Decimal(19), Decimal(10)),
    ]


def test_the_version_that_holds_when_the_days_begin_decides(world: World) -> None:
    world.plan()
    world.plan(version=2, monthly_fee=12, valid_from="2020-02-15T00:00:00Z")
    world.subscribe(valid_from=FEBRUARY)
    world.set("contracts", ["C2"], operator_id="O", currency="EUR", valid_from=OPEN)
    world.subscribe("S2", "2020-02-15T00:00:00Z", contract_id="C2")
    world.session(start="2020-03-10T12:00:00+00:00")
    world.run()
    assert lines(world, "fee") == [
        ("C1-2020-02-EUR", Decimal(19), Decimal(10)),
        ("C1-2020-03-EUR", Decimal(19), Decimal(12)),
        ("C2-2020-02-EUR", Decimal(19), Decimal("6.21")),  # 15 of 29 days
        ("C2-2020-03-EUR", Decimal(19), Decimal(12)),
    ]


def test_included_energy_is_taken_by_start_at_the_price_billed(world: World) -> None:
    world.tariff("Q", 1, energy("0.50", "7"))
    world.assign("fast", "Q", station_id="fast")
    world.plan(monthly_fee=0)
    world.subscribe(valid_from=FEBRUARY)
    world.session("s3", "2020-02-20T12:00:00+00:00", energy_wh=Decimal(100_000))
    world.session("s2", "2020-02-11T12:00:00+00:00", energy_wh=Decimal(4_500), station_id="fast")
    world.session("s1", "2020-02-10T12:00:00+00:00", energy_wh=Decimal(12_345))
    world.session("before", "2020-01-31T12:00:00+00:00")
    world.run()
    # At 19 %: 12.345 kWh (billed 3.70) and 3.155 of s3 (30.00 less 29.05); at 7 %: 4.5 kWh.
    assert lines(world, "included") == [
        ("C1-2020-02-EUR", Decimal(7), Decimal("-2.25")),
        ("C1-2020-02-EUR", Decimal(19), Decimal("-4.65")),
    ]
    assert totals(world) == {"C1-2020-01-EUR": Decimal(3), "C1-2020-02-EUR": Decimal("29.05")}
    assert lines(world, "fee") == [], "a plan without a fee makes no line"


def test_what_is_included_as_a_whole_costs_nothing_in_spite_of_rounding(world: World) -> None:
    world.tariff("T", 2, energy("0.0345"), valid_from="2019-02-01T00:00:00Z")
    world.plan(monthly_fee=0)
    world.subscribe(valid_from=FEBRUARY)
    for number in range(3):
        world.session(f"s{number}", f"2020-02-1{number}T12:00:00+00:00", energy_wh=Decimal(1000))
    world.run()
    assert lines(world, "session") == [("C1-2020-02-EUR", Decimal(19), Decimal("0.03"))] * 3
    assert lines(world, "included") == [("C1-2020-02-EUR", Decimal(19), Decimal("-0.09"))]


def test_other_components_stay_and_included_energy_is_by_the_day(world: World) -> None:
    world.tariff(
        "T",
        1,
        '[{"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 19, "step_size": 1},'
        ' {"type": "FLAT", "price": 1, "vat": 19, "step_size": 1}]}]',
    )
    world.plan(included_kwh=29)
    world.subscribe(valid_from="2020-02-20T00:00:00+01:00")
    world.session("s1", "2020-02-19T12:00:00+00:00", energy_wh=Decimal(5_000))
    world.session("s2", "2020-02-20T12:00:00+00:00", energy_wh=Decimal(50_000))
    world.run()
    # 10 of 29 days: 10 kWh, of sessions since the 20th.
    assert lines(world, "included") == [("C1-2020-02-EUR", Decimal(19), Decimal(-3))]
    assert lines(world, "fee") == [("C1-2020-02-EUR", Decimal(19), Decimal("3.45"))]
    assert totals(world) == {"C1-2020-02-EUR": Decimal("2.5") + 16 - 3 + Decimal("3.45")}


def test_several_subscriptions_take_one_after_the_other(world: World) -> None:
    world.plan(monthly_fee=0)
    world.plan("Q", included_kwh=10, monthly_fee=0)
    world.subscribe(valid_from=FEBRUARY)
    world.subscribe("S2", FEBRUARY, plan_id="Q")
    world.session("s1", "2020-02-10T12:00:00+00:00", energy_wh=Decimal(25_000))
    world.session("s2", "2020-02-11T12:00:00+00:00", energy_wh=Decimal(25_000))
    world.run()
    taken = "SELECT subscription_id, amount_excl_vat FROM billing.invoice_lines WHERE kind = 'included' ORDER BY 1"
    assert world.rows(taken) == [("S", Decimal(-6)), ("S2", Decimal(-3))]
    assert totals(world) == {"C1-2020-02-EUR": Decimal(6)}


def test_a_fleet_shares_its_energy_and_sees_its_cost_centres(world: World) -> None:
    for token, centre in (("van", "North"), ("car", "South")):
        world.set(
            "tokens", [token], token_type="RFID", contract_id="C1", cost_centre=centre, status="active", valid_from=OPEN
        )
    world.plan()
    world.subscribe(valid_from=FEBRUARY)
    world.session("s1", "2020-02-10T12:00:00+00:00", id_token="van", energy_wh=Decimal(15_000))
    world.session("s2", "2020-02-11T12:00:00+00:00", id_token="car")
    world.run()
    found = contract_by_cost_centre(world.lake, "C1", date(2020, 2, 1))
    assert found.select("cost_centre", "currency", "sessions", "energy_kwh", "amount_excl_vat").rows() == [
        ("North", "EUR", 1, 15.0, Decimal(0)),
        ("South", "EUR", 1, 10.0, Decimal("1.5")),
        (None, "EUR", 0, 0.0, Decimal(10)),
    ]
    assert totals(world) == {"C1-2020-02-EUR": Decimal("11.5")}


def test_a_member_tariff_goes_below_a_rule_for_the_contract_and_above_all_others(world: World) -> None:
    def billed() -> list[tuple[Any, ...]]:
        world.run(cdrs.STAGE)
        return world.rows("SELECT tariff_id FROM billing.cdrs ORDER BY started_at")

    for name in ("member", "group", "contract", "later"):
        world.tariff(name, 1, energy("0.20"))
    world.set(
        "tokens", ["pseudonym"], token_type="RFID", contract_id="C1", token_group="G", status="active", valid_from=OPEN
    )
    world.assign("G", "group", token_group="G", station_id="station", connector_id=1, evse_id=1, site_id="site")
    world.session("s1", "2020-01-31T22:59:59+00:00")
    world.session("s2", "2020-01-31T23:00:00+00:00")
    world.session("s3", "2020-03-10T12:00:00+00:00")
    assert billed() == [("group",)] * 3
    world.subscribe(valid_from=FEBRUARY)
    world.plan(tariff_id="member")
    assert billed() == [("group",), ("member",), ("member",)]
    world.plan(version=2, tariff_id="later", valid_from=MARCH)
    assert billed() == [("group",), ("member",), ("later",)]
    world.plan(version=2, valid_from=MARCH)
    assert billed() == [("group",), ("member",), ("group",)]
    world.assign("C", "contract", contract_id="C1", valid_from=MARCH)
    assert billed() == [("group",), ("member",), ("contract",)]
    world.remove("subscriptions", ["S"])
    assert billed() == [("group",), ("group",), ("contract",)]


def test_a_draft_per_session(world: World) -> None:
    world.set("contracts", ["C1"], operator_id="O", currency="EUR", billing="per_session", valid_from=OPEN)
    world.plan()
    world.subscribe(valid_from=FEBRUARY)
    world.session("s1", "2020-02-10T12:00:00+00:00", energy_wh=Decimal(15_000))
    world.session("s2", "2020-02-11T12:00:00+00:00")
    world.run()
    per_session = {"C1-s1": Decimal(0), "C1-s2": Decimal("1.5"), "C1-2020-02-EUR": Decimal(10)}
    assert totals(world) == per_session
    assert lines(world, "included") == [
        ("C1-s1", Decimal(19), Decimal("-4.5")),
        ("C1-s2", Decimal(19), Decimal("-1.5")),
    ]
    world.set("contracts", ["C1"], operator_id="O", currency="EUR", valid_from=OPEN)
    world.run()
    assert totals(world) == {"C1-2020-02-EUR": sum(per_session.values(), Decimal(0))}


STEPS = {
    "further data": lambda w: w.session("far", "2020-05-10T12:00:00+00:00", id_token=None),
    "late session": lambda w: w.session("s0", "2020-02-02T12:00:00+00:00", energy_wh=Decimal(7_777)),
    "plan mended": lambda w: w.plan(monthly_fee=11, included_kwh=33),
    "new version": lambda w: w.plan(version=2, monthly_fee=20, tariff_id="T", valid_from="2020-03-01T00:00:00Z"),
    "ends": lambda w: w.subscribe(valid_from=FEBRUARY, valid_to="2020-03-12T00:00:00+01:00"),
    "second plan": lambda w: (w.plan("Q", included_kwh=5), w.subscribe("S2", MARCH, plan_id="Q")),
    "operator's zone": lambda w: w.set(
        "operators", ["O"], country_code="DE", party_id="KWH", name="n", time_zone="Asia/Tokyo"
    ),
    "per session": lambda w: w.set(
        "contracts", ["C1"], operator_id="O", currency="EUR", billing="per_session", valid_from=OPEN
    ),
    "cost centre": lambda w: w.set(
        "tokens",
        ["pseudonym"],
        token_type="RFID",
        contract_id="C1",
        cost_centre="X",
        status="active",
        valid_from=OPEN,
    ),
    "no longer so far": lambda w: w.drop_session("far"),
    "to another contract": lambda w: w.subscribe("S2", MARCH, plan_id="Q", contract_id="C2"),
    "plan gone": lambda w: w.remove("plans", ["Q", 1]),
    "contract ends": lambda w: w.set(
        "contracts", ["C1"], operator_id="O", currency="EUR", valid_from=OPEN, valid_to="2020-03-20T00:00:00Z"
    ),
    "subscription gone": lambda w: w.remove("subscriptions", ["S"]),
    "contract gone": lambda w: w.remove("contracts", ["C2"]),
}


@pytest.mark.parametrize("order", [list(STEPS), list(STEPS)[::-1]], ids=["forwards", "backwards"])
def test_incremental_is_the_same_as_a_full_rebuild(world: World, order: list[str]) -> None:
    world.set("contracts", ["C2"], operator_id="O", currency="EUR", valid_from=OPEN)
    world.plan()
    world.subscribe(valid_from=FEBRUARY)
    world.session("s1", "2020-02-10T12:00:00+00:00", energy_wh=Decimal(15_000))
    world.session("s2", "2020-02-29T23:30:00+00:00")  # in March
    world.session("s3", "2020-03-25T12:00:00+00:00", energy_wh=Decimal(40_000))
    world.run()
    for number, step in enumerate(order, start=1):
        STEPS[step](world)
        world.run()
        if number % 5 == 0:
            incremental = world.tables()
            world.run(full=True)
            assert world.tables() == incremental, order[number - 5 : number]
