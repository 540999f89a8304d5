"""The collector: stations connect to ws://HOST:PORT/ocpp/<station_id>, and everything they say is kept.

This module holds the sockets and the order of starting and stopping. What is said on a connection is in `dialogue`,
what is on disk in `journal` and `landing`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed, InvalidHeader
from websockets.frames import CloseCode
from websockets.headers import parse_subprotocol
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from ingest import handshake
from ingest.access import Access, Directory, Registry
from ingest.clock import Clock
from ingest.dialogue import Dialogue
from ingest.journal import Journal
from ingest.landing import Lander, highest_landed
from ingest.metrics import Exposition, MetricsServer, Tally
from warehouse.errors import SettingsError, StoreError
from warehouse.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warehouse.settings import Settings

log = logging.getLogger(__name__)

_PING_SECONDS: Final = 30.0
_PINGS_IN_A_ROW: Final = 100
_CLOSE_SECONDS: Final = 3.0
_STOP_SECONDS: Final = 10.0
_MOST_UNANSWERED: Final = 64  # calls of one station waiting for the disk; OCPP allows a station one
_MOST_UNREAD_BYTES: Final = 1_048_576  # answers that a station does not read
_REPLACED: Final = (CloseCode.POLICY_VIOLATION, "replaced by a newer connection of this station")


class Ready(NamedTuple):
    """Where the collector listens, told when it does."""

    url: str
    metrics_url: str


class Collector:
    """One running collector."""

    def __init__(self, settings: Settings, directory: Directory) -> None:
        self.settings = settings
        self.access = Access(directory)
        self.tally = Tally()
        self.journal = Journal(
            settings.journal,
            settings.collector_id,
            highest_landed(settings.landing, settings.collector_id) if settings.collector_id else 0,
        )
        self.lander = Lander(
            self.journal, settings.journal, settings.landing, settings.landing_rows, settings.landing_seconds
        )
        self._admitted: WeakKeyDictionary[ServerConnection, tuple[str, Clock]] = WeakKeyDictionary()
        self._current: dict[str, tuple[Dialogue, ServerConnection]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    # The handshake.

    def judge(self, connection: ServerConnection, request: Request) -> Response | None:
        """`process_request` of websockets: None lets the station in."""
        found = self._admit(connection, request)
        if isinstance(found, handshake.Refusal):
            self.tally.refused[str(found.status.value)] += 1
            return connection.respond(found.status, found.text)
        self._admitted[connection] = found
        return None

    def _admit(self, connection: ServerConnection, request: Request) -> tuple[str, Clock] | handshake.Refusal:
        station_id = handshake.station_of(request.path)
        if station_id is None:
            return handshake.no_station(request.path)
        if not self.access.knows_station(station_id):
            return handshake.unknown_station(station_id)
        offered = _offered(request)
        if handshake.choose(offered) is None:
            return handshake.no_protocol(offered)
        peer = connection.remote_address
        clock = handshake.clock_for(
            request.headers.get(handshake.CLOCK_HEADER), peer[0] if peer else None, self.settings.allow_replay
        )
        return clock if isinstance(clock, handshake.Refusal) else (station_id, clock)

    # A connection.

    async def talk(self, connection: ServerConnection) -> None:
        """Handler of one connection, from the end of the handshake to its close."""
        station_id, clock = self._admitted.pop(connection)
        dialogue = Dialogue(
            station_id,
            handshake.VERSIONS[str(connection.subprotocol)],
            clock,
            self.journal,
            self.access,
            self.tally,
            self.settings.heartbeat_seconds,
            lambda data: _send(connection, dialogue, data),
        )
        self._replace(station_id)
        self._current[station_id] = (dialogue, connection)
        dialogue.open("{}:{}".format(*connection.remote_address[:2]))
        code, reason = int(CloseCode.INTERNAL_ERROR), ""
        try:
            while True:
                data = await connection.recv(decode=False)
                if dialogue.is_closed:
                    break
                dialogue.receive(data)
                if dialogue.unanswered >= _MOST_UNANSWERED:
                    await self.journal.flush()
        except ConnectionClosed as end:
            code, reason = _why(end)
            if code == CloseCode.MESSAGE_TOO_BIG and not end.rcvd_then_sent:
                dialogue.too_long(reason)
        finally:
            dialogue.close(code, reason)
            if self._current.get(station_id, (None,))[0] is dialogue:
                del self._current[station_id]

    def _replace(self, station_id: str) -> None:
        """The newest connection of a station counts: record the end of the one before, and close it aside."""
        before = self._current.pop(station_id, None)
        if before is None:
            return
        dialogue, connection = before
        dialogue.close(*_REPLACED)
        task = asyncio.create_task(connection.close(*_REPLACED))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def keep_open(self) -> None:
        """Ping all stations now and then, until cancelled.

        It keeps NAT tables open, and the kernel ends a connection whose peer acknowledges nothing. A missing pong
        is no reason to drop a station; websockets' own pings would be remembered until their pong comes, for ever.
        """
        while True:
            await asyncio.sleep(_PING_SECONDS)
            for number, (_, connection) in enumerate(list(self._current.values())):
                if connection.state is State.OPEN:
                    connection.protocol.send_ping(b"")
                    connection.send_data()
                if number % _PINGS_IN_A_ROW == 0:
                    await asyncio.sleep(0)

    # Facts for /health.

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Whether frames can be journaled, and the facts; called from another thread."""
        failure = self.journal.failure
        return failure is None, {
            "status": "ok" if failure is None else "failing",
            "collector_id": self.journal.collector_id,
            "connections": self.tally.connections,
            "journal_failure": failure,
            "journal_rows_waiting": self.lander.waiting_rows,
            "last_landing_seconds_ago": None
            if self.lander.last_landing is None
            else round(time.time() - self.lander.last_landing, 1),
            "landing_failure": self.lander.failure,
            "registry_failure": self.access.failure,
        }


