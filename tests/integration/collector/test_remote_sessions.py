"""`kwhouse session start|stop|active` against a simulated fleet: sessions that begin and end from outside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ingest.collector import run
from ingest.fleet.simulator import Fleet, _Run, card
from kwhouse import app
from tests.collector_harness import Running, in_thread, landed
from tests.registered import register, site
from warehouse.settings import Settings, load_settings

STATIONS = ("SIM-0001", "SIM-0002")  # 1.6 with two connectors, 2.0.1 with one


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("ingest.access.gate.REFRESH_SECONDS", 0.05)
    monkeypatch.setattr("ingest.remote.delivery.LOOK_SECONDS", 0.03)
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    found = load_settings(collect_port=0, metrics_port=0)
    began = {"token_type": "RFID", "valid_from": datetime(2026, 1, 1, tzinfo=UTC)}
    register(
        found,
        sites=[site("depot")],
        stations=[{"station_id": name, "site_id": "depot"} for name in STATIONS],
        tokens=[
            began | {"id_token": card(1), "status": "active"},
            began | {"id_token": card(2), "status": "blocked"},
        ],
    )
    return found


@contextmanager
def serving(settings: Settings) -> Iterator[Running]:
    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        yield running


async def kwhouse(*arguments: str) -> tuple[int, Any]:
    """Exit status, and what was printed: JSON, or the error."""
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout else str(done.exception)


async def active(many: int) -> list[Any]:
    while len(found := (await kwhouse("session", "active"))[1]) != many:
        await asyncio.sleep(0.05)
    return list(found)


def test_sessions_begin_and_end_from_outside(settings: Settings) -> None:
    async def talk(running: Running) -> None:
        fleet = Fleet(stations=2, sessions_per_hour=0)
        begin = int(datetime.now(UTC).timestamp() * 1e6)
        living = asyncio.create_task(_Run(fleet, running.ready.url, begin, None, 1.0).all_stations())
        started = [await kwhouse("session", "start", name, "--token", card(1).lower()) for name in STATIONS]
        assert [(status, told["state"]) for status, told in started] == [(0, "accepted")] * 2
        going = {row["station_id"]: row["transaction_id"] for row in await active(2)}
        # The 1.6 station has another connector, the other one has not.
        again = [await kwhouse("session", "start", name, "--token", card(1), "--evse", "1") for name in STATIONS]
        assert [(status, told["state"]) for status, told in again] == [(1, "rejected")] * 2
        status, refusal = await kwhouse("session", "start", "SIM-0001", "--token", card(2))
        assert (status, refusal) == (1, f"{card(2)} may not charge at SIM-0001 now: Blocked, token blocked.")
        forced = await kwhouse("session", "start", "SIM-0001", "--token", card(2), "--evse", "2", "--force")
        assert forced[0] == 0  # asked all the same; when it is presented, it is refused again
        stopped = [await kwhouse("session", "stop", name, going[name]) for name in STATIONS]
        assert [(status, told["state"]) for status, told in stopped] == [(0, "accepted")] * 2
        await active(0)
        assert (await kwhouse("session", "stop", "SIM-0001", going["SIM-0001"]))[1]["state"] == "rejected"
        listed = (await kwhouse("station", "commands", "SIM-0001"))[1]
        assert [row["state"] for row in listed] == ["rejected", "accepted", "accepted", "rejected", "accepted"]
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living

    with serving(settings) as running:
        asyncio.run(talk(running))
    said = [row for row in landed(running, "messages") if row["direction"] == "in" and row["message_type"] == 2]
    stop = [json.loads(row["payload"]) for row in said if row["action"] == "StopTransaction"]
    assert [payload["reason"] for payload in stop] == ["Remote"]
    events = [json.loads(row["payload"]) for row in said if row["action"] == "TransactionEvent"]
    assert [(event["eventType"], event["triggerReason"]) for event in events] == [
        ("Started", "RemoteStart"),
        ("Ended", "RemoteStop"),
    ]
    asked = [
        json.loads(row["payload"]) for row in landed(running, "messages") if row["action"] == "RequestStartTransaction"
    ]
    assert events[0]["transactionInfo"]["remoteStartId"] == asked[0]["remoteStartId"]
    assert all(row["schema_error"] is None for row in landed(running, "messages"))
    refused = [row["status"] for row in landed(running, "access_decisions") if row["id_token"] == card(2)]
    assert refused == ["Blocked"]
