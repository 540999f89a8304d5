"""A central system of another maker, on a free port in a thread of its own: it does what a test tells it to."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from ingest.ocpp.frames import reject


@dataclass
class Csms:
    """What it has seen and heard."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connections: list[ServerConnection] = field(default_factory=list)
    heard: list[bytes | str] = field(default_factory=list)
    closed: list[tuple[int | None, str | None]] = field(default_factory=list)

    def until_closed(self, connections: int) -> None:
        """Wait until so many connections are over."""
        while len(self.closed) < connections:
            time.sleep(0.01)


Talk = Callable[[Csms, ServerConnection], Awaitable[None]]


async def answering(csms: Csms, connection: ServerConnection) -> None:
    """Answer each call with an empty result."""
    async for message in connection:
        csms.heard.append(message)
        head = reject(message if isinstance(message, str) else message.decode(errors="replace"), "", "")
        if head.message_type == 2 and head.id_literal:
            await connection.send(f"[3,{head.id_literal},{{}}]")


async def listening(csms: Csms, connection: ServerConnection) -> None:
    """Answer nothing; keep each message as bytes."""
    while True:
        csms.heard.append(await connection.recv(decode=False))


@contextmanager
def csms(talk: Talk = answering, *, port: int = 0, **options: Any) -> Iterator[Csms]:
    """Run it; leaving the block closes all its connections with 1001. `options` are those of websockets' `serve`."""
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def serving() -> None:
        stop = asyncio.Event()
        system, loop = Csms(), asyncio.get_running_loop()

        async def handle(connection: ServerConnection) -> None:
            assert connection.request is not None
            system.requests.append(connection.request)
            system.connections.append(connection)
            try:
                await talk(system, connection)
            except ConnectionClosed:
                pass
            finally:
                await connection.wait_closed()
                system.closed.append((connection.close_code, connection.close_reason))

        settings = {"subprotocols": ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"], "close_timeout": 1, "max_size": None}
        async with serve(handle, "127.0.0.1", port, **(settings | options)) as server:
            scheme = "wss" if "ssl" in options else "ws"
            system.url = f"{scheme}://localhost:{next(iter(server.sockets)).getsockname()[1]}/steve/websocket"
            told.put((system, lambda: loop.call_soon_threadsafe(stop.set)))
            await stop.wait()

    def work() -> None:
        try:
            asyncio.run(serving())
        except BaseException as error:
            told.put(error)

    thread = threading.Thread(target=work)
    thread.start()
    first = told.get(timeout=30)
    if isinstance(first, BaseException):
        thread.join()
        raise first
    system, stop = first
    try:
        yield system
    finally:
        stop()
        thread.join(timeout=30)
