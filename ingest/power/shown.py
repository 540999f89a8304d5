"""How a site's power is shared now, for people: the same values that the balancer reckons with."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingest.clock import microseconds
from ingest.power import sites
from ingest.power.plan import bound, unbound

if TYPE_CHECKING:
    import sqlalchemy as sa


def shown_sites(engine: sa.Engine, now: datetime, site_id: str | None = None) -> list[dict[str, Any]]:
    """Each limited site: `site_id`, `grid_limit_w`, `may_take_w`, and `evses`.

    An EVSE has `station_id, evse_id, rated_power_w, may_take_w, transaction_id` (None: no session) and a `remark`
    ("" or why no limit binds it).
    """
    us = microseconds(now.isoformat()) or 0
    with engine.connect() as connection:
        limited = sites.limited_sites(connection, lambda _station: True, now)
        standings, _ = sites.standings(connection)
    found = []
    for site in limited:
        if site_id is not None and site.site_id != site_id:
            continue
        takes = [bound(evse, standings) for evse in site.evses]
        evses = [
            {
                **evse.key._asdict(),
                "rated_power_w": evse.rated_power_w,
                "may_take_w": may_take_w,
                "transaction_id": evse.transaction_id,
                "remark": unbound(evse, standings, us),
            }
            for evse, may_take_w in zip(site.evses, takes, strict=True)
        ]
        found.append({"site_id": site.site_id, "grid_limit_w": site.limit_w, "may_take_w": sum(takes), "evses": evses})
    return found
