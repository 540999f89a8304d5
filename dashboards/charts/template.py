"""One look for all charts.

Colours are written as the placeholders that Streamlit's browser part replaces by the theme's `chartCategoricalColors`
and `chartSequentialColors`: the same figure is right in light and in dark without the server knowing which.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

# streamlit.elements.lib.streamlit_plotly_theme: CATEGORY_n and SEQUENTIAL_n.
CATEGORIES = tuple(f"#{n:06}" for n in range(1, 11))
SEQUENTIAL = [[n / 9, f"#{n + 11:06}"] for n in range(10)]
MUTED = CATEGORIES[6]

_AXIS: dict[str, Any] = {"fixedrange": True, "title": None}


def colour(position: int) -> str:
    """The colour of the site or series with that place in the list; the same on every page."""
    return CATEGORIES[position % len(CATEGORIES)]


def finish(
    figure: go.Figure, *, height: int = 320, unit: str = "", prefix: str = "", tick_format: str = ",.0f"
) -> go.Figure:
    """Put the common layout on: no titles inside, legend on top, one hover box for all series, nothing to drag."""
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        dragmode=False,
        hovermode="x unified",
        bargap=0.18,
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "xanchor": "left",
            "yanchor": "bottom",
            "title": None,
            "traceorder": "normal",
        },
        xaxis=_AXIS,
        yaxis={
            **_AXIS,
            "tickprefix": prefix,
            "ticksuffix": f" {unit}" if unit else "",
            "tickformat": tick_format,
            "rangemode": "tozero",
        },
    )
    return figure
