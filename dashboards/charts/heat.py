"""Heat maps of a rate: hours of the week, and connectors by hour of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboards.charts.template import SEQUENTIAL, finish

if TYPE_CHECKING:
    import polars as pl

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def hour_of_week(rows: pl.DataFrame, value: str) -> go.Figure:
    """Weekdays down, hours across; `rows` are the 168 hours in order."""
    values = rows[value].to_list()
    grid = [values[24 * day : 24 * day + 24] for day in range(7)]
    return _heat(grid, [f"{hour:02}" for hour in range(24)], list(_WEEKDAYS), 300)


def hour_of_day(rows: pl.DataFrame, value: str, labels: list[str]) -> go.Figure:
    """Connectors down (as in `labels`), hours of the day across. `rows` hold `label`, `hour` and the value."""
    by_label: dict[str, list[float | None]] = {label: [None] * 24 for label in labels}
    for label, hour, rate in rows.select("label", "hour", value).iter_rows():
        if label in by_label:
            by_label[label][hour] = rate
    return _heat(
        [by_label[label] for label in labels], [f"{hour:02}" for hour in range(24)], labels, 90 + 17 * len(labels)
    )


def _heat(grid: list[list[float | None]], across: list[str], down: list[str], height: int) -> go.Figure:
    # Both ends are given: with one alone Plotly would choose both.
    highest = max((rate for row in grid for rate in row if rate is not None), default=0)
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            x=across,
            y=down,
            xgap=1,
            ygap=1,
            zmin=0,
            zmax=highest or 1,
            colorscale=SEQUENTIAL,
            hoverongaps=False,
            hovertemplate="%{y}, %{x}:00–%{x}:59<br><b>%{z:.1%}</b><extra></extra>",
            colorbar={"tickformat": ".0%", "thickness": 10, "len": 0.9, "outlinewidth": 0},
        )
    )
    finish(figure, height=height)
    figure.update_layout(hovermode="closest")
    figure.update_yaxes(autorange="reversed", showgrid=False, rangemode="normal", tickformat=None, type="category")
    return figure.update_xaxes(type="category", dtick=3, tickangle=0)
