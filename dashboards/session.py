"""One session as pages show it: the figures, the power, the price, and the way to its whole story."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboards import formats, layout
from dashboards.charts import session as charts
from dashboards.layout import Figure, read
from warehouse.readers import money, sessions
from warehouse.story.words import SOURCES, STATES

PAGE = Path(__file__).parent / "views" / "session.py"
COLOURS = {"ok": "green", "suspect": "orange", "unbillable": "red"}


def show_session(session_id: str) -> None:
    """Show the session in short, or say that it is not there."""
    found = read(sessions.one, session_id)
    if found.is_empty():
        st.warning(f"No session has the id {session_id}.", icon=":material/search_off:")
        return
    session = found.row(0, named=True)
    headline(session)
    link(session["session_id"])
    facts(session)
    steps = read(sessions.steps, session["session_id"])
    if not steps.is_empty():
        layout.chart(
            "Power",
            charts.power(steps, session["local_start"], session["local_end"]),
            steps,
            name="session_power",
            note=power_note(session, steps),
        )
    price(read(money.session_prices, session["session_id"]))


def headline(session: dict[str, Any]) -> None:
    """Where and when, as a heading."""
    place = f"{session['site']}, {session['station_id']}"
    st.subheader(f"Session at {place}, {formats.day(session['local_start'])}", anchor=False)


def link(session_id: str, label: str = "The whole story of this session") -> None:
    """The way to the session's page."""
    st.page_link(PAGE, label=label, icon=":material/timeline:", query_params={"session": session_id})


def facts(session: dict[str, Any], *, flags: bool = True) -> None:
    """The session's figures and ids; `flags`: also the names of its flags."""
    begin, end = session["local_start"], session["local_end"]
    layout.figures(
        [
            Figure(
                "Energy",
                "–" if session["energy_kwh"] is None else f"{session['energy_kwh']:,.3f} kWh",
                f"Rests on {SOURCES.get(session['energy_source'] or '', 'no evidence')}.",
            ),
            Figure("Begin", _moment(begin), f"{begin:%A, %Y-%m-%d %H:%M:%S} in {session['time_zone']}."),
            Figure(
                "End",
                _moment(end) if end else "goes on",
                f"It {STATES.get(session['state'], session['state'])}. "
                f"Why: {formats.plain(session['stop_reason'] or 'not told')}.",
            ),
            Figure("Plugged in", formats.duration(session["duration_seconds"]), "From begin to end."),
            Figure("Charging", formats.duration(session["charging_seconds"]), "Time with energy flowing."),
            Figure(
                "Grade", session["grade"], "ok: billed; suspect: billed if the operator says so; unbillable: never."
            ),
        ],
        name="session",
    )
    badges = " ".join(f":orange-badge[{formats.words(flag)}]" for flag in session["flags"] if flags)
    other = f" · from the source as `{session['external_session_id']}`" if session["external_session_id"] else ""
    token = session["id_token"] or "none"
    st.caption(f"{badges} Session `{session['session_id']}`{other} · token `{token}` · {session['origin']}")


def power_note(session: dict[str, Any], steps: pl.DataFrame) -> str:
    """What the power curve shows."""
    how = "between meter readings" if steps["measured"].all() else "laid evenly over the session: no readings came"
    return f"Mean kW {how}; the steps sum to the session's energy. Local time ({session['time_zone']})."


def price(rows: pl.DataFrame) -> None:
    """The components of the session's CDR."""
    if rows.is_empty():
        st.caption("Not priced: no tariff was in force, it goes on, somebody holds it, or it is unbillable.")
        return
    head = rows.row(0, named=True)
    column = st.column_config
    # Where prices include a VAT that is not known the gross is all that is known.
    net, gross = head["total_excl_vat"], head["total_incl_vat"]
    total, kind = (gross, "with VAT") if net is None else (net, "before VAT")
    layout.table(
        f"Price: {formats.money(float(total), head['currency'], 4)} {kind}",
        rows,
        {
            "dimension": column.TextColumn("Component"),
            "quantity": column.NumberColumn("Quantity", format="%.4f"),
            "quantity_unit": column.TextColumn("Unit"),
            "price": column.NumberColumn("Price", format="%.4f"),
            "amount_excl_vat": column.NumberColumn(f"Amount, {head['currency']}", format="%.4f"),
            "vat_percent": column.NumberColumn("VAT, %", format="%.1f"),
        },
        name="session_price",
        note=f"Tariff {head['tariff_id']}, version {head['tariff_version']}; "
        f"contract {head['contract_id'] or 'none: ad hoc'}.",
    )


def _moment(local: datetime) -> str:
    return f"{local.day} {local:%b, %H:%M}"
