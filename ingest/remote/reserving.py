"""Reserving an EVSE for a token, once the rules of access let it charge there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ingest.remote.asking import check, presented
from warehouse.remote import reservations

if TYPE_CHECKING:
    import sqlalchemy as sa

    from warehouse.registry.changes import Author
    from warehouse.remote.reservations import Reservation


def ask_reservation(
    engine: sa.Engine,
    station_id: str,
    evse_id: int | None,
    id_token: str,
    until: datetime,
    author: Author,
    *,
    force: bool = False,
    command_id: str | None = None,
) -> Reservation:
    """Ask a station to keep an EVSE (None: any of its own) until `until`.

    Raises `StartRefused` where the token may not charge there now, unless `force`; `InputError` as `reserve` does.
    """
    now = datetime.now(UTC)
    token = presented(engine, id_token)
    if not force:
        check(engine, token, station_id)
    return reservations.reserve(
        engine,
        station_id,
        evse_id,
        token.id_token,
        until,
        author,
        token_type=token.token_type,
        token_group=token.token_group,
        now=now,
        command_id=command_id,
    )
