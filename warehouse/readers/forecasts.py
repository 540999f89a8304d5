"""Demand: what came, what is expected, and how good earlier expectations were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def history(lake: Lake, sites: tuple[str, ...], days: int) -> pl.DataFrame:
    """`site_id, local_date, energy_kwh` of each site's last `days` days up to the origin of its forecast."""
    return frame(lake, "forecast_history", sites=list(sites), days=days)


def demand(lake: Lake, sites: tuple[str, ...]) -> pl.DataFrame:
    """Expected kWh a day with the ends of the 80 % and 95 % bands, by site and model."""
    return frame(lake, "forecast_demand", sites=list(sites))


def totals(lake: Lake, sites: tuple[str, ...]) -> pl.DataFrame:
    """One row a site and model: kWh expected in the coming 28 days, and delivered in the 28 days up to the origin."""
    return frame(lake, "forecast_totals", sites=list(sites))


def accuracy(lake: Lake, sites: tuple[str, ...]) -> pl.DataFrame:
    """One row a site and model: WAPE, MASE, bias and the cover that the bands reached, over all stored origins.

    WAPE is pooled (Σ|error| ÷ Σ actual); MASE is the mean of |error| ÷ in-sample error of last week's value.
    """
    return frame(lake, "forecast_accuracy", sites=list(sites))
