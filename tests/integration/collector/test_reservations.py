"""Reservations and limits of stations, typed as commands, carried out over real sockets by both versions."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ingest.collector import run
from kwhouse import app
from tests.collector_harness import commanded, in_thread
from tests.registered import connector, register, site
from warehouse.settings import Settings, load_settings

UNTIL = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    found = load_settings(home=tmp_path / "home", collect_port=0, metrics_port=0)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    token = {"token_type": "RFID", "valid_from": begin, "token_group": None}
    register(
        found,
        sites=[site("depot", "Europe/Berlin")],
        stations=[{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")],
        connectors=[connector("CP-1"), connector("CP-2", power_type="DC")],
        tokens=[
            token | {"id_token": "CARD", "status": "active", "token_group": "fleet"},
            token | {"id_token": "LOST", "status": "blocked"},
        ],
    )
    return found


async def typed(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


def test_a_reservation_is_kept_and_given_up(settings: Settings) -> None:
    def answer(payload: dict[str, Any]) -> dict[str, str]:
        return {"status": "Occupied" if payload.get("connectorId") == 2 else "Accepted"}

    kept = {"ReserveNow": answer, "CancelReservation": {"status": "Accepted"}}

    async def talk() -> None:
        with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
            async with (
                commanded(running, "CP-1", "1.6", kept) as one,
                commanded(running, "CP-2", "2.0.1", kept) as two,
            ):
                for words in (("CP-1", "--evse", "1"), ("CP-2",)):
                    done = await typed("station", "reserve", *words, "--token", "card", "--until", UNTIL)
                    assert (done.exit_code, done.stdout) == (0, "Accepted.\n"), done.output
                taken = await typed(
                    "station", "reserve", "CP-1", "--evse", "2", "--token", "CARD", "--until", UNTIL, "--json"
                )
                assert (taken.exit_code, json.loads(taken.stdout)["reason"]) == (1, "Occupied")
                refused = await typed("station", "reserve", "CP-1", "--token", "LOST", "--until", UNTIL)
                assert "may not charge at CP-1 now: Blocked" in str(refused.exception)
                late = await typed("station", "reserve", "CP-1", "--token", "CARD", "--until", "2020-01-01T00:00:00")
                assert "is over already" in str(late.exception)
                assert (await typed("station", "cancel-reservation", "2")).exit_code == 0
                never = await typed("station", "cancel-reservation", "3")
                assert "Reservation 3 was never kept (rejected; Occupied)" in str(never.exception)
                assert "no reservation 9" in str((await typed("station", "cancel-reservation", "9")).exception)
                listed = json.loads((await typed("station", "reservations", "--json")).stdout)
                assert [(row["reservation_id"], row["station_id"], row["state"]) for row in listed] == [
                    (3, "CP-1", "refused"),
                    (2, "CP-2", "cancelled"),
                    (1, "CP-1", "kept"),
                ]
        [first, _] = [payload for _, _, payload in one.heard]
        assert (first["connectorId"], first["idTag"], first["parentIdTag"]) == (1, "CARD", "fleet")
        assert two.heard[0][2]["idToken"] == {"idToken": "CARD", "type": "ISO14443"}
        assert two.heard[1][0] == "CancelReservation"

    asyncio.run(talk())


def test_a_station_is_limited_in_the_unit_of_its_current(settings: Settings) -> None:
    kept = {"SetChargingProfile": {"status": "Accepted"}, "ClearChargingProfile": {"status": "Accepted"}}

    async def talk() -> None:
        with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
            async with (
                commanded(running, "CP-1", "1.6", kept) as one,
                commanded(running, "CP-2", "2.0.1", kept) as two,
            ):
                for name in ("CP-1", "CP-2"):
                    assert (await typed("power", "limit", name, "--kw", "7.2")).exit_code == 0
                    assert (await typed("power", "clear", name)).exit_code == 0
        schedule = one.heard[0][2]["csChargingProfiles"]["chargingSchedule"]
        period = schedule["chargingSchedulePeriod"][0]
        assert (schedule["chargingRateUnit"], float(period["limit"]), period["numberPhases"]) == ("A", 10.0, 3)
        [schedule] = two.heard[0][2]["chargingProfile"]["chargingSchedule"]
        assert (schedule["chargingRateUnit"], schedule["chargingSchedulePeriod"][0]["limit"]) == ("W", 7200)
        assert [heard[0] for heard in one.heard] == ["SetChargingProfile", "ClearChargingProfile"]

    asyncio.run(talk())
    shown = CliRunner().invoke(app, ["power", "sites"])
    assert (shown.exit_code, shown.stdout) == (0, "No site has a grid limit: set grid_limit_w in the registry.\n")
