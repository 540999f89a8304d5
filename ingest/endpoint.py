"""The OCPP endpoint: the WebSocket server, and the connection of each station.

Who may connect is in `handshake` and `access`; what is said on a connection is in `dialogue`.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final
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
from ingest.metrics import Tally
from ingest.online import CLOSE_SECONDS, Online, is_too_long, offered, why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from warehouse.settings import Settings

_MOST_UNANSWERED: Final = 64  # calls of one station waiting for the disk; OCPP allows a station one
_MOST_UNREAD_BYTES: Final = 1_048_576  # answers that a station does not read


class Endpoint:
    """Speaks with all stations of one collector. It is the service's `Front`."""

    def __init__(self, settings: Settings, journal: Journal, access: Access, tally: Tally) -> None:
        self._settings, self._journal, self._access, self._tally = settings, journal, access, tally
        self._admitted: WeakKeyDictionary[ServerConnection, tuple[str, Clock]] = WeakKeyDictionary()
        self._online = Online()

    async def listen(self) -> Server:
        """Read the registry once, and open the port."""
        await self._access.refresh()
        return await serve(
            self.talk,
            self._settings.collect_host,
            self._settings.collect_port,
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
        return [self._access.keep_fresh(), self._online.keep_open()]

    def facts(self) -> dict[str, Any]:
        """For /health."""
        return {"registry_failure": self._access.failure}

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
        names = offered(request)
        if handshake.choose(names) is None:
            return handshake.no_protocol(names)
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
        record = dialogue.record
        self._online.enter(record, connection)
        record.open("{}:{}".format(*connection.remote_address[:2]))
        code, reason = int(CloseCode.INTERNAL_ERROR), ""
        try:
            while True:
                data = await connection.recv(decode=False)
                if record.is_closed:
                    break
                dialogue.receive(data)
                if dialogue.unanswered >= _MOST_UNANSWERED:
                    await self._journal.flush()
        except ConnectionClosed as end:
            code, reason = why(end)
            if is_too_long(end):
                dialogue.too_long(reason)
        finally:
            record.close(code, reason)
            self._online.leave(record)


def _select(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    chosen = handshake.choose(offered)
    return None if chosen is None else Subprotocol(chosen)


def _send(connection: ServerConnection, dialogue: Dialogue, data: bytes) -> None:
    dialogue.delivered()
    broadcast((connection,), data, text=True)  # `send` without a task: an answer is one small write
    if connection.transport.get_write_buffer_size() > _MOST_UNREAD_BYTES:
        connection.transport.abort()
