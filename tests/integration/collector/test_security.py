"""Intruders at a real collector: passwords, TLS, certificates, floods, slow and fast senders, others not touched."""

from __future__ import annotations

import asyncio
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from websockets.exceptions import InvalidMessage, InvalidStatus

from ingest.collector import run
from ingest.security import doorman
from kwhouse import app
from tests.authority import Authority, auth
from tests.collector_harness import Running, in_thread, station
from tests.registered import register, site
from warehouse.errors import SettingsError
from warehouse.settings import Settings, load_settings

PASSWORD = "a good long password"
LOCALHOST = "127.0.0.1"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    settings = load_settings()
    stations = [{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")]
    register(settings, sites=[site("depot")], stations=stations)
    return settings


@contextmanager
def serving(**overrides: Any) -> Iterator[Running]:
    settings = load_settings(collect_port=0, metrics_port=0, **overrides)
    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        yield running


def kwhouse(*arguments: str, text: str | None = None) -> str:
    done = CliRunner().invoke(app, list(arguments), input=text)
    assert done.exit_code == 0, done.output + str(done.exception)
    return done.stdout


async def heartbeat(running: Running, name: str = "CP-1", **options: Any) -> int:
    """101 where the station is let in and answered, else the status it is refused with."""
    try:
        async with station(running, name, **options) as one:
            assert (await one.call("Heartbeat", {}))[0] == 3
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def metrics(running: Running) -> str:
    with urllib.request.urlopen(running.ready.metrics_url + "metrics", timeout=10) as answer:
        return str(answer.read().decode())


def test_passwords_are_asked_for_rotated_and_guessing_is_slowed(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kwhouse("station", "password", "CP-1", "--stdin", text=PASSWORD + "\n")
    monkeypatch.setattr(doorman, "FREE_TRIES", 3)

    async def talk(running: Running) -> list[int]:
        said = [
            await heartbeat(running),
            await heartbeat(running, **auth("CP-1", "wrong" * 4)),
            await heartbeat(running, **auth("CP-1", PASSWORD)),
            await heartbeat(running, "CP-2"),  # has no password, and none is asked of it
        ]
        said += [await heartbeat(running, **auth("CP-1", "wrong" * 4)) for _ in range(3)]
        said.append(await heartbeat(running, **auth("CP-1", PASSWORD)))
        await asyncio.sleep(1.1)
        return [*said, await heartbeat(running, **auth("CP-1", PASSWORD))]

    with serving() as running:
        assert asyncio.run(talk(running)) == [401, 401, 101, 101, 401, 401, 401, 429, 101]
        shown = metrics(running)
    assert 'kwhouse_refused_handshakes_total{status="401"} 5.0' in shown
    assert 'kwhouse_refused_handshakes_total{status="429"} 1.0' in shown
    new = kwhouse("station", "password", "CP-1").splitlines()[0]
    with serving() as running:
        again = [asyncio.run(heartbeat(running, **auth("CP-1", word))) for word in (new, PASSWORD)]
    assert again == [101, 101]
    kept = (home.home / "state.sqlite").read_bytes() + (home.home / "state.sqlite-wal").read_bytes()
    assert new.encode() not in kept
    assert PASSWORD.encode() not in kept


def test_profiles_2_and_3_over_tls(home: Settings, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    kwhouse("station", "password", "CP-1", "--stdin", text=PASSWORD + "\n")
    kwhouse("station", "profile", "CP-1", "2")
    kwhouse("station", "profile", "CP-2", "3")
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other")

    async def talk(running: Running) -> list[object]:
        async def say(name: str, certificate: Path | None = None, **options: Any) -> object:
            try:
                return await heartbeat(running, name, ssl=authority.trusted(certificate), **options)
            except (OSError, InvalidMessage):  # TLS 1.3 tells the client after its handshake
                return "tls"

        return [
            await say("CP-1", **auth("CP-1", PASSWORD)),
            await say("CP-1"),
            await say("CP-2", authority.certificate("CP-2")),
            await say("CP-2", authority.certificate("CP-1")),
            await say("CP-2"),
            await say("CP-2", authority.certificate("CP-2", days=-1)),
            await say("CP-2", stranger.certificate("CP-2")),
        ]

    files = {"collect_certificate": authority.certificate("localhost"), "collect_client_ca": authority.file}
    with serving(**files) as running:
        assert running.ready.url.startswith("wss://")
        assert asyncio.run(talk(running)) == [101, 401, 101, 403, 403, "tls", "tls"]
    with pytest.raises(SettingsError, match="KWHOUSE_COLLECT_CERTIFICATE"), serving(collect_client_ca=authority.file):
        pass


def test_a_flood_is_refused_and_nobody_else_waits(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorman, "BURST", 50)

    async def flood(running: Running) -> tuple[int, float]:
        async with station(running, "CP-2") as other:
            refused = 0
            for _ in range(100):
                status = await heartbeat(running, "CP-1")
                refused += status == 429
            begun = time.perf_counter()
            assert (await other.call("Heartbeat", {}))[0] == 3
            return refused, time.perf_counter() - begun

    with serving() as running:
        refused, waited = asyncio.run(flood(running))
        assert refused >= 30
        assert waited < 5
        assert 'kwhouse_refused_handshakes_total{status="429"}' in metrics(running)


def test_a_fast_sender_and_a_slow_one_hold_up_nobody(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.endpoint._MOST_AT_ONCE", 20)

    async def talk(running: Running) -> tuple[int, bool]:
        async with station(running, "CP-1") as fast, station(running, "CP-2") as other:
            for number in range(400):
                await fast.socket.send(f'[2,"{number}","Heartbeat",{{}}]', text=True)
            assert (await other.call("Heartbeat", {}))[0] == 3
            answered = 0
            async with asyncio.timeout(20):
                while answered < 400:
                    await fast.socket.recv()
                    answered += 1
            # Half a frame, and then nothing: only this connection waits for the rest.
            _, writer = await asyncio.open_connection(*running.ready.url.split("/")[2].split(":"))
            writer.write(b"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\n")
            await writer.drain()
            alive = (await other.call("Heartbeat", {}))[0] == 3
            writer.close()
            return answered, alive

    with serving() as running:
        assert asyncio.run(talk(running)) == (400, True)


def test_an_unknown_station_waits_for_a_person(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.access.gate.REFRESH_SECONDS", 0.05)

    async def until(running: Running, status: int) -> int:
        for _ in range(100):
            if await heartbeat(running, "NEW-1") == status:
                return status
            await asyncio.sleep(0.05)
        return 0

    with serving() as running:
        assert asyncio.run(heartbeat(running, "NEW-1")) == 404
        for _ in range(100):
            if "NEW-1" in (told := kwhouse("station", "waiting")):
                break
            time.sleep(0.05)
        assert f"from {LOCALHOST}" in told
        kwhouse("station", "accept", "NEW-1", "--site", "depot")
        assert asyncio.run(until(running, 101)) == 101
    assert kwhouse("station", "waiting") == "None.\n"
