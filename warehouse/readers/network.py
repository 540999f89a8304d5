"""What there is: sites, how far the data reach, which snapshot they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def snapshot(lake: Lake) -> int:
    """The lake's newest snapshot: pages name it, and their caches are keyed by it."""
    return mark(lake)[0]


def mark(lake: Lake) -> tuple[int, int]:
    """The newest snapshot and the number of decisions on sessions: figures of the same mark are the same."""
    return frame(lake, "snapshot").row(0)


def sites(lake: Lake) -> pl.DataFrame:
    """`site_id, name, time_zone, currency` of every site that the registry or the data know, by name."""
    return frame(lake, "sites")


def extent(lake: Lake) -> pl.DataFrame:
    """One row: `first_date, last_date` (local days), `newest_at`, `sessions, replayed_sessions, real_sessions`.

    `newest_at` is when the newest frame of a session was received: the pages' now. `real_sessions`: those
    replayed at sites whose registry note tells of real sessions. All NULL or 0 in an empty warehouse.
    """
    return frame(lake, "extent")
