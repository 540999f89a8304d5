"""What a session costs so far is what it costs when it ends there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.billing.pricing.running import running_costs
from tests.homes import new_home
from tests.integration.billing_world import World, energy
from warehouse.settings import Settings
from warehouse.store import open_lake


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_lake(Settings(home=new_home(tmp_path))) as lake:
        yield World(lake).basic()


def test_the_running_cost_is_the_cost_of_the_same_session_ended(world: World, tmp_path: Path) -> None:
    now = datetime(2019, 5, 10, 13, 0, tzinfo=UTC)
    world.session("goes on", state="active", ended_at=None, last_received_at=now, energy_wh=Decimal(4_321))
    world.session("ended", energy_wh=Decimal(4_321))
    world.run()
    with open_lake(Settings(home=tmp_path), read_only=True) as reader:
        [cost] = running_costs(reader)
    assert (cost.session_id, cost.until, cost.energy_wh) == ("goes on", now, Decimal(4_321))
    ended = world.rows("SELECT total_excl_vat, total_incl_vat FROM billing.cdrs WHERE session_id = 'ended'")
    assert [(cost.total_excl_vat, cost.total_incl_vat)] == ended == [(Decimal("1.2963"), Decimal("1.5426"))]
    assert world.rows("SELECT count(*) FROM billing.cdrs") == [(1,)], "nothing of it is kept"


def test_what_cannot_be_priced_says_why(world: World) -> None:
    world.tariff("T", 1, energy("-1"))
    world.session("goes on", state="active", ended_at=None)
    world.run()
    [cost] = running_costs(world.lake, "goes on")
    assert cost.total_excl_vat is None
    assert "price" in str(cost)
    assert running_costs(world.lake, "another") == []
