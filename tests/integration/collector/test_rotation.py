"""New passwords for stations, pushed over real sockets: nobody is locked out, and the password stands nowhere."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner
from websockets.exceptions import InvalidStatus

from ingest.collector import run
from kwhouse import app
from tests.authority import auth
from tests.collector_harness import Running, commanded, in_thread, landed, station
from tests.registered import register, site
from warehouse.settings import Settings, load_settings
from warehouse.state import opened, table

OLD = "a good long password"
ACCEPTED = {"status": "Accepted"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("access.gate.REFRESH_SECONDS", "remote.delivery.LOOK_SECONDS", "remote.passwords.LOOK_SECONDS"):
        monkeypatch.setattr(f"ingest.{name}", 0.03)
    monkeypatch.setattr("ingest.remote.passwords.KNOWN_EVERYWHERE_SECONDS", 0.3)
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    found = load_settings(collect_port=0, metrics_port=0)
    stations = [{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")]
    register(found, sites=[site("depot")], stations=stations)
    return found


async def kwhouse(*arguments: str, text: str | None = None) -> Any:
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"], input=text)
    return json.loads(done.stdout)


async def gets_in(running: Running, name: str, *password: str | bytes) -> bool:
    try:
        async with station(running, name, "2.0.1", **(auth(name, *password) if password else {})) as one:
            return bool((await one.call("Heartbeat", {}))[0] == 3)
    except InvalidStatus:
        return False


async def until_refused(running: Running, name: str, *password: str | bytes) -> None:
    async with asyncio.timeout(20):
        while await gets_in(running, name, *password):
            await asyncio.sleep(0.05)


def forgotten(settings: Settings) -> None:
    """Wait until the password before is good no more."""
    rows = table("access", "station_credentials")
    with opened(settings) as engine:
        for _ in range(500):
            with engine.connect() as connection:
                if connection.execute(sa.select(rows.c.previous_hash)).scalar_one() is None:
                    return
            time.sleep(0.02)
    raise AssertionError("the password before is still good")


def test_a_16_station_takes_a_new_password(settings: Settings) -> None:
    async def talk(running: Running) -> str:
        def echo(payload: Any) -> Any:
            return ACCEPTED | {"told": payload["value"]}  # no station should

        async with commanded(running, "CP-1", "1.6", {"ChangeConfiguration": echo}, **auth("CP-1", OLD)) as one:
            done = await kwhouse("station", "rotate", "CP-1")
            assert (done["state"], done["answer"]) == ("accepted", ACCEPTED | {"told": "***"})
            ((_, _, payload),) = one.heard
            new = str(payload["value"])
            assert (payload["key"], len(bytes.fromhex(new))) == ("AuthorizationKey", 20)
            # It may hold either until it has connected again.
            assert "may hold either" in (await kwhouse("station", "rotate", "CP-1"))["reason"]
        assert await gets_in(running, "CP-1", OLD)
        assert await gets_in(running, "CP-1", bytes.fromhex(new))  # the key's bytes …
        async with station(running, "CP-1", **auth("CP-1", new)):  # … or its digits
            await asyncio.to_thread(forgotten, running.settings)
        await until_refused(running, "CP-1", OLD)
        return new

    asyncio.run(kwhouse("station", "password", "CP-1", "--stdin", text=OLD + "\n"))
    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        new = asyncio.run(talk(running))
    told = [row["payload"] for row in landed(running, "messages") if row["action"] == "ChangeConfiguration"]
    assert [json.loads(payload) for payload in told] == [
        {"key": "AuthorizationKey", "value": "***"},
        ACCEPTED | {"told": "***"},
    ]
    for file in settings.home.rglob("*"):
        assert file.is_dir() or new.encode() not in file.read_bytes(), file
    with opened(settings) as engine, engine.connect() as connection:
        rows = table("registry", "changes")
        kept = connection.execute(sa.select(rows).order_by(rows.c.change_id)).mappings().all()
    assert [(row["table_name"], row["change"], row["source"]) for row in kept] == [
        ("station_credentials", "added", "station password"),
        ("station_credentials", "changed", "station rotate"),
        ("station_credentials", "changed", "connected with the new password"),
    ]
    assert not any("argon2" in str(row["before"]) + str(row["after"]) for row in kept)


def test_a_station_that_tells_its_key_is_not_quoted(settings: Settings) -> None:
    keys = [
        {"readonly": False, "value": "geheim", "key": "AuthorizationKey"},
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
    ]

    async def talk(running: Running) -> Any:
        async with commanded(running, "CP-1", "1.6", {"GetConfiguration": {"configurationKey": keys}}):
            return await kwhouse("station", "report", "CP-1")

    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        done = asyncio.run(talk(running))
    (kept,) = [row["payload"] for row in landed(running, "messages") if row["message_type"] == 3]
    shown = {"configurationKey": [keys[0] | {"value": "***"}, keys[1]]}
    assert (done["state"], done["answer"], json.loads(kept)) == ("accepted", shown, shown)


def test_a_2_station_that_refuses_keeps_what_it_has(settings: Settings) -> None:
    def result(status: str) -> dict[str, Any]:
        named = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
        return {"setVariableResult": [{"attributeStatus": status, **named}]}

    async def talk(running: Running) -> None:
        answers = {"SetVariables": result("Rejected")}
        async with commanded(running, "CP-2", "2.0.1", answers) as one:
            assert (await kwhouse("station", "rotate", "CP-2"))["reason"] == "Rejected"
            answers["SetVariables"] = result("RebootRequired")
            done = await kwhouse("station", "rotate", "CP-2")
            assert (done["state"], done["reason"]) == ("accepted", "RebootRequired")
            refused, taken = (payload["setVariableData"][0]["attributeValue"] for _, _, payload in one.heard)
        await until_refused(running, "CP-2")  # from now on it has to give one
        assert [await gets_in(running, "CP-2", word) for word in (taken, refused)] == [True, False]

    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        asyncio.run(talk(running))
