"""Which stations are to know by themselves who may charge: rows of `remote.local_lists`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from warehouse.errors import InputError
from warehouse.registry.changes import Author
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class LocalList:
    """A row of `remote.local_lists`."""

    station_id: str
    enabled: bool
    list_version: int
    content_hash: str | None
    tokens: int
    in_step_at: datetime | None
    reason: str | None
    cache_cleared_through: int
    set_at: datetime
    set_by: str


def switch(engine: sa.Engine, station_ids: Sequence[str], enabled: bool, author: Author) -> None:
    """Have the lists of these stations kept in step from now on, or emptied. All or none.

    Raises `InputError` where the registry does not know one.
    """
    rows, stations = table("remote", "local_lists"), table("registry", "stations")
    with engine.begin() as connection:
        known = set(connection.scalars(sa.select(stations.c.station_id).where(stations.c.station_id.in_(station_ids))))
        unknown = [name for name in station_ids if name not in known]
        if unknown:
            raise InputError(f"The registry does not know {', '.join(unknown)}.")
        there = set(connection.scalars(sa.select(rows.c.station_id).where(rows.c.station_id.in_(station_ids))))
        switched = {"enabled": enabled, "set_at": datetime.now(UTC), "set_by": author.name}
        connection.execute(sa.update(rows).where(rows.c.station_id.in_(there)).values(switched))
        new = {"list_version": 0, "tokens": 0, "cache_cleared_through": 0, **switched}
        added = [{"station_id": name, **new} for name in dict.fromkeys(station_ids) if name not in there]
        if added:
            connection.execute(sa.insert(rows), added)


def lists(engine: sa.Engine, station_id: str | None = None) -> list[LocalList]:
    """All rows, or that of one station if it has one."""
    rows = table("remote", "local_lists")
    query = sa.select(rows).order_by(rows.c.station_id)
    if station_id is not None:
        query = query.where(rows.c.station_id == station_id)
    with engine.connect() as connection:
        return [LocalList(**row) for row in connection.execute(query).mappings()]


def update(engine: sa.Engine, station_id: str, values: dict[str, object]) -> None:
    """Set columns of a station's row, if it has one."""
    rows = table("remote", "local_lists")
    with engine.begin() as connection:
        connection.execute(sa.update(rows).where(rows.c.station_id == station_id).values(values))
