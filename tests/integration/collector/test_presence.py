"""Which stations are connected, as collectors say it in the state database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.collector_harness import Running, station
from tests.homes import new_home
from tests.registered import register, site
from tests.secured import serving
from warehouse.remote.online import SILENT_SECONDS, Connected, begin, end, stations_online, tell
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state, table

NOW = datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KWHOUSE_HOME", str(new_home(tmp_path / "home")))
    return load_settings()


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = open_state(settings)
    yield engine
    engine.dispose()


def connected(name: str, minute: int = 0, version: str = "1.6") -> Connected:
    return Connected(name, version, NOW + timedelta(minutes=minute))


def holders(engine: sa.Engine, now: datetime = NOW) -> dict[str, str]:
    return {name: held.collector_id for name, held in stations_online(engine, now).items()}


def test_the_newest_connection_counts_and_each_collector_takes_back_its_own(engine: sa.Engine) -> None:
    begin(engine, "a", NOW)
    begin(engine, "b", NOW)
    tell(engine, "a", [connected("CP-1"), connected("CP-2")], [], NOW)
    tell(engine, "b", [connected("CP-1", 1)], [], NOW)
    assert holders(engine) == {"CP-1": "b", "CP-2": "a"}
    tell(engine, "a", [], ["CP-1"], NOW)  # its connection before has ended at last
    assert holders(engine) == {"CP-1": "b", "CP-2": "a"}
    tell(engine, "a", [connected("CP-1", 2, "2.0.1")], [], NOW)
    assert stations_online(engine, NOW, ["CP-1", "CP-9"])["CP-1"].ocpp_version == "2.0.1"
    end(engine, "a")
    assert holders(engine) == {"CP-1": "b"}


def test_the_word_of_a_collector_that_is_silent_or_starts_anew_counts_no_more(engine: sa.Engine) -> None:
    begin(engine, "a", NOW)
    tell(engine, "a", [connected("CP-1")], [], NOW)
    assert holders(engine, NOW + timedelta(seconds=SILENT_SECONDS)) == {"CP-1": "a"}
    assert holders(engine, NOW + timedelta(seconds=SILENT_SECONDS + 1)) == {}
    begin(engine, "a", NOW + timedelta(seconds=60))
    assert holders(engine, NOW + timedelta(seconds=60)) == {}


def test_a_fleet_is_told_at_once(engine: sa.Engine) -> None:
    begin(engine, "a", NOW)
    fleet = [connected(f"S{number}") for number in range(2_000)]
    tell(engine, "a", fleet, [], NOW)
    tell(engine, "a", fleet[:1_000], [station.station_id for station in fleet[1_000:]], NOW)
    assert holders(engine) == {station.station_id: "a" for station in fleet[:1_000]}


def test_a_collector_tells_in_step_with_its_connections(
    settings: Settings, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.presence.ROUND_SECONDS", 0.05)
    names = ("CP-1", "CP-2")
    register(settings, sites=[site("depot")], stations=[{"station_id": name, "site_id": "depot"} for name in names])

    async def until(expected: dict[str, str]) -> None:
        async with asyncio.timeout(10):
            while {
                name: held.ocpp_version for name, held in stations_online(engine, datetime.now(UTC)).items()
            } != expected:
                await asyncio.sleep(0.02)

    async def talk(running: Running) -> None:
        async with station(running, "CP-1"), station(running, "CP-2", "2.0.1"):
            await until({"CP-1": "1.6", "CP-2": "2.0.1"})
            async with station(running, "CP-1", "2.1"):  # replaces the one before, whose end changes nothing
                await until({"CP-1": "2.1", "CP-2": "2.0.1"})
        await until({})
        async with station(running, "CP-2"):
            await until({"CP-2": "1.6"})

    with serving() as running:
        asyncio.run(talk(running))
    for name in ("online_stations", "collectors"):
        with engine.connect() as connection:
            assert connection.execute(sa.select(table("access", name))).all() == []


def test_stations_are_served_while_nobody_can_be_told(
    settings: Settings, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ingest.presence.ROUND_SECONDS", 0.05)
    register(settings, sites=[site("depot")], stations=[{"station_id": "CP-1", "site_id": "depot"}])

    async def talk(running: Running) -> None:
        async with station(running, "CP-1") as one:
            async with asyncio.timeout(10):
                while not stations_online(engine, datetime.now(UTC)):
                    await asyncio.sleep(0.02)
            with engine.begin() as connection:
                connection.execute(sa.text("ALTER TABLE access_collectors RENAME TO away"))
            await asyncio.sleep(0.3)
            assert (await one.call("Heartbeat", {}))[0] == 3
            with engine.begin() as connection:
                connection.execute(sa.text("ALTER TABLE away RENAME TO access_collectors"))

    with serving() as running:
        asyncio.run(talk(running))
    told = [record for record in caplog.records if "Nobody can be told" in record.getMessage()]
    assert len(told) == 1
