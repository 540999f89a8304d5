"""What site owners get: share of the revenue and rent, by the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.homes import new_home
from tests.integration.billing_world import World
from warehouse.extracts import extract_bytes
from warehouse.settings import Settings, load_settings
from warehouse.store import open_lake

FEBRUARY, MARCH = date(2020, 2, 1), date(2020, 3, 1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=new_home(tmp_path))


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with open_lake(settings) as lake:
        yield World(lake).basic()


def statements(world: World) -> list[tuple[Any, ...]]:
    return world.rows(
        "SELECT owner_contract_id, month, revenue_excl_vat, share, rent, total_excl_vat, vat, total_incl_vat, sessions "
        "FROM billing.owner_statements ORDER BY month, owner_contract_id"
    )


def test_share_and_rent_by_the_day(world: World) -> None:
    world.rent(valid_from="2020-02-11T09:00:00+01:00", valid_to="2020-03-11T00:00:00+01:00", revenue_share_percent=12.5)
    world.plan(monthly_fee=50, included_kwh=10)
    world.subscribe()
    world.session("before", "2020-02-10T22:59:00+00:00")
    world.session("s1", "2020-02-10T23:00:00+00:00", energy_wh=Decimal(4_433))  # 1.33 on 11 February in Berlin
    world.session("s2", "2020-02-20T12:00:00+00:00")
    world.session("ad hoc", "2020-02-20T12:00:00+00:00", id_token=None)
    world.session("s3", "2020-04-01T12:00:00+00:00")
    world.run()
    d = Decimal
    # February: 7.33 × 12.5 % = 0.91625, 31 × 19 / 29 = 20.3103…, 19 % of 21.23 = 4.0337. March: 10 of 31 days.
    assert statements(world) == [
        ("OC", FEBRUARY, d("7.33"), d("0.92"), d("20.31"), d("21.23"), d("4.03"), d("25.26"), 3),
        ("OC", MARCH, d(0), d(0), d(10), d(10), d("1.9"), d("11.9"), 0),
    ]
    text = extract_bytes(world.lake, "owner_statements", FEBRUARY, MARCH, "csv").decode()
    assert [line.split(",")[-1] for line in text.splitlines()] == ["total_incl_vat", "25.2600"]


def test_one_owner_after_another_and_another_currency(world: World) -> None:
    world.rent("A", valid_to="2020-02-15T12:00:00+01:00", vat_percent=None)
    world.rent("B", "2020-02-15T12:00:00+01:00", vat_percent=None)
    world.rent("yen", currency="JPY", rent_per_month=1000.5, valid_to="2019-02-01T00:00:00+01:00", vat_percent=10)
    for number, day in enumerate((14, 15)):
        world.session(f"s{number}", f"2020-02-{day}T00:00:00+00:00")
    world.run()
    d = Decimal
    newest = [row for row in statements(world) if row[1] == FEBRUARY]
    assert newest == [
        ("A", FEBRUARY, d(3), d("0.3"), d("14.97"), d("15.27"), d(0), d("15.27"), 1),  # 14 of 29 days
        ("B", FEBRUARY, d(3), d("0.3"), d("16.03"), d("16.33"), d(0), d("16.33"), 1),
    ]
    yen = [row[4:8] for row in statements(world) if row[0] == "yen"]
    assert yen == [(d(1001), d(1001), d(100), d(1101))]


STEPS = {
    "further data": lambda w: w.session("far", "2020-05-10T12:00:00+00:00", id_token=None),
    "late energy": lambda w: w.session("s1", "2020-02-10T12:00:00+00:00", energy_wh=Decimal(12_345)),
    "other terms": lambda w: w.rent(revenue_share_percent=20, valid_from="2020-02-05T00:00:00Z"),
    "second owner": lambda w: w.rent("O2", "2020-03-10T00:00:00Z", owner_id="V", currency="GBP"),
    "another zone": lambda w: w.set(
        "sites", ["site"], operator_id="O", name="S", time_zone="Asia/Tokyo", country_code="JP", currency="EUR"
    ),
    "session gone": lambda w: w.drop_session("s2"),
    "suspect": lambda w: w.session("s3", "2020-03-25T12:00:00+00:00", grade="suspect"),
    "no longer so far": lambda w: w.drop_session("far"),
    "agreement gone": lambda w: w.remove("owner_contracts", ["OC"]),
    "site gone": lambda w: w.remove("sites", ["site"]),
}


@pytest.mark.parametrize("order", [list(STEPS), list(STEPS)[::-1]], ids=["forwards", "backwards"])
def test_incremental_is_the_same_as_a_full_rebuild(world: World, order: list[str]) -> None:
    world.rent(valid_from="2020-01-20T00:00:00Z")
    world.session("s1", "2020-02-10T12:00:00+00:00")
    world.session("s2", "2020-02-29T23:30:00+00:00")
    world.session("s3", "2020-03-25T12:00:00+00:00")
    world.run()
    for number, step in enumerate(order, start=1):
        STEPS[step](world)
        world.run()
        if number % 5 == 0:
            incremental = world.tables()
            world.run(full=True)
            assert world.tables() == incremental, order[number - 5 : number]
