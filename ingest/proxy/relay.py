"""One station's connection and its counterpart at the central system: what comes from one goes to the other.

Each direction is carried by a task of its own, one message after the other, so that order is kept and a side that
reads slowly holds back only those who write to it. A message is recorded before it is passed on. One for the central
system then goes at once; one for the station waits until the disk has it and all before it: a station forgets what has
been answered.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Literal, NamedTuple

from websockets.exceptions import ConnectionClosed
from websockets.frames import Close, CloseCode

from ingest.journal import Journal
from ingest.online import is_too_long, why
from ingest.proxy.sockets import StationSocket, UpstreamSocket
from ingest.proxy.transcript import Transcript
from ingest.record import Record

log = logging.getLogger(__name__)

_MOST_UNWRITTEN: Final = 64  # messages of one connection waiting for the disk
_MOST_UNWRITTEN_BYTES: Final = 1_048_576
_LONGEST_TOLD: Final = 120  # ASCII characters; a close frame holds 123 bytes of reason
_STALLED_SECONDS: Final = 60.0  # one message that is not taken for so long ends the connection

_STATION_STALLED: Final = "the station does not read what it is sent"
_UPSTREAM_STALLED: Final = "the central system does not read what it is sent"
_DISK_STALLED: Final = "the recorder's disk takes nothing"


class End(NamedTuple):
    """Why a direction has ended, and what each side is told then. `code` and `reason` are what is recorded."""

    by: Literal["station", "central system", "recorder"]
    code: int
    reason: str
    told: Close


class Relay:
    """Carries the messages of one connection until one side ends it, then ends the other side."""

    def __init__(self, station: StationSocket, upstream: UpstreamSocket, record: Record, journal: Journal) -> None:
        self._station, self._upstream, self._record, self._journal = station, upstream, record, journal
        self._transcript = Transcript(record)
        self._unwritten = self._unwritten_bytes = 0
        self._stalled: str | None = None

    async def run(self) -> None:
        """Carry until both sides are closed, and record the end."""
        up, down = (asyncio.create_task(carry) for carry in (self._carry_up(), self._carry_down()))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            end = (up if up.done() else down).result()
            self._record.end(end.code, end.reason)
            if end.by != "station":
                await self._station.close(*_parts(end.told))
            if end.by != "central system":
                await self._upstream.close(*_parts(end.told))
            await asyncio.wait((up, down))  # what was under way is still recorded
        finally:
            for task in (up, down):
                task.cancel()
            self._upstream.transport.abort()
            self._record.close(CloseCode.INTERNAL_ERROR, "the recorder failed")

    async def _carry_up(self) -> End:
        """From the station to the central system."""
        try:
            while True:
                data, is_text = await self._station.receive()
                if self._record.is_closed:  # replaced by a newer connection: this counts for nothing any more
                    return End("recorder", 0, "", Close(CloseCode.GOING_AWAY, ""))
                self._transcript.take("in", data)
                self._unwritten += 1
                self._unwritten_bytes += len(data)
                if (
                    self._unwritten >= _MOST_UNWRITTEN
                    or self._unwritten_bytes >= _MOST_UNWRITTEN_BYTES
                    or self._journal.failure is not None
                ):
                    await self._written()
                await self._pass_on(self._upstream, data, is_text, _UPSTREAM_STALLED)
        except ConnectionClosed as end:
            if is_too_long(end):
                self._transcript.too_long("in", why(end)[1])
            return self._station_ended(end)
        except TimeoutError:
            return End("recorder", CloseCode.TRY_AGAIN_LATER, _DISK_STALLED, _again(_DISK_STALLED))

    async def _carry_down(self) -> End:
        """From the central system to the station."""
        try:
            while True:
                data, is_text = await self._upstream.receive()
                if self._record.is_closed:
                    return End("recorder", 0, "", Close(CloseCode.GOING_AWAY, ""))
                self._transcript.take("out", data)
                await self._written()
                await self._pass_on(self._station, data, is_text, _STATION_STALLED)
        except ConnectionClosed as end:
            if is_too_long(end):
                self._transcript.too_long("out", why(end)[1])
            return self._upstream_ended(end)
        except TimeoutError:
            return End("recorder", CloseCode.TRY_AGAIN_LATER, _DISK_STALLED, _again(_DISK_STALLED))

    async def _written(self) -> None:
        """Wait until the disk has all that was recorded. Raises TimeoutError."""
        self._unwritten = self._unwritten_bytes = 0
        async with asyncio.timeout(_STALLED_SECONDS):
            await self._journal.flush()

    async def _pass_on(self, to: StationSocket | UpstreamSocket, data: bytes, is_text: bool, stalled: str) -> None:
        """Send; where the other side is gone, nothing: the task that reads from there tells the end."""
        try:
            async with asyncio.timeout(_STALLED_SECONDS):
                await to.send(data, text=is_text)
        except ConnectionClosed:
            pass
        except TimeoutError:
            self._stalled = stalled
            to.transport.abort()

    def _station_ended(self, end: ConnectionClosed) -> End:
        code, reason = why(end)
        if _closed_there(end):
            return End("station", code, reason, _sendable(code, reason))
        reason = self._stalled or reason
        told = reason or "the station's connection broke off"
        return End("station", code, reason, Close(CloseCode.GOING_AWAY, told[:_LONGEST_TOLD]))

    def _upstream_ended(self, end: ConnectionClosed) -> End:
        code, reason = why(end)
        if _closed_there(end):
            told = _sendable(code, reason)
            return End("central system", told.code, f"the central system closed: {reason or code}", told)
        if self._stalled is not None:
            return End("central system", CloseCode.TRY_AGAIN_LATER, self._stalled, _again(self._stalled))
        broke = f"the central system's connection {f'failed: {reason}' if reason else 'broke off'}"
        return End(
            "central system", CloseCode.SERVICE_RESTART, broke, Close(CloseCode.SERVICE_RESTART, broke[:_LONGEST_TOLD])
        )


def _closed_there(end: ConnectionClosed) -> bool:
    """True where the other side closed, in order; else it broke off, or we closed because of what it did."""
    return end.rcvd is not None and (end.sent is None or bool(end.rcvd_then_sent))


def _sendable(code: int, reason: str) -> Close:
    """A close frame without a code is seen as 1005, which cannot be sent."""
    return Close(CloseCode.NORMAL_CLOSURE if code == CloseCode.NO_STATUS_RCVD else code, reason)


def _again(reason: str) -> Close:
    return Close(CloseCode.TRY_AGAIN_LATER, reason)


def _parts(close: Close) -> tuple[int, str]:
    return close.code, close.reason
