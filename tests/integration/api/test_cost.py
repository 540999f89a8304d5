"""What a session that goes on costs so far, through the API; and the process that reads the lake for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from tests.api_harness import running_api
from tests.homes import new_home
from tests.integration.api.conftest import ME, Client
from tests.integration.billing_world import World
from warehouse.errors import QueryError, StoreMissing
from warehouse.people.keys import Grant, make_key
from warehouse.people.roles import Role
from warehouse.readers import sessions
from warehouse.settings import Settings
from warehouse.state import opened
from warehouse.store import Lake, open_lake
from warehouse.store.apart import LakeApart, ReaderFailed
from warehouse.store.sight import WHOLE, Sight

NOW = datetime(2019, 5, 10, 13, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A session at site `s` that goes on."""
    found = Settings(home=new_home(tmp_path_factory.mktemp("cost") / "home"))
    with open_lake(found) as lake:
        world = World(lake).basic()
        world.session("goes-on", state="active", ended_at=None, last_received_at=NOW, energy_wh=Decimal(4_321))
        world.run()
    return found


def test_a_cost_so_far(settings: Settings) -> None:
    with opened(settings) as engine:
        key = make_key(engine, "cost", Grant([Role.ANALYST]), ME)
    with running_api(settings.home) as api:
        told = Client(api.url, key)("GET", "/v1/sessions/goes-on/cost")
    cost = told.json()
    assert (cost["until"], cost["total_excl_vat"], cost["total_incl_vat"]) == (
        "2019-05-10T13:00:00Z",
        "1.2963",
        "1.5426",
    )
    (line,) = cost["lines"]
    assert (line["dimension"], Decimal(line["amount_excl_vat"])) == ("ENERGY", Decimal("1.2963"))


@pytest.fixture
def apart(settings: Settings) -> Iterator[LakeApart]:
    found = LakeApart(settings)
    yield found
    found.close()


def broken(lake: Lake) -> None:
    raise ValueError("of its own")


def refused(lake: Lake) -> None:
    raise QueryError("not so")


def gone(lake: Lake) -> None:
    import os

    os._exit(1)


def one(apart: LakeApart, sight: Sight = WHOLE) -> pl.DataFrame:
    return apart.ask(sight, sessions.one, "goes-on")


def test_the_lake_is_read_apart_as_somebody_sees_it(apart: LakeApart) -> None:
    assert one(apart).height == 1
    assert one(apart, Sight(sites=frozenset({"elsewhere"}))).is_empty()


def test_several_ask_at_a_time(apart: LakeApart) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(one(apart).height)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [1] * 8


def test_what_goes_wrong_there_is_told_here(apart: LakeApart) -> None:
    with pytest.raises(QueryError, match="not so"):
        apart.ask(WHOLE, refused)
    with pytest.raises(ReaderFailed, match="ValueError: of its own"):
        apart.ask(WHOLE, broken)
    with pytest.raises(ReaderFailed, match="it has ended"):
        apart.ask(WHOLE, gone)
    assert one(apart).height == 1  # a new process answers


def test_without_a_lake_there_is_nothing_to_read(tmp_path: Path) -> None:
    apart = LakeApart(Settings(home=tmp_path))
    with pytest.raises(StoreMissing):
        one(apart)
    apart.close()
