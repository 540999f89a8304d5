"""Stage `core.connector_states`: what each connector was doing when, from what stations say and from connections.

News change nothing before the state in which they fall, so a connector is told anew from there on.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table, temp_view
from warehouse.contract import core, ops, raw
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Tell the touched connectors' states anew from the news on."""
    if window.full:
        # Nothing stored counts: each connector starts at its first mark.
        temp_view(lake, "status_marks", "SELECT * FROM new_statuses")
        query = (
            "SELECT station_id, evse_id, connector_id, min(happened_at) AS marks_from, NULL::TIMESTAMPTZ AS seed_at "
            "FROM new_statuses GROUP BY ALL"
        )
        temp_table(lake, "touched_connectors", query)
    else:
        temp_table(lake, "touched_connectors", sql(HERE / "touched_connectors.sql"))
        # Lets DuckLake skip files of older ones.
        lake.con.execute("SET VARIABLE marks_since = (SELECT min(marks_from) FROM touched_connectors)")
        temp_table(lake, "touched_statuses", sql(HERE / "touched_statuses.sql"))
        temp_view(lake, "status_marks", "SELECT * FROM touched_statuses")
    temp_table(lake, "state_rows", sql(HERE / "connector_states.sql"))
    touched = (
        "EXISTS (SELECT 1 FROM touched_connectors AS t WHERE t.station_id = connector_states.station_id"
        " AND t.evse_id = connector_states.evse_id AND t.connector_id = connector_states.connector_id"
        " AND from_at >= coalesce(t.seed_at, t.marks_from))"
    )
    return [
        Replacement(core.STATES, "state_rows", touched),
        _conflicts(lake),
    ]


def _conflicts(lake: Lake) -> Replacement:
    """Two connections of one identity at a time: told anew for each station that has connected or gone."""
    temp_table(lake, "conflict_stations", "SELECT DISTINCT station_id FROM new_connections")
    temp_table(lake, "identity_conflict_rows", sql(HERE / "identity_conflicts.sql"))
    own = "kind = 'identity_conflict'"
    touched = f"{own} AND station_id IN (SELECT station_id FROM conflict_stations)"  # noqa: S608 (own SQL)
    return Replacement(ops.FAULTS, "identity_conflict_rows", touched, owned=own)


STAGE = Stage("connector_states", (core.STATUSES, raw.CONNECTIONS), (core.STATES, ops.FAULTS), compute)
