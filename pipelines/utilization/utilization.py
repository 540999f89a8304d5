"""Stage `mart.connector_hours` and `mart.site_days`.

What is touched is a site and a span of its local days: all connectors of the site are computed anew for it, because
load and counts of a day belong to the site as a whole. The steps, each a SQL file:

    touched_sites     which sites and days something new is said about
    spans             their stations
    session_spans     sessions within, on a known connector
    step_spans        and the energy of these
    intervals         in service, occupied, charging, offline, faulted: without overlaps
    connector_hours   cut at UTC hours
    site_days         cut at local midnights
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import core, mart, ops
from warehouse.contract.ddl import METADATA
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# The newest data is "now": a demo of past years is not a year of empty hours.
NEWEST = """
    SELECT greatest(
        (SELECT max(greatest(last_received_at, started_at)) FROM {sessions}),
        (SELECT max(greatest(from_at, to_at)) FROM {states})
    )
"""


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Cut the touched sites' intervals and energy at UTC hours and at local midnights."""
    now = _newest(lake, window.until)
    last_now = BEGINNING if window.full or not _is_kept(lake, window.after) else _newest(lake, window.after)
    temp_table(lake, "touched_sites", sql(HERE / "touched_sites.sql"), {"now": now, "last_now": last_now})
    temp_table(lake, "spans", sql(HERE / "spans.sql"))
    temp_table(lake, "session_spans", sql(HERE / "session_spans.sql"), {"now": now})
    temp_table(lake, "step_spans", sql(HERE / "step_spans.sql"))
    temp_table(lake, "intervals", sql(HERE / "intervals.sql"), {"now": now})
    temp_table(lake, "connector_hour_rows", sql(HERE / "connector_hours.sql"))
    temp_table(lake, "site_day_rows", sql(HERE / "site_days.sql"), {"now": now})
    return [
        Replacement(
            mart.CONNECTOR_HOURS,
            "connector_hour_rows",
            "EXISTS (SELECT 1 FROM touched_sites AS t WHERE t.site_id = connector_hours.site_id"
            " AND hour_start >= date_trunc('hour', t.from_at) AND hour_start < t.to_at)",
        ),
        Replacement(
            mart.SITE_DAYS,
            "site_day_rows",
            "EXISTS (SELECT 1 FROM touched_sites AS t WHERE t.site_id = site_days.site_id"
            " AND local_date >= CAST(timezone(t.time_zone, t.from_at) AS DATE)"
            " AND local_date < CAST(timezone(t.time_zone, t.to_at) AS DATE))",
        ),
    ]


def _is_kept(lake: Lake, snapshot: int) -> bool:
    # Once the last run's snapshot is expired nobody knows its "now": then every hour is computed anew.
    return bool(lake.con.execute(f"FROM {METADATA}.ducklake_snapshot WHERE snapshot_id = {int(snapshot)}").fetchone())


def _newest(lake: Lake, snapshot: int) -> datetime:
    version = f"AT (VERSION => {int(snapshot)})"
    query = NEWEST.format(sessions=f"lake.core.sessions {version}", states=f"lake.core.connector_states {version}")
    row = lake.con.execute(query).fetchone()
    return row[0] if row is not None and row[0] is not None else BEGINNING


STAGE = Stage(
    "utilization",
    (core.SESSIONS, core.ENERGY_STEPS, core.STATES, ops.REGISTRY_HISTORY),
    (mart.CONNECTOR_HOURS, mart.SITE_DAYS),
    compute,
)
