"""Ask a station to do something, and see what became of it.

Asking only writes a row: the collector that holds the station's connection takes it up within a second
(`ingest/remote/`). A command that nobody could send until it expires is never sent.
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
    if kind not in KINDS:
        raise InputError(f"There is no command {kind!r}; there are {', '.join(KINDS)}.")
    asked_at = now or datetime.now(UTC)
    command_id = command_id or uuid.uuid4().hex
    stations, rows = table("registry", "stations"), table("remote", "commands")
    with engine.begin() as connection:
        if (
            connection.execute(sa.select(stations.c.station_id).where(stations.c.station_id == station_id)).first()
            is None
        ):
            raise InputError(
                f"There is no station {station_id!r} in the registry. `kwhouse station waiting` shows who has knocked."
            )
        connection.execute(
            sa.insert(rows),
            {
                "command_id": command_id,
                "station_id": station_id,
                "kind": kind,
                "arguments": exact_json.dumps(dict(arguments)),
                "asked_at": asked_at,
                "expires_at": asked_at + timedelta(seconds=expires_after_seconds),
                "asked_by": author.name,
                "source": author.source,
                "state": "waiting",
            },
        )
    return command_id


def find(engine: sa.Engine, command_id: str) -> Command | None:
    """The command as it stands; None where there is none."""
    rows = table("remote", "commands")
    with engine.connect() as connection:
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


def wait(engine: sa.Engine, command_id: str, seconds: float) -> Command:
    """The command once it is over, or as it stands after `seconds`. Blocks: not for an event loop."""
    until = time.monotonic() + seconds
    while True:
        command = find(engine, command_id)
        if command is None:
            raise InputError(f"There is no command {command_id!r}.")
        if command.is_over or time.monotonic() >= until:
            return command
        time.sleep(_LOOK_AGAIN_SECONDS)
