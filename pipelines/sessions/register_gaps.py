"""Stage `register_gaps`: energy that flowed between two sessions, which is never given to the next driver.

A connector of which a session changed is looked at anew as a whole.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import core, ops
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent


def compute(lake: Lake, window: Window) -> list[Replacement]:  # noqa: ARG001 (the views hold the window)
    """Find the gaps of the touched connectors anew."""
    temp_table(
        lake,
        "gap_connectors",
        "SELECT DISTINCT station_id, evse_id FROM changed_sessions WHERE evse_id IS NOT NULL",
    )
    temp_table(lake, "register_gap_rows", sql(HERE / "register_gaps.sql"))
    temp_table(lake, "register_gap_fault_rows", sql(HERE / "register_gap_faults.sql"))
    touched = "(station_id, evse_id) IN (SELECT (station_id, evse_id) FROM gap_connectors)"
    old_ids = "SELECT md5(concat_ws('|', 'register_gap', session_before, session_after)) AS fault_id"
    temp_table(lake, "replaced_gap_faults", f"{old_ids} FROM core.register_gaps WHERE {touched}")
    replaced = "fault_id IN (SELECT fault_id FROM replaced_gap_faults)"
    return [
        Replacement(ops.FAULTS, "register_gap_fault_rows", replaced, owned="kind = 'register_gap'"),
        Replacement(core.REGISTER_GAPS, "register_gap_rows", touched),
    ]


STAGE = Stage("register_gaps", (core.SESSIONS, core.EVENTS), (core.REGISTER_GAPS, ops.FAULTS), compute)
