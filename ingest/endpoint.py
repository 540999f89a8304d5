"""The OCPP endpoint: the WebSocket server, and the connection of each station.

Who may connect is in `handshake` and `access`; what is said on a connection is in `dialogue`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed, InvalidHeader
from websockets.frames import CloseCode
from websockets.headers import parse_subprotocol
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.typing import Subprotocol

from ingest import handshake
from ingest.access import Access
from ingest.clock import Clock
from ingest.dialogue import Dialogue
from ingest.journal import Journal
from ingest.metrics import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warehouse.settings import Settings

_PING_SECONDS: Final = 30.0
_PINGS_IN_A_ROW: Final = 100
_CLOSE_SECONDS: Final = 3.0
_MOST_UNANSWERED: Final = 64  # calls of one station waiting for the disk; OCPP allows a station one
_MOST_UNREAD_BYTES: Final = 1_048_576  # answers that a station does not read
_REPLACED: Final = (CloseCode.POLICY_VIOLATION, "replaced by a newer connection of this station")


class Endpoint:
    """Speaks with all stations of one collector."""

    def __init__(self, settings: Settings, journal: Journal, access: Access, tally: Tally) -> None:
        self._settings, self._journal, self._access, self._tally = settings, journal, access, tally
        self._admitted: WeakKeyDictionary[ServerConnection, tuple[str, Clock]] = WeakKeyDictionary()
        self._current: dict[str, tuple[Dialogue, ServerConnection]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def listen(self) -> Server:
        """Open the port."""
        return await serve(
            self.talk,
            self._settings.collect_host,
            self._settings.collect_port,
            process_request=self.judge,
            select_subprotocol=_select,
            compression="deflate",
            max_size=self._settings.max_frame_bytes,
            ping_interval=None,  # see `keep_open`
            close_timeout=_CLOSE_SECONDS,
            server_header="kwhouse",
            reuse_address=True,
        )

    def judge(self, connection: ServerConnection, request: Request) -> Response | None:
        """`process_request` of websockets: None lets the station in."""
        found = self._admit(connection, request)
        if isinstance(found, handshake.Refusal):
            self._tally.refused[str(found.status.value)] += 1
            return connection.respond(found.status, found.text)
        self._admitted[connection] = found
        return None

    def _admit(self, connection: ServerConnection, request: Request) -> tuple[str, Clock] | handshake.Refusal:
        station_id = handshake.station_of(request.path)
        if station_id is None:
            return handshake.no_station(request.path)
        if not self._access.knows_station(station_id):
            return handshake.unknown_station(station_id)
        offered = _offered(request)
        if handshake.choose(offered) is None:
            return handshake.no_protocol(offered)
        peer = connection.remote_address
        clock = handshake.clock_for(
            request.headers.get(handshake.CLOCK_HEADER), peer[0] if peer else None, self._settings.allow_replay
        )
        return clock if isinstance(clock, handshake.Refusal) else (station_id, clock)

    async def talk(self, connection: ServerConnection) -> None:
        """Handler of one connection, from the end of the handshake to its close."""
        station_id, clock = self._admitted.pop(connection)
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
                    await self._journal.flush()
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
