"""The limits that stations were told, as `remote.power_limits` keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ingest.clock import instant, microseconds
from ingest.power.plan import EvseKey, Purpose, Standing, Standings
from warehouse.remote.commands import Command

if TYPE_CHECKING:
    import sqlalchemy as sa

LimitKey = tuple[EvseKey, Purpose]

# What refuses has no smart charging, or not now; what was not reached or did not answer is tried again sooner.
_RETRY_AFTER_SECONDS: Final[Mapping[str, int]] = {"rejected": 600, "failed": 600, "expired": 10, "unanswered": 60}
_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """One limit: what is known of it, the newest command about it, when the station accepted it.

    `taken_back`: the station is to forget it; `command_id` is then of that command, None before it was asked.
    """

    standing: Standing
    command_id: str | None = None
    told_at: datetime | None = None
    taken_back: bool = False


def settled(told: Told, command: Command | None, now: int) -> Told | None:
    """What is known once the newest command is over (`command` None: there is none); None: it is forgotten."""
    if command is not None and not command.is_over:
        return told
    state = "expired" if command is None else command.state
    retry_at = now + _RETRY_AFTER_SECONDS.get(state, 0) * _SECOND
    if told.taken_back:
        # Rejected: the station has no such profile (1.6 section 7.15, 2.0.1 ClearChargingProfileStatusEnumType).
        if state in ("accepted", "rejected"):
            return None
        return replace(told, command_id=None, standing=replace(told.standing, retry_at=retry_at))
    if state == "accepted":
        return Told(told.standing.accepted(), told_at=None if command is None else command.ended_at)
    gone = told.standing.lost(retry_at) if state == "unanswered" else told.standing.refused(retry_at)
    return replace(told, command_id=None, standing=gone)


def doubted(told: Told, connected_at: datetime | None) -> Told:
    """A connection that began after a limit was accepted may be of a station that was reset, or exchanged.

    Whether it still knows the limit is not known: it counts as unbound until it has accepted it anew.
    """
    is_newer = connected_at is not None and told.told_at is not None and told.told_at < connected_at
    if not is_newer or told.taken_back or told.command_id is not None:
        return told
    return Told(Standing(transaction_id=told.standing.transaction_id))


def standings(limits: Mapping[LimitKey, Told]) -> Standings:
    """What the plan reckons with; a limit that is being taken back still may hold."""
    return {key: told.standing for key, told in limits.items()}


def read_limits(connection: sa.Connection) -> dict[LimitKey, Told]:
    """All limits."""
    import sqlalchemy as sa

    from warehouse.state import table

    return {
        (EvseKey(row["station_id"], row["evse_id"]), row["purpose"]): Told(
            Standing(
                row["limit_w"],
                row["asked_w"],
                row["unsure_w"],
                row["transaction_id"],
                0 if row["retry_at"] is None else microseconds(row["retry_at"].isoformat()) or 0,
            ),
            row["command_id"],
            row["told_at"],
            bool(row["taken_back"]),
        )
        for row in connection.execute(sa.select(table("remote", "power_limits"))).mappings()
    }


def keep_limits(connection: sa.Connection, before: Mapping[LimitKey, Told], after: Mapping[LimitKey, Told]) -> None:
    """Write what has changed."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("remote", "power_limits")
    for (key, purpose), told in before.items():
        if after.get((key, purpose)) != told:
            this = (rows.c.station_id == key.station_id, rows.c.evse_id == key.evse_id, rows.c.purpose == purpose)
            connection.execute(sa.delete(rows).where(*this))
    for (key, purpose), told in after.items():
        if before.get((key, purpose)) != told:
            standing = told.standing
            row = {
                **key._asdict(),
                "purpose": purpose,
                "transaction_id": standing.transaction_id,
                "limit_w": standing.limit_w,
                "asked_w": standing.asked_w,
                "unsure_w": standing.unsure_w,
                "retry_at": instant(standing.retry_at) if standing.retry_at else None,
                "told_at": told.told_at,
                "taken_back": told.taken_back,
                "command_id": told.command_id,
            }
            connection.execute(sa.insert(rows), row)
