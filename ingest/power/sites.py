"""What the state database says of sites with a grid limit: their EVSEs, what goes on there, and the limits told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ingest.clock import instant, microseconds
from ingest.power.plan import Evse, EvseKey, Standing

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


def standings(connection: sa.Connection) -> tuple[dict[tuple[EvseKey, Any], Standing], dict[str, tuple[EvseKey, Any]]]:
    """What is known of all limits; and, by command, those that are out for an answer."""
    import sqlalchemy as sa

    from warehouse.state import table

    found: dict[tuple[EvseKey, Any], Standing] = {}
    out: dict[str, tuple[EvseKey, Any]] = {}
    for row in connection.execute(sa.select(table("remote", "power_limits"))).mappings():
        key = (EvseKey(row["station_id"], row["evse_id"]), row["purpose"])
        retry_at = 0 if row["retry_at"] is None else microseconds(row["retry_at"].isoformat()) or 0
        found[key] = Standing(row["limit_w"], row["asked_w"], row["unsure_w"], row["transaction_id"], retry_at)
        if row["asked_w"] is not None and row["command_id"] is not None:
            out[row["command_id"]] = key
    return found, out


def keep(connection: sa.Connection, changed: Mapping[tuple[EvseKey, Any], tuple[Standing, str]]) -> None:
    """Write standings, each with the command that it stems from."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("remote", "power_limits")
    for (key, purpose), (standing, command_id) in changed.items():
        this = sa.and_(rows.c.station_id == key.station_id, rows.c.evse_id == key.evse_id, rows.c.purpose == purpose)
        connection.execute(sa.delete(rows).where(this))
        connection.execute(
            sa.insert(rows),
            {
                **key._asdict(),
                "purpose": purpose,
                "transaction_id": standing.transaction_id,
                "limit_w": standing.limit_w,
                "asked_w": standing.asked_w,
                "unsure_w": standing.unsure_w,
                "retry_at": instant(standing.retry_at) if standing.retry_at else None,
                "command_id": command_id,
            },
        )
