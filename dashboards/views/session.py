"""Session: the whole story of one, from its price down to the frames (`?session=ID`), now or as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from dashboards import data, formats, layout
from dashboards.charts import session as charts
from dashboards.session import COLOURS, facts, headline, power_note, price
from warehouse import story
from warehouse.errors import InputError
from warehouse.readers import evidence, money, sessions
from warehouse.story.text import clock_sentence, energy_sentence, lapsed_sentence
from warehouse.story.words import ROLES, of_flag

Read = Callable[..., Any]
LATEST = "now"
# What a browser draws and scrolls easily.
MARKS_SHOWN = 400


def main() -> None:
    _follow_address()
    with st.container(horizontal=True, vertical_alignment="bottom", key="choices"):
        text = st.text_input("Session", key="session_asked", placeholder="its id, or the beginning of it", width=380)
        past = st.toggle("Show its past", key="past", help="Every change that the warehouse's snapshots keep")
    if not text.strip():
        st.info("Choose a session on the Sessions, Invoices or Review page, or write its id above.")
        return
    try:
        session_id = data.read(story.find, text.strip())
    except InputError as error:
        st.warning(str(error), icon=":material/search_off:")
        return
    st.query_params["session"] = st.session_state["story_shown"] = session_id
    chosen = _choose_past(session_id) if past else None
    if chosen is None:
        _show(data.read, data.read(story.tell, session_id))
        return
    snapshot_id, made_at = chosen
    read: Read = partial(data.read_at, snapshot_id)
    _show(read, read(story.tell, session_id, until=made_at))


def _follow_address() -> None:
    """Ask for the session of the address on arrival and whenever it changed; without one for the last one shown."""
    known = st.session_state.get("story_shown") or st.session_state.get("session_shown") or ""
    asked = st.query_params.get("session") or known
    if "session_asked" not in st.session_state or asked != st.session_state.get("story_shown"):
        st.session_state["session_asked"] = asked
    st.session_state["story_shown"] = asked


def _choose_past(session_id: str) -> tuple[int, datetime] | None:
    """The session's changes, and the snapshot of one of them with its time; None: as it is now."""
    rows = data.read(evidence.history, session_id)
    column = st.column_config
    layout.table(
        "Its changes",
        rows.with_columns(pl.col("energy_wh").cast(pl.Float64) / 1000),
        {
            "snapshot_time": column.DatetimeColumn("Made at (UTC)", format="YYYY-MM-DD HH:mm:ss"),
            "there": column.CheckboxColumn("There"),
            "state": column.TextColumn("State"),
            "grade": column.TextColumn("Grade"),
            "energy_wh": column.NumberColumn("Energy, kWh", format="%,.3f"),
            "flags": column.ListColumn("Flags"),
            "snapshot_id": column.NumberColumn("Snapshot", format="%d"),
        },
        name="session_history",
        note="Old snapshots are removed in time, and with them what the session was before.",
    )
    times = {row["snapshot_id"]: row["snapshot_time"] for row in rows.iter_rows(named=True) if row["there"]}
    chosen = st.selectbox(
        "Shown",
        [LATEST, *times],
        format_func=lambda at: "as it is now" if at == LATEST else f"as of {times[at]:%Y-%m-%d %H:%M:%S} UTC",
        key=f"as_of_{session_id}",
        width=320,
    )
    return None if chosen == LATEST else (int(chosen), times[chosen])


def _show(read: Read, told: story.Story) -> None:
    session = told.session
    headline(session)
    facts(session, flags=False)
    _words(told)
    _curves(read, told)
    price(read(money.session_prices, session["session_id"]))
    for line in told.bills:
        amount = formats.money(float(line["amount_excl_vat"]), line["currency"], 2)
        st.caption(
            f"On invoice `{line['invoice_id']}` ({line['status']}), line {line['line_no']}: {amount} before VAT."
        )
    _frames(told)


def _words(told: story.Story) -> None:
    session = told.session
    with st.container(border=True, key="card_story"):
        st.markdown("##### What is known")
        lines = [energy_sentence(session), clock_sentence(session)]
        if session["unplugged_at"] is not None:
            free = formats.moment(session["unplugged_at"], session["time_zone"])
            lines.append(f"The connector was free again on {free}.")
        lines += [f"From {record['source']}." for record in told.records]
        st.markdown("  \n".join(line for line in lines if line))
        for flag in session["flags"]:
            st.markdown(f":orange-badge[{formats.words(flag)}] {of_flag(flag)}")
        if not session["flags"]:
            st.markdown(":green-badge[Nothing odd] No check and no fault has anything to say.")
        _decisions(told)


