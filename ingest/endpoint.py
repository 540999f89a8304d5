"""The OCPP endpoint: the WebSocket server, and the connection of each station.

Who may connect is in `handshake` and `access`; what is said on a connection is in `dialogue`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ingest import handshake
from ingest.access.gate import Access
from ingest.clock import Clock
from ingest.dialogue import Dialogue
from ingest.journal import Journal
from ingest.links import Links
from ingest.metrics import Tally
from ingest.online import CLOSE_SECONDS, Online, is_too_long, offered, why
from ingest.security import profiles, tls
from ingest.security.bursts import Bursts
from ingest.security.doorman import Doorman
from ingest.security.guarded import Guarded, Refused
from ingest.security.passwords import Passwords
from warehouse.remote.online import Connected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warehouse.settings import Settings

_MOST_UNANSWERED: Final = 64  # calls of one station waiting for the disk; OCPP allows a station one
_MOST_A_SECOND: Final = 200  # frames of one station that go on and on; what it saved up while away may come at once
_MOST_AT_ONCE: Final = 10_000
_MOST_UNREAD_BYTES: Final = 1_048_576  # answers that a station does not read
_OPEN_SECONDS: Final = 10.0  # for TLS, and again for the HTTP request and its answer


log = logging.getLogger(__name__)


class Pace:
    """Holds back one station that sends more than a station has to say: only its own frames wait."""

    def __init__(self, is_replay: bool) -> None:
        self._is_replay = is_replay
        self._left, self._at = _MOST_AT_ONCE, time.monotonic()

    async def keep(self) -> None:
        """One frame came."""
        self._left -= 1
        if self._left > 0 or self._is_replay:
            return
        now = time.monotonic()
        self._left = min(_MOST_AT_ONCE, int((now - self._at) * _MOST_A_SECOND))
        self._at = now
        if self._left <= 0:
            self._left = 1
            await asyncio.sleep(1 / _MOST_A_SECOND)


class Endpoint:
    """Speaks with all stations of one collector. It is the service's `Front`, and `Watch` of its connections."""

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        access: Access,
        tally: Tally,
        links: Links | None = None,
    ) -> None:
        """`links`: what ties this collector to others; None: it is alone."""
        self._settings, self._journal, self._access, self._tally = settings, journal, access, tally
        self._links, self._bursts = links, Bursts(log)
        self._admitted: WeakKeyDictionary[ServerConnection, tuple[str, Clock, profiles.Proof]] = WeakKeyDictionary()
        self._online = Online()
        self._doorman, self._passwords = Doorman(), Passwords()

    async def listen(self) -> Server:
        """Read the registry once, and open the port."""
        await self._access.refresh()
        context = tls.context_of(self._settings)
        if context is not None:
            tls.watch(context, self._tls_failed, _OPEN_SECONDS)
        return await serve(
            self.talk,
            self._settings.collect_host,
            self._settings.collect_port,
            ssl=context,
            open_timeout=_OPEN_SECONDS,
            create_connection=cast("type[ServerConnection]", partial(Guarded, self)),
            process_request=self.judge,
            select_subprotocol=_select,
            compression="deflate",
            max_size=self._settings.max_frame_bytes,
            ping_interval=None,  # see `Online.keep_open`
            close_timeout=CLOSE_SECONDS,
            server_header="kwhouse",
            reuse_address=True,
        )

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What is to be done meanwhile, until cancelled."""
        chores = [self._access.keep_fresh(), self._online.keep_open()]
        return chores if self._links is None else [*chores, *self._links.chores()]

    def facts(self) -> dict[str, Any]:
        """For /health."""
        facts = {"registry_failure": self._access.failure}
        return facts if self._links is None else facts | self._links.facts()

    async def judge(self, connection: ServerConnection, request: Request) -> Response | None:
        """`process_request` of websockets: None lets the station in."""
        peer = connection.remote_address
        address = str(peer[0]) if peer else ""
        found = await self._admit(connection, request, address)
        if isinstance(found, handshake.Refusal):
            if found.status is HTTPStatus.UNAUTHORIZED:
                self._doorman.wrong(address, time.monotonic(), handshake.station_of(request.path) or "")
            return _refusal(connection, found)
        self._admitted[connection] = found
        return None

    def refused(self, refused: Refused) -> None:
        """Count a handshake that came to nothing, and warn of it."""
        status = "unfinished" if refused.status is None else str(refused.status)
        self._tally.refused[status] += 1
        self._bursts.tell(status, refused.address, f"refused {refused.told}")

    def unended(self, path: str) -> None:
        """Count a message that did not end, and warn of it."""
        self._tally.rejected["unended"] += 1
        self._bursts.tell("unended", path, "a message did not end in time; the connection is closed")

    def _tls_failed(self, reason: str) -> None:
        self._tally.refused["tls"] += 1
        self._bursts.tell(f"tls: {reason}", "an address that TLS does not tell", f"TLS handshake refused: {reason}")

    async def _admit(
        self, connection: ServerConnection, request: Request, address: str
    ) -> tuple[str, Clock, profiles.Proof] | handshake.Refusal:
        station_id = handshake.station_of(request.path)
        wait = self._doorman.wait(address, time.monotonic(), station_id or "")
        if wait:
            return handshake.too_often(wait)
        if station_id is None:
            return handshake.no_station(request.path)
        if not self._access.knows_station(station_id):
            self._access.knocked(station_id, time.time_ns() // 1000, address)
            return handshake.unknown_station(station_id)
        proof = await self._prove(connection, request, station_id)
        if isinstance(proof, handshake.Refusal):
            return proof
        if proof.is_proved:
            self._doorman.right(address, station_id)
        names = offered(request)
        if handshake.choose(names) is None:
            return handshake.no_protocol(names)
        clock = handshake.clock_for(
            request.headers.get(handshake.CLOCK_HEADER), address or None, self._settings.allow_replay
        )
        return clock if isinstance(clock, handshake.Refusal) else (station_id, clock, proof)

    async def _prove(
        self, connection: ServerConnection, request: Request, station_id: str
    ) -> profiles.Proof | handshake.Refusal:
        ssl_object = connection.transport.get_extra_info("ssl_object")
        shown = profiles.Shown(
            request.headers.get("Authorization"), ssl_object is not None, tls.common_name(ssl_object)
        )
        least = self._settings.least_security_profile
        credential = self._access.credential(station_id)
        return await profiles.judge(station_id, shown, credential, least, self._passwords)

    async def talk(self, connection: ServerConnection) -> None:
        """Handler of one connection, from the end of the handshake to its close."""
        station_id, clock, proof = self._admitted.pop(connection)
        dialogue = Dialogue(
            station_id,
            handshake.VERSIONS[str(connection.subprotocol)],
            clock,
            self._journal,
            self._access,
            self._tally,
            self._settings.heartbeat_seconds,
            lambda data: _send(connection, dialogue, data),
        )
        record = dialogue.record
        dialogue.line.password_hash = proof.password_hash
        address = "{}:{}".format(*connection.remote_address[:2])
        present = Connected(
            station_id,
            record.version,
            datetime.now(UTC),
            address,
            tls.certificate_end(connection.transport.get_extra_info("ssl_object")),
        )
        self._online.enter(record, connection)
        if self._links is not None:
            self._links.came(present, dialogue.line)
        record.open(address)
        code, reason = int(CloseCode.INTERNAL_ERROR), ""
        try:
            pace = Pace(clock.kind == "replay")
            while True:
                data = await connection.recv(decode=False)
                if record.is_closed:
                    break
                dialogue.receive(data)
                await pace.keep()
                if dialogue.unanswered >= _MOST_UNANSWERED:
                    await self._journal.flush()
        except ConnectionClosed as end:
            code, reason = why(end)
            if is_too_long(end):
                dialogue.too_long(reason)
                self._bursts.tell("too_long", station_id, f"a message was longer than allowed ({reason})")
        finally:
            record.close(code, reason)
            self._online.leave(record)
            if self._links is not None:
                self._links.left(present, dialogue.line)


def _refusal(connection: ServerConnection, found: handshake.Refusal) -> Response:
    response = connection.respond(found.status, found.text)
    if found.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="kwhouse", charset="UTF-8"'
    if found.retry_seconds:
        response.headers["Retry-After"] = str(found.retry_seconds)
    return response


def _select(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    chosen = handshake.choose(offered)
    return None if chosen is None else Subprotocol(chosen)


def _send(connection: ServerConnection, dialogue: Dialogue, data: bytes) -> None:
    dialogue.delivered()
    broadcast((connection,), data, text=True)  # `send` without a task: an answer is one small write
    if connection.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
        connection.transport.abort()
