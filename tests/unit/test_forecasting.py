"""Forecast models, histories with gaps, and the backtest protocol."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.forecasting import accuracy, backtests, demand, histories, seasonal_naive, weekday_mean
from pipelines.forecasting.backtest import site_frames
from pipelines.forecasting.history import History
from pipelines.forecasting.models import MODELS, SEASONAL_NAIVE, WEEKDAY_MEAN, Floats, band_end

pytestmark = pytest.mark.fast

FIRST = date(2024, 1, 1)


def noisy(days: int, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    return 100_000.0 * (1 + np.arange(days) % 7) + rng.normal(0, 10_000, days)


def history(energy: Floats, rated_wh: float = 1e9) -> History:
    return History("site", FIRST, energy, np.full(len(energy), rated_wh))


def site_days(energy: Floats, first: date = FIRST, site_id: str = "site", connectors: int = 2) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": [site_id] * len(energy),
            "local_date": [first + timedelta(days=day) for day in range(len(energy))],
            "energy_wh": energy,
            "rated_wh": [1e9] * len(energy),
            "connectors": [connectors] * len(energy),
            "open_seconds": [connectors * 86_400] * len(energy),
        }
    )


def test_weekday_mean_is_the_mean_of_the_last_eight_same_weekdays() -> None:
    energy = np.arange(70, dtype=float)  # ten weeks; the newest Monday is day 63
    found = weekday_mean(energy, horizon_days=9)
    assert found.mean[0] == np.mean([63 - 7 * week for week in range(8)])
    assert found.mean[7] == found.mean[0]
    assert found.mean[8] == np.mean([64 - 7 * week for week in range(8)])


def test_seasonal_naive_is_last_week_again() -> None:
    energy = np.arange(70, dtype=float)
    assert list(seasonal_naive(energy, horizon_days=14).mean) == [*range(63, 70), *range(63, 70)]


def test_days_out_of_service_are_stepped_over_and_not_taken_for_zero() -> None:
    energy = np.full(70, 7.0)
    energy[63] = np.nan
    assert seasonal_naive(energy, horizon_days=1).mean[0] == 7.0
    assert weekday_mean(energy, horizon_days=1).mean[0] == 7.0


def test_steady_demand_has_narrow_bands_and_bands_hold_their_order() -> None:
    steady = weekday_mean(np.full(200, 5_000.0))
    assert np.all(steady.bands == 5_000.0)
    bands = weekday_mean(noisy(300)).bands
    assert np.all(np.diff(bands, axis=1) >= 0)


def test_bands_stay_between_nothing_and_what_the_connectors_can_deliver() -> None:
    energy = np.random.default_rng(3).exponential(1_000, 200)
    found = weekday_mean(energy, ceiling_wh=1_500.0)
    assert found.bands.min() >= 0
    assert found.bands.max() <= max(1_500.0, found.mean.max())


def test_a_band_beyond_a_short_sample_is_a_normal_tail_where_that_is_wider() -> None:
    errors = np.sort(np.array([-1.0, -0.1, 0.0, 0.1, 1.0]))
    spread = float(np.sqrt(np.mean(errors**2)))
    assert band_end(errors, 0.975) == pytest.approx(1.960 * spread)
    assert band_end(errors, 0.025) == pytest.approx(-1.960 * spread)
    assert band_end(np.array([-9.0, 0.0, 0.1, 0.1, 9.0]), 0.9) == 9.0
    assert band_end(np.arange(1.0, 100.0), 0.9) == 90.0
    assert band_end(np.array([]), 0.9) == 0.0


@pytest.mark.parametrize("model", MODELS)
def test_nothing_after_the_origin_is_seen(model: object) -> None:
    energy = noisy(200)
    parts = [history(energy)]
    origin = backtests(parts, model)["origin_date"].min()  # type: ignore[arg-type]
    assert isinstance(origin, date)
    changed = energy.copy()
    changed[(origin - FIRST).days + 1 :] *= 3
    told, retold = (
        backtests([history(values)], model)  # type: ignore[arg-type]
        .filter(pl.col("origin_date") == origin)
        .drop("actual_wh")
        for values in (energy, changed)
    )
    assert told.equals(retold)


def test_origins_follow_the_protocol() -> None:
    found = backtests([history(noisy(300))], WEEKDAY_MEAN)
    last = FIRST + timedelta(days=299 - 28)
    assert sorted(found["origin_date"].unique()) == [last - timedelta(days=14 * step) for step in range(11, -1, -1)]
    assert len(found) == 12 * 28
    assert found["horizon_days"].min() == 1


def test_a_short_history_gives_no_forecast_and_says_so() -> None:
    short = history(noisy(59))
    assert demand(short, WEEKDAY_MEAN).is_empty()
    assert backtests([short], WEEKDAY_MEAN).is_empty()
    assert short.note == "59 days of history since 2024-01-01: a forecast needs 60 without a gap of a week."
    enough = history(noisy(60))
    assert enough.note is None
    ahead = demand(enough, SEASONAL_NAIVE)
    assert ahead["local_date"].to_list() == [enough.last_date + timedelta(days=day) for day in range(1, 29)]


def test_a_gap_of_a_week_parts_histories_and_a_shorter_one_does_not() -> None:
    whole = site_days(np.ones(100))
    day = pl.col("local_date")

    def without(begin: int, end: int) -> list[History]:
        gap = day.is_between(FIRST + timedelta(days=begin), FIRST + timedelta(days=end))
        closed = whole.with_columns(open_seconds=pl.when(gap).then(0).otherwise("open_seconds"))
        missing = whole.filter(~gap)
        found = histories(closed)["site"]
        assert [part.days for part in found] == [part.days for part in histories(missing)["site"]]
        return found

    assert [part.days for part in without(40, 46)] == [40, 53]
    (one,) = without(40, 45)
    assert one.days == 100
    assert np.flatnonzero(np.isnan(one.energy_wh)).tolist() == [40, 41, 42, 43, 44, 45]


def test_backtests_step_over_a_gap_into_the_older_history() -> None:
    late = FIRST + timedelta(days=300)
    parts = histories(pl.concat([site_days(noisy(150)), site_days(noisy(100), first=late)]))["site"]
    origins = sorted(backtests(parts, WEEKDAY_MEAN)["origin_date"].unique())
    fresh = [origin for origin in origins if origin >= late]
    assert min(fresh) >= late + timedelta(days=59)
    assert max(fresh) == late + timedelta(days=99 - 28)
    older = [origin for origin in origins if origin < late]
    assert min(older) >= FIRST + timedelta(days=59)
    assert max(older) < FIRST + timedelta(days=149)


def test_a_newest_day_that_is_not_over_is_left_out() -> None:
    rows = site_days(noisy(80)).with_columns(
        open_seconds=pl.when(pl.int_range(pl.len()) == 79).then(2 * 43_200).otherwise("open_seconds")
    )
    (found,) = histories(rows)["site"]
    assert found.last_date == FIRST + timedelta(days=78)


def test_days_before_the_first_energy_are_no_history() -> None:
    ready = np.concatenate([np.zeros(300), noisy(59)])
    (found,) = histories(site_days(ready))["site"]
    assert (found.first_date, found.days) == (FIRST + timedelta(days=300), 59)
    assert all(frame.is_empty() for frame in site_frames([found]))
    (longer,) = histories(site_days(np.concatenate([ready, noisy(41)])))["site"]
    origins = backtests([longer], WEEKDAY_MEAN)["origin_date"]
    assert origins.min() >= FIRST + timedelta(days=300 + 59)  # type: ignore[operator]
    later = np.concatenate([noisy(20), np.zeros(50)])  # days without demand later on are history
    assert [part.days for part in histories(site_days(later))["site"]] == [70]


def test_a_site_without_any_energy_has_no_history() -> None:
    assert histories(site_days(np.zeros(100))) == {}


def test_accuracy_is_pooled() -> None:
    rows = {"model": ["m"] * 2, "actual_wh": [10.0, 30.0], "energy_wh_mean": [20.0, 30.0], "naive_scale_wh": [5.0, 0.0]}
    bands = {"energy_wh_p2_5": [0.0, 0.0], "energy_wh_p10": [15.0, 0.0], "energy_wh_p90": [25.0, 40.0]}
    found = accuracy(pl.DataFrame({**rows, **bands, "energy_wh_p97_5": [30.0, 40.0]}))
    assert found.rows() == [("m", 2, 0.25, 2.0, 0.5, 1.0)]


# ---- real session sets


def _set(name: str, zone: str, end: date) -> pl.DataFrame:
    folder = os.environ.get("KWHOUSE_REFERENCE_DATA")
    if not folder:
        pytest.skip("KWHOUSE_REFERENCE_DATA is not set: no reference sessions")
    sessions = pl.read_parquet(Path(folder) / "sessions" / f"{name}.parquet")
    local = pl.col("started_at")
    if sessions["time_zone"][0] == "UTC":
        local = local.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    daily = (
        sessions.group_by("site_id", local_date=local.dt.date())
        .agg(energy_wh=pl.col("energy_kwh").sum() * 1000)
        .filter(pl.col("local_date") <= end)
    )
    # Every day from a site's first session to the end of the set is a day in service.
    return (
        daily.group_by("site_id")
        .agg(local_date=pl.date_ranges(pl.col("local_date").min(), pl.lit(end)).first())
        .explode("local_date")
        .join(daily, on=["site_id", "local_date"], how="left")
        .with_columns(
            pl.col("energy_wh").fill_null(0.0), rated_wh=pl.lit(1e12), connectors=1, open_seconds=pl.lit(86_400)
        )
    )


@pytest.mark.parametrize(
    ("name", "zone", "end", "naive_wape", "mean_wape"),
    [
        # Published for this set and protocol: seasonal naive .863; the pandemic's months after it are left out.
        ("boulder", "America/Denver", date(2020, 2, 29), 0.863, 0.699),
        ("perth_kinross", "Europe/London", date(2019, 8, 31), 0.446, 0.356),
    ],
)
def test_accuracy_on_real_sessions(name: str, zone: str, end: date, naive_wape: float, mean_wape: float) -> None:
    frames = [site_frames(parts)[1] for parts in histories(_set(name, zone, end)).values()]
    found = {row["model"]: row for row in accuracy(pl.concat(frames)).to_dicts()}
    assert found["seasonal_naive"]["wape"] == pytest.approx(naive_wape, abs=0.002)
    assert found["weekday_mean"]["wape"] == pytest.approx(mean_wape, abs=0.002)
    assert found["weekday_mean"]["mase"] < found["seasonal_naive"]["mase"]
    for model in found.values():
        assert 0.75 < model["cover80"] < 0.90
        assert 0.92 < model["cover95"] < 0.98
