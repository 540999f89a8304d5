"""The collector: stations connect to ws://HOST:PORT/ocpp/<station_id>, and everything they say is kept and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.access.directory import Directory, Registry
from ingest.access.gate import Access
from ingest.access.sharing import SharedSessions
from ingest.endpoint import Endpoint
from ingest.journal import Journal
from ingest.links import links_by
from ingest.metrics import Tally
from ingest.service import Ready, serve, until_signalled
from warehouse.settings import is_loopback
from warehouse.state import open_state

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
    if not is_loopback(settings.collect_host) and not settings.least_security_profile:
        log.warning(
            "The OCPP endpoint listens on %s and takes stations without a password at their word. Give them passwords "
            "(`kwhouse station password`) and set KWHOUSE_LEAST_SECURITY_PROFILE, or keep it in a private network.",
            settings.collect_host,
        )

    def front(journal: Journal, tally: Tally) -> Endpoint:
        let_unknown_in = settings.unknown_tokens == "let_in"
        if directory is not None:
            return Endpoint(settings, journal, Access(directory, let_unknown_in=let_unknown_in), tally)
        engine = open_state(settings)
        collector_id = journal.collector_id
        access = Access(Registry(engine), SharedSessions(engine, collector_id), let_unknown_in=let_unknown_in)
        return Endpoint(settings, journal, access, tally, links_by(engine, collector_id, access))

    return await serve(settings, front, log, ready, stop)


def main(settings: Settings) -> int:
    """`kwhouse collect`: run until SIGTERM or SIGINT, printing the address when stations can connect."""
    return until_signalled(lambda stop: run(settings, ready=_announce, stop=stop))


def _announce(ready: Ready) -> None:
    print(f"Stations connect to {ready.url}<station_id>; health and metrics: {ready.metrics_url}", flush=True)  # noqa: T201
