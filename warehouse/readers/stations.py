"""Stations: what they say of themselves beside the registry, which are connected, what their models have taught."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from warehouse.errors import StationUnknown
from warehouse.readers.query import frame
from warehouse.remote.online import alive_since
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl

_FIGURES = (
    "stations", "sessions", "register_behaviour", "clock_offset_seconds", "sampling_seconds", "unit_mismatches",
    "energy_factor", "token_pattern",
)  # fmt: skip


# What a difference means, for people.
DIFFERENCES = {
    "vendor": "the vendor is another",
    "model": "the model is another",
    "serial_number": "the serial number is another: a station put in its place?",
    "firmware": "the firmware is another",
    "number_of_connectors": "it has another number of connectors",
    "greatest_power_w": "the EVSE's greatest power is another (W)",
    "connector_type": "the connector is of another standard",
    "connector_not_registered": "the registry lacks this connector",
    "connector_never_heard": "the station has never named this connector",
}


def told(lake: Lake) -> pl.DataFrame:
    """One row a station: `station_id, site_id, site, registered`, what it says of itself, and `heard_at`.

    `vendor, model, serial_number, firmware, firmware_status, connectors` are the station's own words; NULL: none.
    """
    return frame(lake, "stations_told")


def differences(lake: Lake, station_id: str | None = None) -> pl.DataFrame:
    """Where stations of the registry and the registry disagree: one row a difference, as in `DIFFERENCES`.

    `station_id, site_id, evse_id, connector_id` (NULL: the whole), `difference, reported, registered`, and the frame
    that says it: `reported_at, action, collector_id, seq`; NULL where it is silence that tells. Powers in W.
    Raises `StationUnknown` where the registry does not know `station_id`.
    """
    rows = frame(lake, "station_differences", station_id=station_id)
    if station_id is not None and rows.is_empty() and not frame(lake, "station_is_known", station_id=station_id).item():
        raise StationUnknown(station_id)
    return rows


def sentences(rows: pl.DataFrame) -> list[str]:
    """`differences` for people: one line each."""
    return [_sentence(row) for row in rows.iter_rows(named=True)]


def _sentence(row: dict[str, Any]) -> str:
    where = [f"{kind} {row[name]}" for kind, name in (("EVSE", "evse_id"), ("connector", "connector_id")) if row[name]]
    said = [f"{name}: {row[name]}" for name in ("reported", "registered") if row[name] is not None]
    return f"{' '.join([row['station_id'], *where])}: {DIFFERENCES[row['difference']]} ({', '.join(said)})"


def standing(told: pl.DataFrame, differences: pl.DataFrame, online: pl.DataFrame) -> pl.DataFrame:
    """`told` with `online_since, ocpp_version, certificate_ends_at` (NULL: not connected) and how many `differences`.

    The arguments are what the readers of these names give.
    """
    import polars as pl

    counts = differences.group_by("station_id").agg(differences=pl.len())
    connected = online.select("station_id", "ocpp_version", "certificate_ends_at", online_since=pl.col("connected_at"))
    rows = told.join(connected, on="station_id", how="left").join(counts, on="station_id", how="left")
    return rows.with_columns(pl.col("differences").fill_null(0)).sort("station_id")


def online(lake: Lake, now: datetime) -> pl.DataFrame:
    """`station_id, collector_id, ocpp_version, connected_at, certificate_ends_at` of stations connected at `now`."""
    return frame(lake, "stations_online", heard_since=alive_since(now))


def waiting(lake: Lake) -> pl.DataFrame:
    """`station_id, first_at, last_at, knocks, remote_address` of stations that wait for a person to accept them."""
    return frame(lake, "stations_waiting")


def profiles(lake: Lake) -> pl.DataFrame:
    """One row a vendor, model and firmware: learned figures, and beside them the operator's (`own_…`).

    `own_firmware` says which row of `registry.station_profiles` holds, `*` for every firmware of the model; NULL where
    none does. Rows that the operator declared and no station has booted with have no learned figures.
    """
    return frame(lake, "station_profiles")


def side_by_side(rows: pl.DataFrame) -> pl.DataFrame:
    """The same as a narrow table for people: one row a figure, what was learned beside what the operator says."""
    import polars as pl

    told = [
        {
            "vendor": row["vendor"],
            "model": row["model"],
            "firmware": row["firmware"],
            "figure": figure,
            "learned": _text(row.get(figure)),
            "operator": _text(row.get(f"own_{figure}")),
        }
        for row in rows.iter_rows(named=True)
        for figure in _FIGURES
        if row.get(figure) is not None or row.get(f"own_{figure}") is not None
    ]
    names = ("vendor", "model", "firmware", "figure", "learned", "operator")
    return pl.DataFrame(told, schema=dict.fromkeys(names, pl.String))


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
