"""Which of the stations of an import the registry knows."""

from __future__ import annotations

from collections.abc import Iterable

from warehouse.settings import Settings


def unregistered_stations(settings: Settings, stations: Iterable[str]) -> list[str]:
    """Those that are not in `registry.stations`, in order of their names."""
    return sorted(set(stations) - registered(settings, "stations", "station_id"))


def registered(settings: Settings, name: str, key: str) -> set[str]:
    """The keys of a registry table."""
    import sqlalchemy as sa

    from warehouse.state import open_state, table

    settings.home.mkdir(parents=True, exist_ok=True)
    engine = open_state(settings)
    try:
        with engine.connect() as connection:
            return set(connection.scalars(sa.select(table("registry", name).c[key])))
    finally:
        engine.dispose()
