"""Run the pipeline's stages over a lake, without Dagster, and read what came of it."""

from __future__ import annotations

from typing import Any

from pipelines.profiles import boots, station_profiles, station_reports
from pipelines.registry_history import record_registry
from pipelines.sessions import connector_states, frames, readings, register_gaps, sessions
from pipelines.stages import run_stage
from pipelines.utilization import utilization
from warehouse.contract import Table, core, mart, stations
from warehouse.store import Lake
from warehouse.store.landing import register_landed

STAGES = (
    frames.STAGE, readings.STAGE, boots.STAGE, station_reports.STAGE, connector_states.STAGE, sessions.STAGE,
    register_gaps.STAGE, station_profiles.STAGE, utilization.STAGE,
)  # fmt: skip
TABLES = (
    core.EVENTS, core.READINGS, core.METER_VALUES, stations.BOOTS, stations.STATION_REPORTS, core.STATES, core.SESSIONS,
    core.SESSION_EVENTS, core.ENERGY_STEPS, core.REGISTER_GAPS, stations.STATION_PROFILES, mart.CONNECTOR_HOURS,
    mart.SITE_DAYS,
)  # fmt: skip


def bring_up_to_date(lake: Lake, *, full: bool = False) -> None:
    register_landed(lake)
    record_registry(lake)
    for stage in STAGES:
        run_stage(lake, stage, full=full)


def rows(lake: Lake, table: Table) -> list[tuple[Any, ...]]:
    """All rows in the order of the key."""
    return lake.con.execute(f"SELECT * FROM {table.full_name} ORDER BY {', '.join(table.key)}").fetchall()


def contents(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    return {table.full_name: rows(lake, table) for table in TABLES}


def one(lake: Lake, query: str) -> Any:
    return lake.con.execute(query).fetchall()[0][0]
