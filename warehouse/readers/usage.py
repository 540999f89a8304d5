"""How much the network is used: totals, time axes, heat map, ranking of connectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.readers.scope import Grain, Scope
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl

# More colours than that cannot be told apart in one chart.
SITES_SHOWN = 8


def totals(lake: Lake, scope: Scope) -> pl.DataFrame:
    """One row: base sums and rates of the period, and the change against the equally long time before it.

    `*_change` is relative (0.1: a tenth more), `*_change_points` the difference of two rates; both NULL where the time
    before is not wholly covered by data.
    """
    return frame(lake, "totals", **scope.parameters(), before=scope.before)


def by_site(lake: Lake, scope: Scope) -> pl.DataFrame:
    """One row a site: base sums and rates of the period."""
    return frame(lake, "by_site", **scope.parameters())


def by_period(lake: Lake, scope: Scope, grain: Grain) -> pl.DataFrame:
    """One row a site and step of time, without gaps: steps in which nothing was in service hold NULL.

    Rates are NULL too where less than 5 % of the open time of the site's fullest step was open.
    Where there are more than `SITES_SHOWN` sites, those with less energy stand together as `Other sites`, id NULL.
    """
    return frame(lake, "by_period", **scope.parameters(), grain=str(grain), shown=SITES_SHOWN)


def hour_of_week(lake: Lake, scope: Scope, station_id: str | None = None) -> pl.DataFrame:
    """168 rows: `weekday` (1 Monday … 7), `hour` (0 … 23, local), base sums and rates of all connectors in scope."""
    return frame(lake, "hour_of_week", **scope.parameters(), station_id=station_id)


def hour_of_day_by_connector(lake: Lake, scope: Scope) -> pl.DataFrame:
    """One row a connector and local hour of the day with its occupied utilization."""
    return frame(lake, "hour_of_day_by_connector", **scope.parameters())


def connectors(lake: Lake, scope: Scope) -> pl.DataFrame:
    """One row a connector in service at some time of the period, the most occupied first."""
    return frame(lake, "connectors", **scope.parameters())
