"""Ask a station to do something, and see what became of it.

Asking only writes a row: the collector that holds the station's connection takes it up within a second
(`ingest/remote/`). A command that nobody could send until it expires is never sent; whoever notices first says so.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from warehouse import exact_json
from warehouse.contract.remote import KINDS
from warehouse.errors import InputError
from warehouse.registry.changes import Author
from warehouse.state import table

EXPIRES_AFTER_SECONDS: Final = 30.0
LOST_AFTER: Final = timedelta(minutes=10)
"""A command that was sent so long ago has lost its collector: no command takes longer."""
_LOOK_AGAIN_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Command:
    """A row of `remote.commands`; `arguments` and `answer` are read."""

    command_id: str
    station_id: str
    kind: str
    arguments: Mapping[str, Any]
    asked_at: datetime
    expires_at: datetime
    asked_by: str
    source: str
    state: str
    collector_id: str | None = None
    message_id: str | None = None
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    answer: Any = None
    reason: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state not in ("waiting", "sent")


def ask(
    engine: sa.Engine,
    station_id: str,
    kind: str,
    arguments: Mapping[str, Any],
    author: Author,
    *,
    expires_after_seconds: float = EXPIRES_AFTER_SECONDS,
    now: datetime | None = None,
    command_id: str | None = None,
) -> str:
    """Ask `station_id` to do `kind`; gives the command's id, made up where none is given.

    Raises `InputError` for a station nobody knows.
    """
    with engine.begin() as connection:
        return enter(
            connection,
            station_id,
            kind,
            arguments,
            author,
            expires_after_seconds=expires_after_seconds,
            now=now,
            command_id=command_id,
        )


def enter(
    connection: sa.Connection,
    station_id: str,
    kind: str,
    arguments: Mapping[str, Any],
    author: Author,
    *,
    expires_after_seconds: float = EXPIRES_AFTER_SECONDS,
    now: datetime | None = None,
    command_id: str | None = None,
) -> str:
    """`ask`, as part of a transaction that keeps something else with it."""
    if kind not in KINDS:
        raise InputError(f"There is no command {kind!r}; there are {', '.join(KINDS)}.")
    asked_at = now or datetime.now(UTC)
    command_id = command_id or uuid.uuid4().hex
    stations, rows = table("registry", "stations"), table("remote", "commands")
    known = sa.select(stations.c.station_id).where(stations.c.station_id == station_id)
    if connection.execute(known).first() is None:
        raise InputError(
            f"There is no station {station_id!r} in the registry. `kwhouse station waiting` shows who has knocked."
        )
    row = {
        "command_id": command_id,
        "station_id": station_id,
        "kind": kind,
        "arguments": exact_json.dumps(dict(arguments)),
        "asked_at": asked_at,
        "expires_at": asked_at + timedelta(seconds=expires_after_seconds),
        "asked_by": author.name,
        "source": author.source,
        "state": "waiting",
    }
    connection.execute(sa.insert(rows), row)
    return command_id


def find(engine: sa.Engine, command_id: str) -> Command | None:
    """The command as it stands; None where there is none."""
    with engine.connect() as connection:
        return read(connection, command_id)


def read(connection: sa.Connection, command_id: str) -> Command | None:
    """`find`, on a connection."""
    rows = table("remote", "commands")
    row = connection.execute(sa.select(rows).where(rows.c.command_id == command_id)).mappings().first()
    return None if row is None else of_row(row)


def of_row(row: Mapping[Any, Any]) -> Command:
    """A row of the table, read."""
    answer = row["answer"]
    return Command(
        **{
            **row,
            "arguments": exact_json.loads(row["arguments"]),
            "answer": None if answer is None else exact_json.loads(answer),
        }
    )


def listing(engine: sa.Engine, station_id: str | None = None, most: int = 100) -> list[Command]:
    """The newest commands first, of one station or of all; `most` at most."""
    rows = table("remote", "commands")
    query = sa.select(rows).order_by(rows.c.asked_at.desc(), rows.c.command_id).limit(most)
    if station_id is not None:
        query = query.where(rows.c.station_id == station_id)
    with engine.connect() as connection:
        return [of_row(row) for row in connection.execute(query).mappings()]


def withdraw(connection: sa.Connection, command_id: str, now: datetime) -> bool:
    """Take a command back that was not sent yet; False where it is too late."""
    rows = table("remote", "commands")
    waits = sa.and_(rows.c.command_id == command_id, rows.c.state == "waiting")
    reason = "Whoever asked for it took it back before it was sent."
    ended = {"state": "withdrawn", "ended_at": now, "reason": reason}
    return connection.execute(sa.update(rows).where(waits).values(ended)).rowcount == 1


def is_overdue(command: Command, now: datetime) -> bool:
    """Whether it is to be given up: nobody sent it in time, or the collector that did is gone."""
    if command.state == "waiting":
        return command.expires_at <= now
    return command.state == "sent" and command.sent_at is not None and command.sent_at <= now - LOST_AFTER


def give_up(engine: sa.Engine, now: datetime) -> None:
    """End all commands that are overdue."""
    rows = table("remote", "commands")
    not_sent = "It could not be sent in time: the station was not connected, or had other commands to carry out."
    lost = "The collector that sent it was stopped before the station answered."
    with engine.begin() as connection:
        for overdue, state, reason in (
            (sa.and_(rows.c.state == "waiting", rows.c.expires_at <= now), "expired", not_sent),
            (sa.and_(rows.c.state == "sent", rows.c.sent_at <= now - LOST_AFTER), "unanswered", lost),
        ):
            ended = {"state": state, "ended_at": now, "reason": reason}
            connection.execute(sa.update(rows).where(overdue).values(ended))


def wait(engine: sa.Engine, command_id: str, seconds: float) -> Command:
    """The command once it is over, or as it stands after `seconds`. Blocks: not for an event loop."""
    until = time.monotonic() + seconds
    while True:
        command = find(engine, command_id)
        if command is None:
            raise InputError(f"There is no command {command_id!r}.")
        if is_overdue(command, datetime.now(UTC)):
            give_up(engine, datetime.now(UTC))
            continue
        if command.is_over or time.monotonic() >= until:
            return command
        time.sleep(_LOOK_AGAIN_SECONDS)
