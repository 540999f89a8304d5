"""Invoices: those of a month, the lines of one, and the session behind a line."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.formats import count, money
from dashboards.layout import Figure, read
from dashboards.session import show_session
from warehouse.readers import money as readers


def main() -> None:
    invoices = read(readers.invoices, layout.scope())
    if invoices.is_empty():
        layout.nothing("No invoice falls into that period.")
        return
    shown = _narrow(invoices)
    layout.figures(_sums(shown))
    chosen = _list(shown)
    if chosen is None:
        st.caption(":material/touch_app: Choose an invoice at the left edge of its row to see its lines.")
        return
    line = _lines(chosen)
    if line is not None:
        show_session(line["session_id"])


def _narrow(invoices: pl.DataFrame) -> pl.DataFrame:
    months = invoices["month"].unique().sort(descending=True).to_list()
    with st.container(horizontal=True, key="choices"):
        month = st.selectbox(
            "Month",
            months,
            format_func=lambda day: f"{day:%B %Y}",
            index=None,
            placeholder="All months",
            key="month",
            width=200,
        )
        text = st.text_input("Contract or invoice", placeholder="part of its id", key="invoice_text", width=260)
    if month is not None:
        invoices = invoices.filter(pl.col("month") == month)
    if text:
        held = pl.concat_str("invoice_id", "contract_id", separator=" ").str.to_lowercase()
        invoices = invoices.filter(held.str.contains(text.lower(), literal=True))
    return invoices


def _sums(invoices: pl.DataFrame) -> list[Figure]:
    row = [Figure("Invoices", count(invoices.height), "Drafts follow their sessions until they are issued.")]
    for currency, part in invoices.group_by("currency", maintain_order=True):
        row.append(
            Figure(
                f"Total excl. VAT {currency[0]}",
                money(float(part["total_excl_vat"].sum()), str(currency[0]), 2),
                "Sum of the invoices listed below.",
            )
        )
    return row


def _list(invoices: pl.DataFrame) -> dict[str, Any] | None:
    column = st.column_config
    return layout.choose_row(
        "Invoices",
        invoices,
        {
            "month": column.DateColumn("Month", format="MMM YYYY"),
            "contract_id": column.TextColumn("Contract"),
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.1f"),
            "total_excl_vat": column.NumberColumn("Excl. VAT", format="%,.2f"),
            "total_vat": column.NumberColumn("VAT", format="%,.2f"),
            "total_incl_vat": column.NumberColumn("Incl. VAT", format="%,.2f"),
            "currency": column.TextColumn("Currency"),
            "status": column.TextColumn("Status"),
            "invoice_id": column.TextColumn("Invoice"),
        },
        name="invoices",
        note="One contract in one local month. Each line is rounded half up to the minor unit; VAT is per rate on the "
        "sum of lines. With sites chosen: whole invoices that touch them.",
    )


def _lines(invoice: dict[str, Any]) -> dict[str, Any] | None:
    column = st.column_config
    return layout.choose_row(
        f"Lines of {invoice['contract_id']}, {invoice['month']:%B %Y}",
        read(readers.invoice_lines, invoice["invoice_id"]),
        {
            "line_no": column.NumberColumn("Line"),
            "local_start": column.DatetimeColumn("Begin (local)", format="YYYY-MM-DD HH:mm"),
            "site": column.TextColumn("Site"),
            "station_id": column.TextColumn("Station"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.3f"),
            "amount_excl_vat": column.NumberColumn(f"Amount, {invoice['currency']}", format="%,.2f"),
            "vat_percent": column.NumberColumn("VAT, %", format="%.1f"),
            "tariff_id": column.TextColumn("Tariff"),
            "tariff_version": column.NumberColumn("Version"),
            "grade": column.TextColumn("Grade"),
            "session_id": column.TextColumn("Session"),
        },
        name="invoice_lines",
        note="Choose a line to see its session.",
    )


main()
