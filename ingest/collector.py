"""The collector: stations connect to ws://HOST:PORT/ocpp/<station_id>, and everything they say is kept.

This module starts and stops the parts in order: journal, metrics, endpoint, landing.
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

from websockets.asyncio.server import Server
from websockets.frames import CloseCode

from ingest.access import Access, Directory, Registry
from ingest.endpoint import Endpoint
from ingest.journal import Journal
from ingest.landing import Lander, highest_landed
from ingest.metrics import Exposition, MetricsServer, Tally
from warehouse.errors import SettingsError, StoreError
from warehouse.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warehouse.settings import Settings

log = logging.getLogger(__name__)

_STOP_SECONDS: Final = 10.0


class Ready(NamedTuple):
    """Where the collector listens, told when it does."""

    url: str
    metrics_url: str


class Collector:
    """The parts of one collector. Making it opens the journal."""

    def __init__(self, settings: Settings, directory: Directory) -> None:
        self.access = Access(directory)
        self.tally = Tally()
        landed = highest_landed(settings.landing, settings.collector_id) if settings.collector_id else 0
        self.journal = Journal(settings.journal, settings.collector_id, landed)
        self.lander = Lander(
            self.journal, settings.journal, settings.landing, settings.landing_rows, settings.landing_seconds
        )
        self.endpoint = Endpoint(settings, self.journal, self.access, self.tally)

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
        collector.journal.end_lost()
        with _port_free("KWHOUSE_METRICS_PORT", settings.metrics_port):
            metrics = MetricsServer(settings.collect_host, settings.metrics_port, exposition, collector.health)
        stack.push_async_callback(asyncio.to_thread, metrics.close)
        await collector.access.refresh()
        with _port_free("KWHOUSE_COLLECT_PORT", settings.collect_port):
            server = await collector.endpoint.listen()
        chores = (collector.access.keep_fresh(), collector.lander.run(), collector.endpoint.keep_open())
        tasks = [asyncio.create_task(chore) for chore in chores]
        if ready is not None:
            ready(_addresses(server, metrics))
        await (stop or asyncio.Event()).wait()
        server.close(code=CloseCode.GOING_AWAY, reason="the central system is stopping")
        await asyncio.wait([asyncio.ensure_future(server.wait_closed())], timeout=_STOP_SECONDS)
        status = await _land_everything(collector)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return status


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
