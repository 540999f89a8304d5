"""Month close: whether a month adds up from the registers to the documents, what keeps it open, its control sums.

Read-only: closing itself is a command, so that the app writes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data, formats, layout
from dashboards.document import show_document
from dashboards.layout import Figure
from pipelines.billing.closing.chain import LINKS, Reason, Step, next_month
from pipelines.billing.closing.close import MonthReport, operators, status
from warehouse.extracts import EXTRACTS, extract_bytes
from warehouse.readers import network, owners

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILES = ("invoices", "invoice_lines", "cdrs", "vat_summary", "journal", "revenue_connectors")
_NAMES = ("site_id", "currency", "country_code")
_NUMBER = pl.Decimal(38, 12)
# Documents and locks make no snapshot of the lake: what was just issued shows after that time.
_KEPT_SECONDS = 10


def main() -> None:
    known = operators(data.lake())
    if not known:
        st.info("The registry has no operator yet.", icon=":material/search_off:")
        return
    months = _months()
    with st.container(horizontal=True, key="choices"):
        operator = st.selectbox("Operator", known, key="close_operator", width=220)
        # The newest month goes on, the one before it is what is closed next.
        names = {f"{month:%B %Y}": month for month in months}
        month = names[st.selectbox("Month", list(names), index=min(1, len(names) - 1), key="close_month", width=200)]
    report = _status(data.where(), data.snapshot(), operator, month)
    _state(report)
    _figures(report)
    _chain(report)
    _sums(report)
    _owners(report)
    _downloads(report)


def _months() -> list[date]:
    extent = data.read(network.extent).row(0, named=True)
    month, months = extent["first_date"].replace(day=1), []
    while month <= extent["last_date"]:
        months.append(month)
        month = next_month(month)
    return months[::-1]


@st.cache_data(ttl=_KEPT_SECONDS, max_entries=32, show_spinner="Adding up")
def _status(where: data.Where, snapshot: int, operator: str, month: date) -> MonthReport:  # noqa: ARG001 (the cache's key)
    return status(data.lake(), operator, month)


def _state(report: MonthReport) -> None:
    period = report.period
    command = f"kwhouse close {period.month:%Y-%m} --operator {period.operator_id}"
    if period.state == "closed":
        st.success(
            f"Closed on {formats.moment(period.changed_at, 'UTC')} UTC by {formats.plain(period.changed_by or '')}, "
            f"snapshot {period.snapshot}."
            if period.changed_at
            else "Closed.",
            icon=":material/lock:",
        )
        if report.changed_since:
            st.warning(
                "Changed since it was closed; booked in the next open month:\n"
                + "\n".join(f"- {formats.plain(change)}" for change in report.changed_since),
                icon=":material/history:",
            )
        return
    if not report.blocked_by:
        st.success(f"Everything adds up. Close it with `{command}`.", icon=":material/task_alt:")
        return
    st.warning(
        f"{period.state.capitalize()}. What keeps it from closing:\n"
        + "\n".join(f"- {formats.plain(reason)}" for reason in report.blocked_by)
        + f"\n\nThen: `{command}`.",
        icon=":material/lock_open:",
    )


def _figures(report: MonthReport) -> None:
    steps = report.chain.steps

    def total(link: str, side: str) -> float:
        return float(sum(getattr(step, side) for step in steps if step.step == link))

    layout.figures(
        [
            Figure("Sessions", formats.energy(total("sessions_to_cdrs", "left")), "Energy of the month's sessions."),
            Figure("CDRs", formats.energy(total("sessions_to_cdrs", "right")), "Energy of their CDRs."),
            Figure(
                "On invoices",
                formats.energy(total("cdrs_to_lines_energy", "right")),
                "Energy on lines of documents and drafts, credit notes taken off.",
            ),
            Figure("Links that add up", f"{sum(step.adds_up for step in steps)} of {len(steps)}", "Rows of the chain."),
            Figure("Drafts", formats.count(len(report.chain.drafts)), "To be issued before the month can be closed."),
        ],
        name="close",
    )


def _chain(report: MonthReport) -> None:
    column = st.column_config
    layout.table(
        "The chain",
        pl.DataFrame(
            # What does not add up comes first.
            [_row(step) for step in sorted(report.chain.steps, key=lambda step: step.adds_up)],
            schema={
                "adds_up": pl.String,
                "step": pl.String,
                "site_id": pl.String,
                "unit": pl.String,
                "left": _NUMBER,
                "right": _NUMBER,
                "difference": _NUMBER,
                "explained_by": pl.String,
                "unexplained": pl.String,
            },
            orient="row",
        ),
        {
            "adds_up": column.TextColumn("", width=30, pinned=True),
            "step": column.TextColumn("Beside each other", width=330),
            "site_id": column.TextColumn("Site"),
            "left": column.NumberColumn("Left", format="%,.3f"),
            "right": column.NumberColumn("Right", format="%,.3f"),
            "difference": column.NumberColumn("Difference", format="%,.3f"),
            "unit": column.TextColumn("Unit"),
            "unexplained": column.TextColumn("Not explained", width=260),
            "explained_by": column.TextColumn("Explained by", width=420),
        },
        name="chain",
        note="Each row compares two sums: ✓ they differ by nothing, or only by what the rules allow; ✗ something is "
        "missing or changed, and is named with its id. Months are local to each site, by the start of a session.",
    )


def _row(step: Step) -> tuple[object, ...]:
    left, right = LINKS[step.step]
    return (
        "✓" if step.adds_up else "✗",
        f"{left[0].upper()}{left[1:]} → {right}",
        step.site_id,
        step.unit,
        step.left,
        step.right,
        step.difference,
        "; ".join(_told(reason, ids=False) for reason in step.explained_by),
        "; ".join(_told(reason, ids=True) for reason in step.unexplained),
    )


def _told(reason: Reason, *, ids: bool) -> str:
    return f"{reason.amount:,.3f} {reason.words}" + (f": {', '.join(reason.ids)}" if ids else "")


def _sums(report: MonthReport) -> None:
    closed = report.period.control_sums
    sums: dict[str, Any] = closed or {
        "sites": report.chain.sites,
        "documents": report.chain.documents,
        "vat": report.chain.vat,
    }
    when = "as they were closed" if closed else "as they are now"
    for name, title in (
        ("sites", "Control sums per site"),
        ("documents", "Documents booked in the month"),
        ("vat", "VAT per country and rate"),
    ):
        rows = [{key: _exact(value) for key, value in row.items()} for row in sums[name]]
        if rows:
            frame = pl.DataFrame(rows)
            columns = {
                # Exact figures are texts here, and read like numbers.
                key: st.column_config.TextColumn(formats.words(key), alignment="left" if key in _NAMES else "right")
                for key in frame.columns
            }
            layout.table(title, frame, columns, name=f"sums_{name}", note=f"Exact, {when}.")


def _exact(value: object) -> str | None:
    """A number with all its digits, but for zeros at the end; closed sums are text already."""
    text = None if value is None else str(value)
    return text.rstrip("0").rstrip(".") if text and re.fullmatch(r"-?\d+\.\d+", text) else text


def _owners(report: MonthReport) -> None:
    period, column = report.period, st.column_config
    rows = data.read(owners.listing, month=period.month, operator_id=period.operator_id)
    if rows.is_empty():
        return
    chosen = layout.choose_row(
        "Statements of site owners",
        rows,
        {
            "owner_id": column.TextColumn("Owner", pinned=True),
            "document_id": column.TextColumn("Number"),
            "kind": column.TextColumn("Kind"),
            "status": column.TextColumn("Status", help="draft, changed, gone: `kwhouse owner issue` is due"),
            "total_excl_vat": column.NumberColumn("Excl. VAT", format="%,.2f"),
            "total_vat": column.NumberColumn("VAT", format="%,.2f"),
            "total_incl_vat": column.NumberColumn("Incl. VAT", format="%,.2f"),
            "currency": column.TextColumn("Currency"),
            "corrects": column.TextColumn("Corrects"),
            "payout_id": column.TextColumn("Paid by"),
        },
        name="owners",
        note="Issued when the month is closed, paid by `kwhouse owner payout`. Choose a statement to see it.",
    )
    if chosen is not None and chosen["document_id"] is not None:
        show_document(chosen["document_id"])


def _downloads(report: MonthReport) -> None:
    period = report.period
    mark = (period.control_sums or {}).get("mark")
    with st.container(border=True, key="card_files"):
        st.markdown("##### Extracts of the month")
        with st.container(horizontal=True, key="close_files"):
            for name in _FILES:
                st.download_button(
                    formats.words(name),
                    _file(name, period.operator_id, period.month, mark),
                    file_name=f"kwhouse-{name.replace('_', '-')}-{period.month:%Y-%m}.xlsx",
                    mime=_XLSX,
                    key=f"close_{name}",
                    icon=":material/download:",
                    on_click="ignore",
                )
        st.caption(
            f"XLSX, made when you ask for it, as of snapshot {mark}: always the same file."
            if mark
            else "XLSX, made when you ask for it, as everything is now."
        )


def _file(name: str, operator: str, month: date, mark: str | None) -> Callable[[], bytes]:
    store = data.lake()
    who = operator if EXTRACTS[name].by_operator else None
    return lambda: extract_bytes(store, name, month, next_month(month), "xlsx", operator=who, snapshot=mark)


main()
