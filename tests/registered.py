"""A small registry for tests, written straight into the state database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from warehouse.settings import Settings
from warehouse.state import open_state, table

IN_SERVICE_FROM = datetime(2024, 3, 4, 0, 0, tzinfo=UTC)


def site(site_id: str, time_zone: str = "UTC") -> dict[str, Any]:
    return {
        "site_id": site_id, "operator_id": "op", "name": site_id, "time_zone": time_zone, "country_code": "DE",
        "currency": "EUR",
    }  # fmt: skip


def connector(station_id: str, *, rated_power_w: int = 11_000, **more: Any) -> dict[str, Any]:
    return {
        "station_id": station_id, "evse_id": 1, "connector_id": 1, "in_service_from": IN_SERVICE_FROM,
        "in_service_to": None, "rated_power_w": rated_power_w, "power_type": "AC_3_PHASE",
    } | more  # fmt: skip


def register(settings: Settings, **rows: list[dict[str, Any]]) -> None:
    """Insert rows by table, e.g. `register(settings, sites=[site("s")])`."""
    engine = open_state(settings)
    with engine.begin() as connection:
        for name, values in rows.items():
            connection.execute(table("registry", name).insert(), values)
    engine.dispose()


def register_stations(settings: Settings, stations: dict[str, str], zones: dict[str, str] | None = None) -> None:
    """Stations by site, each with one connector in service since IN_SERVICE_FROM."""
    zones = zones or {}
    register(
        settings,
        sites=[site(name, zones.get(name, "UTC")) for name in sorted(set(stations.values()))],
        stations=[{"station_id": station, "site_id": name} for station, name in stations.items()],
        connectors=[connector(station) for station in stations],
    )
