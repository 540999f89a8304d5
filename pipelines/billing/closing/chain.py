"""The chain of a month: registers, sessions, CDRs, invoice lines, documents, each beside the next, per site.

Each link compares two sums. What makes them differ is named with a reason, its amount, and the ids of the first
entries. A link adds up when nothing differs but for reasons that the rules allow (`explained`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import duckdb
import sqlalchemy as sa

from pipelines.billing.closing.claims import claims_to_open
from pipelines.stages import sql
from warehouse.store import Lake

_SQL: Final = Path(__file__).parent / "sql"
_MONTH: Final = ("month_sessions", "month_cdrs", "month_lines")

# Link, and what its two sides are. In this order a kWh becomes money.
LINKS: Final[dict[str, tuple[str, str]]] = {
    "sessions_to_sites": ("energy of sessions", "energy at the operator's sites"),
    "registers_to_sessions": ("end less begin of the registers", "energy of sessions"),
    "steps_to_sessions": ("energy seen in the month", "energy of sessions begun in it"),
    "sessions_to_cdrs": ("energy of sessions", "energy of CDRs"),
    "components_to_cdrs": ("exact components of CDRs", "totals of CDRs"),
    "cdrs_to_issued": ("CDRs", "CDRs that left the house, less credit CDRs"),
    "cdrs_to_lines_energy": ("energy of CDRs", "energy on invoice lines"),
    "cdrs_to_lines_amount": ("exact components of CDRs", "amounts of invoice lines"),
    "lines_to_invoices": ("lines of sessions", "totals of invoices and drafts"),
    "invoices_to_booked": ("totals of invoices and drafts of the month", "documents booked in it"),
    "booked_to_standing": ("invoices less credit notes, with VAT", "invoices that stand, with VAT"),
    "vat_to_documents": ("VAT per rate on the lines", "VAT on documents"),
    "numbers_to_documents": ("numbers given", "documents"),
    "claims_to_open": ("what all documents claim", "what is open of it"),
}
# Accounts go on: what is paid after a month was closed is no change of that month.
GOES_ON: Final = ("claims_to_open",)

# Every reason in words, the explained ones first.
REASONS: Final[dict[str, str]] = {
    "no_site": "sessions of stations that stand at no registered site",
    "no_site_nothing_to_bill": "the same, without energy that could be billed",
    "no_registers": "energy that rests on other evidence than begin and end of a register",
    "flagged_registers": "registers that are not to be taken as they are; the session's flags say why",
    "begun_before": "seen in the month, of sessions that began before it",
    "seen_later": "of sessions that began in the month, seen after it",
    "active": "sessions that go on",
    "held": "sessions that a person holds back",
    "signed": "sessions billed by what their meter has signed",
    "unbillable": "sessions without evidence that could be billed",
    "rounding": "rounding, at most half of the last digit each",
    "not_issued": "CDRs that have not left, as no document bills them",
    "ad_hoc_nothing_due": "CDRs without a contract that cost less than the smallest coin",
    "suspect_not_billed": "CDRs of suspect sessions that nobody released",
    "free": "CDRs without a price component",
    "at_another_operator": "sessions at another operator's sites",
    "fee": "monthly fees of plans",
    "included": "energy that plans pay for",
    "draft": "drafts that are not issued",
    "booked_in_another_month": "documents of the month that are booked in another one",
    "of_another_month": "documents of another month that are booked in this one",
    "credited_in_another_month": "invoices that a credit note of another month takes back",
    "takes_back_another_month": "credit notes that take back an invoice of another month",
    "paid": "paid",
    "charged_back": "charged back",
    "refunded": "given back",
    "set_off": "set off against credit notes and credit",
    "written_off": "written off",
    "registers_differ": "sessions whose energy is not what their registers say, without a flag",
    "steps_differ": "sessions whose steps do not sum to their energy",
    "cdr_without_session": "CDRs whose session is gone or lies in another month",
    "energy_differs": "energies that differ",
    "not_priced_yet": "sessions without CDR and without a reason; run `kwhouse refresh`",
    "total_differs": "totals that are not the sum of their parts",
    "vat_unknown": "CDRs whose prices include a VAT that is not known; mend the tariff",
    "billed_cdr_is_gone": "lines of CDRs that no longer hold; a credit note and a new invoice are due",
    "issued_cdr_is_missing": "CDRs on issued invoices that were not kept as issued",
    "issued_cdr_is_gone": "issued CDRs that no longer hold; the next `kwhouse invoice issue` takes them back",
    "issued_cdr_differs": "issued CDRs that stand twice or say another amount",
    "on_a_changed_draft": "CDRs of drafts that have changed since their invoice; issue them anew",
    "on_no_invoice": "CDRs that are on no invoice; run `kwhouse refresh`",
    "amount_differs": "lines that differ by more than rounding from their CDR",
    "lines_do_not_sum": "invoices whose lines do not sum to their total",
    "credit_note_without_invoice": "credit notes for an invoice that does not exist",
    "credited_without_credit_note": "invoices called credited that no credit note takes back",
    "credit_note_for_what_stands": "invoices that stand although a credit note takes them back",
    "credit_note_differs": "credit notes of another amount than their invoice",
    "vat_differs": "documents whose VAT is not that of their lines",
    "number_is_missing": "numbers that were given and that no document bears",
    "number_not_given": "documents whose number was never given",
    "ledger_differs": "amounts of the ledger that do not add up",
}
# Reasons that mean: not priced. `held` and `active` sessions may still be billed one day, and so may those at no site.
UNPRICED: Final = ("held", "active", "no_site")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why two sums differ: by how much (left less right), at how many entries, and the ids of the first 20."""

    reason: str
    amount: Decimal
    entries: int
    ids: tuple[str, ...]

    @property
    def words(self) -> str:
        return in_words(self.reason)


