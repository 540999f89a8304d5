"""Invoices: those of a month, the document of one with its lines, and the session behind a line."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.formats import count, energy, money
from dashboards.layout import Figure, read
from dashboards.session import show_session
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.pdf import to_pdf, to_pngs
from pipelines.billing.documents.stored import from_json
from pipelines.billing.documents.structured import possible
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
        _document(chosen["invoice_id"])
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
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.1f"),
            "total_excl_vat": column.NumberColumn("Excl. VAT", format="%,.2f"),
            "total_vat": column.NumberColumn("VAT", format="%,.2f"),
            "total_incl_vat": column.NumberColumn("Incl. VAT", format="%,.2f"),
            "currency": column.TextColumn("Currency"),
            "status": column.TextColumn("Status"),
            "kind": column.TextColumn("Kind"),
            "invoice_id": column.TextColumn("Invoice"),
        },
        name="invoices",
        note="One contract in one local month, or one session without a contract. Each line is rounded half up to the "
        "minor unit; VAT is per rate on the sum of lines. With sites chosen: whole invoices that touch them." + some,
    )


def _document(number: str) -> None:
    """The document as it was issued: its first page, and its files."""
    content = read(documents.content, number)
    with st.expander(f"Document {number}", expanded=True, icon=":material/description:"):
        pdf, picture, xml = _rendered(content)
        with st.container(horizontal=True):
            st.download_button("PDF", pdf, f"{number}.pdf", "application/pdf", icon=":material/download:")
            if xml is not None:
                st.download_button("EN 16931 XML", xml, f"{number}.xml", "application/xml", icon=":material/download:")
        st.image(picture, caption="First page, as it was issued.", width=720)


@st.cache_data(max_entries=64, show_spinner="Setting the document …")
def _rendered(content: str) -> tuple[bytes, bytes, bytes | None]:
    document = from_json(content.encode())
    xml = to_cii(document) if possible(document) else None
    return to_pdf(document), to_pngs(document, ppi=110)[0], xml


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
