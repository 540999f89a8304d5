"""Forecasts of daily energy per site, with bands, and backtests that show how good they have been.

`models.py` holds the models, `history.py` what they see, `backtest.py` the protocol, `stage.py` the pipeline's step.
"""

from pipelines.forecasting import stage
from pipelines.forecasting.backtest import accuracy, backtests, demand
from pipelines.forecasting.history import History, histories
from pipelines.forecasting.models import seasonal_naive, weekday_mean
from pipelines.stages import Stage

STAGES: tuple[Stage, ...] = (stage.STAGE,)

__all__ = [
    "STAGES",
    "History",
    "accuracy",
    "backtests",
    "demand",
    "histories",
    "seasonal_naive",
    "weekday_mean",
]
