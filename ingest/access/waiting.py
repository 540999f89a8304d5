"""Stations that knock and that the registry does not know: they wait for a person to say what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ingest.clock import instant

if TYPE_CHECKING:
    import sqlalchemy as sa

    from warehouse.registry.changes import Author

MOST: Final = 1_000  # names kept: who makes names up does not fill the table
LONGEST_NAME: Final = 48  # 2.0.1 part 2: an identity is an identifierString[48]


class Knock(NamedTuple):
    """How often a name was heard, when last (microseconds since 1970), and from where."""

    knocks: int
    last_at: int
    remote_address: str | None


def heard(knocks: dict[str, Knock], station_id: str, now: int, remote_address: str | None) -> None:
    """Count one knock in `knocks`."""
    before = knocks.get(station_id)
    if (before is None and len(knocks) >= MOST) or len(station_id) > LONGEST_NAME:
        return
    knocks[station_id] = Knock(1 if before is None else before.knocks + 1, now, remote_address)


def keep(engine: sa.Engine, knocks: Mapping[str, Knock]) -> None:
    """Add `knocks` to `access.waiting_stations`, up to `MOST` names in all."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows = table("access", "waiting_stations")
    with engine.begin() as connection:
        known = set(connection.scalars(sa.select(rows.c.station_id)))
        for station_id, knock in knocks.items():
            facts = {"last_at": instant(knock.last_at), "remote_address": knock.remote_address}
            if station_id in known:
                counted = {"knocks": rows.c.knocks + knock.knocks, **facts}
                connection.execute(sa.update(rows).where(rows.c.station_id == station_id).values(counted))
            elif len(known) < MOST:
                known.add(station_id)
                new = {"station_id": station_id, "first_at": instant(knock.last_at), "knocks": knock.knocks, **facts}
                connection.execute(sa.insert(rows), new)


def listing(engine: sa.Engine) -> list[dict[str, Any]]:
    """Rows of `access.waiting_stations`, the newest knock first."""
    import sqlalchemy as sa

    from warehouse.state import table

    rows, stations = table("access", "waiting_stations"), table("registry", "stations")
    # A collector may tell of a knock after its station was taken in.
    waiting = sa.select(rows).where(rows.c.station_id.not_in(sa.select(stations.c.station_id)))
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(waiting.order_by(rows.c.last_at.desc())).mappings()]


def accepted(engine: sa.Engine, station_id: str, site_id: str, name: str | None, author: Author) -> dict[str, Any]:
    """Take a station into the registry; it waits no longer. Raises `RowRefused`."""
    import sqlalchemy as sa

    from warehouse.registry.editing import add_row
    from warehouse.state import table

    edited = add_row(engine, "stations", {"station_id": station_id, "site_id": site_id, "name": name}, author)
    rows = table("access", "waiting_stations")
    with engine.begin() as connection:
        connection.execute(sa.delete(rows).where(rows.c.station_id == station_id))
    return dict(edited.after or {})
