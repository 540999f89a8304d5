"""The power of one session over time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboards.charts.template import CATEGORIES, finish

if TYPE_CHECKING:
    import polars as pl


def power(steps: pl.DataFrame, begin: datetime, end: datetime | None) -> go.Figure:
    """Mean kW of each interval as a stair from plug-in to plug-out; nothing flows between the intervals."""
    times: list[datetime] = [begin]
    values: list[float] = [0.0]
    for start, stop, kilowatts in steps.select("local_from", "local_to", "power_kw").iter_rows():
        if kilowatts is None:  # a jump of the register at one instant: there is no power to tell
            continue
        if start != times[-1]:
            times += [times[-1], start]
            values += [0.0, 0.0]
        times += [start, stop]
        values += [kilowatts, kilowatts]
    last = end or times[-1]
    times += [times[-1], last]
    values += [0.0, 0.0]
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
    figure.update_xaxes(hoverformat="%H:%M:%S")
    return finish(figure, height=220, unit="kW", tick_format=",.1f")
