"""The forecast stage in a real lake: per touched site, in steps as at once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.forecasting import STAGES
from pipelines.stages import run_stage
from tests.homes import new_home
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

FIRST = date(2024, 1, 1)


def add_days(lake: Lake, site_id: str, first: date, days: int, energy_wh: int) -> None:
    with lake.write("test") as con:
        con.execute(
            """
            INSERT INTO lake.mart.site_days BY NAME
            SELECT $site_id AS site_id, CAST($first AS DATE) + CAST(day AS INTEGER) AS local_date, 1 AS connectors,
                0 AS connectors_used, 86400 AS open_seconds, 0 AS occupied_seconds, 0 AS charging_seconds,
                1e9 AS rated_wh, $energy + 1000 * (day % 7) + 7 * (day % 13) AS energy_wh, 0 AS sessions_started,
                0 AS unique_tokens, 0 AS peak_load_w
            FROM range($days) AS days (day)
            """,
            {"site_id": site_id, "first": first, "days": days, "energy": energy_wh},
        )


def written(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    return {
        name: sorted(lake.con.execute(f"SELECT * FROM forecast.{name}").fetchall()) for name in ("demand", "backtests")
    }


@pytest.fixture
def lake(tmp_path: Path) -> Any:
    with open_lake(load_settings(home=new_home(tmp_path))) as opened:
        yield opened


def test_each_site_is_forecast_from_its_newest_day(lake: Lake) -> None:
    add_days(lake, "long", FIRST, 200, 50_000)
    add_days(lake, "short", FIRST, 30, 50_000)
    run_stage(lake, STAGES[0])
    ahead = lake.con.execute(
        "SELECT site_id, model, min(local_date), max(local_date), any_value(origin_date) FROM forecast.demand "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    origin = FIRST + timedelta(days=199)
    span = (origin + timedelta(days=1), origin + timedelta(days=28), origin)
    assert ahead == [("long", "seasonal_naive", *span), ("long", "weekday_mean", *span)]
    assert lake.con.execute("SELECT DISTINCT site_id FROM forecast.backtests").fetchall() == [("long",)]


def test_only_touched_sites_are_forecast_again_and_steps_give_what_one_run_gives(lake: Lake) -> None:
    add_days(lake, "a", FIRST, 100, 50_000)
    add_days(lake, "b", FIRST, 100, 20_000)
    run_stage(lake, STAGES[0])
    add_days(lake, "b", FIRST + timedelta(days=100), 20, 30_000)
    result = run_stage(lake, STAGES[0])
    assert result.rows["forecast.demand"] == 2 * 28
    in_steps = written(lake)
    run_stage(lake, STAGES[0], full=True)
    assert written(lake) == in_steps
    with lake.write("test") as con:
        con.execute("DELETE FROM lake.mart.site_days WHERE site_id = 'b'")
    run_stage(lake, STAGES[0])
    assert lake.con.execute("SELECT DISTINCT site_id FROM forecast.demand").fetchall() == [("a",)]


def test_an_empty_lake_gives_an_empty_forecast(lake: Lake) -> None:
    assert run_stage(lake, STAGES[0]).rows == {"forecast.demand": 0, "forecast.backtests": 0}
