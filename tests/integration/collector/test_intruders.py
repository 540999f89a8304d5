"""Intruders at a real collector with TLS: each is refused, counted, told of once, and nobody else feels it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.authority import Authority, auth
from tests.collector_harness import Running, Station, station
from tests.homes import new_home
from tests.registered import register, site
from tests.secured import PASSWORD, counted, heartbeat, kwhouse, serving
from warehouse.remote.online import stations_online
from warehouse.settings import load_settings
from warehouse.state import opened

OTHER_PASSWORD = "another good password"
FRAME_BYTES = 1_048_576


@dataclass
class World:
    """A collector whose stations are CP-1 and CP-3 (passwords over TLS) and CP-2 (certificate)."""

    running: Running
    authority: Authority
    stranger: Authority

    def shows(self, address: str, certificate: Path | None = None, **options: Any) -> dict[str, Any]:
        """Options of a connection from a loopback address of its own."""
        return {"ssl": self.authority.trusted(certificate), "local_addr": (address, 0), **options}

    def refused(self, status: str) -> float:
        return counted(self.running, "kwhouse_refused_handshakes", status=status)

    async def raw(self, address: str, *, tls: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.running.ready.url.split("/")[2].split(":")
        context = self.authority.trusted() if tls else None
        return await asyncio.open_connection(host, port, ssl=context, local_addr=(address, 0))

    @asynccontextmanager
    async def good(self, name: str = "CP-3", password: str = OTHER_PASSWORD) -> AsyncIterator[Station]:
        """A station that does nothing wrong, and is answered before and after."""
        async with station(self.running, name, **self.shows("127.0.0.1", **auth(name, password))) as one:
            assert (await one.call("Heartbeat", {}))[0] == 3
            yield one
            assert (await one.call("Heartbeat", {}))[0] == 3


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("intruders")
    ours, strange = folder / "ours", folder / "strange"
    ours.mkdir()
    strange.mkdir()
    authority = Authority(ours)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KWHOUSE_HOME", str(new_home(folder / "home")))
        patch.setattr("ingest.endpoint._OPEN_SECONDS", 2.0)
        patch.setattr("ingest.security.guarded.MESSAGE_SECONDS", 0.5)
        patch.setattr("ingest.presence.ROUND_SECONDS", 0.05)
        settings = load_settings()
        stations = [{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2", "CP-3")]
        register(settings, sites=[site("depot")], stations=stations)
        for name, password in (("CP-1", PASSWORD), ("CP-3", OTHER_PASSWORD)):
            kwhouse("station", "password", name, "--stdin", text=password + "\n")
            kwhouse("station", "profile", name, "2")
        kwhouse("station", "profile", "CP-2", "3")
        files = {"collect_certificate": authority.certificate("localhost"), "collect_client_ca": authority.file}
        with serving(**files, max_frame_bytes=FRAME_BYTES, unknown_tokens="let_in") as running:
            assert running.ready.url.startswith("wss://")
            yield World(running, authority, Authority(strange))


def intruder(request: pytest.FixtureRequest, network: int) -> str:
    """A loopback address of this case alone: what one does must not count for another."""
    return f"127.0.{network}.{1 + request.node.callspec.indices['told']}"


def warnings(caplog: pytest.LogCaptureFixture, word: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if word in record.getMessage()]


def test_who_shows_what_is_theirs_is_let_in(world: World) -> None:
    certificate = world.authority.certificate("CP-2")

    async def talk() -> list[int | str]:
        return [
            await heartbeat(world.running, "CP-1", **world.shows("127.0.1.1", **auth("CP-1", PASSWORD))),
            await heartbeat(world.running, "CP-2", **world.shows("127.0.1.1", certificate)),
        ]

    assert asyncio.run(talk()) == [101, 101]


@pytest.mark.parametrize(
    ("name", "shown", "expected", "told"),
    [
        ("CP-1", auth("CP-1", "wrong" * 4), 401, "name and password"),
        ("CP-1", auth("CP-1", OTHER_PASSWORD), 401, "name and password"),
        ("CP-1", auth("CP-3", OTHER_PASSWORD), 401, "name and password"),
        ("CP-1", {}, 401, "name and password"),
        ("CP-2", auth("CP-2", PASSWORD), 403, "must show its client certificate"),
        ("CP-2", {"certificate": "CP-1"}, 403, "certificate is of CP-1"),
        ("CP-1", {"certificate": "CP-2", **auth("CP-1", PASSWORD)}, 403, "certificate is of CP-2"),
        ("CP-2", {"certificate": "CP-2", "days": -1}, "tls", "certificate has expired"),
        ("CP-2", {"certificate": "CP-2", "by": "stranger"}, "tls", "TLS handshake refused"),
    ],
    ids=[
        "wrong_password", "password_of_another", "name_and_password_of_another", "nothing", "no_certificate",
        "certificate_of_another", "certificate_of_another_and_password", "expired", "signed_by_a_stranger",
    ],
)  # fmt: skip
def test_who_shows_what_is_not_theirs_is_refused(
    world: World,
    name: str,
    shown: dict[str, Any],
    expected: int | str,
    told: str,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = dict(shown)
    owner, days, signer = options.pop("certificate", None), options.pop("days", 30), options.pop("by", "authority")
    certificate = None if owner is None else getattr(world, signer).certificate(owner, days)
    address = intruder(request, 2)
    before = world.refused(str(expected))

    async def talk() -> list[int | str]:
        async with world.good():
            return [
                await heartbeat(world.running, name, **world.shows(address, certificate, **options)) for _ in range(3)
            ]

    assert asyncio.run(talk()) == [expected] * 3
    assert world.refused(str(expected)) == before + 3
    (line,) = warnings(caplog, told)
    assert "password" not in line.replace("name and password", "")
    if expected != "tls":
        assert line.startswith(f"{address}: refused ")


def test_a_message_that_is_sent_again_changes_nothing(world: World) -> None:
    start = {"connectorId": 1, "idTag": "T1", "meterStart": 5, "timestamp": "2026-07-01T10:00:00Z"}
    begin = json.dumps([2, "again", "StartTransaction", start])
    before = counted(world.running, "kwhouse_frames", action="StartTransaction", direction="in", message_type="2")

    async def talk() -> list[list[Any]]:
        async with world.good("CP-1", PASSWORD) as first:
            said = [await first.say(begin), await first.say(begin)]
        async with world.good("CP-1", PASSWORD) as later:
            return [*said, await later.say(begin)]

    said = asyncio.run(talk())
    assert said[0][:2] == [3, "again"]
    assert said[0] == said[1] == said[2]
    # All three are kept: what came twice is seen later as such.
    after = counted(world.running, "kwhouse_frames", action="StartTransaction", direction="in", message_type="2")
    assert after == before + 3


def test_ten_megabytes_end_the_connection(world: World, caplog: pytest.LogCaptureFixture) -> None:
    before = counted(world.running, "kwhouse_rejected_texts", reason="too_long")

    async def talk() -> int | None:
        async with (
            world.good(),
            station(world.running, **world.shows("127.0.3.1", **auth("CP-1", PASSWORD))) as large,
        ):
            with pytest.raises(ConnectionClosed):
                await large.say(b'[2,"1","Heartbeat",{"x":"' + b"x" * 10_000_000 + b'"}]')
            return large.socket.close_code

    assert asyncio.run(talk()) in (1009, 1006)  # 1006: it was still sending when the connection ended
    assert counted(world.running, "kwhouse_rejected_texts", reason="too_long") == before + 1
    assert len(warnings(caplog, "longer than allowed")) == 1


@pytest.mark.parametrize(
    ("tls", "drips", "status", "told"),
    [
        (False, b"", "tls", "not finished"),
        (False, b"\x16\x03\x01", "tls", "not finished"),
        (False, b"GET / HTTP/1.1\r\n\r\n", "tls", "HTTP_REQUEST"),
        (True, b"", "unfinished", "did not come in time"),
        (True, b"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\n", "unfinished", "did not come in time"),
        (True, b"SSH-2.0-OpenSSH_9.6\r\n", "unfinished", "no WebSocket handshake"),
    ],
    ids=["silence", "some_of_tls", "http_without_tls", "silence_in_tls", "some_of_a_request", "another_protocol"],
)
def test_a_handshake_that_does_not_come_to_an_end_is_ended(
    world: World,
    tls: bool,
    drips: bytes,
    status: str,
    told: str,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = world.refused(status)

    async def talk() -> None:
        async with world.good():
            reader, writer = await world.raw(intruder(request, 4), tls=tls)
            async with asyncio.timeout(10):
                with suppress(ConnectionError, ssl.SSLError):
                    for drip in drips:
                        writer.write(bytes([drip]))
                        await writer.drain()
                    await reader.read()
            writer.close()

    asyncio.run(talk())
    assert world.refused(status) == before + 1
    assert len(warnings(caplog, told)) <= 1  # none where it was told before


@pytest.mark.parametrize("fragments", [False, True], ids=["half_a_frame", "fragments_without_end"])
def test_a_message_that_begins_and_does_not_end_costs_the_connection(
    world: World, fragments: bool, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted(world.running, "kwhouse_rejected_texts", reason="unended")

    async def drip(slow: Station) -> None:
        mask = b"\x00\x00\x00\x00"
        begin, more = b"\x81\xfe\xff\xff" + mask, b" "
        if fragments:  # and pings between them
            begin, more = b"\x01\x81" + mask + b"[", b"\x89\x80" + mask
        slow.socket.transport.write(begin)
        while True:
            await asyncio.sleep(0.1)
            slow.socket.transport.write(more)

    async def talk() -> tuple[int, str]:
        async with (
            world.good(),
            station(world.running, **world.shows("127.0.5.1", **auth("CP-1", PASSWORD))) as slow,
        ):
            assert (await slow.call("Heartbeat", {}))[0] == 3
            dripping = asyncio.create_task(drip(slow))
            async with asyncio.timeout(10):
                with pytest.raises(ConnectionClosed) as closed:
                    await slow.socket.recv()
            dripping.cancel()
            assert closed.value.rcvd is not None
            return closed.value.rcvd.code, closed.value.rcvd.reason

    assert asyncio.run(talk()) == (1008, "a message that does not end")
    assert counted(world.running, "kwhouse_rejected_texts", reason="unended") == before + 1
    assert len(warnings(caplog, "did not end in time")) <= 1


def test_a_slow_message_that_ends_is_taken(world: World) -> None:
    async def talk() -> list[Any]:
        async with station(world.running, **world.shows("127.0.6.1", **auth("CP-1", PASSWORD))) as slow:
            text = b'[2,"1","Heartbeat",{}]'
            slow.socket.transport.write(bytes([0x81, 0x80 | len(text)]) + b"\x00\x00\x00\x00")
            for byte in text:
                await asyncio.sleep(0.01)
                slow.socket.transport.write(bytes([byte]))
            await asyncio.sleep(0.7)  # beyond the deadline of what does not end
            slow_one = json.loads(await slow.socket.recv())
            assert (await slow.call("Heartbeat", {}))[0] == 3
            return list(slow_one)

    assert asyncio.run(talk())[0] == 3


def test_who_is_connected_is_told_with_the_end_of_the_certificate(world: World) -> None:
    certificate = world.authority.certificate("CP-2", days=10)

    async def talk() -> None:
        async with station(world.running, "CP-2", "2.0.1", **world.shows("127.0.7.1", certificate)):
            with opened(world.running.settings) as engine:
                async with asyncio.timeout(10):
                    while not (found := stations_online(engine, datetime.now(UTC), ["CP-2"])):
                        await asyncio.sleep(0.05)
        held = found["CP-2"]
        assert held.ocpp_version == "2.0.1"
        assert str(held.remote_address).startswith("127.0.7.1:")
        assert held.certificate_ends_at is not None
        assert timedelta(days=9) < held.certificate_ends_at - datetime.now(UTC) < timedelta(days=11)

    asyncio.run(talk())
