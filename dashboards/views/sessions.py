"""Sessions: a list to look through, with grade and flags, and one session with its evidence (`?session=ID`)."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.formats import words
from dashboards.layout import read
from dashboards.session import show_session
from warehouse.readers import sessions

GRADES = ("ok", "suspect", "unbillable")
# What a browser's table shows quickly; the extract holds all.
LISTED = 1000
# Enough to tell two tokens of a list apart.
TOKEN_SHOWN = 8


def main() -> None:
    scope = layout.scope()
    flags = read(sessions.flags, scope)
    with st.container(horizontal=True, key="choices"):
        grades = st.multiselect("Grade", GRADES, placeholder="All grades", key="grades", width=260)
        flag = st.selectbox(
            "Flag",
            flags["flag"].to_list(),
            index=None,
            format_func=words,
            placeholder="With or without",
            key="flag",
            width=240,
        )
        text = st.text_input("Session, station or token", placeholder="part of its id", key="session_text", width=260)
    rows = read(sessions.find, scope, grades=tuple(grades) or GRADES, flag=flag, text=text or None, limit=LISTED)
    if rows.is_empty():
        layout.nothing("No session fits.")
    else:
        _list(rows)
    if asked := st.query_params.get("session"):
        show_session(asked)


def _list(rows: pl.DataFrame) -> None:
    column = st.column_config
    matches = rows["matches"][0]
    some = (
        f"The newest {LISTED:,} of {matches:,} are listed, and the CSV holds these; the billing extract holds all."
        if matches > LISTED
        else "The CSV holds all of them."
    )
    chosen = layout.choose_row(
        f"{matches:,} sessions",
        rows.drop("matches"),
        {
            "local_start": column.DatetimeColumn("Begin (local)", format="YYYY-MM-DD HH:mm"),
            "station_id": column.TextColumn("Station"),
            "connector_id": column.NumberColumn("Connector"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.3f"),
            "duration_hours": column.NumberColumn("Plugged in, h", format="%.2f"),
            "charging_hours": column.NumberColumn("Charging, h", format="%.2f"),
            "max_power_kw": column.NumberColumn("Peak, kW", format="%,.1f"),
            "grade": column.TextColumn("Grade"),
            "flags": column.ListColumn("Flags"),
            "state": column.TextColumn("State"),
            "site": column.TextColumn("Site"),
            "id_token": column.TextColumn(
                "Token", help="The first 8 characters of a pseudonym: it tells nobody's name"
            ),
            "session_id": column.TextColumn("Session"),
        },
        name="sessions",
        shown=rows.with_columns(pl.col("id_token").str.head(TOKEN_SHOWN)),
        note=f"Choose a row to see the session with its readings and price. {some} {layout.zone_note()}.",
    )
    if chosen is not None and st.session_state.get("session_shown") != chosen["session_id"]:
        st.session_state["session_shown"] = chosen["session_id"]
        st.query_params["session"] = chosen["session_id"]


main()
