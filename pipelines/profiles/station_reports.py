"""Stage `station_reports`: the newest word of each station on what it is, which EVSEs and connectors it has.

It says rarely what it says here, so that few rows change. Which connectors it names in status notifications stands in
`core.connector_states`.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table, temp_view
from warehouse.contract import raw, stations
from warehouse.contract.ddl import no_rows
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Keep the newest word on each fact of which there is a new one."""
    temp_table(lake, "new_reports", sql(HERE / "reported.sql"))
    known = no_rows(stations.STATION_REPORTS.columns) if window.full else "SELECT * FROM core.station_reports"
    temp_view(lake, "known_reports", known)
    temp_table(lake, "station_report_rows", sql(HERE / "station_reports.sql"))
    touched = (
        "EXISTS (SELECT 1 FROM station_report_rows AS t WHERE t.station_id = station_reports.station_id"
        " AND t.evse_id = station_reports.evse_id AND t.connector_id = station_reports.connector_id"
        " AND t.fact = station_reports.fact)"
    )
    return [Replacement(stations.STATION_REPORTS, "station_report_rows", touched)]


STAGE = Stage("station_reports", (raw.MESSAGES, stations.BOOTS), (stations.STATION_REPORTS,), compute)
