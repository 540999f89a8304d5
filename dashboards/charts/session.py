"""One session over time: the power, and where it is told in full, the register and the frames below it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboards.charts.template import CATEGORIES, MUTED, finish

if TYPE_CHECKING:
    import polars as pl

# A register is read in whole Wh by many stations; what lies further off the counted energy was not believed.
_TOLERANCE_KWH = 0.002
# More dots than that are a line.
_DOTS_SHOWN = 400
# How far beyond the counted energy a reading may lie and still be drawn where it is.
_MARGIN = 0.12
_FILL = "rgba(40,165,155,0.18)"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something a frame said at a local time; `odd`: it proves a fault."""

    at: datetime
    text: str
    odd: bool


def power(steps: pl.DataFrame, begin: datetime, end: datetime | None) -> go.Figure:
    """Mean kW of each interval as a stair from plug-in to plug-out; nothing flows between the intervals."""
    figure = go.Figure()
    figure.add_scatter(**_power(steps, begin, end))
    figure.update_xaxes(hoverformat="%H:%M:%S")
    return finish(figure, height=220, unit="kW", tick_format=",.1f")


def curves(
    steps: pl.DataFrame,
    registers: pl.DataFrame,
    marks: Sequence[Mark],
    begin: datetime,
    end: datetime | None,
    begin_register_kwh: float | None,
) -> go.Figure:
    """Power, counted energy with the register's readings, and frames, one above the other on one time axis."""
    figure = make_subplots(rows=3, shared_xaxes=True, vertical_spacing=0.05, row_heights=[0.42, 0.46, 0.12])
    figure.add_scatter(**_power(steps, begin, end), row=1, col=1)
    times, counted = _counted(steps, begin, end)
    figure.add_scatter(
        x=times,
        y=counted,
        mode="lines",
        name="Energy counted",
        line={"color": CATEGORIES[0], "width": 2},
        hovertemplate="%{y:,.3f} kWh",
        row=2,
        col=1,
    )
    for trace in _readings(steps, registers, times, counted, begin_register_kwh):
        figure.add_scatter(**trace, row=2, col=1)
    for trace in _frames(marks):
        figure.add_scatter(**trace, row=3, col=1)
    finish(figure, height=460)
    axis = {"fixedrange": True, "title": None}
    figure.update_xaxes(**axis, hoverformat="%H:%M:%S", showspikes=False)
    figure.update_yaxes(**axis, rangemode="tozero")
    top = max([*counted, 0.001]) * (1 + _MARGIN)
    figure.update_yaxes(ticksuffix=" kW", tickformat=",.2~f", row=1, col=1)
    figure.update_yaxes(ticksuffix=" kWh", tickformat=",.2~f", range=[-top * _MARGIN / 2, top], row=2, col=1)
    figure.update_yaxes(visible=False, range=[-1, 1], row=3, col=1)
    return figure


def _power(steps: pl.DataFrame, begin: datetime, end: datetime | None) -> dict[str, Any]:
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
    return {
        "x": times,
        "y": values,
        "mode": "lines",
        "fill": "tozeroy",
        "fillcolor": _FILL,
        "line": {"color": CATEGORIES[0], "width": 1.8},
        "name": "Power",
        "showlegend": False,
        "hovertemplate": "%{y:,.2f} kW",
    }


def _counted(steps: pl.DataFrame, begin: datetime, end: datetime | None) -> tuple[list[datetime], list[float]]:
    """The energy counted so far, in kWh, at every edge of a step."""
    times, values, sum_kwh = [begin], [0.0], 0.0
    for start, stop, energy in steps.select("local_from", "local_to", "energy_kwh").iter_rows():
        times += [start, stop]
        values += [sum_kwh, sum_kwh + energy]
        sum_kwh += energy
    if end is not None:
        times.append(end)
        values.append(sum_kwh)
    return times, values


def _readings(
    steps: pl.DataFrame,
    registers: pl.DataFrame,
    times: Sequence[datetime],
    counted: Sequence[float],
    begin_kwh: float | None,
) -> list[dict[str, Any]]:
    """Readings of the register, counted from the begin: those that the energy rests on, and the others."""
    if registers.is_empty():
        return []
    base = registers["register_kwh"][0] if begin_kwh is None else begin_kwh
    top = max([*counted, 0.001]) * (1 + _MARGIN)
    measured = steps.filter("measured")
    # Counted energy goes from reading to reading, also where a register began anew or has a scale of its own.
    edges = {*measured["local_from"], *measured["local_to"]}
    readings = registers.select("local_at", "register_kwh").unique(maintain_order=True).rows()
    on_the_line = {at for at, register in readings if _fits(at, register - base, times, counted)}
    believed: list[tuple[datetime, float, str]] = []
    others: list[tuple[datetime, float, str]] = []
    for at, register in readings:
        text = f"register {register:,.3f} kWh"
        if _fits(at, register - base, times, counted):
            believed.append((at, register - base, text))
        elif at in edges and at not in on_the_line:
            believed.append((at, _line(at, times, counted)[1], f"{text}, counted from another begin"))
        else:
            # Far off ones are drawn at the edge: the scale is that of the session.
            others.append((at, min(max(register - base, -top * _MARGIN / 4), top * 0.98), f"{text}, not counted"))
    traces = []
    if believed and len(believed) <= _DOTS_SHOWN:
        traces.append(_dots(believed, "Reading", CATEGORIES[0], "circle", 6))
    if others:
        traces.append(_dots(others, "Reading not counted", CATEGORIES[1], "x", 8))
    return traces


def _fits(at: datetime, rise: float, times: Sequence[datetime], counted: Sequence[float]) -> bool:
    """Whether a reading lies on the line of the counted energy."""
    low, high = _line(at, times, counted)
    return low - _TOLERANCE_KWH <= rise <= high + _TOLERANCE_KWH


def _line(at: datetime, times: Sequence[datetime], counted: Sequence[float]) -> tuple[float, float]:
    """The counted energy at that time; where the register jumped, from and to."""
    first, last = bisect_left(times, at), bisect_right(times, at)
    if first < last:
        return counted[first], counted[last - 1]
    if first in (0, len(times)):
        value = counted[min(first, len(times) - 1)]
    else:
        share = (at - times[first - 1]) / (times[first] - times[first - 1])
        value = counted[first - 1] + (counted[first] - counted[first - 1]) * share
    return value, value


def _dots(points: list[tuple[datetime, float, str]], name: str, colour: str, symbol: str, size: int) -> dict[str, Any]:
    return {
        "x": [point[0] for point in points],
        "y": [point[1] for point in points],
        "customdata": [point[2] for point in points],
        "mode": "markers",
        "name": name,
        "marker": {"color": colour, "symbol": symbol, "size": size},
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _frames(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    traces = []
    for odd, name, colour, symbol in (
        (False, "Frame", MUTED, "line-ns-open"),
        (True, "Proves a fault", CATEGORIES[1], "diamond"),
    ):
        chosen = [mark for mark in marks if mark.odd is odd]
        if chosen:
            traces.append(
                {
                    "x": [mark.at for mark in chosen],
                    "y": [0] * len(chosen),
                    "customdata": [mark.text for mark in chosen],
                    "mode": "markers",
                    "name": name,
                    "marker": {
                        "color": colour,
                        "symbol": symbol,
                        "size": 9 if odd else 12,
                        "line": {"color": colour, "width": 1.5},
                    },
                    "hovertemplate": "%{customdata}<extra></extra>",
                }
            )
    return traces
