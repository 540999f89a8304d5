"""What site owners get: share of the revenue and rent, by the day, and the list of payouts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.billing.closing.periods import move
from pipelines.billing.owners.payout_file import MonthNotClosed, payout_file
from pipelines.billing.owners.payouts import Payout, PayoutsRefused, payouts
from tests.integration.billing_world import World
from warehouse.extracts import extract_bytes
from warehouse.readers import Scope
from warehouse.readers.money import owner_statements
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state, table
from warehouse.store import open_lake

CLOSED_AT = datetime(2020, 3, 2, tzinfo=UTC)
FEBRUARY, MARCH = date(2020, 2, 1), date(2020, 3, 1)
IBAN = "DE89 3704 0044 0532 0130 00"  # the example of ISO 13616's registry


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path)


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
    found = owner_statements(world.lake, Scope(("site",), date(2020, 2, 15), date(2020, 2, 20)))
    assert found.select("owner_id", "energy_kwh", "total_incl_vat").rows() == [("W", 24.433, d("25.26"))]
    assert found["site"].to_list() == ["site"]
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


def declare(settings: Settings, *owners: dict[str, str]) -> None:
    engine = open_state(settings)
    with engine.begin() as connection:
        connection.execute(sa.delete(table("registry", "site_owners")))
        connection.execute(
            sa.insert(table("registry", "site_owners")), [{"name": None, "iban": None, **owner} for owner in owners]
        )
    engine.dispose()


def test_payouts_are_one_per_owner_or_refused_with_every_reason(settings: Settings) -> None:
    engine = open_state(settings)
    with engine.begin() as connection:
        operator = {"operator_id": "O", "name": "O", "country_code": "DE", "party_id": "KWH"}
        connection.execute(sa.insert(table("registry", "operators")), [operator])
        for site in ("site", "site2"):
            row = {"site_id": site, "operator_id": "O", "name": site, "time_zone": "Europe/Berlin"}
            connection.execute(
                sa.insert(table("registry", "sites")), [{**row, "country_code": "DE", "currency": "EUR"}]
            )
    engine.dispose()
    with open_lake(settings) as lake:
        world = World(lake).basic()
        world.set(
            "sites", ["site2"], operator_id="O", name="2", time_zone="Europe/Berlin", country_code="DE", currency="EUR"
        )
        february = "2020-01-31T23:00:00Z"
        world.rent("OC", february)
        world.rent("OC2", february, site_id="site2", rent_per_month=0.01)
        world.rent("OC3", february, owner_id="V")
        world.rent("none", february, owner_id="N", revenue_share_percent=0, rent_per_month=0)
        world.session("s1", "2020-02-10T12:00:00+00:00")
        world.run()
        declare(settings, {"owner_id": "W", "name": "Wilma", "iban": "DE89370400440532013001"})
        with pytest.raises(PayoutsRefused, match="2020-02") as refused:
            payouts(lake, "O", FEBRUARY)
        assert refused.value.reasons == {"V": "is not declared", "W": "has a wrong IBAN (InvalidChecksumDigits)"}
        assert "DE89" not in str(refused.value)
        declare(settings, {"owner_id": "W", "name": "Wilma"}, {"owner_id": "V", "iban": IBAN})
        with pytest.raises(PayoutsRefused) as refused:
            payouts(lake, "O", FEBRUARY)
        assert refused.value.reasons == {"V": "has no name", "W": "has no IBAN"}
        declare(
            settings,
            {"owner_id": "W", "name": "Wilma", "iban": IBAN},
            {"owner_id": "V", "name": "Vera", "iban": "NL91ABNA0417164300"},
        )
        # (3.00 × 10 % + 31) + 19 % = 37.25; 0.01 more of the other site, without VAT worth a cent.
        assert payouts(lake, "O", date(2020, 2, 29)) == [
            Payout("V", "Vera", "NL91ABNA0417164300", "EUR", Decimal("37.25"), FEBRUARY, ("OC3",)),
            Payout("W", "Wilma", "DE89370400440532013000", "EUR", Decimal("37.26"), FEBRUARY, ("OC", "OC2")),
        ]
        assert payouts(lake, "O", MARCH) == payouts(lake, "P", FEBRUARY) == []


def test_the_banks_file_pays_each_owner_once_and_is_the_same_made_again(settings: Settings) -> None:
    engine = open_state(settings)
    try:
        with engine.begin() as connection:
            connection.execute(
                sa.insert(table("registry", "operators")),
                {"operator_id": "O", "name": "kWhouse GmbH", "country_code": "DE", "party_id": "KWH", "iban": IBAN},
            )
            site = {"site_id": "site", "operator_id": "O", "name": "site", "time_zone": "Europe/Berlin"}
            connection.execute(sa.insert(table("registry", "sites")), {**site, "country_code": "DE", "currency": "EUR"})
        declare(settings, {"owner_id": "W", "name": "Wilma", "iban": IBAN})
        with open_lake(settings) as lake:
            world = World(lake).basic()
            world.rent("OC", "2020-01-31T23:00:00Z")
            world.session("s1", "2020-02-10T12:00:00+00:00")
            world.run()
            with pytest.raises(MonthNotClosed, match="kwhouse close 2020-02"):
                payout_file(lake, engine, "O", FEBRUARY, wanted=FEBRUARY, today=date(2020, 2, 29))
            with engine.begin() as connection:
                move(connection, "O", FEBRUARY, "locked", at=CLOSED_AT, by="Ada")
                move(connection, "O", FEBRUARY, "closed", at=CLOSED_AT, by="Ada")
            day = date(2020, 3, 7)  # a Saturday
            made = payout_file(lake, engine, "O", FEBRUARY, wanted=day, today=day)
            again = payout_file(lake, engine, "O", FEBRUARY, wanted=day, today=day)
    finally:
        engine.dispose()
    assert [(one.payout.reference, one.payout.amount) for one in made.transfers] == [("W-202002", Decimal("37.25"))]
    assert (made.total, made.left_out, made.execution_date) == (Decimal("37.25"), (), date(2020, 3, 9))
    assert made.message_id == again.message_id
    assert [one.end_to_end_id for one in made.transfers] == [one.end_to_end_id for one in again.transfers]
    assert b"37.25" in made.xml
