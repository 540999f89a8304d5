"""The collector against a bare WebSocket echo, same client, same machine, same minute: how much does keeping cost?

Reports calls per second of the clock and of the server's processor time, and their ratio. Asserts only that every
call was answered: machines differ.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from ingest.access.known import Known, Place
from ingest.collector import run
from warehouse.settings import load_settings

STATIONS = 100
CALLS = 300
CALL = (
    '[2,"%d","MeterValues",{"connectorId":1,"transactionId":12,"meterValue":[{"timestamp":"2019-05-01T00:00:00Z",'
    '"sampledValue":[{"value":"123456.123456","context":"Sample.Clock","unit":"Wh"}]}]}]'
)


class Directory:
    def load(self) -> Known:
        return Known({f"S{number}": Place("depot", "UTC") for number in range(STATIONS)})


def echo(pipe: Connection, home: Path) -> None:
    """A server that sends each message back."""

    async def back(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def serving() -> None:
        from websockets.typing import Subprotocol

        async with serve(back, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")]) as server:
            host, port = next(iter(server.sockets)).getsockname()
            pipe.send(f"ws://{host}:{port}/")
            await asyncio.to_thread(pipe.recv)

    uvloop.run(serving())


def collect(pipe: Connection, home: Path) -> None:
    """The collector, with its journal on disk."""

    async def serving() -> None:
        stop = asyncio.Event()
        settings = load_settings(home=home, collect_port=0, metrics_port=0)
        running = asyncio.create_task(run(settings, Directory(), lambda ready: pipe.send(ready.url), stop))
        await asyncio.to_thread(pipe.recv)
        stop.set()
        await running

    uvloop.run(serving())


def measure(server: Callable[[Connection, Path], None], home: Path) -> tuple[float, float]:
    """Calls per second of the clock, and of the server's processor time after it was ready."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=timed, args=(server, there, home))
    process.start()
    url = here.recv()
    begun = time.perf_counter()
    assert uvloop.run(fleet(url)) == STATIONS * CALLS
    seconds = time.perf_counter() - begun
    here.send("stop")
    processor_seconds = here.recv()
    process.join()
    return STATIONS * CALLS / seconds, STATIONS * CALLS / processor_seconds


def timed(server: Callable[[Connection, Path], None], pipe: Connection, home: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    server(pipe, home)
    after = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


async def fleet(url: str) -> int:
    """All stations at once, each waiting for its answers; returns the answers counted."""

    async def speak(name: str) -> int:
        answered = 0
        async with connect(url + name, subprotocols=["ocpp1.6"], compression=None) as socket:
            for number in range(CALLS):
                await socket.send(CALL % number)
                await socket.recv()
                answered += 1
        return answered

    return sum(await asyncio.gather(*(speak(f"S{number}") for number in range(STATIONS))))


def test_collector_against_bare_echo(tmp_path: Path) -> None:
    bare = measure(echo, tmp_path)
    kept = measure(collect, tmp_path)
    print(
        f"\nbare echo: {bare[0]:,.0f} calls/s, {bare[1]:,.0f} per CPU second"
        f"\ncollector: {kept[0]:,.0f} calls/s, {kept[1]:,.0f} per CPU second"
        f"\nratio:     {kept[0] / bare[0]:.2f} and {kept[1] / bare[1]:.2f}"
    )
