"""Commands of the state database, as a collector takes them up. Each function is one small transaction.

A command is claimed by an UPDATE that only one collector can win, before its call is sent. So it is sent once at
most: one whose collector was killed in between ends as unanswered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from warehouse import exact_json
from warehouse.remote.commands import Command, give_up, is_overdue, of_row
from warehouse.state import table


class Result(NamedTuple):
    """What became of a command that was claimed here."""

    command_id: str
    state: str
    reason: str | None
    answer_text: str | None
    ended_at: datetime


class Queue(Protocol):
    """Where commands come from."""

    def begin(self) -> None:
        """This collector starts: what it had sent before will not be answered any more."""
        ...

    def round(self, results: Sequence[Result], is_ready: Callable[[str], bool]) -> list[Command]:
        """Keep `results`, and claim commands for stations that are ready: one a station. Called in a thread."""
        ...


class StateQueue:
    """The table `remote.commands`."""

    def __init__(self, engine: sa.Engine, collector_id: str) -> None:
        self._engine, self._collector_id = engine, collector_id

    def begin(self) -> None:
        rows = table("remote", "commands")
        mine = sa.and_(rows.c.state == "sent", rows.c.collector_id == self._collector_id)
        reason = "The collector was stopped before the station answered."
        lost = {"state": "unanswered", "ended_at": datetime.now(UTC), "reason": reason}
        with self._engine.begin() as connection:
            connection.execute(sa.update(rows).where(mine).values(lost))

    def round(self, results: Sequence[Result], is_ready: Callable[[str], bool]) -> list[Command]:
        now = datetime.now(UTC)
        if results:
            self._keep(results)
        found = self._under_way()
        if any(is_overdue(command, now) for command in found):
            give_up(self._engine, now)
        first: dict[str, Command] = {}
        for command in found:
            if command.state == "waiting" and command.expires_at > now and is_ready(command.station_id):
                first.setdefault(command.station_id, command)
        return self._claimed(first.values(), now) if first else []

    def _keep(self, results: Sequence[Result]) -> None:
        rows = table("remote", "commands")
        with self._engine.begin() as connection:
            for result in results:
                values = {
                    "state": result.state,
                    "reason": result.reason,
                    "answer": None if result.answer_text is None else readable(result.answer_text),
                    "ended_at": result.ended_at,
                }
                this = sa.and_(rows.c.command_id == result.command_id, rows.c.state == "sent")
                connection.execute(sa.update(rows).where(this).values(values))

    def _under_way(self) -> list[Command]:
        rows = table("remote", "commands")
        query = sa.select(rows).where(rows.c.state.in_(("waiting", "sent"))).order_by(rows.c.asked_at)
        with self._engine.connect() as connection:
            return [of_row(row) for row in connection.execute(query).mappings()]

    def _claimed(self, commands: Iterable[Command], now: datetime) -> list[Command]:
        """Those of `commands` that no other collector has taken."""
        rows = table("remote", "commands")
        mine = {"state": "sent", "collector_id": self._collector_id, "sent_at": now}
        with self._engine.begin() as connection:
            return [
                command
                for command in commands
                if connection.execute(
                    sa.update(rows)
                    .where(rows.c.command_id == command.command_id, rows.c.state == "waiting")
                    .values(mine | {"message_id": command.command_id})
                ).rowcount
                == 1
            ]


def readable(text: str) -> str:
    """JSON text that can be read back: of an answer that is none, a JSON string of it."""
    try:
        exact_json.loads(text)
    except ValueError:
        return exact_json.dumps(text)
    return text
