"""A site's grid limit shared over real sockets: one station of OCPP 1.6, one of 2.0.1, both with a session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingest.collector import run
from ingest.power import balancer
from ingest.power.balancer import Balancer
from ingest.power.plan import EvseKey, Plan
from ingest.power.shown import shown_sites
from tests.collector_harness import Commanded, commanded, in_thread
from tests.registered import connector, register, site
from warehouse.remote import leases
from warehouse.remote.commands import listing
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state, table

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
ACCEPTED = {"SetChargingProfile": {"status": "Accepted"}}
SINCE = dict.fromkeys(("CP-1", "CP-2"), NOW - timedelta(hours=1))
TOKEN = {"id_token": "CARD", "token_type": "RFID", "status": "active", "valid_from": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load_settings(home=tmp_path / "home", collect_port=0, metrics_port=0)
    register(
        found,
        sites=[site("depot", "Europe/Berlin") | {"grid_limit_w": 30_000}],
        stations=[{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")],
        connectors=[connector("CP-1", rated_power_w=22_000), connector("CP-2", rated_power_w=50_000, power_type="DC")],
        tokens=[TOKEN],
    )
    return found


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = open_state(settings)
    yield engine
    engine.dispose()


async def until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(found):
            await asyncio.sleep(0.1)


def profiles(one: Commanded) -> list[tuple[str, Any, float]]:
    """Purpose, transaction and limit of each profile that a station was told."""
    found = []
    for action, _, payload in one.heard:
        assert action == "SetChargingProfile"
        profile = payload.get("csChargingProfiles") or payload["chargingProfile"]
        schedule = profile["chargingSchedule"]
        schedule = schedule[0] if isinstance(schedule, list) else schedule
        limit = float(schedule["chargingSchedulePeriod"][0]["limit"])
        found.append((profile["chargingProfilePurpose"], profile.get("transactionId"), limit))
    return found


def test_sessions_share_what_the_grid_gives(
    settings: Settings, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balancer, "ROUND_SECONDS", 0.2)

    def takes() -> list[int]:
        return [evse["may_take_w"] for evse in shown_sites(engine, datetime.now(UTC))[0]["evses"]]

    async def talk() -> None:
        with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
            async with (
                commanded(running, "CP-1", "1.6", ACCEPTED) as one,
                commanded(running, "CP-2", "2.0.1", ACCEPTED) as two,
            ):
                # With nobody there each may begin with its least: 6 A in three phases, and 5 kW of direct current.
                await until(lambda: takes() == [4_320, 5_000])
                begin = {"connectorId": 1, "idTag": "CARD", "meterStart": 0, "timestamp": "2026-07-01T12:00:00Z"}
                await one.call("StartTransaction", begin)
                await until(lambda: takes() == [22_000, 5_000])
                await two.call(
                    "TransactionEvent",
                    {
                        "eventType": "Started",
                        "timestamp": "2026-07-01T12:00:00Z",
                        "triggerReason": "Authorized",
                        "seqNo": 0,
                        "transactionInfo": {"transactionId": "t-1"},
                        "idToken": {"idToken": "CARD", "type": "ISO14443"},
                        "evse": {"id": 1, "connectorId": 1},
                    },
                )
                await until(lambda: takes() == [15_000, 15_000])
                number = next(told[1] for told in profiles(one) if told[0] == "TxProfile")
                await one.call(
                    "StopTransaction",
                    {"transactionId": number, "meterStop": 9_000, "timestamp": "2026-07-01T13:00:00Z"},
                )
                await until(lambda: takes() == [4_320, 25_680] and len(profiles(two)) == 3)
        # 22 kW are 30.5 A in three phases of 240 V, 15 kW are 20.8 A.
        assert profiles(one) == [
            ("TxDefaultProfile", None, 6.0),
            ("TxProfile", number, 30.5),
            ("TxProfile", number, 20.8),
        ]
        assert profiles(two) == [
            ("TxDefaultProfile", None, 5_000),
            ("TxProfile", "t-1", 15_000),
            ("TxProfile", "t-1", 25_680),
        ]

    asyncio.run(talk())
    assert {command.state for command in listing(engine)} == {"accepted"}


def test_a_station_that_knows_no_limits_is_not_asked_again_and_again(settings: Settings, engine: sa.Engine) -> None:
    balancing = Balancer(engine, "one", lambda _now: SINCE)
    first = balancing.round(NOW)["depot"]
    assert {order.key.station_id for order in first.orders} == {"CP-1", "CP-2"}
    assert balancing.round(NOW)["depot"].orders == ()
    rows = table("remote", "commands")
    with engine.begin() as connection:
        connection.execute(sa.update(rows).values(state="failed", ended_at=NOW))
    assert balancing.round(NOW)["depot"].orders == ()
    found = shown_sites(engine, NOW)[0]
    assert found["may_take_w"] == 72_000 > found["grid_limit_w"]
    assert {evse["remark"] for evse in found["evses"]} == {"its station has refused a limit"}


def answered(engine: sa.Engine, state: str, at: datetime) -> list[str]:
    """All commands that wait get this answer; gives their kinds."""
    rows = table("remote", "commands")
    with engine.begin() as connection:
        kinds = list(connection.scalars(sa.select(rows.c.kind).where(rows.c.state == "waiting").order_by(rows.c.kind)))
        connection.execute(sa.update(rows).where(rows.c.state == "waiting").values(state=state, ended_at=at))
    return kinds


def test_a_station_that_connects_anew_is_told_anew_and_counts_whole_until_then(
    settings: Settings, engine: sa.Engine
) -> None:
    since = dict(SINCE)
    balancing = Balancer(engine, "one", lambda _now: since)
    balancing.round(NOW)
    assert answered(engine, "accepted", NOW) == ["set_charging_profile"] * 2
    assert balancing.round(NOW)["depot"] == Plan((), 9_320, ())
    since["CP-2"] = NOW + timedelta(seconds=1)
    later = balancing.round(NOW + timedelta(seconds=2))["depot"]
    assert [(order.key, order.limit_w) for order in later.orders] == [(EvseKey("CP-2", 1), 5_000)]
    assert (later.bound_w, later.unbound) == (54_320, (EvseKey("CP-2", 1),))
    answered(engine, "accepted", NOW + timedelta(seconds=3))
    assert balancing.round(NOW + timedelta(seconds=4))["depot"] == Plan((), 9_320, ())


def test_a_site_that_loses_its_limit_gets_its_power_back(settings: Settings, engine: sa.Engine) -> None:
    balancing = Balancer(engine, "one", lambda _now: SINCE)
    sites = table("registry", "sites")

    def limited_to(limit_w: int | None) -> None:
        with engine.begin() as connection:
            connection.execute(sa.update(sites).values(grid_limit_w=limit_w))

    balancing.round(NOW)
    limited_to(None)
    assert balancing.round(NOW) == {}, "answers that are out come first"
    assert answered(engine, "accepted", NOW) == ["set_charging_profile"] * 2
    balancing.round(NOW)
    ids = {command.arguments["profile_id"] for command in listing(engine) if command.state == "waiting"}
    assert (answered(engine, "unanswered", NOW), ids) == (["clear_charging_profile"] * 2, {11})
    balancing.round(NOW)
    assert answered(engine, "accepted", NOW) == [], "tried again later"
    balancing.round(NOW + timedelta(minutes=2))
    assert answered(engine, "rejected", NOW) == ["clear_charging_profile"] * 2
    balancing.round(NOW + timedelta(minutes=2))
    with engine.connect() as connection:
        assert connection.execute(sa.select(table("remote", "power_limits"))).all() == []
    limited_to(30_000)
    assert len(balancing.round(NOW + timedelta(minutes=2))["depot"].orders) == 2


def test_one_process_shares_at_a_time_and_another_takes_over(settings: Settings, engine: sa.Engine) -> None:
    one, two = (Balancer(engine, name, lambda _now: {}) for name in ("one", "two"))
    assert one.round(NOW)
    assert not two.round(NOW)
    with engine.begin() as connection:
        connection.execute(sa.update(table("remote", "leases")).values(held_until=NOW))
    assert two.round(NOW)
    assert not one.round(NOW)
    assert not leases.hold(engine, "site power", "one", NOW, 1)


def test_a_site_without_a_limit_costs_nothing(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    register(settings, sites=[site("depot", "Europe/Berlin")], stations=[{"station_id": "CP-1", "site_id": "depot"}])
    engine = open_state(settings)
    assert Balancer(engine, "one", lambda _now: SINCE).round(NOW) == {}
    assert listing(engine) == []
    engine.dispose()
