"""How far the data can be trusted: faults found, texts refused, stations that nobody has declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def grades(lake: Lake) -> pl.DataFrame:
    """`grade, sessions, energy_kwh` of all sessions."""
    return frame(lake, "grades")


def faults(lake: Lake) -> pl.DataFrame:
    """`kind, faults, stations, sessions, first_seen_at, last_seen_at`, the most frequent first."""
    return frame(lake, "faults")


def rejected(lake: Lake) -> pl.DataFrame:
    """`reason, texts, stations, last_received_at` of texts that are not OCPP frames."""
    return frame(lake, "rejected")


def unregistered_stations(lake: Lake) -> int:
    """How many stations of sessions the registry does not know."""
    return int(frame(lake, "unregistered_stations").item())
