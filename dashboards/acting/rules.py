"""Rules of access: found, added, removed; and what they come to for one token at one station."""

from __future__ import annotations

from datetime import time
from typing import Any

import streamlit as st

from dashboards import api
from dashboards.acting import parts
from dashboards.formats import plain
from warehouse.contract.access import DAYS_OF_WEEK

SUBJECTS = {"token_group": "Group", "id_token": "Token", "contract_id": "Contract", "driver_id": "Driver"}


def show() -> None:
    rules = parts.everything("access-rules")
    column = st.column_config
    row = parts.chosen(
        "Rules",
        rules,
        {
            "access_rule_id": column.TextColumn("Rule"),
            **{name: column.TextColumn(title) for name, title in SUBJECTS.items()},
            "blocked": column.TextColumn("Blocks"),
            "site_ids": column.TextColumn("Sites"),
            "day_of_week": column.TextColumn("Days"),
            "start_time": column.TextColumn("From"),
            "end_time": column.TextColumn("To"),
            "most_sessions": column.TextColumn("Sessions at a time"),
            "credit_limit": column.TextColumn("Credit limit"),
        },
        name="rules",
        note="Whom no rule names is not limited. Of several rules about one subject, one that lets in is enough.",
    )
    if row is not None and st.button("Remove the rule", key="rule_remove"):
        path = f"access-rules/{api.part(row['access_rule_id'])}"
        parts.act(lambda: api.delete(path), f"Rule {row['access_rule_id']} is gone.")
    with st.expander("Add a rule", icon=":material/add:"):
        _add()


def check() -> None:
    """What would be decided, and why."""
    with st.container(horizontal=True, key="choices"):
        token = st.text_input("Token", key="check_token")
        station = st.text_input("Station", key="check_station")
    if not token.strip() or not station.strip():
        st.caption("Name a token and a station to see what would be decided if it wanted to charge there now, and why.")
        return
    found = api.get("access/decision", id_token=token.strip(), station_id=station.strip())
    reason = found["reason"].replace("_", " ")
    rule = f" (rule {found['access_rule_id']})" if found["access_rule_id"] else ""
    told = plain(f"{found['status']}: {reason}{rule}")
    if found["status"] == "Accepted":
        st.success(told, icon=":material/check:")
    else:
        st.error(told, icon=":material/block:")


def _add() -> None:
    sites = {site["site_id"]: site["name"] for site in parts.everything("sites")}
    with st.form("rule_new", border=False):
        with st.container(horizontal=True):
            rule_id = st.text_input("Rule", key="rule_id", help="Your own key of the rule.")
            subject = st.selectbox("About a", list(SUBJECTS), format_func=SUBJECTS.__getitem__, key="rule_subject")
            whom = st.text_input("Which one", key="rule_whom")
        with st.container(horizontal=True):
            where = st.multiselect("Only at", list(sites), format_func=sites.__getitem__, key="rule_sites")
            days = st.multiselect("Only on", DAYS_OF_WEEK, format_func=str.capitalize, key="rule_days")
        with st.container(horizontal=True):
            begin = st.time_input("From (local)", value=None, key="rule_begin")
            end = st.time_input("To (local)", value=None, key="rule_end")
            most = st.number_input("Sessions at a time", min_value=0, value=None, step=1, key="rule_most")
            limit = st.text_input(
                "Credit limit", key="rule_limit", help="In the contract's currency; 0: only with credit."
            )
        blocked = st.checkbox("They may not charge at all", key="rule_blocked")
        if not st.form_submit_button("Add", type="primary", key="rule_add"):
            return
    row: dict[str, Any] = {
        "access_rule_id": rule_id.strip(),
        subject: whom.strip(),
        "site_ids": where or None,
        "day_of_week": days or None,
        "start_time": _time(begin),
        "end_time": _time(end),
        "most_sessions": most,
        "credit_limit": limit.strip() or None,
        "blocked": blocked or None,
    }
    parts.act(lambda: api.post("access-rules", row), f"Rule {rule_id.strip()} holds now.", form="rule_")


def _time(moment: time | None) -> str | None:
    return None if moment is None else f"{moment:%H:%M}"
