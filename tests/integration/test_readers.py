"""Readers against sums made another way, on the small warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from tests import small_warehouse
from tests.homes import new_home
from tests.small_warehouse import FIRST, LAST
from warehouse.errors import QueryError
from warehouse.readers import Grain, Scope, forecasts, money, network, quality, sessions, usage
from warehouse.readers.query import frame
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

ALL_SITES = ("campus", "harbour", "market")
EVERYTHING = Scope(ALL_SITES, FIRST, LAST)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    settings = small_warehouse.build(tmp_path_factory.mktemp("readers"))
    with open_lake(settings, read_only=True) as opened:
        yield opened


def one(lake: Lake, sql: str) -> float:
    row = lake.con.execute(sql).fetchone()
    assert row is not None
    return float(row[0])


def test_totals_are_the_base_sums(lake: Lake) -> None:
    totals = usage.totals(lake, EVERYTHING).row(0, named=True)
    assert totals["sessions"] == one(lake, "SELECT count(*) FROM core.sessions")
    assert totals["energy_kwh"] == pytest.approx(one(lake, "SELECT sum(energy_wh) / 1000 FROM core.sessions"), abs=1e-3)
    assert totals["idle_utilization"] == pytest.approx(totals["occupied_utilization"] - totals["charging_utilization"])
    assert totals["sessions_change"] is None, "nothing is known of the time before"


def test_change_compares_with_the_equally_long_time_before(lake: Lake) -> None:
    june, may = Scope(ALL_SITES, date(2025, 6, 1), LAST), Scope(ALL_SITES, date(2025, 5, 2), date(2025, 5, 31))
    assert june.before == may.first
    now, before = (usage.totals(lake, scope).row(0, named=True) for scope in (june, may))
    assert now["energy_change"] == pytest.approx(now["energy_kwh"] / before["energy_kwh"] - 1)
    assert now["occupied_change_points"] == pytest.approx(now["occupied_utilization"] - before["occupied_utilization"])


def test_a_rate_over_sites_is_not_the_mean_of_their_rates(lake: Lake) -> None:
    sites = usage.by_site(lake, EVERYTHING)
    together = usage.totals(lake, EVERYTHING)["occupied_utilization"][0]
    seconds = "SELECT sum(occupied_seconds) / sum(open_seconds) FROM mart.site_days"
    assert together == pytest.approx(one(lake, seconds))
    assert together != pytest.approx(sites["occupied_utilization"].mean(), rel=1e-3)


def test_stations_that_nobody_has_registered_raise_no_rate(tmp_path: Path) -> None:
    """They are open at no time. (Sites `s` and `unregistered` did the same; `s` alone is rated.)"""
    with open_lake(load_settings(home=new_home(tmp_path / "home"))) as lake:
        with lake.write("two sites") as con:
            for name, open_seconds, rated_wh in (("s", 3600, 10_000), ("unregistered", 0, 0)):
                con.execute(
                    "INSERT INTO lake.mart.site_days BY NAME SELECT $name AS site_id, DATE '2025-06-02' AS local_date,"
                    " 1 AS connectors, 1 AS connectors_used, $open AS open_seconds, 1800 AS occupied_seconds,"
                    " 900 AS charging_seconds, $rated AS rated_wh, 5000 AS energy_wh, 1 AS sessions_started,"
                    " 1 AS unique_tokens, 0 AS peak_load_w",
                    {"name": name, "open": open_seconds, "rated": rated_wh},
                )
                con.execute(
                    "INSERT INTO lake.mart.connector_hours BY NAME SELECT $name AS site_id, $name AS station_id,"
                    " 1 AS evse_id, 1 AS connector_id, TIMESTAMPTZ '2025-06-02 08:00:00+00' AS hour_start,"
                    " $open AS open_seconds, 1800 AS occupied_seconds, 900 AS charging_seconds, 5000 AS energy_wh,"
                    " 1 AS sessions_started",
                    {"name": name, "open": open_seconds},
                )
        scope = Scope(("s", "unregistered"), date(2025, 6, 2), date(2025, 6, 2))
        totals = usage.totals(lake, scope).row(0, named=True)
        assert (totals["occupied_hours"], totals["energy_kwh"]) == (1.0, 10.0), "the sums are of both"
        assert (totals["occupied_utilization"], totals["idle_utilization"]) == (0.5, 0.25)
        assert totals["capacity_factor"] == 0.5
        hours = usage.hour_of_week(lake, scope, None).filter(pl.col("occupied_utilization").is_not_null())
        assert hours["occupied_utilization"].to_list() == [0.5]
        assert hours["power_kw_per_connector"].to_list() == [5.0]
        sites = usage.by_site(lake, scope).sort("site_id")
        assert sites["occupied_utilization"].to_list() == [0.5, None]


@pytest.mark.parametrize("grain", list(Grain))
def test_steps_add_up_and_have_no_gaps(lake: Lake, grain: Grain) -> None:
    rows = usage.by_period(lake, EVERYTHING, grain)
    assert rows["energy_kwh"].sum() == pytest.approx(usage.totals(lake, EVERYTHING)["energy_kwh"][0])
    assert rows.group_by("site").len()["len"].n_unique() == 1
    assert rows.height == 3 * {Grain.DAY: 181, Grain.WEEK: 27, Grain.MONTH: 6}[grain]


def test_many_sites_are_shown_as_few(lake: Lake) -> None:
    named = {"grain": "month", "shown": 2, **EVERYTHING.parameters()}
    rows = frame(lake, "by_period", **named)
    assert rows["site"].unique().sort().to_list() == ["Harbour", "Other sites"]
    assert rows["energy_kwh"].sum() == pytest.approx(usage.totals(lake, EVERYTHING)["energy_kwh"][0])


def test_hours_of_the_week_are_local(lake: Lake) -> None:
    """Slots begin between 7 and 10 and between 14 and 17 by the site's own clock, at Los Angeles as at Amsterdam."""
    for site in ALL_SITES:
        hours = usage.hour_of_week(lake, Scope((site,), FIRST, LAST))
        assert hours.height == 168
        starting = hours.filter(pl.col("sessions") > 0)["hour"].unique().sort().to_list()
        assert starting == [7, 8, 9, 10, 14, 15, 16, 17] or starting == [7, 8, 9, 14, 15, 16]
    assert hours["open_hours"].sum() == 4 * (181 * 24 - 1)


