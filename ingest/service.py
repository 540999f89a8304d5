"""One process that faces stations and keeps what they say: the collector, or the proxy.

This module starts and stops the parts in order: journal, metrics, the front that speaks with stations, landing.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from websockets.asyncio.server import Server
from websockets.frames import CloseCode

from ingest.journal import Journal
from ingest.landing import Lander, highest_landed
from ingest.metrics import Exposition, MetricsServer, Tally
from warehouse.errors import SettingsError, StoreError

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from warehouse.settings import Settings

_STOP_SECONDS: Final = 10.0


class Ready(NamedTuple):
    """Where stations connect and where metrics are, told when they do."""

    url: str
    metrics_url: str


class Front(Protocol):
    """What faces the stations."""

    async def listen(self) -> Server:
        """Open the port. Raises OSError where it cannot be opened."""
        ...

    def chores(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What is to be done while the port is open, until cancelled."""
        ...

    def facts(self) -> dict[str, Any]:
        """What /health says of it."""
        ...


MakeFront = Callable[[Journal, Tally], Front]


class Keeper:
    """The parts that keep what was said. Making it opens the journal."""

    def __init__(self, settings: Settings, make_front: MakeFront) -> None:
        self.tally = Tally()
        landed = highest_landed(settings.landing, settings.collector_id) if settings.collector_id else 0
        self.journal = Journal(settings.journal, settings.collector_id, landed)
        self.lander = Lander(
            self.journal, settings.journal, settings.landing, settings.landing_rows, settings.landing_seconds
        )
        self.front = make_front(self.journal, self.tally)

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
            **self.front.facts(),
        }


async def serve(
    settings: Settings,
    make_front: MakeFront,
    log: logging.Logger,
    ready: Callable[[Ready], None] | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Serve until `stop` is set; returns the exit status. `ready` is called when stations can connect."""
    keeper = Keeper(settings, make_front)
    exposition = Exposition(keeper.tally, keeper.health)
    keeper.journal.commit_seconds = exposition.commits.observe
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(keeper.journal.close)
        keeper.journal.end_lost()
        with _port_free("KWHOUSE_METRICS_PORT", settings.metrics_port):
            metrics = MetricsServer(settings.collect_host, settings.metrics_port, exposition, keeper.health)
        stack.push_async_callback(asyncio.to_thread, metrics.close)
        with _port_free("KWHOUSE_COLLECT_PORT", settings.collect_port):
            server = await keeper.front.listen()
        tasks = [asyncio.create_task(chore) for chore in (keeper.lander.run(), *keeper.front.chores())]
        if ready is not None:
            ready(_addresses(settings, server, metrics))
        await (stop or asyncio.Event()).wait()
        server.close(code=CloseCode.GOING_AWAY, reason="the central system is stopping")
        await asyncio.wait([asyncio.ensure_future(server.wait_closed())], timeout=_STOP_SECONDS)
        status = await _land_everything(keeper, log)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return status


def until_signalled(run: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    """Call `run` with an event that SIGTERM and SIGINT set; returns what it returns."""
    import uvloop

    _open_as_many_sockets_as_allowed()

    async def running() -> int:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        return await run(stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(running())


def _open_as_many_sockets_as_allowed() -> None:
    """Each station takes one file descriptor; what systems give unasked, 1,024, would be the end of a fleet."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _land_everything(keeper: Keeper, log: logging.Logger) -> int:
    """Exit status: 0 when nothing waits any more. What the disk refuses now, the next start lands."""
    try:
        await asyncio.wait_for(keeper.journal.flush(), _STOP_SECONDS)
        await keeper.lander.land()
    except (TimeoutError, StoreError, OSError, sqlite3.Error) as error:
        reason = keeper.journal.failure or error
        log.error("%d rows have not landed (%s). Mend it and start again.", keeper.lander.waiting_rows, reason)
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


def _addresses(settings: Settings, server: Server, metrics: MetricsServer) -> Ready:
    host, port = next(iter(server.sockets)).getsockname()[:2]
    scheme = "ws" if settings.collect_certificate is None else "wss"
    return Ready(f"{scheme}://{host}:{port}/ocpp/", "http://{}:{}/".format(*metrics.address))
