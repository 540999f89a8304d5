"""Which stations are connected, as collectors say it in the state database.

A collector writes what has changed every few seconds, and each time that it still runs; what it said before counts
no more once it has been silent for `SILENT_SECONDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from warehouse.state import table

SILENT_SECONDS: Final = 15.0  # several rounds of a collector: a slow disk is no death
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Connected:
    """One station's connection. `certificate_ends_at`: of its client certificate; None: it showed none."""

    station_id: str
    ocpp_version: str
    connected_at: datetime
    remote_address: str | None = None
    certificate_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held(Connected):
    """A connection, and which collector holds it."""

    collector_id: str = ""


def alive_since(now: datetime) -> datetime:
    """Collectors heard since then run at `now`."""
    return now - timedelta(seconds=SILENT_SECONDS)


def begin(engine: sa.Engine, collector_id: str, now: datetime) -> None:
    """The collector runs, and holds no station yet: whatever it held before is gone."""
    end(engine, collector_id)
    tell(engine, collector_id, (), (), now)


def tell(engine: sa.Engine, collector_id: str, came: Sequence[Connected], gone: Sequence[str], now: datetime) -> None:
    """The collector still runs; stations that `came` (or came anew) are connected to it, those `gone` are not."""
    collectors, rows = table("access", "collectors"), table("access", "online_stations")
    with engine.begin() as connection:
        heard = sa.update(collectors).where(collectors.c.collector_id == collector_id).values(heard_at=now)
        if connection.execute(heard).rowcount == 0:
            connection.execute(sa.insert(collectors), {"collector_id": collector_id, "heard_at": now})
        for names in _parts([*gone, *(station.station_id for station in came)]):
            own = sa.and_(rows.c.collector_id == collector_id, rows.c.station_id.in_(names))
            connection.execute(sa.delete(rows).where(own))
        if came:
            connection.execute(sa.insert(rows), [{**asdict(station), "collector_id": collector_id} for station in came])


def end(engine: sa.Engine, collector_id: str) -> None:
    """The collector runs no more."""
    with engine.begin() as connection:
        for name in ("online_stations", "collectors"):
            rows = table("access", name)
            connection.execute(sa.delete(rows).where(rows.c.collector_id == collector_id))


def stations_online(engine: sa.Engine, now: datetime, station_ids: Iterable[str] | None = None) -> dict[str, Held]:
    """Stations connected at `now`, by identity; `station_ids`: only these. Of several collectors the newest counts."""
    collectors, rows = table("access", "collectors"), table("access", "online_stations")
    query = (
        sa.select(rows)
        .join(collectors, collectors.c.collector_id == rows.c.collector_id)
        .where(collectors.c.heard_at >= alive_since(now))
        .order_by(rows.c.connected_at, rows.c.collector_id)
    )
    wanted = [None] if station_ids is None else list(_parts(list(station_ids)))
    with engine.connect() as connection:
        return {
            row["station_id"]: Held(**row)
            for names in wanted
            for row in connection.execute(
                query if names is None else query.where(rows.c.station_id.in_(names))
            ).mappings()
        }


def _parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[begin : begin + _AT_ONCE] for begin in range(0, len(names), _AT_ONCE))