def test_connectors_and_their_hours_add_up(lake: Lake) -> None:
    connectors = usage.connectors(lake, EVERYTHING)
    hours = usage.hour_of_day_by_connector(lake, EVERYTHING)
    totals = usage.totals(lake, EVERYTHING).row(0, named=True)
    for rows in (connectors, hours):
        assert rows["occupied_hours"].sum() == pytest.approx(totals["occupied_hours"])
        assert rows["open_hours"].sum() == pytest.approx(totals["open_hours"])
    assert connectors["occupied_utilization"].is_sorted(descending=True)


def test_money_stays_apart_by_currency_and_by_kind(lake: Lake) -> None:
    totals = money.revenue_totals(lake, EVERYTHING)
    assert totals["currency"].to_list() == ["EUR", "USD"]
    for row in totals.iter_rows(named=True):
        cdrs = f"SELECT sum(total_excl_vat) FROM billing.cdrs WHERE currency = '{row['currency']}'"
        lines = "SELECT sum(amount_excl_vat) FROM billing.invoice_lines JOIN billing.invoices USING (invoice_id)"
        assert row["rated"] == pytest.approx(one(lake, cdrs))
        assert row["billed"] == pytest.approx(one(lake, f"{lines} WHERE currency = '{row['currency']}'"))
    by_month = money.revenue_by_period(lake, EVERYTHING, Grain.MONTH)
    assert by_month["rated"].sum() == pytest.approx(totals["rated"].sum())
    assert money.revenue_by_site(lake, EVERYTHING)["billed"].sum() == pytest.approx(totals["billed"].sum())


