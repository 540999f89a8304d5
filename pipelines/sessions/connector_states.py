"""Stage `core.connector_states`: what each connector was doing when, from what stations say and from connections.

News change nothing before the state in which they fall, so a connector is told anew from there on: a station's whole
history would be read from raw each time otherwise.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import core, ops, raw
from warehouse.contract.ddl import quoted
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent
STATUS_FRAMES = """
    CREATE OR REPLACE TEMP VIEW status_frames AS
    SELECT * FROM {source}
    WHERE direction = 'in' AND message_type IN (2, 6) AND action = 'StatusNotification' AND {condition}
"""
# A status may be dated up to this much after its receipt (see status_marks.sql).
AHEAD = timedelta(minutes=5)


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Tell the touched connectors' states anew from the news on."""
    _read_marks(lake, "new_messages", "true")
    if window.full:
        # Nothing stored counts: each connector starts at its first mark.
        query = (
            "SELECT station_id, evse_id, connector_id, min(at_time) AS marks_from, NULL::TIMESTAMPTZ AS seed_at "
            "FROM status_marks GROUP BY ALL"
        )
        temp_table(lake, "touched_connectors", query)
    else:
        temp_table(lake, "touched_connectors", sql(HERE / "touched_connectors.sql"))
        _read_marks_since(lake)
    temp_table(lake, "state_rows", sql(HERE / "connector_states.sql"))
    lake.con.execute("DROP VIEW status_frames")
    touched = (
        "EXISTS (SELECT 1 FROM touched_connectors AS t WHERE t.station_id = connector_states.station_id"
        " AND t.evse_id = connector_states.evse_id AND t.connector_id = connector_states.connector_id"
        " AND from_at >= coalesce(t.seed_at, t.marks_from))"
    )
    return [Replacement(core.STATES, "state_rows", touched), _conflicts(lake)]


def _conflicts(lake: Lake) -> Replacement:
    """Two connections of one identity at a time: told anew for each station that has connected or gone."""
    temp_table(lake, "conflict_stations", "SELECT DISTINCT station_id FROM new_connections")
    temp_table(lake, "identity_conflict_rows", sql(HERE / "identity_conflicts.sql"))
    own = "kind = 'identity_conflict'"
    touched = f"{own} AND station_id IN (SELECT station_id FROM conflict_stations)"  # noqa: S608 (own SQL)
    return Replacement(ops.FAULTS, "identity_conflict_rows", touched, owned=own)


def _read_marks(lake: Lake, source: str, condition: str) -> None:
    lake.con.execute(STATUS_FRAMES.format(source=source, condition=condition))
    temp_table(lake, "status_marks", sql(HERE / "status_marks.sql"))


def _read_marks_since(lake: Lake) -> None:
    """Read the frames that may hold marks of the touched connectors from their news on; DuckLake skips older files."""
    row = lake.con.execute("SELECT min(marks_from) FROM touched_connectors").fetchone()
    if row is None or row[0] is None:
        return
    since = (row[0] - AHEAD).isoformat()
    _read_marks(
        lake,
        "all_messages",
        f"received_at >= {quoted(since)} AND station_id IN (SELECT station_id FROM touched_connectors)",  # noqa: S608
    )


STAGE = Stage("connector_states", (raw.MESSAGES, raw.CONNECTIONS), (core.STATES, ops.FAULTS), compute)
