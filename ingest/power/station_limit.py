"""A limit of a whole station, set by a person: it holds beside the shares of its site, and the lower one counts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ingest.power.plan import PHASES, amperes
from warehouse.errors import InputError
from warehouse.remote import commands

if TYPE_CHECKING:
    import sqlalchemy as sa

    from warehouse.registry.changes import Author

_PROFILE_ID: Final = 1  # those of EVSEs begin at 11
_STACK_LEVEL: Final = 1


class NoConnectors(InputError):
    """A station without connectors: in which unit it is limited could only be guessed."""

    def __init__(self, station_id: str) -> None:
        super().__init__(f"The registry knows no connectors of {station_id}: declare them (`kwhouse registry apply`).")
        self.station_id = station_id


def set_limit(engine: sa.Engine, station_id: str, limit_w: int, author: Author) -> str:
    """Ask a station to take `limit_w` at most; gives the command's id.

    Raises `NoConnectors`, which an unknown station has none of.
    """
    phases = _phases(engine, station_id)
    arguments: dict[str, Any] = {
        "profile_id": _PROFILE_ID,
        "stack_level": _STACK_LEVEL,
        "purpose": "StationMaxProfile",
        "evse_id": 0,
        "unit": "W" if phases is None else "A",
        "limit": limit_w if phases is None else Decimal(amperes(limit_w, phases)),
        "phases": phases,
        "starts_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    return commands.ask(engine, station_id, "set_charging_profile", arguments, author)


def clear_limit(engine: sa.Engine, station_id: str, author: Author) -> str:
    """Ask a station to forget that limit; gives the command's id."""
    return commands.ask(engine, station_id, "clear_charging_profile", {"profile_id": _PROFILE_ID}, author)


def _phases(engine: sa.Engine, station_id: str) -> int | None:
    """Phases that all its connectors have; None: direct current is among them, or they differ.

    Raises `NoConnectors`.
    """
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("registry", "connectors")
    query = sa.select(rows.c.power_type).where(rows.c.station_id == station_id).distinct()
    with engine.connect() as connection:
        found = {PHASES.get(kind) for kind in connection.scalars(query)}
    if not found:
        raise NoConnectors(station_id)
    return found.pop() if len(found) == 1 else None
