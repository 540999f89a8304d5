"""Backtests: what each model would have said at past origins, beside what came.

Protocol: twelve origins, the last 28 days before the end of the data, the others 14 days apart; a site takes part with
at least 60 days of history before the origin. Origins that a gap makes unfit are passed over and older ones taken.
Days out of service are left out. Neither the models nor their bands see anything after an origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.forecasting.history import LEAST_DAYS, History
from pipelines.forecasting.models import HORIZON_DAYS, MODELS, Forecast, Model, forecast
from warehouse.contract import mart
from warehouse.contract.schemas import polars_schema

ORIGINS = 12
ORIGIN_STEP_DAYS = 14
BANDS = ("energy_wh_p2_5", "energy_wh_p10", "energy_wh_p90", "energy_wh_p97_5")


def demand(history: History, model: Model) -> pl.DataFrame:
    """Rows of `forecast.demand`: the 28 days after the newest complete day. Empty where the history is too short."""
    schema = polars_schema(mart.DEMAND)
    if not history.enough:
        return pl.DataFrame(schema=schema)
    found = forecast(model, history.energy_wh, ceiling_wh=_ceiling(history, history.days))
    return _rows(history, model, history.days, found).cast(schema).select(schema.names())


def backtests(parts: Sequence[History], model: Model) -> pl.DataFrame:
    """Rows of `forecast.backtests` for one site, from all its histories (oldest first)."""
    schema = polars_schema(mart.BACKTESTS)
    frames = [frame for history, seen in _origins(parts) if not (frame := _backtest(history, seen, model)).is_empty()]
    return pl.concat(frames).cast(schema).select(schema.names()) if frames else pl.DataFrame(schema=schema)


def accuracy(backtests: pl.DataFrame) -> pl.DataFrame:
    """Accuracy per model, pooled over sites, origins and days: model, days, wape, mase, cover80, cover95.

    wape: Σ|error| ÷ Σ actual. mase: mean of |error| ÷ the site's own in-sample error of last week's value. cover80 and
    cover95: share of days within the bands that promise 80 % and 95 %.
    """
    error = (pl.col("actual_wh") - pl.col("energy_wh_mean")).abs()
    scale = pl.col("naive_scale_wh")
    actual = pl.col("actual_wh")
    return (
        backtests.group_by("model")
        .agg(
            days=pl.len(),
            wape=pl.when(actual.sum() > 0).then(error.sum() / actual.sum()),
            mase=(error.filter(scale > 0) / scale.filter(scale > 0)).mean(),
            cover80=actual.is_between("energy_wh_p10", "energy_wh_p90").mean(),
            cover95=actual.is_between("energy_wh_p2_5", "energy_wh_p97_5").mean(),
        )
        .sort("model", descending=True)
    )


def site_frames(parts: Sequence[History]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `forecast.demand` and `forecast.backtests` of one site, all models."""
    ahead = [demand(parts[-1], model) for model in MODELS]
    past = [backtests(parts, model) for model in MODELS]
    return pl.concat(ahead), pl.concat(past)


def _origins(parts: Sequence[History]) -> Iterator[tuple[History, int]]:
    """History and number of days seen for each origin, newest first."""
    found = 0
    origin = parts[-1].last_date - timedelta(days=HORIZON_DAYS)
    for history in reversed(parts):
        while found < ORIGINS and (seen := (origin - history.first_date).days + 1) >= LEAST_DAYS:
            if seen < history.days:
                found += 1
                yield history, seen
            origin -= timedelta(days=ORIGIN_STEP_DAYS)


def _backtest(history: History, seen: int, model: Model) -> pl.DataFrame:
    past = history.energy_wh[:seen]
    rows = _rows(history, model, seen, forecast(model, past, ceiling_wh=_ceiling(history, seen)))
    actual = np.full(HORIZON_DAYS, np.nan)
    came = history.energy_wh[seen : seen + HORIZON_DAYS]
    actual[: len(came)] = came
    scale = np.abs(past[7:] - past[:-7])
    scale = scale[~np.isnan(scale)]
    return rows.with_columns(
        actual_wh=pl.Series(actual[rows["horizon_days"].to_numpy() - 1]),
        naive_scale_wh=pl.lit(float(scale.mean()) if len(scale) else 0.0),
    ).filter(pl.col("actual_wh").is_not_nan())


def _rows(history: History, model: Model, seen: int, found: Forecast) -> pl.DataFrame:
    origin = history.first_date + timedelta(days=seen - 1)
    return (
        pl.DataFrame({"horizon_days": np.arange(1, len(found.mean) + 1), "energy_wh_mean": found.mean})
        .with_columns(
            *(pl.Series(name, found.bands[:, column]) for column, name in enumerate(BANDS)),
            site_id=pl.lit(history.site_id),
            model=pl.lit(model.name),
            origin_date=pl.lit(origin),
            local_date=pl.lit(origin) + pl.duration(days="horizon_days"),
        )
        .filter(pl.col("energy_wh_mean").is_not_nan())
    )


def _ceiling(history: History, seen: int) -> float:
    """What the connectors can deliver in a day, as of the last known day; no bound where no rating is known."""
    rated = history.rated_wh[:seen]
    rated = rated[~np.isnan(rated)]
    return float(rated[-1]) if len(rated) and rated[-1] > 0 else float("inf")
