"""A forecast: what came, what is expected, and between which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboards.charts.template import CATEGORIES, MUTED, finish

if TYPE_CHECKING:
    import polars as pl

# Bands need transparency, which the theme's placeholders cannot carry: a teal that is right on white and on black.
_BANDS = (("95 % band", "p2_5", "p97_5", "rgba(40,165,155,0.16)"), ("80 % band", "p10", "p90", "rgba(40,165,155,0.30)"))


def demand(history: pl.DataFrame, expected: pl.DataFrame, naive: pl.DataFrame) -> go.Figure:
    """One site: history, the model's mean with its bands, and the naive mean to compare with. Daily kWh."""
    figure = go.Figure()
    days = expected["local_date"].to_list()
    for name, low, high, fill in _BANDS:
        lower, upper = expected[f"energy_kwh_{low}"].to_list(), expected[f"energy_kwh_{high}"].to_list()
        figure.add_scatter(x=days, y=upper, mode="lines", line={"width": 0}, showlegend=False, hoverinfo="skip")
        figure.add_scatter(
            x=days,
            y=lower,
            mode="lines",
            line={"width": 0},
            fill="tonexty",
            fillcolor=fill,
            name=name,
            customdata=upper,
            hovertemplate="%{y:,.0f} to %{customdata:,.0f} kWh",
        )
    figure.add_scatter(
        x=history["local_date"].to_list(),
        y=history["energy_kwh"].to_list(),
        name="Delivered",
        mode="lines",
        line={"color": MUTED, "width": 1.8},
        hovertemplate="%{y:,.0f} kWh",
    )
    figure.add_scatter(
        x=naive["local_date"].to_list(),
        y=naive["energy_kwh"].to_list(),
        name="Seasonal naive (last week again)",
        mode="lines",
        line={"color": CATEGORIES[1], "width": 1.6, "dash": "dot"},
        hovertemplate="%{y:,.0f} kWh",
    )
    figure.add_scatter(
        x=days,
        y=expected["energy_kwh"].to_list(),
        name="Weekday mean",
        mode="lines",
        line={"color": CATEGORIES[0], "width": 2.4},
        hovertemplate="%{y:,.0f} kWh",
    )
    figure.update_xaxes(hoverformat="%a %-d %b %Y", type="date")
    return finish(figure, height=340, unit="kWh")
