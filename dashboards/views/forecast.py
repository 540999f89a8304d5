"""Forecast: daily energy of the next 28 days per site, between which limits, and how good such forecasts were."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import formats, layout
from dashboards.charts import forecast as charts
from dashboards.layout import Figure, read
from warehouse.readers import forecasts

# Models by name, as the chart tells them and as a sentence does.
MODELS = {
    "weekday_mean": ("Weekday mean", "the weekday mean of eight weeks"),
    "seasonal_naive": ("Seasonal naive (last week again)", "last week again"),
}
# Eight weeks: what the weekday mean looks at.
HISTORY_DAYS = 56
# With more sites than that, one is chosen to look at.
SITES_SHOWN = 4


def main() -> None:
    sites = layout.scope().sites
    expected = read(forecasts.demand, sites)
    if expected.is_empty():
        _too_short("these sites")
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
    if missing := [site for site in sites if site not in names]:
        _too_short(", ".join(missing))
    _accuracy(accuracy.filter(pl.col("wape").is_not_null()))


def _too_short(sites: str) -> None:
    st.info(
        f"Not enough data yet for {sites}: a forecast needs 60 days. `kwhouse refresh` makes it when they are there.",
        icon=":material/hourglass_empty:",
    )


def _site(site_id: str, site: str, rows: pl.DataFrame, history: pl.DataFrame, accuracy: pl.DataFrame) -> None:
    proofs = accuracy.filter((pl.col("site_id") == site_id) & pl.col("wape").is_not_null()).sort("wape").to_dicts()
    # The model that was closer to this site's past leads; before there is a past, the one with the longer memory.
    tested = proofs[0] if proofs else {"model": "weekday_mean"}
    leading = str(tested["model"])
    by_model = {str(model): part for (model,), part in rows.group_by("model", maintain_order=True)}
    past = history.filter(pl.col("site_id") == site_id)
    st.subheader(site, anchor=False)
    st.write(_verdict(proofs))
    totals = read(forecasts.totals, (site_id,)).filter(pl.col("model") == leading).row(0, named=True)
    layout.figures(_figures(totals, tested, proofs[1:]), name=site_id)
    bold = by_model.pop(leading)
    cut = " The 95 % band goes beyond the axis; the CSV holds its ends." if charts.axis_top(past, bold) else ""
    layout.chart(
        "Energy a day, 28 days ahead",
        charts.demand(
            past,
            (_name(leading), bold),
            {_name(model): part for model, part in by_model.items()},
        ),
        pl.concat([past.with_columns(model=pl.lit("delivered")), rows], how="diagonal"),
        name=f"forecast_{site_id}",
        note=f"Daily kWh, local days. Origin: {formats.day(totals['origin_date'])}, the newest complete day of data. "
        f"Bold, with bands from its own past errors: {_said(leading)}." + cut,
    )


def _name(model: str) -> str:
    return MODELS[model][0] if model in MODELS else formats.words(model)


def _said(model: str) -> str:
    return MODELS[model][1] if model in MODELS else formats.words(model).lower()


def _verdict(proofs: list[dict[str, Any]]) -> str:
    """Which model was closer to the site's past, in words."""
    if not proofs:
        return "Not enough data yet to tell how good it is: the past is too short to hold some of it back."
    best, error = _said(proofs[0]["model"]), formats.percent(proofs[0]["wape"])
    if len(proofs) == 1:
        return f"On this site's past, {best} missed by {error}."
    rest = " and ".join(f"{formats.percent(proof['wape'])} by {_said(proof['model'])}" for proof in proofs[1:])
    return f"On this site's past, **{best}** was closer: an error of **{error}** against {rest}."


def _figures(totals: dict[str, Any], tested: dict[str, Any], others: list[dict[str, Any]]) -> list[Figure]:
    """What is expected and how good that was; a measure that is not known yet has no figure."""
    ahead, before = totals["energy_kwh"], totals["energy_kwh_before"]
    wape = "Σ|error| ÷ Σ delivered over all backtest days: lower is better."
    shown = [
        Figure(
            "Next 28 days", formats.energy(ahead, before), f"Sum of the expected daily means: {_said(tested['model'])}."
        ),
        Figure("Last 28 days", formats.energy(before, ahead), "Delivered in the 28 days up to the origin."),
    ]
    if tested.get("wape") is not None:
        shown.append(Figure("Error (WAPE)", formats.percent(tested["wape"]), f"{wape} Of {_said(tested['model'])}."))
    shown += [
        Figure("The other's error", formats.percent(other["wape"]), f"{wape} Of {_said(other['model'])}.")
        for other in others
    ]
    if tested.get("mase") is not None:
        mase = "Mean of |error| ÷ in-sample error of last week's value: lower is better."
        shown.append(Figure("MASE", f"{tested['mase']:.2f}", mase))
    for level in (80, 95):
        if tested.get(f"cover_{level}") is not None:
            held = f"Share of backtest days within the {level} % band: {level} % would be right."
            shown.append(Figure(f"{level} % band held", formats.percent(tested[f"cover_{level}"]), held))
    return shown


def _accuracy(accuracy: pl.DataFrame) -> None:
    if accuracy.is_empty():
        return
    column = st.column_config
    layout.table(
        "Backtest: earlier forecasts beside what came",
        accuracy.with_columns(model=pl.col("model").map_elements(_name, return_dtype=pl.String)),
        {
            "site_id": column.TextColumn("Site", pinned=True),
            "model": column.TextColumn("Model", width=120),
            "wape": column.NumberColumn("WAPE", format=layout.PERCENT, help="Σ|error| ÷ Σ delivered"),
            "mase": column.NumberColumn(
                "MASE", format="%.2f", help="Mean of |error| ÷ in-sample error of last week's value"
            ),
            "bias": column.NumberColumn(
                "Bias", format=layout.PERCENT, help="Σ error ÷ Σ delivered: above 0 means too high"
            ),
            "cover_80": column.NumberColumn("80 % band held", format=layout.PERCENT),
            "cover_95": column.NumberColumn("95 % band held", format=layout.PERCENT),
            "origins": column.NumberColumn("Origins"),
            "days": column.NumberColumn("Days"),
            "first_origin": column.DateColumn("First origin", format="YYYY-MM-DD"),
            "last_origin": column.DateColumn("Last origin", format="YYYY-MM-DD"),
            "site": column.TextColumn("Name"),
        },
        name="backtest",
        note="Forecasts made at past origins with nothing seen after them, 28 days each. "
        "Pooled over origins and days of the site.",
    )


main()
