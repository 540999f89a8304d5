"""What the state database says of sites with a grid limit: their EVSEs, and what goes on there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ingest.clock import microseconds
from ingest.power.plan import Evse, EvseKey

if TYPE_CHECKING:
    import sqlalchemy as sa

# As long as a start is remembered that never ended (`access.active`): one of a replayed past binds no power of today.
_FORGOTTEN_AFTER: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Limited:
    """A site whose power is limited, and its EVSEs in service."""

    site_id: str
    limit_w: int
    evses: tuple[Evse, ...]


def any_limited(connection: sa.Connection) -> bool:
    """Whether the registry limits any site."""
    import sqlalchemy as sa

    from warehouse.state import table

    limit = table("registry", "sites").c.grid_limit_w
    return connection.execute(sa.select(limit).where(limit.is_not(None)).limit(1)).first() is not None


def limited_sites(connection: sa.Connection, online: Callable[[str], bool], now: datetime) -> list[Limited]:
    """The sites of the registry with `grid_limit_w`, in order; `online`: whether a station can be told anything."""
    import sqlalchemy as sa

    from warehouse.state import table

    sites, stations, connectors = (table("registry", name) for name in ("sites", "stations", "connectors"))
    in_service = sa.and_(
        connectors.c.in_service_from <= now,
        sa.or_(connectors.c.in_service_to.is_(None), connectors.c.in_service_to > now),
    )
    query = (
        sa.select(
            sites.c.site_id,
            sites.c.grid_limit_w,
            connectors.c.station_id,
            connectors.c.evse_id,
            connectors.c.rated_power_w,
            connectors.c.power_type,
        )
        .join(stations, stations.c.site_id == sites.c.site_id)
        .join(connectors, connectors.c.station_id == stations.c.station_id)
        .where(sites.c.grid_limit_w.is_not(None), in_service)
        # The strongest connector of an EVSE is the one to reckon with.
        .order_by(sites.c.site_id, connectors.c.station_id, connectors.c.evse_id, connectors.c.rated_power_w)
    )
    limits: dict[str, int] = {}
    found: dict[str, dict[EvseKey, Evse]] = defaultdict(dict)
    rows = connection.execute(query).all()
    going_on = _going_on(connection, now) if rows else {}
    for site_id, limit_w, station_id, evse_id, rated_power_w, power_type in rows:
        key = EvseKey(station_id, evse_id)
        transaction, started_at = going_on.get(key, (None, 0))
        limits[site_id] = limit_w
        found[site_id][key] = Evse(key, rated_power_w, power_type, online(station_id), transaction, started_at)
    return [Limited(site_id, limits[site_id], tuple(evses.values())) for site_id, evses in found.items()]


def _going_on(connection: sa.Connection, now: datetime) -> dict[EvseKey, tuple[str, int]]:
    """The newest transaction of each EVSE where one goes on, as the collectors tell each other."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("access", "transactions")
    query = (
        sa.select(rows.c.station_id, rows.c.evse_or_connector, rows.c.transaction_id, rows.c.started_at)
        .where(rows.c.started_at > now - _FORGOTTEN_AFTER)
        .order_by(rows.c.started_at)
    )
    return {
        EvseKey(station_id, int(place)): (transaction_id, microseconds(started_at.isoformat()) or 0)
        for station_id, place, transaction_id, started_at in connection.execute(query)
        if place.isdecimal()
    }
