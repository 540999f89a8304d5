"""Forecast: daily energy of the next 28 days per site, between which limits, and how good such forecasts were."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import formats, layout
from dashboards.charts import forecast as charts
from dashboards.layout import Figure, read
from warehouse.readers import forecasts

MODEL, NAIVE = "weekday_mean", "seasonal_naive"
# Eight weeks: what the weekday mean looks at.
HISTORY_DAYS = 56
# With more sites than that, one is chosen to look at.
SITES_SHOWN = 4


def main() -> None:
    sites = layout.scope().sites
    expected = read(forecasts.demand, sites)
    if expected.is_empty():
        st.info(
            "No forecast for these sites yet: it needs 60 days of data. "
            "`kwhouse refresh` makes it when they are there.",
            icon=":material/hourglass_empty:",
        )
        return
    history = read(forecasts.history, sites, HISTORY_DAYS)
    accuracy = read(forecasts.accuracy, sites)
    names = dict(expected.select("site_id", "site").unique(maintain_order=True).iter_rows())
    if len(names) > SITES_SHOWN:
        chosen = st.selectbox(
            "Site to look at", list(names), format_func=names.__getitem__, key="forecast_site", width=340
        )
        expected = expected.filter(pl.col("site_id") == chosen)
    for (site_id, site), rows in expected.group_by("site_id", "site", maintain_order=True):
        _site(str(site_id), str(site), rows, history, accuracy)
    _accuracy(accuracy)


def _site(site_id: str, site: str, rows: pl.DataFrame, history: pl.DataFrame, accuracy: pl.DataFrame) -> None:
    model, naive = rows.filter(pl.col("model") == MODEL), rows.filter(pl.col("model") == NAIVE)
    past = history.filter(pl.col("site_id") == site_id)
    st.subheader(site, anchor=False)
    totals = read(forecasts.totals, (site_id,)).row(0, named=True)
    proof = accuracy.filter((pl.col("site_id") == site_id) & (pl.col("model") == MODEL)).to_dicts()
    tested = proof[0] if proof else {}
    layout.figures(
        [
            Figure("Next 28 days", formats.energy(totals["energy_kwh"]), "Sum of the expected daily means."),
            Figure(
                "Last 28 days",
                formats.energy(totals["energy_kwh_before"]),
                "Delivered in the 28 days up to the origin.",
            ),
            Figure(
                "Error (WAPE)",
                formats.percent(tested.get("wape")),
                "Σ|error| ÷ Σ delivered over all backtest days: lower is better.",
            ),
            Figure(
                "MASE",
                f"{tested['mase']:.2f}" if tested.get("mase") is not None else formats.UNKNOWN,
                "Error ÷ in-sample error of last week's value: below 1 is better than last week again.",
            ),
            Figure(
                "80 % band held",
                formats.percent(tested.get("cover_80"), 0),
                "Share of backtest days within the 80 % band: 80 % would be right.",
            ),
            Figure(
                "95 % band held",
                formats.percent(tested.get("cover_95"), 0),
                "Share of backtest days within the 95 % band: 95 % would be right.",
            ),
        ],
        name=site_id,
    )
    origin = formats.day(model["origin_date"][0]) if model.height else formats.UNKNOWN
    layout.chart(
        "Energy a day, 28 days ahead",
        charts.demand(past, model, naive),
        pl.concat([past.with_columns(model=pl.lit("delivered")), rows], how="diagonal"),
        name=f"forecast_{site_id}",
        note=f"Daily kWh, local days. Origin: {origin}, the newest complete day of data. Weekday mean of 8 weeks with "
        "bands from its own past errors, beside last week repeated.",
    )


def _accuracy(accuracy: pl.DataFrame) -> None:
    if accuracy.is_empty():
        st.info("No backtest yet: the site's history is too short to hold some of it back.", icon=":material/history:")
        return
    column = st.column_config
    layout.table(
        "Backtest: earlier forecasts beside what came",
        accuracy.with_columns(model=pl.col("model").map_elements(formats.words, return_dtype=pl.String)),
        {
            "site": column.TextColumn("Site"),
            "model": column.TextColumn("Model"),
            "wape": column.NumberColumn("WAPE", format="percent", help="Σ|error| ÷ Σ delivered"),
            "mase": column.NumberColumn(
                "MASE", format="%.2f", help="Mean of |error| ÷ in-sample error of last week's value"
            ),
            "bias": column.NumberColumn("Bias", format="percent", help="Σ error ÷ Σ delivered: above 0 means too high"),
            "cover_80": column.NumberColumn("80 % band held", format="percent"),
            "cover_95": column.NumberColumn("95 % band held", format="percent"),
            "origins": column.NumberColumn("Origins"),
            "days": column.NumberColumn("Days"),
            "first_origin": column.DateColumn("First origin", format="YYYY-MM-DD"),
            "last_origin": column.DateColumn("Last origin", format="YYYY-MM-DD"),
        },
        name="backtest",
        note="Forecasts made at past origins with nothing seen after them, 28 days each. "
        "Pooled over origins and days of the site.",
    )


main()
