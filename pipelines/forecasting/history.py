"""A site's daily energy as forecasts need it: one value a local day, days out of service not taken for no demand.

A week or more out of service ends a history: what came before tells little of what comes after. A shorter time leaves
a hole that models step over. Days before the first energy are no history: a site that stands ready and is not known
yet (or whose sessions were not collected yet) tells nothing of its demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.forecasting.models import Floats

GAP_DAYS = 7
LEAST_DAYS = 60
# The newest day counts only when it is over: every connector in service all day, but for an hour when clocks change.
_WHOLE_DAY_SECONDS = 23 * 3600


@dataclass(frozen=True, slots=True)
class History:
    """A site's days without a gap. `energy_wh` and `rated_wh` have one value a day from `first_date` on; NaN energy:
    out of service."""

    site_id: str
    first_date: date
    energy_wh: Floats
    rated_wh: Floats

    @property
    def days(self) -> int:
        return len(self.energy_wh)

    @property
    def last_date(self) -> date:
        return self.first_date + timedelta(days=self.days - 1)

    @property
    def enough(self) -> bool:
        """Whether it is long enough to forecast from."""
        return self.days >= LEAST_DAYS

    @property
    def note(self) -> str | None:
        """Why there is no forecast, for people; None where there is one."""
        if self.enough:
            return None
        return (
            f"{self.days} days of history since {self.first_date.isoformat()}: "
            f"a forecast needs {LEAST_DAYS} without a gap of a week."
        )


def histories(site_days: pl.DataFrame) -> dict[str, list[History]]:
    """Histories of each site, oldest first, from rows of `mart.site_days`. The last one is that to forecast from."""
    rows = (
        site_days.filter(pl.col("open_seconds") > 0)
        .select(
            "site_id",
            "local_date",
            pl.col("energy_wh").cast(pl.Float64),
            pl.col("rated_wh").cast(pl.Float64),
            whole=pl.col("open_seconds") >= pl.col("connectors") * _WHOLE_DAY_SECONDS,
        )
        .sort("site_id", "local_date")
        .filter((pl.col("energy_wh") > 0).cum_max().over("site_id"))
    )
    return {
        str(site_id): list(_split(str(site_id), frame))
        for (site_id,), frame in rows.group_by(["site_id"], maintain_order=True)
    }


def _split(site_id: str, frame: pl.DataFrame) -> Iterator[History]:
    if not frame["whole"][-1]:
        frame = frame[:-1]
    if frame.is_empty():
        return
    days = (frame["local_date"] - frame["local_date"][0]).dt.total_days().to_numpy()
    energy, rated = frame["energy_wh"].to_numpy(), frame["rated_wh"].to_numpy()
    starts = np.flatnonzero(np.diff(days, prepend=-GAP_DAYS - 1) > GAP_DAYS)
    for begin, end in zip(starts, [*starts[1:], len(days)], strict=True):
        offsets = days[begin:end] - days[begin]
        values = np.full((2, int(offsets[-1]) + 1), np.nan)
        values[0, offsets], values[1, offsets] = energy[begin:end], rated[begin:end]
        yield History(site_id, frame["local_date"][int(begin)], values[0], values[1])
