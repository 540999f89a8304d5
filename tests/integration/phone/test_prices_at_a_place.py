"""The tariff of a place is the one that a session there would have; the lake is read in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.billing.starts.lake_reader import LakeReader
from pipelines.billing.starts.prices import Spot, tariff_at
from pipelines.billing.tariffs.model import Tariff
from pipelines.billing.tariffs.posted import posted
from tests.homes import new_home
from tests.integration.billing_world import OPEN, World, energy
from warehouse.settings import Settings
from warehouse.store import open_lake
from warehouse.store.apart import LakeApart

AT = datetime(2019, 5, 10, 12, tzinfo=UTC)
HERE = Spot("station", "site", 1, 1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_lake(Settings(home=new_home(tmp_path / "home"))) as lake:
        yield World(lake).basic()


def price(world: World, spot: Spot) -> str:
    world.write()
    found = tariff_at(world.lake, spot, AT)
    return posted(found, "en")[0].price if isinstance(found, Tariff) else found


def test_the_most_particular_tariff_holds_also_for_a_contract(world: World) -> None:
    assert price(world, HERE) == "€0.357 per kWh"
    world.tariff("member", 1, energy("0.20"))
    world.assign("B", "member", contract_id="C1")
    assert price(world, HERE) == "€0.357 per kWh"
    assert price(world, Spot("station", "site", 1, 1, "C1")) == "€0.238 per kWh"
    assert "Contract nobody's was not in force" in price(world, Spot("station", "site", 1, 1, "nobody's"))


def test_where_a_tariff_gives_no_vat_the_law_does(world: World) -> None:
    world.tariff("T", 2, energy("0.30", None))
    assert price(world, HERE) == "€0.30 per kWh before VAT"
    world.set("tax_rates", ["DE", "S", OPEN], name="USt", rate_percent=10)
    assert price(world, HERE) == "€0.33 per kWh"


def test_where_there_is_no_price_it_is_said_why(world: World) -> None:
    world.assign("B", "other")
    world.tariff("other", 1, energy("0.10"))
    assert "Equally particular rules name different tariffs" in price(world, HERE)
    assert price(world, Spot("station", "elsewhere", 1, 1)) == "The station belongs to no registered site."


def test_the_reader_answers_as_the_lake_does(world: World) -> None:
    world.write()
    apart = LakeApart(world.lake.settings)
    try:
        reader = LakeReader(apart)
        assert reader.snapshot() == world.lake.snapshot()
        assert isinstance(reader.tariff(HERE, AT), Tariff)
    finally:
        apart.close()


def test_without_a_lake_there_is_none(tmp_path: Path) -> None:
    apart = LakeApart(Settings(home=tmp_path / "empty"))
    try:
        assert LakeReader(apart).snapshot() is None
    finally:
        apart.close()
