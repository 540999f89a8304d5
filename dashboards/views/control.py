"""Control: stations that wait to be taken in, sessions that go on, starting and stopping them from afar."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import api, layout
from dashboards.acting import parts
from dashboards.api import ApiRefused
from dashboards.formats import plain, words

LISTED = 200
WAIT_SECONDS = 20
_LAST = "control_last"


def main() -> None:
    parts.say()
    _waiting()
    text = st.text_input("Station", key="station_text", placeholder="part of its identity or name")
    found = api.get("stations", q=text or None, limit=LISTED)
    column = st.column_config
    station = parts.chosen(
        "Stations",
        [{**one, "going_on": len(one["sessions"]), "speaks": _speaks(one)} for one in found["items"]],
        {
            "station_id": column.TextColumn("Station"),
            "name": column.TextColumn("Name"),
            "site_id": column.TextColumn("Site"),
            "speaks": column.TextColumn("Connected", help="The version of OCPP that it speaks."),
            "going_on": column.TextColumn("Sessions"),
            "security_profile": column.TextColumn("Security profile"),
        },
        name="stations",
        note="Choose a row to act on a station." + (f" The first {LISTED} are listed." if found["next"] else ""),
    )
    if station is not None:
        _station(station["station_id"])


def _speaks(station: dict[str, Any]) -> str:
    return f"OCPP {station['ocpp_version']}" if station["online_since"] else "no"


def _waiting() -> None:
    knocks = api.get("waiting-stations")["items"]
    if not knocks:
        return
    sites = {site["site_id"]: site["name"] for site in parts.everything("sites")}
    with st.container(border=True, key="card_waiting"):
        st.markdown(f"##### {len(knocks)} waiting to be taken in")
        for knock in knocks[:LISTED]:
            station_id = knock["station_id"]
            times = "once" if knock["knocks"] == 1 else f"{knock['knocks']:,} times"
            from_where = f" from {knock['remote_address']}" if knock["remote_address"] else ""
            st.markdown(f"**{plain(station_id)}** knocked {times}, last {knock['last_at'][:16]} UTC{plain(from_where)}")
            with st.container(horizontal=True, vertical_alignment="bottom"):
                site = st.selectbox("Site", list(sites), format_func=sites.__getitem__, key=f"site_{station_id}")
                if st.button("Take it in", key=f"accept_{station_id}", disabled=site is None):
                    row = {"station_id": station_id, "site_id": site}
                    parts.act(lambda row=row: api.post("stations", row), f"{station_id} may connect now.")  # type: ignore[misc]


def _station(station_id: str) -> None:
    path = f"stations/{api.part(station_id)}"
    st.subheader(station_id, anchor=False)
    _outcome(station_id)
    _sessions(path, station_id)
    with st.container(border=True, key="card_start"):
        st.markdown("##### Start a session")
        _start(path, station_id)
    _commands(path)


# Its collector tells every two seconds what goes on.
@st.fragment(run_every=3)
def _sessions(path: str, station_id: str) -> None:
    sessions = api.get(path)["sessions"]
    with st.container(border=True, key="card_sessions"):
        st.markdown("##### Sessions that go on")
        if not sessions:
            st.caption("None, as its collector told.")
        for session in sessions:
            _session(path, station_id, session)


def _session(path: str, station_id: str, session: dict[str, Any]) -> None:
    transaction = session["transaction_id"]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        since = session["started_at"][:16].replace("T", " ")
        st.markdown(f"`{transaction}` at {session['evse_or_connector']} since {since} UTC")
        if st.button("Stop it", key=f"stop_{transaction}"):
            _command(path, station_id, "stop", {"transaction_id": transaction})


def _start(path: str, station_id: str) -> None:
    with st.form("start", border=False):
        with st.container(horizontal=True):
            token = st.text_input("Token", key="start_token")
            place = st.number_input("Connector or EVSE", min_value=1, value=1, step=1, key="start_place")
        if not st.form_submit_button("Start", type="primary", key="start_submit"):
            return
    # OCPP 1.6 takes the connector, 2.x the EVSE: its collector knows which of them it speaks.
    _command(path, station_id, "start", {"id_token": token.strip(), "evse_id": place})


def _command(path: str, station_id: str, kind: str, body: dict[str, Any]) -> None:
    """Ask for it, and wait for the station's word."""
    try:
        with st.spinner("Waiting for the station …"):
            asked = api.post(f"{path}/commands/{kind}", body)
            told = api.get(f"commands/{asked['command_id']}", wait_seconds=WAIT_SECONDS)
    except ApiRefused as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        return
    st.session_state[_LAST] = {**told, "station_id": station_id}
    st.rerun()


def _outcome(station_id: str) -> None:
    """What became of the command before this run."""
    told = st.session_state.get(_LAST)
    if told is None or told["station_id"] != station_id:
        return
    del st.session_state[_LAST]
    said = f"{words(told['kind'])}: {told['state']}"
    reason = f". {told['reason']}" if told["reason"] else ""
    if told["state"] == "accepted":
        st.success(f"{said} by the station.", icon=":material/check:")
    elif told["state"] in ("waiting", "sent"):
        st.info(f"{said}: the station has not answered yet.", icon=":material/hourglass:")
    else:
        st.error(plain(said + reason), icon=":material/block:")


def _commands(path: str) -> None:
    asked = api.get(f"{path}/commands")["items"]
    if not asked:
        return
    column = st.column_config
    columns = {
        "asked_at": column.TextColumn("Asked (UTC)"),
        "kind": column.TextColumn("What"),
        "state": column.TextColumn("State"),
        "reason": column.TextColumn("Why not"),
        "asked_by": column.TextColumn("By"),
    }
    layout.table("Commands", parts.frame(asked, list(columns)), columns, name="commands", note="The newest first.")


main()
