"""The two WebSockets of a relayed connection, which tell text from binary messages without decoding them."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

MOST_QUEUED: Final = 4  # messages read ahead on each side; OCPP has one call under way
PING_SECONDS: Final = 30.0
PONG_SECONDS: Final = 60.0


class _Opcodes(Connection):
    """Remembers of each message that has been read whether it was text: `recv(decode=False)` does not tell.

    Decoding is no way to find out: a text that is not UTF-8 would end the connection before it is kept.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._opcodes: deque[Opcode] = deque()

    def process_event(self, event: Request | Response | Frame) -> None:
        if isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._opcodes.append(event.opcode)
        super().process_event(event)

    async def receive(self) -> tuple[bytes, bool]:
        """The next message as it came, and whether it was text. Raises `ConnectionClosed` after the last one."""
        data = await self.recv(decode=False)
        return data, self._opcodes.popleft() is Opcode.TEXT


class StationSocket(_Opcodes, ServerConnection):
    """The side of the station."""


class UpstreamSocket(_Opcodes, ClientConnection):
    """The side of the central system."""


def silent_logger() -> logging.Logger:
    """For websockets, which would log headers and frames: passwords and tokens. What matters is told by ourselves."""
    logger = logging.getLogger("ingest.proxy.websockets")
    logger.setLevel(logging.CRITICAL + 1)
    return logger
