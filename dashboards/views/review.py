"""Review: sessions that wait for a decision, what is at stake, and the command that decides."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.formats import count, day, energy, money, plain, symbol, words
from dashboards.layout import Figure, read
from dashboards.session import COLOURS, link
from warehouse.readers import decisions, sessions
from warehouse.story.words import of_flag

GRADES = ("suspect", "unbillable", "ok")
STATUSES = {
    "open": "Waiting for a decision",
    "held": "Held back",
    "released": "Released",
    "all": "All of them",
}
# A release that lapsed waits for a decision again.
SHOWN = {
    "open": ("waiting", "lapsed"),
    "held": ("held",),
    "released": ("released",),
    "all": ("waiting", "lapsed", "held", "released"),
}
LISTED = 1000


def main() -> None:
    scope = layout.scope()
    flags = read(sessions.flags, scope)
    with st.container(horizontal=True, key="choices"):
        status = st.selectbox(
            "Status", list(STATUSES), format_func=STATUSES.__getitem__, key="review_status", width=220
        )
        grades = st.multiselect("Grade", GRADES, placeholder="All grades", key="review_grades", width=260)
        flag = st.selectbox(
            "Flag",
            flags["flag"].to_list(),
            index=None,
            format_func=words,
            placeholder="With or without",
            key="review_flag",
            width=240,
        )
    rows = read(
        decisions.review,
        scope,
        grades=tuple(grades) or GRADES,
        statuses=SHOWN[status],
        flag=flag,
        limit=LISTED,
    )
    if rows.is_empty():
        _nothing(status)
        return
    _figures(rows)
    chosen = _list(rows)
    if chosen is None:
        st.caption(":material/touch_app: Choose a session at the left edge of its row to decide on it.")
        return
    _decide(chosen)


def _nothing(status: str) -> None:
    if status == "open":
        st.success("No session of that choice waits for a decision.", icon=":material/check_circle:")
    else:
        layout.nothing("No session fits.")


def _figures(rows: pl.DataFrame) -> None:
    head = rows.row(0, named=True)
    at_stake = rows.filter(pl.col("currency").is_not_null()).unique("currency", maintain_order=True)
    lapsed = rows.filter(pl.col("status") == "lapsed").height
    layout.figures(
        [
            Figure("Sessions", count(head["matches"]), "Ended sessions of this choice."),
            Figure("Energy", energy(head["matching_kwh"]), "Of those whose energy is known."),
            *(
                Figure(
                    f"At stake, {row['currency']}",
                    money(row["matching_amount"], row["currency"]),
                    "Before VAT: the CDR where there is one, else what a kWh brings at the site.",
                )
                for row in at_stake.sort("currency").iter_rows(named=True)
            ),
            Figure(
                "Releases lapsed",
                count(lapsed),
                "Released, and later data changed the energy or made the grade worse: they need a new look.",
            ),
        ]
    )


def _list(rows: pl.DataFrame) -> dict[str, Any] | None:
    column = st.column_config
    some = f" The {LISTED:,} with the most money at stake are listed." if rows["matches"][0] > LISTED else ""
    shown = rows.with_columns(
        pl.col("flags").list.eval(pl.element().map_elements(words, return_dtype=pl.String)),
        pl.col("status").map_elements(words, return_dtype=pl.String),
    )
    return layout.choose_row(
        f"{rows['matches'][0]:,} sessions",
        rows.drop("matches", "matching_kwh", "matching_amount"),
        {
            "local_start": column.DatetimeColumn("Begin (local)", format="YYYY-MM-DD HH:mm"),
            "station_id": column.TextColumn("Station"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.3f"),
            "amount": column.NumberColumn("At stake", format="%,.2f"),
            "currency": column.TextColumn("Currency"),
            "grade": column.TextColumn("Grade"),
            "flags": column.ListColumn("Why"),
            "status": column.TextColumn("Status"),
            "site": column.TextColumn("Site"),
            "session_id": column.TextColumn("Session"),
        },
        name="review",
        shown=shown,
        note=f"At stake: before VAT.{some} {layout.zone_note()}.",
    )


def _decide(session: dict[str, Any]) -> None:
    place = f"{session['site']}, {session['station_id']}"
    st.subheader(f"{place}, {day(session['local_start'])}", anchor=False)
    link(session["session_id"])
    with st.container(border=True, key="card_decide"):
        for flag in session["flags"]:
            st.markdown(f":orange-badge[{words(flag)}] {of_flag(flag)}")
        st.markdown(f":{COLOURS[session['grade']]}-badge[{session['grade']}] {_what_now(session)}")
        if session["energy_kwh"] is not None and session["status"] != "released":
            _command("Bill it", "release", session)
        if session["status"] != "held":
            _command("Keep it from being billed", "hold", session)
        if session["status"] in ("held", "released", "lapsed"):
            _command("Let its grade decide again", "withdraw", session)
        st.caption("In a terminal on the machine of the warehouse. Billing follows at the next `kwhouse refresh`.")


def _what_now(session: dict[str, Any]) -> str:
    stake = ""
    if session["amount"] is not None:
        about = "About " if session["amount_estimated"] else ""
        stake = f" {about}{symbol(session['currency'])}{session['amount']:,.2f} before VAT is at stake."
        stake = stake.replace("$", "\\$")  # two dollar signs would be a formula
    if session["status"] == "lapsed":
        return (
            f"Released by {plain(session['decided_by'])} at {session['decided_energy_kwh']:,.3f} kWh, graded "
            f"{session['decided_grade']}; later data changed it, so it is not billed until somebody looks again.{stake}"
        )
    if session["status"] in ("held", "released"):
        done = "Held back" if session["status"] == "held" else "Released"
        who = f"{done} by {plain(session['decided_by'])} on {day(session['decided_at'])}"
        return f"{who}: {plain(session['reason'])}{stake}"
    if session["energy_kwh"] is None:
        return "There is no evidence of its energy: nothing can be billed."
    if session["grade"] == "suspect":
        return f"It keeps its energy and stands on no invoice, unless the operator's policy bills suspect ones.{stake}"
    return f"It is never billed unless somebody releases it.{stake}"


def _command(title: str, verb: str, session: dict[str, Any]) -> None:
    st.markdown(f"**{title}**")
    st.code(f"kwhouse session {verb} {session['session_id'][:12]} --reason '…'", language="bash")


main()
