"""A forecast: what came, what is expected, and between which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboards.charts.template import CATEGORIES, MUTED, finish

if TYPE_CHECKING:
    import polars as pl

# Bands need transparency, which the theme's placeholders cannot carry: a teal that is right on white and on black.
_BANDS = (("95 % band", "p2_5", "p97_5", "rgba(40,165,155,0.16)"), ("80 % band", "p10", "p90", "rgba(40,165,155,0.30)"))


def demand(history: pl.DataFrame, expected: tuple[str, pl.DataFrame], others: dict[str, pl.DataFrame]) -> go.Figure:
    """One site: history, the leading model's mean with its bands, the others' means to compare. Daily kWh by name."""
    leading, rows = expected
    figure = go.Figure()
    days = rows["local_date"].to_list()
    for name, low, high, fill in _BANDS:
        lower, upper = rows[f"energy_kwh_{low}"].to_list(), rows[f"energy_kwh_{high}"].to_list()
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
    for name, other in others.items():
        figure.add_scatter(
            x=other["local_date"].to_list(),
            y=other["energy_kwh"].to_list(),
            name=name,
            mode="lines",
            line={"color": CATEGORIES[1], "width": 1.3, "dash": "dot"},
            hovertemplate="%{y:,.0f} kWh",
        )
    figure.add_scatter(
        x=days,
        y=rows["energy_kwh"].to_list(),
        name=leading,
        mode="lines",
        line={"color": CATEGORIES[0], "width": 2.4},
        hovertemplate="%{y:,.0f} kWh",
    )
    figure.update_xaxes(hoverformat="%a %-d %b %Y", type="date")
    finish(figure, height=340, unit="kWh")
    top = axis_top(history, rows)
    return figure.update_yaxes(range=[0, top]) if top else figure


def axis_top(history: pl.DataFrame, rows: pl.DataFrame) -> float | None:
    """Where the axis has to end lest a very wide 95 % band press all else flat; None where nothing needs cutting."""
    seen = max((kwh or 0 for kwh in (*history["energy_kwh"], *rows["energy_kwh"], *rows["energy_kwh_p90"])), default=0)
    widest = max((kwh or 0 for kwh in rows["energy_kwh_p97_5"]), default=0)
    return 1.2 * seen if widest > 2 * seen else None
