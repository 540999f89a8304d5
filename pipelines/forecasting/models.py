"""Two forecasts of a site's daily energy: the mean of the last eight same weekdays, and last week again.

Both are a weekday's level, carried forward; they differ in how many weeks they average. Bands are the empirical
distribution of the model's own past errors as many weeks ahead, scaled by the root of the level (a day with four times
the energy errs about twice as much), with the finite-sample ranks of conformal prediction. Nothing after the origin is
seen: an error counts from the day on which it could be known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HORIZON_DAYS = 28
PROBABILITIES = (0.025, 0.10, 0.90, 0.975)
# Normal quantiles of the two tails, for ranks that a short sample does not have.
_NORMAL = {0.025: -1.960, 0.10: -1.282, 0.90: 1.282, 0.975: 1.960}

# Errors of the last half year: longer lets growth make the bands too narrow, shorter leaves too few (cover of the 80 %
# and 95 % bands over 28 days on two public session sets, 12 origins each: .79 and .94, .81 and .96).
ERROR_DAYS = 182
# Share of the mean level that is added below the root, so that a day with none expected keeps a band.
_FLOOR = 0.05


@dataclass(frozen=True, slots=True)
class Model:
    """A weekday's level is the mean of its last `weeks` values; at least `least_weeks` must be known."""

    name: str
    weeks: int
    least_weeks: int


WEEKDAY_MEAN = Model("weekday_mean", 8, 4)
SEASONAL_NAIVE = Model("seasonal_naive", 1, 1)
MODELS = (WEEKDAY_MEAN, SEASONAL_NAIVE)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Energy of the days after the origin, in Wh: one value a day, and one column for each of `PROBABILITIES`.

    NaN where the weekday has too few known values.
    """

    mean: Floats
    bands: Floats


def weekday_mean(energy_wh: Floats, *, horizon_days: int = HORIZON_DAYS, ceiling_wh: float = np.inf) -> Forecast:
    """Mean of the last eight same weekdays. See `forecast`."""
    return forecast(WEEKDAY_MEAN, energy_wh, horizon_days=horizon_days, ceiling_wh=ceiling_wh)


def seasonal_naive(energy_wh: Floats, *, horizon_days: int = HORIZON_DAYS, ceiling_wh: float = np.inf) -> Forecast:
    """The newest value of the same weekday. See `forecast`."""
    return forecast(SEASONAL_NAIVE, energy_wh, horizon_days=horizon_days, ceiling_wh=ceiling_wh)


def forecast(
    model: Model, energy_wh: Floats, *, horizon_days: int = HORIZON_DAYS, ceiling_wh: float = np.inf
) -> Forecast:
    """Forecast the days after the last one of `energy_wh` (one value a day in Wh; NaN: out of service).

    Bands are clipped at 0 and at `ceiling_wh`, what the connectors can deliver in a day.
    """
    levels = weekday_levels(model, energy_wh)
    ahead = np.arange(1, horizon_days + 1)
    weeks = -(-ahead // 7)
    days = len(energy_wh) - 1 + ahead - 7 * weeks
    mean = np.where(days >= 0, levels[np.maximum(days, 0)], np.nan)
    known = energy_wh[~np.isnan(energy_wh)]
    floor = _FLOOR * float(known.mean()) if len(known) else 0.0
    bands = np.empty((horizon_days, len(PROBABILITIES)))
    for week in range(1, int(weeks.max(initial=0)) + 1):
        ends = _error_quantiles(energy_wh, levels, week, floor)
        rows = weeks == week
        bands[rows] = mean[rows, None] + ends[None, :] * np.sqrt(mean[rows, None] + floor)
    bands = np.clip(bands, 0.0, np.maximum(ceiling_wh, mean)[:, None])
    return Forecast(mean, bands)


def weekday_levels(model: Model, energy_wh: Floats) -> Floats:
    """For each day the mean of the last known values of its weekday, up to and including the day itself."""
    levels = np.full(len(energy_wh), np.nan)
    for weekday in range(min(7, len(energy_wh))):
        values = energy_wh[weekday::7]
        known = ~np.isnan(values)
        until = np.cumsum(known)
        since = np.maximum(until - model.weeks, 0)
        sums = np.concatenate([[0.0], np.cumsum(values[known])])
        means = (sums[until] - sums[since]) / np.maximum(until - since, 1)
        levels[weekday::7] = np.where(until >= model.least_weeks, means, np.nan)
    return levels


def _error_quantiles(energy_wh: Floats, levels: Floats, week: int, floor: float) -> Floats:
    """Quantiles of past errors `week` weeks ahead, each divided by the root of its level."""
    lag = 7 * week
    expected, actual = levels[:-lag], energy_wh[lag:]
    if len(expected) > ERROR_DAYS:
        expected, actual = expected[-ERROR_DAYS:], actual[-ERROR_DAYS:]
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = (actual - expected) / np.sqrt(expected + floor)
    errors = np.sort(errors[np.isfinite(errors)])
    return np.array([band_end(errors, p) for p in PROBABILITIES])


def band_end(errors: Floats, probability: float) -> float:
    """Where a band ends, given sorted errors: the one of rank ⌈p(n+1)⌉ (⌊p(n+1)⌋ below the middle), as in conformal
    prediction; a rank beyond the sample gives the outermost error or a normal tail, whichever is wider."""
    count = len(errors)
    if count == 0:
        return 0.0
    place = probability * (count + 1)
    rank = int(np.floor(place)) if probability < 0.5 else int(np.ceil(place))
    if 1 <= rank <= count:
        return float(errors[rank - 1])
    tail = _NORMAL[probability] * float(np.sqrt(np.mean(errors**2)))
    return min(float(errors[0]), tail) if probability < 0.5 else max(float(errors[-1]), tail)
