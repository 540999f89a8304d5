"""A station's connection that watches what websockets leaves unsaid: handshakes that fail, messages that never end."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.frames import CloseCode, Frame
from websockets.protocol import Event

MESSAGE_SECONDS: Final = 120.0  # a large message over a poor line takes half a minute
UNENDED: Final = "a message that does not end"


class Refused(NamedTuple):
    """A handshake that came to nothing. `status`: of the HTTP answer; None: there was no whole request."""

    address: str
    status: int | None
    told: str


class Watch(Protocol):
    """Who is told."""

    def refused(self, refused: Refused) -> None: ...

    def unended(self, path: str) -> None:
        """A message that began on the connection at `path` did not end in time."""
        ...


class Guarded(ServerConnection):
    """A `ServerConnection` that tells `watch`, and ends where a message does not."""

    def __init__(self, watch: Watch, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._watch = watch
        self._moved = False  # since data were last received, some frame was whole
        self._begun_at: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def handshake(self, *arguments: Any, **named: Any) -> None:
        peer = self.remote_address
        address = str(peer[0]) if peer else "an unknown address"
        try:
            await super().handshake(*arguments, **named)
        finally:
            if self.request is None:
                why = self.protocol.handshake_exc
                told = "the request did not come in time" if why is None else f"no WebSocket handshake ({why})"
                self._watch.refused(Refused(address, None, told))
            elif self.response is not None and self.response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
                body = bytes(self.response.body or b"").decode(errors="replace").strip()
                self._watch.refused(Refused(address, self.response.status_code, f"{self.request.path[:80]!r}: {body}"))

    def data_received(self, data: bytes) -> None:
        self._moved = False
        super().data_received(data)
        if not self._moved and self._begun_at is None and self.request is not None:
            self._begun_at = self.loop.time()
            self._timer = self._timer or self.loop.call_later(MESSAGE_SECONDS, self._look)

    def process_event(self, event: Event) -> None:
        if not isinstance(event, Frame):
            self._moved = True
        elif event.fin:
            self._moved = True
            if event.opcode < 8:  # a ping in between ends no message
                self._begun_at = None
        super().process_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        self._timer = None
        if self._begun_at is None:
            return
        if self.recv_messages.paused:  # it is we who do not read
            self._begun_at = self.loop.time()
        left = self._begun_at + MESSAGE_SECONDS - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
            return
        if self.request is not None:
            self._watch.unended(self.request.path)
        self._closing = self.loop.create_task(self.close(CloseCode.POLICY_VIOLATION, UNENDED))
