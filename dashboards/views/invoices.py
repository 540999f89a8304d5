"""Invoices: those of a month, the document of one with its lines, and the session behind a line."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.document import show_document
from dashboards.formats import count, energy, money
from dashboards.layout import Figure, read
from dashboards.session import show_session
from warehouse.readers import documents
from warehouse.readers import money as readers

# What a browser's table shows quickly.
LISTED = 1000
EVERY_MONTH = "All months"


def main() -> None:
    scope = layout.scope()
    months = read(readers.invoice_months, scope)["month"].to_list()
    if not months:
        layout.nothing("No invoice falls into that period.")
        return
    with st.container(horizontal=True, key="choices"):
        names = {f"{month:%B %Y}": month for month in months} | {EVERY_MONTH: None}
        month = names[st.selectbox("Month", list(names), key="month", width=200)]
        text = st.text_input("Contract or invoice", placeholder="part of its id", key="invoice_text", width=260)
    totals = read(readers.invoice_totals, scope, month=month, text=text)
    if totals.is_empty():
        layout.nothing("No invoice fits.")
        return
    layout.figures([figure for row in totals.iter_rows(named=True) for figure in _sums(row)])
    matches = sum(totals["invoices"])
    chosen = _list(read(readers.invoices, scope, month=month, text=text, limit=LISTED), matches)
    if chosen is None:
        st.caption(":material/touch_app: Choose an invoice at the left edge of its row to see its lines.")
        return
    if chosen["status"] != "draft":
        if chosen["due"] is not None:
            _changed(chosen)
        show_document(chosen["invoice_id"])
    line = _lines(chosen)
    if line is not None and line["session_id"] is not None:
        show_session(line["session_id"])


def _sums(totals: dict[str, Any]) -> list[Figure]:
    currency = totals["currency"]
    unknown = f" {count(totals['vat_unknown'])} without a known VAT rate are left out." if totals["vat_unknown"] else ""
    return [
        Figure(
            f"Invoices in {currency}", count(totals["invoices"]), "Drafts follow their sessions until they are issued."
        ),
        Figure("Total excl. VAT", money(totals["total_excl_vat"], currency, 2), "Sum over these invoices."),
        Figure("Total incl. VAT", money(totals["total_incl_vat"], currency, 2), "Sum over these invoices." + unknown),
        Figure("Energy", energy(totals["energy_kwh"]), f"Of {count(totals['sessions'])} sessions on these invoices."),
    ]


def _list(invoices: pl.DataFrame, matches: int) -> dict[str, Any] | None:
    column = st.column_config
    some = (
        f" The newest {LISTED:,} of {matches:,} are listed; the billing extract holds all." if matches > LISTED else ""
    )
    return layout.choose_row(
        f"{matches:,} invoices",
        invoices,
        {
            "month": column.DateColumn("Month", format="MMM YYYY"),
            "contract_id": column.TextColumn("Contract", help="adhoc: and a session: paid without a contract"),
            "invoice_id": column.TextColumn("Invoice"),
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.1f"),
            "total_excl_vat": column.NumberColumn("Excl. VAT", format="%,.2f"),
            "total_vat": column.NumberColumn("VAT", format="%,.2f"),
            "total_incl_vat": column.NumberColumn("Incl. VAT", format="%,.2f"),
            "currency": column.TextColumn("Currency"),
            "status": column.TextColumn("Status"),
            "due": column.TextColumn(
                "Due",
                width=85,
                help="What issuing would do: new, an invoice; changed, a credit note for this one and a new invoice; "
                "gone, the credit note alone",
            ),
            "kind": column.TextColumn("Kind"),
            "issue_date": column.TextColumn("Issued", width=92),
            "due_date": column.TextColumn("Pay by", width=92),
            "corrects": column.TextColumn("Takes back"),
        },
        name="invoices",
        shown=invoices.with_columns(pl.col("issue_date", "due_date").cast(pl.String)),
        note="One contract in one local month, or one session without a contract. Each line is rounded half up to the "
        "minor unit; VAT is per rate on the sum of lines. With sites chosen: whole invoices that touch them." + some,
    )


def _changed(invoice: dict[str, Any]) -> None:
    """That sessions have changed since the invoice was issued, and what the next one would say."""
    [draft] = read(documents.due, standing=invoice["invoice_id"]).iter_rows(named=True)
    says = (
        "nothing of it is to be billed any more"
        if draft["due"] == "gone"
        else f"they come to {money(draft['total_incl_vat'], draft['currency'], 2)} incl. VAT now"
    )
    st.warning(
        f"Its sessions have changed since it was issued: {says}. It counts until it is taken back: "
        f"`kwhouse invoice issue {draft['draft_id']}`.",
        icon=":material/history:",
    )


def _lines(invoice: dict[str, Any]) -> dict[str, Any] | None:
    column = st.column_config
    return layout.choose_row(
        f"Lines of {invoice['contract_id']}, {invoice['month']:%B %Y}",
        read(readers.invoice_lines, invoice["invoice_id"]),
        {
            "line_no": column.NumberColumn("Line"),
            "kind": column.TextColumn("Kind", help="session; fee of a plan; included: energy that the plan pays for"),
            "local_start": column.DatetimeColumn("Begin (local)", format="YYYY-MM-DD HH:mm"),
            "station_id": column.TextColumn("Station"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.3f"),
            "amount_excl_vat": column.NumberColumn(f"Amount, {invoice['currency']}", format="%,.2f"),
            "vat_percent": column.NumberColumn("VAT, %", format="%.1f"),
            "tariff_id": column.TextColumn("Tariff"),
            "tariff_version": column.NumberColumn("Version"),
            "grade": column.TextColumn("Grade"),
            "decision": column.TextColumn("Decision", help="release: billed because a person said so"),
            "site": column.TextColumn("Site"),
            "session_id": column.TextColumn("Session"),
        },
        name="invoice_lines",
        note="Choose a session's line to see the session.",
    )


main()
