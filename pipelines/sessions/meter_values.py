"""Stage `core.meter_values`: every sampled value in its canonical unit."""

from __future__ import annotations

from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_view
from warehouse.contract import core, raw
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent


def compute(lake: Lake, window: Window) -> list[Replacement]:  # noqa: ARG001 (the views hold the window)
    """Read the samples of the new frames. Append-only: a frame never changes."""
    temp_view(lake, "meter_value_rows", sql(HERE / "meter_values.sql"))
    return [Replacement(core.METER_VALUES, "meter_value_rows", touched=None)]


STAGE = Stage("meter_values", (raw.MESSAGES,), (core.METER_VALUES,), compute)