def _decisions(told: story.Story) -> None:
    session = told.session
    for row in told.decisions:
        moment = formats.moment(row["decided_at"], session["time_zone"])
        stands = "" if row["in_force"] == "yes" else f" ({row['in_force']})"
        said = f"{moment}, {formats.plain(row['decided_by'])}{stands}: {formats.plain(row['reason'])}"
        st.markdown(f":blue-badge[{formats.words(row['decision'])}] {said}")
    if told.lapsed is not None:
        st.warning(lapsed_sentence(told.lapsed), icon=":material/history:")
    if session["grade"] != "ok" and told.standing is None and session["state"] != "active":
        colour = COLOURS[session["grade"]]
        st.markdown(f":{colour}-badge[{session['grade']}] It waits for a decision. To bill it:")
        verb = "release" if session["energy_wh"] is not None else "hold"
        st.code(f"kwhouse session {verb} {session['session_id'][:12]} --reason '…'", language="bash")


def _curves(read: Read, told: story.Story) -> None:
    session = told.session
    steps, registers = (read(reader, session["session_id"]) for reader in (sessions.steps, evidence.registers))
    if steps.is_empty() and registers.is_empty():
        return
    begin_wh = session["begin_register_wh"]
    figure = charts.curves(
        steps,
        registers,
        _marks(told),
        session["local_start"],
        session["local_end"],
        None if begin_wh is None else float(begin_wh) / 1000,
    )
    note = power_note(session, steps) if not steps.is_empty() else "No energy was counted."
    layout.chart(
        "Power, register and frames",
        figure,
        registers,
        name="session_curves",
        note=f"{note} Register: readings since the begin; those marked × lie off the energy that was counted.",
    )


def _marks(told: story.Story) -> list[charts.Mark]:
    zone = ZoneInfo(told.session["time_zone"])
    ahead = timedelta(seconds=told.session["clock_offset_seconds"] or 0)

    def local(frame: story.Frame) -> datetime:
        moment = frame.received_at if frame.told_at is None else frame.told_at - ahead
        return moment.astimezone(zone).replace(tzinfo=None)

    marks = [
        charts.Mark(local(frame), f"{frame.action or 'frame'}, {ROLES.get(frame.role, frame.role)}", bool(frame.proves))
        for frame in told.frames
    ]
    telling = [mark for mark in marks if mark.odd] + [mark for mark in marks if not mark.odd]
    return telling[:MARKS_SHOWN]


def _frames(told: story.Story) -> None:
    if not told.frames:
        st.caption("No frame of it is kept." if not told.records else "Imported: another system's record, no frames.")
        return
    rows = pl.DataFrame(
        {
            "received_at": [frame.received_at for frame in told.frames],
            "way": ["from station" if frame.direction == "in" else "to station" for frame in told.frames],
            "action": [frame.action for frame in told.frames],
            "role": [ROLES.get(frame.role, frame.role) for frame in told.frames],
            "proves": [[formats.words(kind) for kind in frame.proves] for frame in told.frames],
            "told_at": [frame.told_at for frame in told.frames],
            "frame": [frame.name for frame in told.frames],
            "schema_error": [frame.schema_error for frame in told.frames],
            "payload": [frame.payload for frame in told.frames],
        },
        schema_overrides={"action": pl.String, "proves": pl.List(pl.String), "schema_error": pl.String},
    )
    column = st.column_config
    moment = "YYYY-MM-DD HH:mm:ss"
    chosen = layout.choose_row(
        f"{rows.height:,} frames prove it",
        rows.with_columns(pl.col("proves").list.join("; ")),
        {
            "received_at": column.DatetimeColumn("Received (UTC)", format=moment),
            "way": column.TextColumn("Way"),
            "action": column.TextColumn("Action"),
            "role": column.TextColumn("What it is"),
            **({"proves": column.ListColumn("Proves")} if any(frame.proves for frame in told.frames) else {}),
            "told_at": column.DatetimeColumn("Station's time (UTC)", format=moment),
            "frame": column.TextColumn("Frame", help="collector:seq, as in raw.messages"),
            "payload": column.TextColumn("Payload", width="large"),
        },
        name="session_frames",
        shown=rows,
        note="Choose a row to read its payload. Tokens are shown by their pseudonym.",
    )
    if chosen is not None:
        st.markdown(f"##### {chosen['action'] or 'Frame'} `{chosen['frame']}`")
        if chosen["schema_error"]:
            st.caption(f"Breaks OCPP's schema: {chosen['schema_error']}")
        st.json(chosen["payload"]) if chosen["payload"][:1] in "{[" else st.code(chosen["payload"])


main()
