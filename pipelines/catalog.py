"""All steps of a refresh, in the order in which they run.

A new stage is one import and one line in `STAGES`; its Dagster asset, checks and metadata follow from the contract.
"""

from __future__ import annotations

from pipelines import forecasting
from pipelines.billing import stages as billing
from pipelines.profiles import boots, station_profiles, station_reports
from pipelines.sessions import connector_states, frames, readings, register_gaps, sessions
from pipelines.signed import stage as signed_readings
from pipelines.stages import Stage
from pipelines.utilization import utilization

STAGES: tuple[Stage, ...] = (
    frames.STAGE,
    readings.STAGE,
    boots.STAGE,
    station_reports.STAGE,
    connector_states.STAGE,
    sessions.STAGE,
    register_gaps.STAGE,
    station_profiles.STAGE,
    signed_readings.STAGE,
    utilization.STAGE,
    *billing.STAGES,
    *forecasting.STAGES,
)
