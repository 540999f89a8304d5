"""`kwhouse proxy`: stations connect to ws://HOST:PORT/ocpp/<station_id> and are relayed to another central system."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.proxy.gate import Gate
from ingest.proxy.upstream import Upstream
from ingest.service import Ready, serve, until_signalled
from warehouse.settings import is_loopback

if TYPE_CHECKING:
    from warehouse.settings import Settings

log = logging.getLogger(__name__)


async def run(
    settings: Settings,
    url: str,
    ready: Callable[[Ready], None] | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Relay stations to the central system at `url` until `stop` is set; returns the exit status.

    `ready` is called when stations can connect.
    """
    upstream = Upstream(url, settings.max_frame_bytes)
    if not is_loopback(settings.collect_host):
        log.warning(
            "The proxy listens on %s without TLS: passwords of stations cross the network readable, and anyone who "
            "reaches it can knock at the central system. Keep it in a private network, or set "
            "KWHOUSE_COLLECT_HOST=127.0.0.1.",
            settings.collect_host,
        )
    if upstream.is_readable:
        log.warning(
            "The central system %s is reached without TLS: passwords of stations cross the network readable. "
            "Use wss://, or keep the way there in a private network.",
            upstream.shown,
        )
    return await serve(settings, lambda journal, tally: Gate(settings, upstream, journal, tally), log, ready, stop)


def main(settings: Settings, url: str) -> int:
    """`kwhouse proxy`: run until SIGTERM or SIGINT, printing the address when stations can connect."""

    def announce(ready: Ready) -> None:
        print(  # noqa: T201
            f"Stations connect to {ready.url}<station_id>, passed on to {url.partition('?')[0]}; "
            f"health and metrics: {ready.metrics_url}",
            flush=True,
        )

    return until_signalled(lambda stop: run(settings, url, announce, stop))
