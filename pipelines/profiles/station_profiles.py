"""Stage `station_profiles`: what the sessions of each model and firmware teach.

Learned are facts about many sessions, for people to read and to overrule (`registry.station_profiles`); a session's own
readings decide its energy.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import core, stations
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent
# Below this many pairs of sessions nothing is said of how registers behave: one reset proves no habit.
LEAST_PAIRS = 3
# Share of the pairs that must agree; the rest are the stations' bad days.
AGREEING = 0.95
# A register that begins anew has counted no more than a short test since.
ANEW_WH = 1_000


def compute(lake: Lake, window: Window) -> list[Replacement]:  # noqa: ARG001 (the views hold the window)
    """Learn the touched models anew from all their sessions."""
    for step in ("touched_profiles", "profiled_sessions"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    temp_table(lake, "register_habits", sql(HERE / "register_habits.sql"), {"anew_wh": ANEW_WH})
    numbers: dict[str, object] = {"least_pairs": LEAST_PAIRS, "agreeing": AGREEING}
    temp_table(lake, "station_profile_rows", sql(HERE / "station_profiles.sql"), numbers)
    touched = "(vendor, model, firmware) IN (SELECT (vendor, model, firmware) FROM touched_profiles)"
    return [Replacement(stations.STATION_PROFILES, "station_profile_rows", touched)]


STAGE = Stage("station_profiles", (core.SESSIONS, stations.BOOTS), (stations.STATION_PROFILES,), compute)