async def run(
    settings: Settings,
    directory: Directory | None = None,
    ready: Callable[[Ready], None] | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Collect until `stop` is set; returns the exit status.

    `directory` is the registry of the state database unless another one is handed in. `ready` is called when
    stations can connect.
    """
    if not is_loopback(settings.collect_host):
        log.warning(
            "The OCPP endpoint listens on %s without TLS or passwords: anyone who reaches it can speak as a station. "
            "Keep it in a private network, or set KWHOUSE_COLLECT_HOST=127.0.0.1.",
            settings.collect_host,
        )
    collector = Collector(settings, directory or Registry(settings))
    exposition = Exposition(collector.tally, collector.health)
    collector.journal.commit_seconds = exposition.commits.observe
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(collector.journal.close)
        with _port_free("KWHOUSE_METRICS_PORT", settings.metrics_port):
            metrics = MetricsServer(settings.collect_host, settings.metrics_port, exposition, collector.health)
        stack.push_async_callback(asyncio.to_thread, metrics.close)
        await collector.access.refresh()
        with _port_free("KWHOUSE_COLLECT_PORT", settings.collect_port):
            server = await _listen(collector)
        chores = (collector.access.keep_fresh(), collector.lander.run(), collector.keep_open())
        tasks = [asyncio.create_task(chore) for chore in chores]
        if ready is not None:
            ready(_addresses(server, metrics))
        await (stop or asyncio.Event()).wait()
        server.close(code=CloseCode.GOING_AWAY, reason="the central system is stopping")
        await asyncio.wait([asyncio.ensure_future(server.wait_closed())], timeout=_STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return await _land_everything(collector)


async def _land_everything(collector: Collector) -> int:
    """Exit status: 0 when nothing waits any more. What the disk refuses now, the next start lands."""
    try:
        await asyncio.wait_for(collector.journal.flush(), _STOP_SECONDS)
        await collector.lander.land()
    except (TimeoutError, StoreError, OSError, sqlite3.Error) as error:
        reason = collector.journal.failure or error
        log.error("%d rows have not landed (%s). Mend it and start again.", collector.lander.waiting_rows, reason)
        return 1
    return 0


@contextlib.contextmanager
def _port_free(setting: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"Port {port} cannot be opened ({error.strerror or error}). Stop what uses it or set {setting}."
        ) from error


async def _listen(collector: Collector) -> Server:
    settings = collector.settings
    return await serve(
        collector.talk,
        settings.collect_host,
        settings.collect_port,
        process_request=collector.judge,
        select_subprotocol=_select,
        compression="deflate",
        max_size=settings.max_frame_bytes,
        ping_interval=None,  # see `Collector.keep_open`
        close_timeout=_CLOSE_SECONDS,
        server_header="kwhouse",
        reuse_address=True,
    )


def _select(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    chosen = handshake.choose(offered)
    return None if chosen is None else Subprotocol(chosen)


def _offered(request: Request) -> list[str]:
    try:
        return [
            str(name)
            for header in request.headers.get_all("Sec-WebSocket-Protocol")
            for name in parse_subprotocol(header)
        ]
    except InvalidHeader:
        return []


def _send(connection: ServerConnection, dialogue: Dialogue, data: bytes) -> None:
    dialogue.delivered()
    broadcast((connection,), data, text=True)  # `send` without a task: an answer is one small write
    if connection.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
        connection.transport.abort()


def _why(end: ConnectionClosed) -> tuple[int, str]:
    """Close code and reason of whoever closed first; 1006 where the connection broke off."""
    close = end.rcvd if end.rcvd_then_sent or end.sent is None else end.sent
    return (CloseCode.ABNORMAL_CLOSURE, "") if close is None else (close.code, close.reason)


def _addresses(server: Server, metrics: MetricsServer) -> Ready:
    host, port = next(iter(server.sockets)).getsockname()[:2]
    return Ready(f"ws://{host}:{port}/ocpp/", "http://{}:{}/".format(*metrics.address))


def main(settings: Settings) -> int:
    """`kwhouse collect`: run until SIGTERM or SIGINT, printing the address when stations can connect."""
    import uvloop

    async def until_signalled() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await run(settings, ready=_announce, stop=stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(until_signalled())


def _announce(ready: Ready) -> None:
    print(f"Stations connect to {ready.url}<station_id>; health and metrics: {ready.metrics_url}", flush=True)  # noqa: T201
