"""Connections that break, processes that die: stations come back, nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.collector_harness import Running, landed, proxy, station
from tests.csms_harness import Csms, answering, csms, listening
from warehouse.settings import load_settings


async def waiting(system: Csms, connection: ServerConnection) -> None:
    await connection.wait_closed()


async def end_of(socket: Any) -> tuple[int | None, str | None]:
    with suppress(ConnectionClosed):
        async for _ in socket:
            pass
    return socket.close_code, socket.close_reason


@pytest.mark.parametrize(
    ("code", "reason", "seen", "recorded"),
    [
        (1000, "", 1000, (1000, "the central system closed: 1000")),
        (1001, "restarting", 1001, (1001, "the central system closed: restarting")),
        (1008, "nein, Säule", 1008, (1008, "the central system closed: nein, Säule")),
        (4321, "own code", 4321, (4321, "the central system closed: own code")),
        (None, "", 1012, (1012, "the central system's connection broke off")),
    ],
)
def test_the_station_is_told_what_the_central_system_said(
    tmp_path: Path, code: int | None, reason: str, seen: int, recorded: tuple[int, str]
) -> None:
    async def leave(system: Csms, connection: ServerConnection) -> None:
        await connection.recv()
        if code is None:
            connection.transport.abort()
        else:
            await connection.close(code, reason)

    async def talk() -> None:
        async with station(running) as cp:
            await cp.socket.send('[2,"1","Heartbeat",{}]')
            assert await end_of(cp.socket) == (seen, reason if code else recorded[1])

    with csms(leave) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(talk())
    closed = landed(running, "connections")[1]
    assert (closed["close_code"], closed["reason"]) == recorded
    assert [row["message_id"] for row in landed(running, "messages")] == ["1"]


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "reboot"), (3999, "own code"), (None, "")])
def test_the_central_system_is_told_what_the_station_said(tmp_path: Path, code: int | None, reason: str) -> None:
    async def talk() -> None:
        async with station(running) as cp:
            await cp.call("Heartbeat", {})
            if code is None:
                cp.socket.transport.abort()
            else:
                await cp.socket.close(code, reason)

    with csms() as system:
        with proxy(tmp_path, system.url) as running:
            asyncio.run(talk())
            system.until_closed(1)
        assert system.closed == [(code or 1001, reason if code else "the station's connection broke off")]
    closed = landed(running, "connections")[1]
    assert (closed["close_code"], closed["reason"]) == (code or 1006, reason or None)


def test_what_a_station_said_last_still_arrives(tmp_path: Path) -> None:
    """A station that is switched off right after its calls: they were sent, so they pass and are kept."""

    async def talk(name: str) -> None:
        async with connect(running.ready.url + name, subprotocols=["ocpp1.6"]) as socket:
            for number in range(30):
                await socket.send(f'[2,"{number}","StatusNotification",{{"connectorId":{number}}}]')

    async def all_of_them() -> None:
        await asyncio.gather(*(talk(f"S{number}") for number in range(10)))

    with csms(listening) as system:
        with proxy(tmp_path, system.url) as running:
            asyncio.run(all_of_them())
            system.until_closed(10)
        assert len(system.heard) == 300
    rows = Counter(row["station_id"] for row in landed(running, "messages") if row["direction"] == "in")
    assert rows == {f"S{number}": 30 for number in range(10)}


class Insistent:
    """A station with a queue: each call is sent until it is answered, over as many connections as it takes."""

    def __init__(self, name: str, calls: int) -> None:
        self.name, self.calls = name, calls
        self.sent: list[str] = []
        self.answered: dict[str, str] = {}

    async def speak(self, url: str) -> None:
        number = tries = 0
        while number < self.calls:
            try:
                async with connect(url + self.name, subprotocols=["ocpp1.6"], close_timeout=1) as socket:
                    while number < self.calls:
                        tries += 1
                        message_id = f"{number}.{tries}"
                        self.sent.append(message_id)
                        await socket.send(f'[2,"{message_id}","MeterValues",{{"connectorId":{number}}}]')
                        answer = str(await socket.recv())
                        assert answer.startswith(f'[3,"{message_id}",')
                        self.answered[message_id] = answer
                        number += 1
            except (ConnectionClosed, OSError, InvalidStatus, TimeoutError):
                await asyncio.sleep(0.02)


def check(rows: list[dict[str, Any]], stations: list[Insistent]) -> None:
    """Each call sent is recorded at most once, each answer that arrived exactly once, with its call before it."""
    for insistent in stations:
        own = [row for row in rows if row["station_id"] == insistent.name]
        calls = Counter(row["message_id"] for row in own if row["direction"] == "in")
        answers = {row["message_id"]: row for row in own if row["direction"] == "out"}
        assert max(calls.values()) == 1
        assert set(calls) <= set(insistent.sent)
        seqs = {row["message_id"]: row["seq"] for row in own if row["direction"] == "in"}
        for message_id, answer in insistent.answered.items():
            assert answer == f'[3,"{message_id}",{answers[message_id]["payload"]}]'
            assert seqs[message_id] < answers[message_id]["seq"]
        order = [tuple(map(int, row["message_id"].split("."))) for row in own if row["direction"] == "in"]
        assert order == sorted(order)


def test_a_central_system_that_breaks_off_again_and_again(tmp_path: Path) -> None:
    async def moody(system: Csms, connection: ServerConnection) -> None:
        after = 3 + 7 * len(system.requests) % 11
        for _ in range(after):
            message = str(await connection.recv())
            system.heard.append(message)
            await connection.send(f"[3,{json.dumps(json.loads(message)[1])},{{}}]")
        system.heard.append(str(await connection.recv()))
        if len(system.requests) % 2:
            connection.transport.abort()  # a call heard and never answered
        else:
            await connection.close(1012, "restarting")

    async def all_of_them() -> None:
        await asyncio.gather(*(insistent.speak(running.ready.url) for insistent in stations))

    stations = [Insistent(f"S{number}", 60) for number in range(6)]
    with csms(moody) as system, proxy(tmp_path, system.url) as running:
        asyncio.run(all_of_them())
    rows = landed(running, "messages")
    check(rows, stations)
    assert all(len(insistent.answered) == insistent.calls for insistent in stations)
    # Whatever reached the central system is recorded, answered or not.
    recorded = Counter((row["message_id"], row["payload"]) for row in rows if row["direction"] == "in")
    heard = Counter(
        (json.loads(text)[1], json.dumps(json.loads(text)[3], separators=(",", ":"))) for text in system.heard
    )
    assert heard == recorded
    ends = Counter(row["reason"] for row in landed(running, "connections") if row["event"] == "closed")
    assert ends["the central system closed: restarting"] > 3
    assert ends["the central system's connection broke off"] > 3


class Process:
    """`kwhouse proxy` as a process of its own."""

    def __init__(self, home: Path, upstream: str) -> None:
        environment = os.environ | {
            "KWHOUSE_HOME": str(home),
            "KWHOUSE_COLLECT_PORT": "0",
            "KWHOUSE_METRICS_PORT": "0",
            "KWHOUSE_LANDING_SECONDS": "0.4",
        }
        command = [sys.executable, "-m", "kwhouse", "proxy", "--upstream", upstream]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        address = re.search(r"(ws://\S+/ocpp/)<station_id>", self.process.stdout.readline())
        assert address is not None
        self.url = address[1]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        status = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def test_killed_in_full_flow_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async def full_flow(process: Process, number: signal.Signals) -> int:
        begun = sum(len(insistent.answered) for insistent in stations)
        tasks = [asyncio.create_task(insistent.speak(process.url)) for insistent in stations]
        while sum(len(insistent.answered) for insistent in stations) < begun + 200:
            await asyncio.sleep(0.01)
        status = await asyncio.to_thread(process.end, number)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return status

    stations = [Insistent(f"S{number}", 1_000_000) for number in range(6)]
    with csms() as system:
        assert asyncio.run(full_flow(Process(tmp_path, system.url), signal.SIGKILL)) == -signal.SIGKILL
        first, stations = stations, [Insistent(f"S{number}-again", 1_000_000) for number in range(6)]
        assert asyncio.run(full_flow(Process(tmp_path, system.url), signal.SIGTERM)) == 0
    running = Running(load_settings(home=tmp_path), None)  # type: ignore[arg-type]
    check(landed(running, "messages"), [*first, *stations])
    ends = Counter(
        (row["close_code"], row["reason"]) for row in landed(running, "connections") if row["event"] == "closed"
    )
    assert ends == {(None, "the collector was killed"): 6, (1001, "the central system is stopping"): 6}


def test_the_other_side_of_a_stopping_proxy_is_told(tmp_path: Path) -> None:
    async def wait() -> tuple[int | None, str | None]:
        async with station(running) as cp:
            await cp.call("Heartbeat", {})
            connected.set()
            return await end_of(cp.socket)

    connected = threading.Event()
    ends: list[Any] = []
    with csms(answering) as system:
        with proxy(tmp_path, system.url) as running:
            thread = threading.Thread(target=lambda: ends.append(asyncio.run(wait())))
            thread.start()
            assert connected.wait(20)
        thread.join()
        system.until_closed(1)
    assert (running.status, ends[0][0], system.closed[0][0]) == (0, 1001, 1001)
