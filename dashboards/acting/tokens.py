"""Tokens: found, added, blocked and let in again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import streamlit as st

from dashboards import api
from dashboards.acting import parts

# What people call it → OCPI TokenType, and as what stations of OCPP 2.x must present it (None: as anything).
KINDS: dict[str, tuple[str, str | None]] = {
    "RFID card": ("RFID", None),
    "App": ("APP_USER", "Central"),
    "Code typed in": ("OTHER", "KeyCode"),
    "Plug and charge (eMAID)": ("EMAID", "eMAID"),
    "Autocharge (MAC address)": ("OTHER", "MacAddress"),
}
LISTED = 200


def show() -> None:
    text = st.text_input("Token, contract or note", key="tokens_text", placeholder="part of it, in any case")
    found = api.get("tokens", q=text or None, limit=LISTED)
    column = st.column_config
    more = f" The first {LISTED} are listed: look for more of it." if found["next"] else ""
    row = parts.chosen(
        "Tokens",
        found["items"],
        {
            "id_token": column.TextColumn("Token"),
            "token_type": column.TextColumn("Kind"),
            "status": column.TextColumn("Status"),
            "contract_id": column.TextColumn("Contract"),
            "token_group": column.TextColumn("Group"),
            "valid_from": column.TextColumn("From (UTC)"),
            "valid_to": column.TextColumn("Until (UTC)"),
            "note": column.TextColumn("Note"),
        },
        name="tokens",
        note=f"Choose a row to block a token or let it in again.{more}",
    )
    if row is not None:
        _one(row)
    with st.expander("Add a token", icon=":material/add:"):
        _add()


def _one(row: dict[str, Any]) -> None:
    path, blocked = f"tokens/{api.part(row['id_token'])}", row["status"] == "blocked"
    with st.container(border=True, key="card_token"):
        st.markdown("**Blocked**: it is refused everywhere." if blocked else "**Active**: rules decide where and when.")
        if st.button("Let it in again" if blocked else "Block it", key="token_block", type="primary"):
            status = "active" if blocked else "blocked"
            done = f"{row['id_token']} is {status} now; collectors know it within seconds."
            parts.act(lambda: api.patch(path, {"status": status}), done)


def _add() -> None:
    with st.form("token_new", border=False):
        id_token = st.text_input("Token", key="token_id", help="As the station sends it; case makes no difference.")
        kind = st.selectbox("Kind", list(KINDS), key="token_kind")
        contract = st.text_input("Contract", key="token_contract", help="Who pays; without one it charges ad hoc.")
        group = st.text_input("Group", key="token_group", help="For rules and tariffs of many tokens at once.")
        until = st.date_input("Valid until", value=None, key="token_until", help="Day (UTC) from which it is refused.")
        if not st.form_submit_button("Add", type="primary", key="token_add"):
            return
    token_type, ocpp_type = KINDS[kind]
    row = {
        "id_token": id_token.strip(),
        "token_type": token_type,
        "ocpp_type": ocpp_type,
        "contract_id": contract.strip() or None,
        "token_group": group.strip() or None,
        "valid_to": _midnight(until),
        "status": "active",
    }
    done = f"{id_token.strip()} may charge now; collectors know it within seconds."
    parts.act(lambda: api.post("tokens", row), done, form="token_")


def _midnight(day: date | None) -> str | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()
