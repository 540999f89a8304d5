"""Has commands carried out by the stations that are connected to this collector.

It looks for them a few times a second; a station gets its next one when the last is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ingest.ocpp.calling import Impossible
from ingest.ocpp.calls import call_for, judged, judged_error
from ingest.remote.line import Line, NotAnswered, Reply
from ingest.remote.queue import Queue, Result
from warehouse.remote.commands import Command

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.25


class Outcome(NamedTuple):
    """What became of a command."""

    state: str
    reason: str | None = None
    answer_text: str | None = None


Carry = Callable[[Command, Line], Awaitable[Outcome]]
"""Carries out one command. May raise `Impossible` and `NotAnswered`."""


async def carry(command: Command, line: Line) -> Outcome:
    """One call, and what its answer means: all that most commands are."""
    call = call_for(line.version, command.kind, command.arguments, own_number(command))
    return outcome(line, call.action, await line.call(call, command.command_id))


def outcome(line: Line, action: str, reply: Reply) -> Outcome:
    """What the answer to a command's only call, or to its last one, makes of it."""
    found = judged_error(reply.payload) if reply.is_error else judged(line.version, action, reply.payload)
    return Outcome(found.state, found.reason, reply.payload_text)


def own_number(command: Command) -> int:
    """A number of 31 bits, which are what OCPP's ids have; the same for the same command."""
    return int(command.command_id[:8], 16) & 0x7FFFFFFF


class Delivery:
    """The commands of one collector. `failure`: as in `Access`."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._carriers: dict[str, Carry] = {}  # kinds that are more than one call
        self._lines: dict[str, Line] = {}
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._results: list[Result] = []
        self._look = asyncio.Event()
        self.failure: str | None = None

    def carries(self, kind: str, carry: Carry) -> None:
        """Have commands of `kind` carried out by `carry`."""
        self._carriers[kind] = carry

    def line(self, station_id: str) -> Line | None:
        """The connection of a station; None: it is not connected here."""
        return self._lines.get(station_id)

    def enter(self, line: Line) -> None:
        """A station has connected; its connection before, if any, counts no more."""
        before = self._lines.get(line.station_id)
        self._lines[line.station_id] = line
        if before is not None:
            before.hang_up()

    def leave(self, line: Line) -> None:
        """A connection has ended."""
        line.hang_up()
        if self._lines.get(line.station_id) is line:
            del self._lines[line.station_id]

    async def deliver(self) -> None:
        """Look for commands until cancelled."""
        begun = False
        try:
            while True:
                try:
                    if not begun:
                        await asyncio.to_thread(self._queue.begin)
                        begun = True
                    await self._round()
                    self.failure = None
                except Exception as error:
                    # Whatever is wrong with the database must not stop this: results wait, and are kept later.
                    if self.failure is None:
                        log.exception("Commands to stations cannot be read or kept.")
                    self.failure = f"{type(error).__name__}: {error}"
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._look.wait()
                self._look.clear()
        finally:
            self._stop()

    async def _round(self) -> None:
        results = self._results[:]
        for command in await asyncio.to_thread(self._queue.round, results, self._is_ready):
            task = asyncio.create_task(self._carry_out(command))
            self._at_work[command.station_id] = task
        del self._results[: len(results)]

    def _is_ready(self, station_id: str) -> bool:
        return station_id in self._lines and station_id not in self._at_work

    async def _carry_out(self, command: Command) -> None:
        line = self._lines.get(command.station_id)
        try:
            if line is None:
                raise NotAnswered("The station's connection was lost before it was sent.")
            found = await self._carriers.get(command.kind, carry)(command, line)
        except Impossible as error:
            found = Outcome("failed", str(error))
        except NotAnswered as error:
            found = Outcome("unanswered", str(error))
        except Exception as error:
            log.exception("Command %s to %s could not be carried out", command.command_id, command.station_id)
            found = Outcome("failed", f"{type(error).__name__}: {error}"[:300])
        self._results.append(Result(command.command_id, *found, datetime.now(UTC)))
        del self._at_work[command.station_id]
        self._look.set()

    def _stop(self) -> None:
        """Keep what is known; what is under way is unanswered when this collector starts again."""
        for task in self._at_work.values():
            task.cancel()
        if self._results:
            with contextlib.suppress(Exception):
                self._queue.round(self._results, lambda _station: False)
