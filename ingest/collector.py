"""The collector: stations connect to ws://HOST:PORT/ocpp/<station_id>, and everything they say is kept and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.access import Access, Directory, Registry
from ingest.endpoint import Endpoint
from ingest.service import Ready, serve, until_signalled
from warehouse.settings import is_loopback

if TYPE_CHECKING:
    from warehouse.settings import Settings

log = logging.getLogger(__name__)


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
    access = Access(directory or Registry(settings))
    return await serve(settings, lambda journal, tally: Endpoint(settings, journal, access, tally), log, ready, stop)


def main(settings: Settings) -> int:
    """`kwhouse collect`: run until SIGTERM or SIGINT, printing the address when stations can connect."""
    return until_signalled(lambda stop: run(settings, ready=_announce, stop=stop))


def _announce(ready: Ready) -> None:
    print(f"Stations connect to {ready.url}<station_id>; health and metrics: {ready.metrics_url}", flush=True)  # noqa: T201
