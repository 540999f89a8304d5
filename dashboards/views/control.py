"""Control: stations that wait to be taken in, sessions started and stopped from afar, limits of power."""

from __future__ import annotations

from collections.abc import Callable
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
        _station(station["station_id"], station["site_id"])


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
            when = knock["last_at"][:16].replace("T", " ")
            # `plain` takes blanks off at the ends.
            from_where = f" from {plain(knock['remote_address'])}" if knock["remote_address"] else ""
            st.markdown(f"**{plain(station_id)}** knocked {times}, last {when} UTC{from_where}")
            with st.container(horizontal=True, vertical_alignment="bottom"):
                site = st.selectbox("Site", list(sites), format_func=sites.__getitem__, key=f"site_{station_id}")
                if st.button("Take it in", key=f"accept_{station_id}", disabled=site is None):
                    row = {"station_id": station_id, "site_id": site}
                    parts.act(lambda row=row: api.post("stations", row), f"{station_id} may connect now.")  # type: ignore[misc]


def _station(station_id: str, site_id: str) -> None:
    path = f"stations/{api.part(station_id)}"
    st.subheader(station_id, anchor=False)
    _outcome(station_id)
    _sessions(path, station_id)
    with st.container(border=True, key="card_start"):
        st.markdown("##### Start a session")
        _start(path, station_id)
    with st.container(border=True, key="card_power"):
        st.markdown("##### Power")
        _power(path, station_id, site_id)
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
            body = {"transaction_id": transaction}
            _ask(station_id, lambda: api.post(f"{path}/commands/stop", body))


def _start(path: str, station_id: str) -> None:
    with st.form("start", border=False):
        with st.container(horizontal=True):
            token = st.text_input("Token", key="start_token")
            place = st.number_input("Connector or EVSE", min_value=1, value=1, step=1, key="start_place")
        if not st.form_submit_button("Start", type="primary", key="start_submit"):
            return
    # OCPP 1.6 takes the connector, 2.x the EVSE: its collector knows which of them it speaks.
    body = {"id_token": token.strip(), "evse_id": place}
    _ask(station_id, lambda: api.post(f"{path}/commands/start", body))


def _power(path: str, station_id: str, site_id: str) -> None:
    st.markdown(plain(_shared(station_id, api.get(f"sites/{api.part(site_id)}/power"))))
    with st.form("power", border=False):
        kilowatts = st.number_input(
            "Limit of this station, kW", min_value=0.0, value=None, step=1.0, key="power_kw", help="All EVSEs together."
        )
        with st.container(horizontal=True):
            limit = st.form_submit_button("Limit it", key="power_limit")
            clear = st.form_submit_button("Take its limit back", key="power_clear")
    if limit and kilowatts is None:
        st.error("Say how many kilowatts it may take.", icon=":material/block:")
    elif limit and kilowatts is not None:
        watts = round(kilowatts * 1000)
        _ask(station_id, lambda: api.put(f"{path}/power-limit", {"limit_w": watts}))
    elif clear:
        _ask(station_id, lambda: api.delete(f"{path}/power-limit"))


def _shared(station_id: str, power: dict[str, Any]) -> str:
    """How the site's power is shared now, and what of it is this station's."""
    if power["grid_limit_w"] is None:
        return f"{power['site_id']} has no grid limit: nothing is shared."
    here = [
        f"EVSE {evse['evse_id']} up to {_kw(evse['may_take_w'])}" + (f" ({evse['remark']})" if evse["remark"] else "")
        for evse in power["evses"]
        if evse["station_id"] == station_id
    ]
    whole = f"{power['site_id']} may take {_kw(power['grid_limit_w'])}, its EVSEs {_kw(power['may_take_w'])} now"
    return f"{whole}; here {', '.join(here) or 'no EVSE is in service'}."


def _kw(watts: int) -> str:
    return f"{watts / 1000:,.1f} kW"


def _ask(station_id: str, ask: Callable[[], Any]) -> None:
    """Ask for it, and wait for the station's word."""
    try:
        with st.spinner("Waiting for the station …"):
            asked = ask()
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
