"""Drivers and their contracts: found and added."""

from __future__ import annotations

from typing import Any

import streamlit as st

from dashboards import api
from dashboards.acting import parts
from dashboards.acting.tokens import LISTED


def show() -> None:
    text = st.text_input("Name, e-mail, company or id", key="drivers_text", placeholder="part of it, in any case")
    found = api.get("drivers", q=text or None, limit=LISTED)
    column = st.column_config
    row = parts.chosen(
        "Drivers",
        found["items"],
        {
            "driver_id": column.TextColumn("Driver"),
            "name": column.TextColumn("Name"),
            "company": column.TextColumn("Company"),
            "email": column.TextColumn("E-mail"),
            "city": column.TextColumn("City"),
            "note": column.TextColumn("Note"),
        },
        name="drivers",
        note="Choose a row to see contracts and tokens."
        + (f" The first {LISTED} are listed." if found["next"] else ""),
    )
    if row is not None:
        _one(row)
    with st.expander("Add a driver", icon=":material/add:"):
        _add_driver()


def _one(driver: dict[str, Any]) -> None:
    contracts = parts.everything("contracts", driver_id=driver["driver_id"])
    with st.container(border=True, key="card_driver"):
        if not contracts:
            st.markdown("No contract: nothing is billed to this driver yet.")
        for contract in contracts:
            tokens = parts.everything("tokens", contract_id=contract["contract_id"])
            held = ", ".join(f"`{one['id_token']}` ({one['status']})" for one in tokens) or "no token"
            paid = (contract["payment_method"] or "bank_transfer").replace("_", " ")
            st.markdown(f"`{contract['contract_id']}`, {contract['currency']}, {paid}: {held}")
        with st.form("contract_new", border=False):
            with st.container(horizontal=True):
                contract_id = st.text_input("New contract", key="contract_id")
                operator = st.text_input("Operator", key="contract_operator", help="Key of the operator that bills it.")
                currency = st.text_input("Currency", key="contract_currency", placeholder="EUR", max_chars=3)
            if not st.form_submit_button("Add the contract", key="contract_add"):
                return
        row = {
            "contract_id": contract_id.strip(),
            "driver_id": driver["driver_id"],
            "operator_id": operator.strip(),
            "currency": currency.strip().upper(),
        }
        parts.act(lambda: api.post("contracts", row), f"Contract {row['contract_id']} is there now.", form="contract_")


def _add_driver() -> None:
    with st.form("driver_new", border=False):
        driver_id = st.text_input("Id", key="driver_id", help="Your own key; it says nothing about the person.")
        name = st.text_input("Name", key="driver_name")
        email = st.text_input("E-mail", key="driver_email")
        if not st.form_submit_button("Add", type="primary", key="driver_add"):
            return
    row = {"driver_id": driver_id.strip(), "name": name.strip() or None, "email": email.strip() or None}
    done = f"Driver {row['driver_id']} is there now. Add a contract, then a token."
    parts.act(lambda: api.post("drivers", row), done, form="driver_")
