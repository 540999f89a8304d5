"""Local authorization lists: what stations know of who may charge while nobody can be asked. Kept in step from here.

Stations that were opted in (`remote.local_lists`) get a new list when it has changed, as a command of its own: a
differential one where it is known what they hold, else a full one. What a station holds is known in this process by
what it took, and after a restart by the hash of it. Stations forget, so the version is asked for first (1.6 section
5.10, 2.0.1 D02). When somebody is blocked, the station's cache is cleared, too (1.6 section 5.4, 2.0.1 C11).
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from ingest.access.gate import Access
from ingest.ocpp.calling import Call, Impossible
from ingest.ocpp.calls import LIST_LIMITS, call_for
from ingest.remote.delivery import Delivery, Outcome, carry, outcome
from ingest.remote.line import Line, NotAnswered, Reply
from ingest.remote.list_contents import Contents, Lists, content_hash, messages
from warehouse.registry.changes import Author
from warehouse.remote.commands import Command, ask, find
from warehouse.remote.local_lists import LocalList, lists, update

if TYPE_CHECKING:
    import sqlalchemy as sa

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0
TRY_AGAIN_SECONDS: Final = 300.0
ENTRIES_A_MESSAGE: Final = 20  # where the station does not say how many it takes
_AUTHOR: Final = Author("kwhouse", "local list")


class _Asked(NamedTuple):
    """The newest command that was asked for here: on which connection, for which content, when."""

    command_id: str
    line: Line
    wanted_hash: str
    asked_at: float


class LocalLists:
    """Keeps the lists of the stations that are connected to this collector."""

    def __init__(self, engine: sa.Engine, access: Access, delivery: Delivery) -> None:
        self._engine, self._access, self._delivery = engine, access, delivery
        self._lists = Lists(engine)
        self._held: dict[str, Contents] = {}  # what stations took from this process
        self._checked: WeakKeyDictionary[Line, bool] = WeakKeyDictionary()  # their version was asked for
        self._limits: WeakKeyDictionary[Line, int] = WeakKeyDictionary()
        self._asked: dict[str, _Asked] = {}
        delivery.carries("send_local_list", self.send)
        delivery.carries("clear_cache", self.clear)

    async def keep_in_step(self) -> None:
        """Look for stations whose list or cache is out of step, and ask for what mends it, until cancelled."""
        failing = False
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                for row in await asyncio.to_thread(lists, self._engine):
                    line = self._delivery.line(row.station_id)
                    if line is not None:
                        await self._look(row, line)
                failing = False
            except Exception:
                if not failing:
                    log.exception("Local authorization lists cannot be kept in step.")
                failing = True

    async def _look(self, row: LocalList, line: Line) -> None:
        try:
            wanted = content_hash(await self._wanted(row, line))
        except Impossible as error:
            if row.reason != str(error):
                await self._unknown(row, str(error))
            return
        blocked = await asyncio.to_thread(self._lists.newest_block, self._access.known)
        if wanted != row.content_hash or (row.enabled and line not in self._checked):
            kind, arguments = "send_local_list", {"full": False}
        elif row.enabled and blocked > row.cache_cleared_through:
            kind, arguments = "clear_cache", {}
        else:
            return
        before = self._asked.get(row.station_id)
        if before is not None and not await self._may_ask(before, line, wanted):
            return
        command_id = await asyncio.to_thread(ask, self._engine, row.station_id, kind, arguments, _AUTHOR)
        self._asked[row.station_id] = _Asked(command_id, line, wanted, time.monotonic())

    async def _may_ask(self, before: _Asked, line: Line, wanted_hash: str) -> bool:
        """What did not work is tried again after a while, on a new connection, or with another content."""
        command = await asyncio.to_thread(find, self._engine, before.command_id)
        if command is None or command.state == "accepted":
            return True
        if not command.is_over:
            return False
        waited = time.monotonic() - before.asked_at >= TRY_AGAIN_SECONDS
        return waited or before.line is not line or before.wanted_hash != wanted_hash

    async def _wanted(self, row: LocalList, line: Line) -> Contents:
        if not row.enabled:
            return {}
        return await asyncio.to_thread(self._lists.wanted, self._access.known, row.station_id, line.version)

    async def clear(self, command: Command, line: Line) -> Outcome:
        """Carry out `clear_cache`. A station that refuses has no cache: it is not asked again."""
        blocked = await asyncio.to_thread(self._lists.newest_block, self._access.known)
        found = await carry(command, line)
        through: dict[str, object] = {"cache_cleared_through": blocked}
        await asyncio.to_thread(update, self._engine, command.station_id, through)
        return found

    async def send(self, command: Command, line: Line) -> Outcome:
        """Carry out `send_local_list`: bring the station's list in step; `full`: send all of it anyway."""
        row = next(iter(await asyncio.to_thread(lists, self._engine, command.station_id)), None)
        if row is None:
            raise Impossible(f"The list of {command.station_id} is not kept: `kwhouse station local-list` does that.")
        try:
            found = await self._send(command, line, row)
        except (Impossible, NotAnswered) as error:
            await self._unknown(row, str(error))
            raise
        if found.state != "accepted":
            await self._unknown(row, found.reason)
        self._checked[line] = True
        return found

    async def _send(self, command: Command, line: Line, row: LocalList) -> Outcome:
        wanted = await self._wanted(row, line)
        talk = _Talk(command, line)
        version, asked = await talk.version()
        if version is None:
            return asked
        base = self._base(row, wanted) if version == row.list_version else None
        if command.arguments.get("full"):
            base = None
        if base == wanted:
            await self._in_step(row, wanted, version)
            return asked
        for held in (base, None) if base is not None else (None,):
            parts = messages(held, wanted, max(version, row.list_version), await self._limit(talk, held, wanted))
            for number, part in enumerate(parts):
                found, reply = await talk.make(call_for(line.version, "send_local_list", part, number))
                if found.state != "accepted":
                    break
            else:
                await self._in_step(row, wanted, int(parts[-1]["list_version"]))
                return found
            if held is not None and reply.is_error:
                break  # not a matter of the list's version: a full one would fare no better
        return found

    async def _limit(self, talk: _Talk, held: Contents | None, wanted: Contents) -> int:
        """How many entries the station takes in a message; asked for once a connection, where it may matter."""
        line = talk.line
        if line not in self._limits and len(wanted) + len(held or ()) > 1:
            call, read = LIST_LIMITS[line.version]
            _, reply = await talk.make(call)
            told = None if reply.is_error else read(reply.payload)
            self._limits[line] = told or ENTRIES_A_MESSAGE
        return self._limits.get(line, ENTRIES_A_MESSAGE)

    def _base(self, row: LocalList, wanted: Contents) -> Contents | None:
        """What the station holds; None: that is not known."""
        for contents in (self._held.get(row.station_id), wanted):
            if contents is not None and content_hash(contents) == row.content_hash:
                return contents
        return None

    async def _in_step(self, row: LocalList, contents: Contents, version: int) -> None:
        self._held[row.station_id] = contents
        values: dict[str, object] = {
            "list_version": version,
            "content_hash": content_hash(contents),
            "tokens": len(contents),
            "in_step_at": datetime.now(UTC),
            "reason": None,
        }
        await asyncio.to_thread(update, self._engine, row.station_id, values)

    async def _unknown(self, row: LocalList, reason: str | None) -> None:
        self._held.pop(row.station_id, None)
        values: dict[str, object] = {"content_hash": None, "reason": reason}
        await asyncio.to_thread(update, self._engine, row.station_id, values)


class _Talk:
    """The calls of one command, with an id each."""

    def __init__(self, command: Command, line: Line) -> None:
        self._command, self.line = command, line
        self._calls = 0

    async def make(self, call: Call) -> tuple[Outcome, Reply]:
        """Make a call, and what its answer means. Raises `NotAnswered`."""
        message_id = self._command.command_id if self._calls == 0 else f"{self._command.command_id}-{self._calls}"
        self._calls += 1
        reply = await self.line.call(call, message_id)
        return outcome(self.line, call.action, reply), reply

    async def version(self) -> tuple[int | None, Outcome]:
        """The version of the station's list; None where it cannot be had, with the reason."""
        found, reply = await self.make(call_for(self.line.version, "get_local_list_version", {}, 0))
        payload: Any = {} if reply.is_error else reply.payload
        version = payload.get("listVersion", payload.get("versionNumber")) if isinstance(payload, dict) else None
        if not isinstance(version, int) or found.state != "accepted":
            return None, found
        if version < 0:
            return None, Outcome("failed", "The station keeps no local authorization list.", reply.payload_text)
        return version, found