def test_invoice_lines_sum_to_the_invoice(lake: Lake) -> None:
    everything = {"month": None, "text": None}
    invoices = money.invoices(lake, EVERYTHING, **everything, limit=1000)
    for invoice in invoices.head(5).iter_rows(named=True):
        lines = money.invoice_lines(lake, invoice["invoice_id"])
        assert lines.height == invoice["sessions"]
        assert lines["amount_excl_vat"].sum() == invoice["total_excl_vat"]
        found = sessions.one(lake, lines["session_id"][0])
        assert found["energy_kwh"][0] == pytest.approx(lines["energy_kwh"][0])
    totals = money.invoice_totals(lake, EVERYTHING, **everything)
    assert totals["invoices"].sum() == invoices.height
    assert totals["total_excl_vat"].sum() == pytest.approx(float(invoices["total_excl_vat"].sum()))
    assert money.invoice_months(lake, EVERYTHING)["month"].to_list() == [date(2025, n, 1) for n in range(6, 0, -1)]


def test_sessions_are_found_by_grade_flag_and_text(lake: Lake) -> None:
    def find(**how: object) -> pl.DataFrame:
        asked = {"grades": ("ok", "suspect", "unbillable"), "flag": None, "text": None, "limit": 50, **how}
        return sessions.find(lake, EVERYTHING, **asked)  # type: ignore[arg-type]

    everything = find()
    assert everything.height == 50
    assert everything["matches"][0] == one(lake, "SELECT count(*) FROM core.sessions")
    odd = find(flag="implausible_power")
    assert set(odd["grade"]) == {"suspect"}
    assert odd["matches"][0] == sessions.flags(lake, EVERYTHING)["sessions"][0] == quality.faults(lake)["faults"][0]
    wanted = everything["external_session_id"][3]
    assert find(text=wanted.upper())["session_id"].to_list() == [everything["session_id"][3]]
    assert find(text="100% no_such").is_empty()
    assert sessions.one(lake, wanted)["session_id"][0] == everything["session_id"][3]


def test_steps_of_a_session_sum_to_its_energy(lake: Lake) -> None:
    session = sessions.find(lake, EVERYTHING, grades=("ok",), flag=None, text=None, limit=1).row(0, named=True)
    steps = sessions.steps(lake, session["session_id"])
    assert steps["energy_kwh"].sum() == pytest.approx(session["energy_kwh"])
    hours = (steps["local_to"] - steps["local_from"]).dt.total_milliseconds() / 3.6e6
    assert (steps["power_kw"] * hours).to_list() == pytest.approx(steps["energy_kwh"].to_list(), rel=1e-6)


def test_forecast_figures_follow_their_definitions(lake: Lake) -> None:
    wape = """SELECT sum(abs(energy_wh_mean - actual_wh)) / sum(actual_wh) FROM forecast.backtests
              WHERE site_id = 'market' AND model = 'weekday_mean'"""
    rows = forecasts.accuracy(lake, ("market",)).filter(pl.col("model") == "weekday_mean")
    assert rows["wape"][0] == pytest.approx(one(lake, wape))
    assert rows["days"][0] == 3 * 28
    assert 0 < rows["cover_80"][0] <= rows["cover_95"][0] <= 1
    demand = forecasts.demand(lake, ("market",)).filter(pl.col("model") == "weekday_mean")
    assert demand.height == 28
    totals = forecasts.totals(lake, ("market",)).filter(pl.col("model") == "weekday_mean")
    assert totals["energy_kwh"].to_list() == [pytest.approx(demand["energy_kwh"].sum())]
    assert forecasts.history(lake, ("market",), 56)["local_date"].max() == LAST


def test_extent_and_sites(lake: Lake) -> None:
    extent = network.extent(lake).row(0, named=True)
    assert (extent["first_date"], extent["last_date"]) == (FIRST, LAST)
    assert extent["sessions"] == extent["replayed_sessions"] > 2000
    assert extent["real_sessions"] == 0, "nothing says that this warehouse's sessions are real"
    assert network.sites(lake)["site_id"].to_list() == list(ALL_SITES)
    assert network.snapshot(lake) == lake.snapshot()


def test_a_question_that_cannot_be_answered_is_our_error(lake: Lake) -> None:
    with pytest.raises(QueryError, match="totals"):
        frame(lake, "totals", sites=["x"])
