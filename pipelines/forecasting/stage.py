"""Stage `forecast`: demand ahead and backtests of every site whose days changed."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipelines.forecasting.backtest import site_frames
from pipelines.forecasting.history import histories
from pipelines.stages import Replacement, Stage, temp_table
from warehouse.contract import Table, mart
from warehouse.contract.schemas import polars_schema
from warehouse.store import Lake
from warehouse.store.changes import Window


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    """Forecast the touched sites anew into `made_demand` and `made_backtests`."""
    temp_table(lake, "forecast_touched", "SELECT DISTINCT site_id FROM changed_site_days")
    site_days = lake.con.sql(
        "SELECT site_id, local_date, connectors, open_seconds, rated_wh, energy_wh "
        "FROM all_site_days SEMI JOIN forecast_touched USING (site_id)"
    ).pl()
    frames = [site_frames(parts) for parts in histories(site_days).values() if parts]
    return (
        _replacement(lake, mart.DEMAND, "made_demand", [ahead for ahead, _ in frames]),
        _replacement(lake, mart.BACKTESTS, "made_backtests", [past for _, past in frames]),
    )


def _replacement(lake: Lake, table: Table, name: str, frames: list[pl.DataFrame]) -> Replacement:
    lake.con.register("forecast_rows", pl.concat(frames) if frames else pl.DataFrame(schema=polars_schema(table)))
    temp_table(lake, name, "FROM forecast_rows")
    lake.con.unregister("forecast_rows")
    return Replacement(table, name, "site_id IN (FROM forecast_touched)")


STAGE = Stage("forecast", (mart.SITE_DAYS,), (mart.DEMAND, mart.BACKTESTS), compute)
