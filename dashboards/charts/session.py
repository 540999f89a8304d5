"""The power of one session over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboards.charts.template import CATEGORIES, finish

if TYPE_CHECKING:
    import polars as pl


def power(steps: pl.DataFrame) -> go.Figure:
    """Mean kW of each interval as a stair; nothing flows between the intervals."""
    times: list[object] = []
    values: list[float | None] = []
    for begin, end, kilowatts in steps.select("local_from", "local_to", "power_kw").iter_rows():
        times += [begin, begin, end, end]
        values += [0.0, kilowatts, kilowatts, 0.0]
    figure = go.Figure()
    figure.add_scatter(
        x=times,
        y=values,
        mode="lines",
        fill="tozeroy",
        fillcolor="rgba(40,165,155,0.18)",
        line={"color": CATEGORIES[0], "width": 1.8},
        name="Power",
        hovertemplate="%{y:,.2f} kW",
    )
    return finish(figure, height=220, unit="kW", tick_format=",.1f")
