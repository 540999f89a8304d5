"""What pages that act have in common: tables of what the API told, and saying what became of an action."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from dashboards import api, layout
from dashboards.api import ApiRefused
from dashboards.formats import plain

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
_SAID, _EMPTIED = "acting_said", "acting_emptied"


def frame(items: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pl.DataFrame:
    """Rows of the API as a table of texts, for these columns; instants to the second, in UTC."""
    rows = [{name: _cell(item.get(name)) for name in columns} for item in items]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))


def chosen(
    title: str, items: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], *, name: str, note: str
) -> dict[str, Any] | None:
    """A table of which one row may be chosen; gives the row as the API told it."""
    rows = frame(items, list(columns)).with_columns(pl.Series("row", range(len(items)), dtype=pl.Int64))
    found = layout.choose_row(title, rows, columns, name=name, note=note)
    return None if found is None else dict(items[found["row"]])


def act(what: Callable[[], object], done: str, *, form: str | None = None) -> None:
    """Do something and run the page anew, which says `done`; what was refused is told where it stands.

    `form`: how the keys of the fields begin that are to be empty then.
    """
    try:
        what()
    except ApiRefused as refusal:
        st.error(_reasons(refusal), icon=":material/block:")
        return
    st.session_state[_SAID], st.session_state[_EMPTIED] = done, form
    st.rerun()


def say() -> None:
    """What the action before this run came to. Stands before all fields: a form that did its work is emptied here."""
    if (form := st.session_state.pop(_EMPTIED, None)) is not None:
        for key in [key for key in st.session_state if str(key).startswith(form)]:
            del st.session_state[key]
    if (done := st.session_state.pop(_SAID, None)) is not None:
        st.success(done, icon=":material/check:")


def everything(path: str, **query: object) -> list[dict[str, Any]]:
    """All pages of a list."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = api.get(path, limit=500, cursor=cursor, **query)
        items += page["items"]
        if (cursor := page["next"]) is None:
            return items


def _reasons(refusal: ApiRefused) -> str:
    named = [f"{name.replace('_', ' ')}: {reason}" for name, reason in refusal.problems.items() if name]
    return plain("; ".join(named) or str(refusal))


def _cell(value: object) -> str | None:
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return value[:19].replace("T", " ")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)
