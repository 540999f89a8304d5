"""Stage `boots`: what each station says it is, from its BootNotifications."""

from __future__ import annotations

from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import raw, stations
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent


def compute(lake: Lake, window: Window) -> list[Replacement]:  # noqa: ARG001 (the views hold the window)
    """Read the new BootNotifications. Append-only: a frame never changes."""
    temp_table(lake, "boot_rows", sql(HERE / "boots.sql"))
    return [Replacement(stations.BOOTS, "boot_rows", touched=None)]


STAGE = Stage("boots", (raw.MESSAGES,), (stations.BOOTS,), compute)
