"""The stations that are connected: the newest connection of each one counts, and is kept open.

Here also stands what the collector's endpoint and the proxy have in common about a station's WebSocket.
"""

from __future__ import annotations

import asyncio
from typing import Final

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidHeader
from websockets.frames import CloseCode
from websockets.headers import parse_subprotocol
from websockets.http11 import Request
from websockets.protocol import State

from ingest.record import Record

CLOSE_SECONDS: Final = 3.0
_PING_SECONDS: Final = 30.0
_PINGS_IN_A_ROW: Final = 100
_REPLACED: Final = (CloseCode.POLICY_VIOLATION, "replaced by a newer connection of this station")


class Online:
    """The newest connection of each station."""

    def __init__(self) -> None:
        self._current: dict[str, tuple[Record, ServerConnection]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def enter(self, record: Record, connection: ServerConnection) -> None:
        """A station has connected: record the end of its connection before, if any, and close that one aside."""
        before = self._current.get(record.station_id)
        self._current[record.station_id] = (record, connection)
        if before is None:
            return
        before[0].close(*_REPLACED)
        task = asyncio.create_task(before[1].close(*_REPLACED))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def leave(self, record: Record) -> None:
        """A connection has ended."""
        if self._current.get(record.station_id, (None,))[0] is record:
            del self._current[record.station_id]

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


def offered(request: Request) -> list[str]:
    """The sub-protocols that a handshake asks for, as the station prefers them."""
    try:
        return [
            str(name)
            for header in request.headers.get_all("Sec-WebSocket-Protocol")
            for name in parse_subprotocol(header)
        ]
    except InvalidHeader:
        return []


def why(end: ConnectionClosed) -> tuple[int, str]:
    """Close code and reason of whoever closed first; 1006 where the connection broke off."""
    close = end.rcvd if end.rcvd_then_sent or end.sent is None else end.sent
    return (CloseCode.ABNORMAL_CLOSURE, "") if close is None else (close.code, close.reason)


def is_too_long(end: ConnectionClosed) -> bool:
    """True where we closed because a message was longer than allowed."""
    return end.sent is not None and end.sent.code == CloseCode.MESSAGE_TOO_BIG and not end.rcvd_then_sent
