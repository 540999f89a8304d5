"""Reservations of EVSEs for a token: asked of the station, which keeps them (1.6 section 3.11, 2.0.1 part 2, H)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from warehouse.errors import InputError
from warehouse.registry import changes
from warehouse.registry.changes import Author
from warehouse.remote import commands
from warehouse.state import table

_COLUMNS = ("reservation_id", "station_id", "evse_id", "id_token", "expires_at", "command_id")

_NEVER_KEPT: Final = ("rejected", "failed", "expired", "withdrawn")


@dataclass(frozen=True, slots=True)
class Reservation:
    """A row of `remote.reservations`, with what became of it.

    `state`: asked, kept, refused (or never reached), cancelled, over.
    """

    reservation_id: int
    station_id: str
    evse_id: int | None
    id_token: str
    expires_at: datetime
    command_id: str
    state: str
    reason: str | None = None


def reserve(
    engine: sa.Engine,
    station_id: str,
    evse_id: int | None,
    id_token: str,
    expires_at: datetime,
    author: Author,
    *,
    token_type: str | None = None,
    token_group: str | None = None,
    now: datetime | None = None,
    command_id: str | None = None,
) -> Reservation:
    """Ask `station_id` to keep an EVSE (None: any) for `id_token` until `expires_at`; `command_id`: as in `ask`.

    Raises `InputError` for a time that has passed and for a station that nobody knows.
    """
    asked_at = now or datetime.now(UTC)
    if expires_at <= asked_at:
        raise InputError(f"A reservation until {expires_at.isoformat()} is over already; give a later time.")
    rows = table("remote", "reservations")
    with engine.begin() as connection:
        changes.lock(connection)  # one number, one reservation
        number = (connection.execute(sa.select(sa.func.max(rows.c.reservation_id))).scalar() or 0) + 1
        arguments = {
            "reservation_id": number,
            "evse_id": evse_id,
            "id_token": id_token,
            "token_type": token_type,
            "token_group": token_group,
            "expires_at": expires_at.astimezone(UTC).isoformat(),
        }
        command_id = commands.enter(
            connection, station_id, "reserve", arguments, author, now=asked_at, command_id=command_id
        )
        connection.execute(
            sa.insert(rows),
            {
                "reservation_id": number,
                "station_id": station_id,
                "evse_id": evse_id,
                "id_token": id_token,
                "expires_at": expires_at,
                "command_id": command_id,
            },
        )
    return Reservation(number, station_id, evse_id, id_token, expires_at, command_id, "asked")


def cancel(engine: sa.Engine, reservation_id: int, author: Author, *, now: datetime | None = None) -> str:
    """Ask its station to give up a reservation; gives the command's id. Raises `InputError` where there is none.

    Once it is given up, or asked for, that command stands: a station refuses what it does not keep any more.
    """
    rows = table("remote", "reservations")
    this = rows.c.reservation_id == reservation_id
    with engine.begin() as connection:
        changes.lock(connection)  # two that give it up at once ask once
        columns = (rows.c.station_id, rows.c.command_id, rows.c.cancel_command_id)
        row = connection.execute(sa.select(*columns).where(this)).first()
        if row is None:
            raise InputError(f"There is no reservation {reservation_id}. `kwhouse station reservations` lists them.")
        station_id, asked_id, before_id = row
        asked = commands.read(connection, asked_id)
        if asked is not None and asked.state in _NEVER_KEPT:
            told = "; ".join(filter(None, (asked.state, asked.reason)))
            raise InputError(f"Reservation {reservation_id} was never kept ({told}): there is nothing to give up.")
        before = None if before_id is None else commands.read(connection, before_id)
        if before is not None and (before.state == "accepted" or not before.is_over):
            return before.command_id
        arguments = {"reservation_id": reservation_id}
        command_id = commands.enter(connection, station_id, "cancel_reservation", arguments, author, now=now)
        connection.execute(sa.update(rows).where(this).values(cancel_command_id=command_id))
    return command_id


def listing(engine: sa.Engine, now: datetime, station_id: str | None = None, most: int = 100) -> list[Reservation]:
    """The newest reservations first, with their states at `now`."""
    rows = table("remote", "reservations")
    query = _with_commands().order_by(rows.c.reservation_id.desc()).limit(most)
    if station_id is not None:
        query = query.where(rows.c.station_id == station_id)
    with engine.connect() as connection:
        return [_of_row(row, now) for row in connection.execute(query)]


def asked_by_command(engine: sa.Engine, command_id: str, now: datetime) -> Reservation:
    """The reservation that a command asks for, with its state at `now`. Raises `InputError` where there is none."""
    query = _with_commands().where(table("remote", "reservations").c.command_id == command_id)
    with engine.connect() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise InputError(f"Command {command_id} asks for no reservation.")
    return _of_row(row, now)


def _with_commands() -> sa.Select[Any]:
    rows, sent = table("remote", "reservations"), table("remote", "commands")
    asked, cancelled = sent.alias("asked"), sent.alias("cancelled")
    return (
        sa.select(
            *(rows.c[name] for name in _COLUMNS),
            asked.c.state.label("asked_state"),
            asked.c.reason,
            cancelled.c.state.label("cancelled_state"),
        )
        .join(asked, asked.c.command_id == rows.c.command_id)
        .outerjoin(cancelled, cancelled.c.command_id == rows.c.cancel_command_id)
    )


def _of_row(row: Any, now: datetime) -> Reservation:
    facts = {name: getattr(row, name) for name in _COLUMNS}
    state = _state(row.asked_state, row.cancelled_state, row.expires_at, now)
    return Reservation(**facts, state=state, reason=row.reason)


def _state(asked: str, cancelled: str | None, expires_at: datetime, now: datetime) -> str:
    if asked in ("waiting", "sent"):
        return "asked"
    if asked != "accepted":
        return "refused"
    if cancelled == "accepted":
        return "cancelled"
    return "kept" if expires_at > now else "over"
