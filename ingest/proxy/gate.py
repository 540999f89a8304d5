"""The proxy's port: each station that knocks is let in if the central system lets it in, and then relayed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ingest import handshake
from ingest.clock import Clock
from ingest.journal import Journal
from ingest.metrics import Tally
from ingest.online import CLOSE_SECONDS, Online, offered
from ingest.proxy.relay import Relay
from ingest.proxy.sockets import MOST_QUEUED, StationSocket, UpstreamSocket, silent_logger
from ingest.proxy.upstream import OPEN_SECONDS, Upstream, answer
from ingest.record import Record
from ingest.security import tls

if TYPE_CHECKING:
    from warehouse.settings import Settings

log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS: Final = OPEN_SECONDS + 5.0  # the station's, which waits for the one with the central system


class _Admitted(NamedTuple):
    station_id: str
    clock: Clock
    upstream: UpstreamSocket


class Gate:
    """Relays all stations of one proxy. It is the service's `Front`."""

    def __init__(self, settings: Settings, upstream: Upstream, journal: Journal, tally: Tally) -> None:
        self._settings, self._upstream, self._journal, self._tally = settings, upstream, journal, tally
        self._admitted: dict[ServerConnection, _Admitted] = {}
        self._watches: set[asyncio.Task[None]] = set()
        self._online = Online()

    async def listen(self) -> Server:
        """Open the port. The central system need not be there yet."""
        return await serve(
            self.talk,
            self._settings.collect_host,
            self._settings.collect_port,
            process_request=self.judge,
            select_subprotocol=self._select,
            create_connection=StationSocket,
            compression="deflate",
            max_size=self._settings.max_frame_bytes,
            ssl=tls.context_of(self._settings),
            max_queue=MOST_QUEUED,
            open_timeout=_HANDSHAKE_SECONDS,
            ping_interval=None,  # see `Online.keep_open`
            close_timeout=CLOSE_SECONDS,
            server_header="kwhouse",
            logger=silent_logger(),
            reuse_address=True,
        )

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What is to be done meanwhile, until cancelled."""
        return [self._online.keep_open()]

    def facts(self) -> dict[str, Any]:
        """For /health."""
        return {"upstream": self._upstream.shown, "upstream_failure": self._upstream.failure}

    async def judge(self, connection: ServerConnection, request: Request) -> Response | None:
        """`process_request` of websockets: None lets the station in."""
        try:
            found = await self._admit(connection, request)
        except Exception as error:
            # Not its text: that may repeat a header, and headers hold passwords.
            log.error("A handshake could not be passed on: %s", type(error).__name__)
            found = answer(HTTPStatus.INTERNAL_SERVER_ERROR, "The handshake could not be passed on.\n")
        if isinstance(found, Response):
            self._tally.refused[str(found.status_code)] += 1
            return found
        self._admitted[connection] = found
        watch = asyncio.create_task(self._watch(connection))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        return None

    async def _admit(self, connection: ServerConnection, request: Request) -> _Admitted | Response:
        station_id = handshake.station_of(request.path)
        if station_id is None:
            return answer(*handshake.no_station(request.path.partition("?")[0])[:2])
        peer = connection.remote_address
        clock = handshake.clock_for(
            request.headers.get(handshake.CLOCK_HEADER), peer[0] if peer else None, self._settings.allow_replay
        )
        if isinstance(clock, handshake.Refusal):
            return answer(*clock[:2])
        if self._journal.failure is not None:
            return answer(HTTPStatus.SERVICE_UNAVAILABLE, "The recorder's disk takes nothing. Try again later.\n")
        socket = await self._upstream.connect(request)
        return socket if isinstance(socket, Response) else _Admitted(station_id, clock, socket)

    async def _watch(self, connection: ServerConnection) -> None:
        """Let go of the central system where the station left before it was relayed."""
        await connection.wait_closed()
        admitted = self._admitted.pop(connection, None)
        if admitted is not None:
            await admitted.upstream.close(CloseCode.GOING_AWAY, "the station left")

    def _select(self, connection: ServerConnection, _offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return self._admitted[connection].upstream.subprotocol

    async def talk(self, connection: ServerConnection) -> None:
        """Handler of one connection, from the end of the handshake to its close."""
        assert isinstance(connection, StationSocket)  # noqa: S101 (made by create_connection)
        station_id, clock, upstream = self._admitted.pop(connection)
        asked = [] if connection.request is None else offered(connection.request)
        version, note = read_as(upstream.subprotocol, asked)
        record = Record(station_id, version, clock, self._journal, self._tally)
        self._online.enter(record, connection)
        record.open("{}:{}".format(*connection.remote_address[:2]), note)
        try:
            await Relay(connection, upstream, record, self._journal).run()
        except Exception:
            log.exception("The connection of station %s failed", station_id)
            raise
        finally:
            self._online.leave(record)


def read_as(agreed: str | None, asked: Sequence[str]) -> tuple[str, str | None]:
    """The OCPP version that the frames of a connection are read as, and what was odd about it.

    Whatever sub-protocol station and central system agree on passes; how it is recorded must be one that we read.
    """
    if agreed in handshake.VERSIONS:
        return handshake.VERSIONS[agreed], None
    if agreed is None:
        chosen = handshake.choose(asked)
        version = "1.6" if chosen is None else handshake.VERSIONS[chosen]
        return version, f"no sub-protocol agreed; read as OCPP {version}"
    version = "2.1" if agreed.startswith("ocpp2.1") else "2.0.1" if agreed.startswith("ocpp2") else "1.6"
    return version, f"sub-protocol {agreed}; read as OCPP {version}"
