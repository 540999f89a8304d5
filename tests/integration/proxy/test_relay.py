"""What passes through the proxy: unchanged, in order, in both directions, and recorded."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from tests.collector_harness import Running, landed, proxy, station
from tests.csms_harness import Csms, answering, csms, listening

TEXTS: list[bytes] = [
    b'[2,"1","Heartbeat",{}]',
    b'  [ 2 ,\t"2" , "Heartbeat" ,\r\n { } ]  \n',
    b'[\n    2,\n    "3",\n    "StatusNotification",\n    {\n        "connectorId": 1\n    }\n]\n',
    '[2,"4","DataTransfer",{"vendorId":"Säule ✓ \U0001f50c","data":"\\ud800 \\u0000"}]'.encode(),
    b'[2,"5","MeterValues",{"transactionId":,"a":1}]',
    b'[2,"6","MeterValues",{"connectorId":1.0e0,"transactionId":12345678901234567890123,"meterValue":[]}]',
    b"not JSON at all",
    b"",
    b"\x00",
    b"\xef\xbb\xbf[2,\"7\",\"Heartbeat\",{}]",
    b'[2,"8","DataTransfer",{"vendorId":"\xff\xfe"}]',
    b"[" * 3000,
    b'[9,"9","Heartbeat",{}]',
    b'[3,"unknown",{}]',
    b'[4,"unknown","GenericError","",{}]',
]  # fmt: skip


def in_order(running: Running, direction: str) -> list[str]:
    """What was recorded of one direction: payloads of frames and texts of what is none, in order."""
    of_central = "from the central system: "
    rows = [
        (row["seq"], row["text"])
        for row in landed(running, "rejected")
        if row["detail"].startswith(of_central) == (direction == "out")
    ]
    rows += [(row["seq"], row["payload"]) for row in landed(running, "messages") if row["direction"] == direction]
    return [text for _, text in sorted(rows)]


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_every_text_passes_unchanged_in_both_directions(tmp_path: Path, compression: Any) -> None:
    async def mirror(system: Csms, connection: ServerConnection) -> None:
        while True:
            data = await connection.recv(decode=False)
            system.heard.append(data)
            await connection.send(data, text=True)

    async def talk() -> None:
        async with connect(running.ready.url + "CP-1", subprotocols=["ocpp1.6"], compression=compression) as socket:
            for text in TEXTS:
                await socket.send(text, text=True)
            for text in TEXTS:
                async with asyncio.timeout(20):
                    assert await socket.recv(decode=False) == text

    with csms(mirror, compression=compression) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())
    assert system.heard == TEXTS
    rows = landed(running, "messages")
    said = [json.loads(TEXTS[5])[3], {}, {"connectorId": 1}]
    recorded = [row["payload"] for row in rows if row["direction"] == "in"]
    assert [json.loads(payload) for payload in (recorded[4], recorded[0], recorded[2])] == said
    assert len(in_order(running, "in")) == len(in_order(running, "out")) == len(TEXTS)
    assert in_order(running, "in") == in_order(running, "out")
    reasons = {row["reason"] for row in landed(running, "rejected")}
    assert reasons == {"unparsable", "not_utf8", "unknown_message_type"}
    flagged = {row["message_id"] for row in rows if row["schema_error"] and row["message_type"] == 2}
    assert flagged == {"3", "4", "6"}


def test_text_stays_text_and_binary_stays_binary(tmp_path: Path) -> None:
    async def mirror(system: Csms, connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def talk() -> None:
        async with connect(running.ready.url + "CP-1", subprotocols=["ocpp1.6"]) as socket:
            sent: list[Any] = ["text", b"\xff\x00 binary", ["a frag", "mented", " text"], b"", "", [b"\xff", b"\xfe"]]
            for message in sent:
                await socket.send(message)
            back = [await socket.recv() for _ in sent]
            assert back == ["text", b"\xff\x00 binary", "a fragmented text", b"", "", b"\xff\xfe"]

    with csms(mirror) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_both_sides_make_calls_and_answers_name_them(tmp_path: Path, version: str) -> None:
    remote = "RemoteStopTransaction" if version == "1.6" else "RequestStopTransaction"

    async def commanding(system: Csms, connection: ServerConnection) -> None:
        await connection.send(f'[2,"1","{remote}",{{"transactionId":"t"}}]')
        await answering(system, connection)

    async def talk() -> None:
        async with station(running, version=version) as cp:
            assert json.loads(await cp.socket.recv()) == [2, "1", remote, {"transactionId": "t"}]
            # The same id on both sides: each side numbers its own calls.
            await cp.socket.send('[2,"1","Heartbeat",{}]')
            assert await cp.socket.recv() == '[3,"1",{}]'
            await cp.socket.send('[3,"1",{"status":"Accepted"}]')
            await cp.socket.send('[4,"1","GenericError","twice",{}]')
            await cp.call("Heartbeat", {})

    with csms(commanding) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())
    rows = [(row["direction"], row["message_type"], row["action"]) for row in landed(running, "messages")]
    assert rows == [
        ("out", 2, remote),
        ("in", 2, "Heartbeat"),
        ("out", 3, "Heartbeat"),
        ("in", 3, remote),
        ("in", 4, None),
        ("in", 2, "Heartbeat"),
        ("out", 3, "Heartbeat"),
    ]
    errors = [row["schema_error"] for row in landed(running, "messages")]
    assert bool(errors[0]) == (version == "1.6")  # there the id is a number
    assert not any(errors[1:])


def test_order_holds_under_load_in_both_directions(tmp_path: Path) -> None:
    stations, many = 20, 150

    async def flooding(system: Csms, connection: ServerConnection) -> None:
        async def calls() -> None:
            for number in range(many):
                await connection.send(f'[2,"c{number}","Reset",{{"type":"Soft","n":{number}}}]')

        calling = asyncio.create_task(calls())
        await answering(system, connection)
        await calling

    async def speak(name: str) -> None:
        async with connect(running.ready.url + name, subprotocols=["ocpp1.6"]) as socket:

            async def calls() -> None:
                for number in range(many):
                    await socket.send(f'[2,"s{number}","Heartbeat",{{"n":{number}}}]')

            calling = asyncio.create_task(calls())
            texts = [str(await socket.recv()) for _ in range(2 * many)]
            await calling
        assert [text for text in texts if text[1] == "2"] == [
            f'[2,"c{number}","Reset",{{"type":"Soft","n":{number}}}]' for number in range(many)
        ]
        assert [text for text in texts if text[1] == "3"] == [f'[3,"s{number}",{{}}]' for number in range(many)]

    async def all_of_them() -> None:
        await asyncio.gather(*(speak(f"S{number}") for number in range(stations)))

    with csms(flooding) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(all_of_them())
    seen: dict[tuple[str, str, int], list[str]] = {}
    for row in landed(running, "messages"):
        key = (row["station_id"], row["direction"], row["message_type"])
        seen.setdefault(key, []).append(row["message_id"])
    for number in range(stations):
        name = f"S{number}"
        assert seen[name, "in", 2] == seen[name, "out", 3] == [f"s{n}" for n in range(many)]
        assert seen[name, "out", 2] == [f"c{n}" for n in range(many)]


def told(running: Running, name: str) -> int:
    """A number of /health."""
    with urllib.request.urlopen(running.ready.metrics_url + "health", timeout=10) as answer:
        return int(json.load(answer)[name])


async def until_it_stands_still(running: Running) -> int:
    """Wait until no more is recorded; how many rows there are then."""
    before, same = -1, 0
    while same < 10:
        rows = await asyncio.to_thread(told, running, "journal_rows_waiting")
        same = same + 1 if rows == before and rows > 2 else 0
        before = rows
        await asyncio.sleep(0.05)
    return before


BIG = '[2,"%d","DataTransfer",{"vendorId":"v","data":"' + "x" * 100_000 + '"}]'
MANY_BIG = 400  # 40 MB: more than all buffers of the kernel on the way hold


def test_a_central_system_that_reads_slowly_holds_the_station_back(tmp_path: Path) -> None:
    async def lazy(system: Csms, connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await asyncio.to_thread(may_read.wait)
        connection.transport.resume_reading()
        await listening(system, connection)

    async def talk() -> None:
        async with connect(running.ready.url + "CP-1", subprotocols=["ocpp1.6"], compression=None) as socket:

            async def calls() -> None:
                for number in range(MANY_BIG):
                    await socket.send(BIG % number)

            calling = asyncio.create_task(calls())
            assert await until_it_stands_still(running) < MANY_BIG // 2
            assert not calling.done()
            may_read.set()
            await calling
            while len(system.heard) < MANY_BIG:
                await asyncio.sleep(0.01)

    may_read = threading.Event()
    with csms(lazy, compression=None) as system, proxy(tmp_path, system.url, landing_seconds=600) as running:
        asyncio.run(talk())
    assert system.heard == [(BIG % number).encode() for number in range(MANY_BIG)]
    assert [row["message_id"] for row in landed(running, "messages")] == [str(n) for n in range(MANY_BIG)]


def test_a_station_that_reads_slowly_holds_the_central_system_back(tmp_path: Path) -> None:
    async def flooding(system: Csms, connection: ServerConnection) -> None:
        for number in range(MANY_BIG):
            await connection.send(BIG % number)
        await connection.wait_closed()

    async def talk() -> None:
        async with connect(
            running.ready.url + "CP-1", subprotocols=["ocpp1.6"], compression=None, max_queue=1
        ) as socket:
            assert await until_it_stands_still(running) < MANY_BIG // 2
            for number in range(MANY_BIG):
                assert await socket.recv() == BIG % number

    with csms(flooding, compression=None) as system, proxy(tmp_path, system.url, landing_seconds=600) as running:
        asyncio.run(talk())
    assert [row["message_id"] for row in landed(running, "messages")] == [str(n) for n in range(MANY_BIG)]


def test_pings_of_the_station_are_answered_here(tmp_path: Path) -> None:
    async def deaf(system: Csms, connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await connection.wait_closed()

    async def talk() -> None:
        async with connect(running.ready.url + "CP-1", subprotocols=["ocpp1.6"]) as socket:
            async with asyncio.timeout(20):
                await (await socket.ping())

    with csms(deaf) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())


def test_a_full_disk_lets_no_answer_through_and_nothing_new_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.journal import Group

    write, full = Group.write, []

    def refusing(group: Group, connection: Any) -> None:
        if full:
            raise OSError("No space left on device")
        write(group, connection)

    monkeypatch.setattr(Group, "write", refusing)
    monkeypatch.setattr("ingest.journal._RETRY_SECONDS", 0.05)

    async def talk() -> None:
        async with station(running) as cp:
            await cp.call("Heartbeat", {})
            full.append(True)
            await cp.socket.send('[2,"held","Heartbeat",{}]')
            while len(system.heard) < 2:  # the call goes on at once
                await asyncio.sleep(0.01)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):  # its answer does not come back
                    await cp.socket.recv()
            await cp.socket.send('[2,"later","Heartbeat",{}]')
            with pytest.raises(Exception, match="503"):
                async with station(running, "CP-2"):
                    pass
            assert len(system.heard) == 2  # while the disk is known to refuse, calls wait too
            full.clear()
            assert await cp.socket.recv() == '[3,"held",{}]'
            assert await cp.socket.recv() == '[3,"later",{}]'

    with csms() as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())
    assert [row["message_id"] for row in landed(running, "messages")] == ["1", "1", "held", "held", "later", "later"]


async def end_of(socket: ClientConnection) -> tuple[int | None, str | None]:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass
    return socket.close_code, socket.close_reason


def test_a_message_that_is_too_long_ends_both_sides_and_is_noted(tmp_path: Path) -> None:
    async def long_winded(system: Csms, connection: ServerConnection) -> None:
        if len(system.requests) == 2:
            await connection.send('[2,"1","DataTransfer",{"vendorId":"' + "x" * 2000 + '"}]')
        await answering(system, connection)

    async def talk() -> None:
        async with station(running) as cp:
            await cp.socket.send('[2,"1","DataTransfer",{"vendorId":"' + "x" * 2000 + '"}]')
            assert (await end_of(cp.socket))[0] == 1009
        async with station(running) as cp:
            assert (await end_of(cp.socket))[0] == 1012
        async with station(running) as cp:
            assert (await cp.call("Heartbeat", {}))[0] == 3

    with csms(long_winded) as system, proxy(tmp_path, system.url, max_frame_bytes=1000) as running:
        asyncio.run(talk())
    assert [code for code, _ in system.closed] == [1001, 1009, 1000]
    mine, theirs = landed(running, "rejected")
    assert (mine["reason"], mine["text"]) == (theirs["reason"], theirs["text"]) == ("too_long", "")
    assert theirs["detail"].startswith("from the central system: ")
    assert [row["close_code"] for row in landed(running, "connections")] == [None, 1009, None, 1012, None, 1000]


def test_whoever_reads_nothing_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.proxy.relay._STALLED_SECONDS", 0.5)

    async def deaf(system: Csms, connection: ServerConnection) -> None:
        if len(system.requests) == 1:
            connection.transport.pause_reading()
        else:
            for number in range(MANY_BIG):
                await connection.send(BIG % number)
        await connection.wait_closed()

    async def talk() -> None:
        async with station(running) as cp:
            with suppress(ConnectionClosed):
                for number in range(MANY_BIG):
                    await cp.socket.send(BIG % number)
            assert (await end_of(cp.socket))[0] == 1013
        async with station(running) as cp:
            cp.socket.transport.pause_reading()
            while await asyncio.to_thread(told, running, "connections") == 1:
                await asyncio.sleep(0.01)
            cp.socket.transport.resume_reading()
            assert (await end_of(cp.socket))[0] == 1006

    with csms(deaf, compression=None) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())
    ends = [(row["close_code"], row["reason"]) for row in landed(running, "connections") if row["event"] == "closed"]
    assert ends == [
        (1013, "the central system does not read what it is sent"),
        (1006, "the station does not read what it is sent"),
    ]
