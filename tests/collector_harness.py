"""A real collector or proxy on free ports, and stations that speak to it over real WebSockets."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ingest.access.known import Known, Place, Token
from ingest.collector import run
from ingest.proxy.main import run as run_proxy
from ingest.service import Ready
from warehouse.settings import Settings, load_settings

SUBPROTOCOLS = {"1.6": "ocpp1.6", "2.0.1": "ocpp2.0.1", "2.1": "ocpp2.1"}
STATIONS = frozenset({"CP-1", "CP-2", "Säule 3"} | {f"S{number}" for number in range(20)})
PLACE = Place("depot", "Europe/Berlin")
TOKENS = {
    "good": Token(group="fleet"),
    "blocked": Token(blocked=True),
    "old": Token(valid_to=1_556_668_800_000_000),  # 2019-05-01T00:00:00Z
}


@dataclass
class InMemory:
    """A directory of a few stations and tokens."""

    stations: frozenset[str] = STATIONS

    def load(self) -> Known:
        return Known(dict.fromkeys(self.stations, PLACE), TOKENS)


@dataclass
class Running:
    """A collector or proxy that runs in a thread."""

    settings: Settings
    ready: Ready
    status: int | None = None


@contextmanager
def collector(home: Path, stations: frozenset[str] = STATIONS, **overrides: Any) -> Iterator[Running]:
    """Run a collector on free ports; leaving the block stops it, which lands everything."""
    settings = load_settings(home=home, **{"collect_port": 0, "metrics_port": 0, "allow_replay": True} | overrides)
    with in_thread(settings, lambda ready, stop: run(settings, InMemory(stations), ready, stop)) as running:
        yield running


@contextmanager
def proxy(home: Path, upstream: str, **overrides: Any) -> Iterator[Running]:
    """Run a proxy on free ports before the central system at `upstream`; leaving the block lands everything."""
    settings = load_settings(home=home, **{"collect_port": 0, "metrics_port": 0, "allow_replay": True} | overrides)
    with in_thread(settings, lambda ready, stop: run_proxy(settings, upstream, ready, stop)) as running:
        yield running


@contextmanager
def in_thread(settings: Settings, serve: Callable[[Any, asyncio.Event], Awaitable[int]]) -> Iterator[Running]:
    """Run a service in a thread; leaving the block stops it."""
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def serving() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        return await serve(lambda ready: told.put((ready, lambda: loop.call_soon_threadsafe(stop.set))), stop)

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                status.append(runner.run(serving()))
        except BaseException as error:
            told.put(error)

    status: list[int] = []
    thread = threading.Thread(target=work)
    thread.start()
    first = told.get(timeout=30)
    if isinstance(first, BaseException):
        thread.join()
        raise first
    ready, stop = first
    running = Running(settings, ready)
    try:
        yield running
    finally:
        stop()
        thread.join(timeout=60)
        running.status = status[0] if status else None


class Station:
    """One station's connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._number = 0

    async def call(self, action: str, payload: Any) -> list[Any]:
        """Send a call and wait for the next frame."""
        self._number += 1
        return await self.say(json.dumps([2, str(self._number), action, payload]))

    async def say(self, text: str | bytes) -> list[Any]:
        """Send a text as it is and wait for the next frame."""
        await self.socket.send(text, text=True)
        async with asyncio.timeout(10):
            return list(json.loads(await self.socket.recv()))


@dataclass
class Commanded:
    """A station that answers the central system's calls by their actions, and remembers them."""

    answers: Mapping[str, Any]
    """By action: the payload of the CALLRESULT, a function of the call's payload that gives it, a CALLERROR's code as
    text, or None: no answer."""
    heard: list[tuple[str, str, Any]] = field(default_factory=list)
    """Action, message id and payload of each call."""
    socket: ClientConnection | None = None
    _own: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def call(self, action: str, payload: Any) -> Any:
        """Send a call of its own while it obeys; gives the payload of the CALLRESULT."""
        assert self.socket is not None
        message_id = f"own-{len(self._own)}"
        self._own[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(10):
            return await self._own[message_id]

    async def obey(self, socket: ClientConnection) -> None:
        """Answer until the connection ends."""
        self.socket = socket
        with suppress(ConnectionClosed):
            async for message in socket:
                kind, message_id, *rest = json.loads(message)
                if kind != 2:
                    if message_id in self._own:
                        self._own[message_id].set_result(rest[0])
                    continue
                action, payload = rest
                self.heard.append((action, message_id, payload))
                answer = self.answers.get(action, "NotImplemented")
                answer = answer(payload) if callable(answer) else answer
                if isinstance(answer, str):
                    await socket.send(json.dumps([4, message_id, answer, "", {}]))
                elif answer is not None:
                    await socket.send(json.dumps([3, message_id, answer]))


@asynccontextmanager
async def commanded(
    running: Running, name: str, version: str, answers: Mapping[str, Any], **options: Any
) -> AsyncIterator[Commanded]:
    """Connect a station that obeys."""
    one = Commanded(answers)
    async with station(running, name, version, **options) as talking:
        obeying = asyncio.create_task(one.obey(talking.socket))
        yield one
        obeying.cancel()


@asynccontextmanager
async def station(running: Running, name: str = "CP-1", version: str = "1.6", **options: Any) -> AsyncIterator[Station]:
    """Connect a station."""
    async with connect(
        running.ready.url + name, subprotocols=[SUBPROTOCOLS[version]], **{"compression": None} | options
    ) as socket:
        yield Station(socket)


def landed(running: Running, table: str) -> list[dict[str, Any]]:
    """All rows of a raw table that have landed, in order."""
    pattern = str(running.settings.landing / f"{table}-*.parquet")
    if not list(running.settings.landing.glob(f"{table}-*.parquet")):
        return []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        relation = connection.sql("SELECT * FROM read_parquet($pattern) ORDER BY seq", params={"pattern": pattern})
        names = relation.columns
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