@dataclass(frozen=True, slots=True)
class Step:
    """One link at one site (None: the operator as a whole), in kWh, a currency, or documents.

    `difference` is left less right; it is the sum of `explained_by` and `unexplained`.
    """

    step: str
    site_id: str | None
    unit: str
    left: Decimal
    right: Decimal
    difference: Decimal
    explained_by: tuple[Reason, ...]
    unexplained: tuple[Reason, ...]

    @property
    def adds_up(self) -> bool:
        return not self.unexplained


@dataclass(frozen=True, slots=True)
class Chain:
    """All links of one operator's month, as of one snapshot of the lake, with control sums.

    `sites`, `documents` and `vat` are rows by column name (see `sql/site_sums.sql` and so on). `drafts` are the
    drafts that are still to be issued in the month; `unknown_vat` those of them that cannot be. `owners`:
    owners whose statement of the month is to be issued once it is closed.
    """

    operator_id: str
    month: date
    snapshot: int
    steps: tuple[Step, ...]
    sites: tuple[dict[str, Any], ...]
    documents: tuple[dict[str, Any], ...]
    vat: tuple[dict[str, Any], ...]
    drafts: tuple[str, ...]
    unknown_vat: tuple[str, ...]
    owners: tuple[str, ...] = ()

    @property
    def adds_up(self) -> bool:
        return all(step.adds_up for step in self.steps)

    def unpriced(self) -> dict[str, Reason]:
        """Sessions without a price that may get one, over all sites, by reason: held, active, no_tariff …

        Of `no_site` the ids are those of the stations.
        """
        found: dict[str, Reason] = {}
        for step in self.steps:
            if step.step in ("sessions_to_sites", "sessions_to_cdrs"):
                for why in step.explained_by:
                    if why.reason in UNPRICED or why.reason.startswith("unpriced_"):
                        name = why.reason.removeprefix("unpriced_")
                        before = found.get(name, Reason(name, Decimal(0), 0, ()))
                        ids = (*before.ids, *why.ids)[:20]
                        found[name] = Reason(name, before.amount + why.amount, before.entries + why.entries, ids)
        return found


def in_words(reason: str) -> str:
    """What a reason means."""
    if reason.startswith("unpriced_"):
        return f"sessions without a price: {reason.removeprefix('unpriced_').replace('_', ' ')}"
    return REASONS.get(reason, reason.replace("_", " "))


def next_month(month: date) -> date:
    """First day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def reconcile(lake: Lake, engine: sa.Engine, operator_id: str, month: date) -> Chain:
    """The chain of `operator_id` in the month that begins on `month`. Safe to call from any thread.

    All links of the lake read one snapshot; `engine`: the state database, for the ledger.
    """
    cursor = lake.cursor()
    asked = {"operator": operator_id, "month": month, "next_month": next_month(month)}
    try:
        cursor.execute("BEGIN")
        row = cursor.execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
        for name in _MONTH:
            query = sql(_SQL / f"{name}.sql")
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", _named(query, asked))
        found = {link: _rows(cursor, link, asked) for link in LINKS if link not in GOES_ON}
        found["claims_to_open"] = claims_to_open(engine, operator_id)
        steps = tuple(step for link in LINKS for step in _steps(link, found[link]))
        drafts = _rows(cursor, "open_drafts", asked)
        return Chain(
            operator_id,
            month,
            int(row[0]) if row else 0,
            steps,
            tuple(_rows(cursor, "site_sums", asked)),
            tuple(_rows(cursor, "document_sums", asked)),
            tuple(_rows(cursor, "vat_sums", asked)),
            tuple(draft["invoice_id"] for draft in drafts),
            tuple(draft["invoice_id"] for draft in drafts if draft["is_vat_unknown"]),
            tuple(row["owner_id"] for row in _rows(cursor, "owner_dues", asked)),
        )
    finally:
        cursor.close()


def _named(query: str, asked: dict[str, Any]) -> dict[str, Any]:
    # DuckDB refuses parameters that a statement does not have.
    return {name: value for name, value in asked.items() if f"${name}" in query}


def _rows(cursor: duckdb.DuckDBPyConnection, name: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    query = sql(_SQL / f"{name}.sql")
    answer = cursor.execute(query, _named(query, asked))
    columns = [column[0] for column in answer.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def _steps(link: str, rows: Sequence[dict[str, Any]]) -> Iterator[Step]:
    for site_id, unit in sorted(
        {(row["site_id"], row["unit"]) for row in rows}, key=lambda key: (key[0] or "", key[1])
    ):
        here = [row for row in rows if (row["site_id"], row["unit"]) == (site_id, unit)]
        left, right = (
            sum((_number(row[side], unit) for row in here), Decimal(0)) for side in ("left_sum", "right_sum")
        )
        reasons = [
            (
                row["explained"],
                Reason(
                    row["reason"],
                    _number(row["left_sum"], unit) - _number(row["right_sum"], unit),
                    row["entries"],
                    tuple(row["ids"]),
                ),
            )
            for row in sorted(here, key=lambda row: row["reason"] or "")
            if row["reason"] is not None
        ]
        yield Step(
            link,
            site_id,
            "kWh" if unit == "Wh" else unit,
            left,
            right,
            left - right,
            tuple(reason for explained, reason in reasons if explained),
            tuple(reason for explained, reason in reasons if not explained),
        )


def _number(value: Decimal | int | None, unit: str) -> Decimal:
    number = Decimal(value or 0)
    return number / 1000 if unit == "Wh" else number
