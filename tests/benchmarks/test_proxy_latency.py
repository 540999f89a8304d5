"""The delay that the proxy adds: stations call an echo-like central system, directly and through the proxy.

Both ways run side by side in one run: each station has a connection of either kind and takes turns, so that both see
the same machine in the same second. Reports round trips; asserts only that every call was answered and recorded.

KWHOUSE_BENCH_STATIONS, KWHOUSE_BENCH_SECONDS and KWHOUSE_BENCH_RATES (calls a second of the whole fleet, each way)
change the load.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from ingest.proxy.main import run
from warehouse.settings import load_settings

STATIONS = int(os.environ.get("KWHOUSE_BENCH_STATIONS", "1000"))
SECONDS = float(os.environ.get("KWHOUSE_BENCH_SECONDS", "20"))
RATES = [float(rate) for rate in os.environ.get("KWHOUSE_BENCH_RATES", "100,500").split(",")]

METER_VALUES = (
    '[2,"%d","MeterValues",{"connectorId":1,"transactionId":12,"meterValue":[{"timestamp":"2026-01-31T12:00:00Z",'
    '"sampledValue":[{"value":"123456.1","context":"Sample.Periodic","unit":"Wh"},'
    '{"value":"11000","measurand":"Power.Active.Import","unit":"W"},'
    '{"value":"16.1","measurand":"Current.Import","phase":"L1","unit":"A"}]}]}]'
)
HEARTBEAT = '[2,"%d","Heartbeat",{}]'


def central_system(pipe: Connection, home: Path) -> None:
    """Answers each call at once."""

    async def answer(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(f"[3,{str(message).split(',', 2)[1]},{{}}]")

    async def serving() -> None:
        from websockets.typing import Subprotocol

        options: dict[str, Any] = {"subprotocols": [Subprotocol("ocpp1.6")], "compression": None}
        async with serve(answer, "127.0.0.1", 0, ping_interval=None, **options) as server:
            pipe.send(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/")
            await asyncio.to_thread(pipe.recv)

    uvloop.run(serving())


def proxy(pipe: Connection, home: Path) -> None:
    """The proxy, with its journal on disk."""

    async def serving() -> None:
        stop = asyncio.Event()
        settings = load_settings(home=home, collect_port=0, metrics_port=0)
        url = pipe.recv()
        running = asyncio.create_task(run(settings, url, lambda ready: pipe.send(ready.url), stop))
        await asyncio.to_thread(pipe.recv)
        stop.set()
        await running
        used = resource.getrusage(resource.RUSAGE_SELF)
        pipe.send(used.ru_utime + used.ru_stime)

    uvloop.run(serving())


class Process:
    """A server in a process of its own."""

    def __init__(self, server: Callable[[Connection, Path], None], home: Path, *told: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self.process = context.Process(target=server, args=(there, home))
        self.process.start()
        for text in told:
            self.pipe.send(text)
        self.url = self.pipe.recv()

    def end(self) -> None:
        self.pipe.send("stop")
        self.process.join()


async def fleet(direct: str, proxied: str, rate: float) -> tuple[list[float], list[float]]:
    """Round trips in seconds, directly and through the proxy. Each station calls both ways, at times of its own."""
    trips: tuple[list[float], list[float]] = ([], [])
    opening = asyncio.Semaphore(50)
    period = STATIONS / rate
    ready = asyncio.Barrier(STATIONS)

    async def speak(number: int) -> None:
        chance = random.Random(number)
        options: dict[str, Any] = {"subprotocols": ["ocpp1.6"], "compression": None, "ping_interval": None}
        async with opening:
            sockets = [await connect(f"{url}S{number}", open_timeout=60, **options) for url in (direct, proxied)]
        await ready.wait()
        begun = time.perf_counter() + chance.random() * period
        for call in range(max(1, round(SECONDS / period))):
            await asyncio.sleep(max(0.0, begun + call * period - time.perf_counter()))
            text = (METER_VALUES if chance.random() < 0.7 else HEARTBEAT) % call
            ways = list(zip(sockets, trips, strict=True))
            chance.shuffle(ways)
            for socket, own in ways:
                sent = time.perf_counter()
                await socket.send(text)
                answer = await socket.recv()
                own.append(time.perf_counter() - sent)
                assert answer == f'[3,"{call}",{{}}]'
        for socket in sockets:
            await socket.close()

    await asyncio.gather(*(speak(number) for number in range(STATIONS)))
    return trips


def at(share: float, seconds: list[float]) -> float:
    """A percentile, in milliseconds."""
    return 1000 * sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]


def test_proxy_latency(tmp_path: Path) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    print(f"\n{STATIONS:,} stations, round trips in ms                    p50     p90     p99    p99.9")
    for rate in RATES:
        home = tmp_path / str(rate)
        csms = Process(central_system, home)
        between = Process(proxy, home, csms.url)
        begun = time.perf_counter()
        direct, proxied = uvloop.run(fleet(csms.url, between.url + "", rate))
        seconds = time.perf_counter() - begun
        between.pipe.send("stop")
        used = between.pipe.recv()
        between.process.join()
        csms.end()
        for name, trips in (("directly", direct), ("through the proxy", proxied)):
            shown = "  ".join(f"{at(share, trips):6.2f}" for share in (0.5, 0.9, 0.99, 0.999))
            print(f"{rate:6,.0f} calls/s each way, {name:<18} ({len(trips):,} calls)  {shown}")
        added = "  ".join(f"{at(share, proxied) - at(share, direct):6.2f}" for share in (0.5, 0.9, 0.99, 0.999))
        print(f"{'added':>60}  {added}   ({used:.1f} CPU s of the proxy in {seconds:.0f} s, connecting included)")
        pattern = str(home / "landing" / "messages-*.parquet")
        recorded = duckdb.execute(
            "SELECT direction, count(*) FROM read_parquet(?) GROUP BY direction ORDER BY direction", [pattern]
        ).fetchall()
        assert recorded == [("in", len(proxied)), ("out", len(proxied))]
        assert len(direct) == len(proxied) == STATIONS * max(1, round(SECONDS * rate / STATIONS))
