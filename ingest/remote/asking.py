"""Asking for sessions: who wants to charge is judged first, by the rules that hold at the station itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from ingest.access.asking import would_be_decided
from ingest.remote.token_kinds import kind_of
from warehouse.errors import InputError
from warehouse.registry.changes import Author
from warehouse.remote.commands import ask
from warehouse.state import table


class StartRefused(InputError):
    """The token may not charge there now. `status` and `reason` as in `raw.access_decisions`."""

    def __init__(self, id_token: str, station_id: str, status: str, reason: str) -> None:
        super().__init__(f"{id_token} may not charge at {station_id} now: {status}, {reason.replace('_', ' ')}.")
        self.id_token, self.station_id, self.status, self.reason = id_token, station_id, status, reason


def ask_start(
    engine: sa.Engine,
    station_id: str,
    id_token: str,
    author: Author,
    evse_id: int | None = None,
    *,
    force: bool = False,
    charging_profile: Mapping[str, Any] | None = None,
    command_id: str | None = None,
) -> str:
    """Ask `station_id` to begin a session for `id_token`; gives the command's id, made up where none is given.

    `evse_id`: EVSE (2.x) or connector (1.6); None: the station chooses, if it can. `charging_profile` as the
    station's OCPP version writes it. Raises `StartRefused` unless `force`, `InputError` for an unknown station.
    """
    token = presented(engine, id_token)
    if not force:
        check(engine, token, station_id)
    arguments = {**token._asdict(), "evse_id": evse_id, "charging_profile": charging_profile}
    given = {name: value for name, value in arguments.items() if value}
    return ask(engine, station_id, "start", given, author, command_id=command_id)


class Presented(NamedTuple):
    """A token as the registry has it: its spelling, kind (IdTokenEnumType) and group; None: not known."""

    id_token: str
    token_type: str | None = None
    token_group: str | None = None


def presented(engine: sa.Engine, id_token: str) -> Presented:
    """How a token is told to stations; one that nobody knows as it was typed."""
    rows = table("registry", "tokens")
    spelled = sa.or_(sa.func.lower(rows.c.id_token) == id_token.lower(), rows.c.id_token == id_token)
    with engine.connect() as connection:
        row = connection.execute(sa.select(rows).where(spelled)).mappings().first()
    if row is None:
        return Presented(id_token)
    return Presented(row["id_token"], kind_of(row["token_type"], row["ocpp_type"]), row["token_group"])


def refusal(engine: sa.Engine, id_token: str, station_id: str) -> str | None:
    """Why a token may not charge at a station now, as a reason of the decision table; None: it may."""
    try:
        check(engine, presented(engine, id_token), station_id)
    except StartRefused as refused:
        return refused.reason
    return None


def check(engine: sa.Engine, token: Presented, station_id: str) -> None:
    """Raises `StartRefused` where a token may not charge at a station now."""
    decision, _ = would_be_decided(engine, token.id_token, station_id, datetime.now(UTC), token.token_type)
    if decision.status != "Accepted":
        raise StartRefused(token.id_token, station_id, decision.status, decision.reason)
