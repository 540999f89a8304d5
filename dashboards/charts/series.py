"""Figures over time: stacked bars of sums, lines of rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from dashboards.charts.template import colour, finish
from dashboards.formats import symbol
from warehouse.readers import Grain

if TYPE_CHECKING:
    import polars as pl

_HOVER_DATE = {Grain.DAY: "%a %-d %b %Y", Grain.WEEK: "week of %-d %b %Y", Grain.MONTH: "%B %Y"}


def energy_by_site(rows: pl.DataFrame, sites: Sequence[str], grain: Grain, unit: tuple[float, str]) -> go.Figure:
    """Bars of energy a step, one colour a site; `sites` are the ids in the order that gives the colours.

    `unit`: how many kWh it holds, and its name.
    """
    size, name = unit
    figure = go.Figure()
    for (site_id, site), part in rows.group_by("site_id", "site", maintain_order=True):
        figure.add_bar(
            x=part["period"].to_list(),
            y=(part["energy_kwh"] / size).to_list(),
            name=str(site),
            marker_color=_site_colour(site_id, sites),
            hovertemplate=f"%{{y:,.{0 if size == 1 else 2}f}} {name}",
        )
    figure.update_layout(barmode="stack")
    return _over_time(finish(figure, unit=name, tick_format=",.2~f"), grain, rows)


def lines_by_site(rows: pl.DataFrame, value: str, sites: Sequence[str], grain: Grain) -> go.Figure:
    """Lines of a rate a step, one colour a site; a line breaks where nothing was in service."""
    figure = go.Figure()
    for (site_id, site), part in rows.group_by("site_id", "site", maintain_order=True):
        few = part.height <= 62
        figure.add_scatter(
            x=part["period"].to_list(),
            y=part[value].to_list(),
            name=str(site),
            mode="lines+markers" if few else "lines",
            marker={"size": 5},
            line={"color": _site_colour(site_id, sites), "width": 2},
            connectgaps=False,
            hovertemplate="%{y:.1%}",
        )
    return _over_time(finish(figure, tick_format=".0%"), grain, rows)


def rated_beside_billed(rows: pl.DataFrame, grain: Grain, currency: str) -> go.Figure:
    """Two bars a step: CDRs beside invoice lines, never added up."""
    figure = go.Figure()
    for position, (value, name) in enumerate((("rated", "Rated (CDRs)"), ("billed", "Billed (invoice lines)"))):
        figure.add_bar(
            x=rows["period"].to_list(),
            y=rows[value].to_list(),
            name=name,
            marker_color=colour(position),
            hovertemplate=f"{symbol(currency)}%{{y:,.2f}}",
        )
    figure.update_layout(barmode="group")
    return _over_time(finish(figure, prefix=symbol(currency)), grain, rows)


def per_kwh(rows: pl.DataFrame, grain: Grain, currency: str) -> go.Figure:
    """What a kWh brought, by step."""
    figure = go.Figure()
    figure.add_scatter(
        x=rows["period"].to_list(),
        y=rows["rated_per_kwh"].to_list(),
        name="Rated per kWh",
        mode="lines+markers",
        connectgaps=False,
        line={"color": colour(0), "width": 2},
        hovertemplate=f"{symbol(currency)}%{{y:.3f}} a kWh",
    )
    return _over_time(finish(figure, height=240, prefix=symbol(currency), tick_format=".2f"), grain, rows)


def _over_time(figure: go.Figure, grain: Grain, rows: pl.DataFrame) -> go.Figure:
    figure.update_xaxes(hoverformat=_HOVER_DATE[grain], type="date")
    if rows.height == 0 or grain is not Grain.MONTH:
        return figure
    # Bars of months stand at their first day: without this the ticks fall between them.
    return figure.update_xaxes(tickformat="%b\n%Y", ticklabelmode="instant")


def _site_colour(site_id: object, sites: Sequence[str]) -> str:
    return colour(sites.index(str(site_id)) if site_id in sites else 6)
