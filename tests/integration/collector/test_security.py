"""The door of a real collector: passwords, floods, fast senders, stations that wait. Others are not touched."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.security import doorman
from tests.authority import Authority, auth
from tests.collector_harness import Running, station
from tests.homes import new_home
from tests.registered import register, site
from tests.secured import PASSWORD, counted, heartbeat, kwhouse, serving
from warehouse.errors import SettingsError
from warehouse.settings import Settings, load_settings
from warehouse.state import opened, table

LOCALHOST = "127.0.0.1"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("KWHOUSE_HOME", str(new_home(tmp_path / "home")))
    settings = load_settings()
    stations = [{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")]
    register(settings, sites=[site("depot")], stations=stations)
    return settings


def test_passwords_are_asked_for_rotated_and_guessing_is_slowed(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kwhouse("station", "password", "CP-1", "--stdin", text=PASSWORD + "\n")
    monkeypatch.setattr(doorman, "FREE_TRIES", 3)

    async def talk(running: Running) -> list[int | str]:
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
        refused = [counted(running, "kwhouse_refused_handshakes", status=status) for status in ("401", "429")]
    assert refused == [5, 1]
    new = kwhouse("station", "password", "CP-1").splitlines()[0]
    with serving() as running:
        again = [asyncio.run(heartbeat(running, **auth("CP-1", word))) for word in (new, PASSWORD)]
    assert again == [101, 101]
    kept = (home.home / "state.sqlite").read_bytes() + (home.home / "state.sqlite-wal").read_bytes()
    assert new.encode() not in kept
    assert PASSWORD.encode() not in kept


def test_each_change_of_how_a_station_proves_itself_is_kept_without_its_hash(home: Settings) -> None:
    kwhouse("station", "password", "CP-1", "--by", "anna")
    kwhouse("station", "profile", "CP-1", "2", "--by", "bert")
    kwhouse("station", "password", "CP-1", "--by", "anna")
    kwhouse("station", "accept", "NEW-1", "--site", "depot", "--by", "anna")
    with opened(home) as engine, engine.connect() as connection:
        rows = connection.execute(sa.select(table("registry", "changes")).order_by(sa.column("change_id"))).all()
    told = [(row.table_name, row.row_key, row.change, row.changed_by, row.source) for row in rows]
    assert told == [
        ("station_credentials", '["CP-1"]', "added", "anna", "station password"),
        ("station_credentials", '["CP-1"]', "changed", "bert", "station profile"),
        ("station_credentials", '["CP-1"]', "changed", "anna", "station password"),
        ("stations", '["NEW-1"]', "added", "anna", "station accept"),
    ]
    assert json.loads(rows[1].before)["security_profile"] == 1
    assert json.loads(rows[1].after)["security_profile"] == 2
    assert not [row for row in rows if "argon2" in str(row) or "hash" in str(row)]


def test_a_client_authority_without_a_certificate_is_no_setting(home: Settings, tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match="KWHOUSE_COLLECT_CERTIFICATE"),
        serving(collect_client_ca=Authority(tmp_path).file),
    ):
        pass


def test_a_flood_from_one_address_is_refused_and_nobody_else_waits(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    knocks = doorman.BURST + 500  # within seconds: far above 10,000 a minute

    async def knock(host: str, port: str) -> bytes:
        reader, writer = await asyncio.open_connection(host, port, local_addr=("127.0.0.66", 0))
        writer.write(
            b"GET /ocpp/NOBODY HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        status = (await reader.readline()).split()[1]
        writer.close()
        return status

    async def flood(running: Running) -> set[bytes]:
        host, port = running.ready.url.split("/")[2].split(":")
        seen: set[bytes] = set()
        async with station(running, "CP-2") as other:
            for _ in range(0, knocks, 50):
                async with asyncio.TaskGroup() as group:
                    knocking = [group.create_task(knock(host, port)) for _ in range(50)]
                    assert (await other.call("Heartbeat", {}))[0] == 3
                seen |= {task.result() for task in knocking}
            assert await heartbeat(running, "CP-1") == 101
        return seen

    with serving() as running:
        assert asyncio.run(flood(running)) == {b"404", b"429"}
        refused = [counted(running, "kwhouse_refused_handshakes", status=status) for status in ("404", "429")]
    assert sum(refused) == knocks
    assert refused[1] > 100
    warned = [record.getMessage() for record in caplog.records if "127.0.0.66" in record.getMessage()]
    assert len(warned) == 2
    assert "wait" in warned[1]


def test_a_fast_sender_holds_up_nobody(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.endpoint._MOST_AT_ONCE", 20)

    async def talk(running: Running) -> int:
        async with station(running, "CP-1") as fast, station(running, "CP-2") as other:
            for number in range(400):
                await fast.socket.send(f'[2,"{number}","Heartbeat",{{}}]', text=True)
            assert (await other.call("Heartbeat", {}))[0] == 3
            answered = 0
            async with asyncio.timeout(20):
                while answered < 400:
                    await fast.socket.recv()
                    answered += 1
            return answered

    with serving() as running:
        assert asyncio.run(talk(running)) == 400


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
