"""Parts that every page is made of: header, figures in a row, charts and tables that give their rows away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.data import Answer
from warehouse.readers import Scope

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Charts are to be read, not dragged: on a phone a swipe over one must scroll the page.
_CHART = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}
_SCOPE, _ZONES, _SITES = "page_scope", "page_zones", "page_sites"


# A share in a table; the browser's own percent format has no fixed number of digits.
PERCENT = "%.1f\N{NARROW NO-BREAK SPACE}%%"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number in a row of numbers. `help` says numerator and denominator."""

    label: str
    value: str
    help: str
    change: str | None = None


def bind(scope: Scope, zones: Sequence[str], sites: tuple[str, ...]) -> None:
    """Keep what the filters chose for the page that runs next."""
    st.session_state[_SCOPE] = scope
    st.session_state[_ZONES] = tuple(zones)
    st.session_state[_SITES] = sites


def all_sites() -> tuple[str, ...]:
    """Every site, in the order that gives them their colours."""
    known: tuple[str, ...] = st.session_state[_SITES]
    return known


def scope() -> Scope:
    """Sites and days that the filters chose."""
    chosen: Scope = st.session_state[_SCOPE]
    return chosen


def zone_note() -> str:
    """In which time zone days and hours are meant."""
    zones: tuple[str, ...] = st.session_state[_ZONES]
    return f"Local time ({zones[0]})" if len(zones) == 1 else "Local time of each site"


def figures(row: Sequence[Figure], name: str = "page") -> None:
    """Numbers side by side, wrapping on narrow screens. `name` tells several such rows of a page apart."""
    with st.container(key=f"figures_{name}"):
        for figure in row:
            st.metric(figure.label, figure.value, figure.change, delta_color="off", help=figure.help, border=True)


def chart(title: str, figure: go.Figure, rows: pl.DataFrame, *, name: str, note: str) -> None:
    """A chart, the button that downloads its rows, and what its numbers mean."""
    with st.container(border=True, key=f"card_{name}", height="stretch"):
        _heading(title, rows, name)
        st.plotly_chart(figure, config=_CHART, key=f"chart_{name}", alt=title)
        st.caption(note)


def table(
    title: str,
    rows: pl.DataFrame,
    columns: Mapping[str, Any],
    *,
    name: str,
    note: str | None = None,
    scale: Mapping[str, float] | None = None,
) -> None:
    """A table of `columns`, in that order. `scale`: by what columns are divided where shown, not where downloaded."""
    with st.container(border=True, key=f"card_{name}"):
        _heading(title, rows, name)
        st.dataframe(_told(rows, columns, scale), **_shown(columns), key=f"table_{name}")
        if note:
            st.caption(note)


def choose_row(
    title: str,
    rows: pl.DataFrame,
    columns: Mapping[str, Any],
    *,
    name: str,
    note: str | None = None,
    shown: pl.DataFrame | None = None,
) -> dict[str, Any] | None:
    """A table of which one row can be chosen by a click; gives that row. `shown`: the same rows told more shortly."""
    with st.container(border=True, key=f"card_{name}"):
        _heading(title, rows, name)
        event = st.dataframe(
            _blank(rows if shown is None else shown),
            **_shown(columns),
            key=f"table_{name}",
            on_select="rerun",
            selection_mode="single-row",
        )
        if note:
            st.caption(note)
    chosen = [row for row in event.selection.rows if row < rows.height]
    return rows.row(chosen[0], named=True) if chosen else None


def meanings(title: str, rows: pl.DataFrame, *, name: str) -> None:
    """A table of two columns, names and sentences, that wraps on narrow screens."""
    with st.container(border=True, key=f"card_{name}"):
        _heading(title, rows, name)
        head = [column.capitalize() for column in rows.columns]
        lines = (f"`{word}` | {meaning.replace('|', chr(92) + '|')}" for word, meaning in rows.iter_rows())
        st.markdown("\n".join((" | ".join(head), "--- | ---", *lines)))


def _told(rows: pl.DataFrame, columns: Mapping[str, Any], scale: Mapping[str, float] | None) -> pl.DataFrame:
    shares = {name: 0.01 for name, config in columns.items() if config["type_config"].get("format") == PERCENT}
    sizes = {**shares, **(scale or {})}
    return _blank(rows.with_columns(**{name: rows[name] / size for name, size in sizes.items()}))


def _blank(rows: pl.DataFrame) -> pl.DataFrame:
    """Texts that are not there as empty cells: the browser's table would write None."""
    return rows.with_columns(pl.col(pl.String).fill_null(""))


def _shown(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {"column_order": list(columns), "column_config": dict(columns), "hide_index": True, "height": "auto"}


def _heading(title: str, rows: pl.DataFrame, name: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False):
        st.markdown(f"##### {title}")
        st.download_button(
            "CSV",
            _as_csv(rows),
            file_name=f"kwhouse-{name.replace('_', '-')}.csv",
            mime="text/csv",
            key=f"rows_{name}",
            type="tertiary",
            icon=":material/download:",
            help=f"Download the {rows.height:,} rows behind this as CSV",
            on_click="ignore",
        )


def _as_csv(rows: pl.DataFrame) -> Callable[[], bytes]:
    # Made when somebody asks for it, not on each run.
    return lambda: rows.write_csv().encode()


def nothing(what: str) -> None:
    """Say that the choice holds no rows, and what to do."""
    st.info(f"{what} Choose other sites or a longer period above.", icon=":material/search_off:")


def read(reader: Callable[..., Answer], *arguments: object, **named: object) -> Answer:
    """What the reader gives, from memory where the question was asked before."""
    return data.read(reader, *arguments, **named)
