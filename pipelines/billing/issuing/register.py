"""Issued documents in the state database: number, document, lines and what it takes back, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.billing.closing.periods import PeriodRefused, booking_month, is_open
from pipelines.billing.documents.check import require
from pipelines.billing.documents.model import Document, credit_note_of
from pipelines.billing.documents.stored import DocumentUnreadable, from_json, to_json
from pipelines.billing.issuing.drafts import Draft
from pipelines.billing.issuing.numbers import YEAR_DIGITS, Number, series_of, take
from pipelines.billing.ledger import store
from pipelines.billing.ledger.ad_hoc import is_ad_hoc
from pipelines.billing.ledger.posting import Account
from pipelines.billing.ledger.settling import settle_account
from warehouse.contract.billing import INVOICE_LINE
from warehouse.errors import InputError, StoreError
from warehouse.state import table

Register = Literal["documents", "owner_documents"]  # which table of `billing` keeps a document

Compose = Callable[[Number], Document]
_LINE_COLUMNS = (*(column.name for column in INVOICE_LINE), "tax_category")


class IssuedMeanwhile(StoreError):
    """Another run has issued the draft, or taken its document back, since it was read (a retry finds it as it is)."""

    retryable = True

    def __init__(self, draft_id: str) -> None:
        super().__init__(f"Draft {draft_id} was issued by another run meanwhile. Run the command again.")
        self.draft_id = draft_id


class DocumentUnknown(InputError):
    """No issued document has that number, or it does not stand any more."""

    def __init__(self, number: str, why: str = "was never issued") -> None:
        super().__init__(f"Document {number} {why}. `kwhouse invoice list` shows what stands.")
        self.number = number


@dataclass(frozen=True, slots=True)
class Act:
    """Who issues, when, and from which snapshot of the lake. `issue_date` is the day in the operator's zone.

    `clock` is asked once a document, after its number was taken: later numbers of a series have later instants, and
    what was issued up to an instant stays the same.
    """

    clock: Callable[[], datetime]
    issue_date: date
    issued_by: str
    snapshot: int


@dataclass(frozen=True, slots=True)
class Issued:
    """One document that was issued. Amounts of a credit note are negative."""

    document_id: str
    kind: Literal["invoice", "credit_note"]
    contract_id: str
    month: date
    currency: str
    total_incl_vat: Decimal
    corrects: str | None


def register(engine: sa.Engine, draft: Draft, series: str, compose: Compose, act: Act) -> tuple[Issued, ...]:
    """Issue `draft`: a credit note for the document that stands for it, if any, and an invoice of `series` if it has
    lines.

    `compose` makes the invoice with its number, and raises where it may not be issued: then nothing is kept and no
    number is used. Raises `IssuedMeanwhile`.
    """
    issued: list[Issued] = []
    taken_back = stored_row(engine, draft.standing) if draft.standing else None
    with engine.begin() as connection:
        # The numbers first: from here on this transaction is alone. A run always takes them in this order.
        credit_number = None if taken_back is None else _credit_number(connection, taken_back, act)
        number = take(connection, series, draft.operator_id) if draft.lines else None
        if _standing(connection, draft.draft_id) != draft.standing:
            raise IssuedMeanwhile(draft.draft_id)
        if credit_number is not None and draft.standing is not None:
            issued.append(_credit(connection, draft.standing, credit_number, act))
        if number is not None:
            issued.append(_invoice(connection, draft, number, compose(number), act))
        _settle(connection, draft.operator_id, draft.contract_id, draft.currency, act)
    return tuple(issued)


def credit(engine: sa.Engine, document_id: str, act: Act, reason: str) -> Issued:
    """Take back a standing invoice as a whole; its sessions are a draft again. Raises `DocumentUnknown`."""
    documents = table("billing", "documents")
    stored = stored_row(engine, document_id)
    with engine.begin() as connection:
        number = _credit_number(connection, stored, act)
        # Asked again, now that nobody else issues.
        row = connection.execute(sa.select(documents).where(documents.c.document_id == document_id)).mappings().one()
        if row["kind"] != "invoice" or row["status"] != "issued":
            raise DocumentUnknown(document_id, "is a credit note, or was taken back already")
        done = _credit(connection, document_id, number, act, (reason,))
        _settle(connection, row["operator_id"], row["contract_id"], row["currency"], act)
    return done


def _settle(connection: sa.Connection, operator_id: str, contract_id: str, currency: str, act: Act) -> None:
    """What was paid by card for a session pays its receipt, without waiting for anybody to settle accounts."""
    if is_ad_hoc(contract_id):
        store.lock(connection)
        settle_account(connection, Account(operator_id, contract_id, currency), act.issue_date, act.clock())


def stored_row(engine: sa.Engine, document_id: str, kept_in: Register = "documents") -> Mapping[str, Any]:
    """The row of an issued document. Raises `DocumentUnknown`."""
    documents = table("billing", kept_in)
    with engine.connect() as connection:
        row = connection.execute(sa.select(documents).where(documents.c.document_id == document_id)).mappings().first()
    if row is None:
        raise DocumentUnknown(document_id)
    return dict(row)


def _credit_number(connection: sa.Connection, taken_back: Mapping[str, Any], act: Act) -> Number:
    """A number of who issued the invoice, whatever the registry says of the contract now."""
    prefix = str(taken_back["series"])[:-YEAR_DIGITS]
    country_code = from_json(str(taken_back["content"]).encode()).seller.country_code
    series = series_of(prefix, "credit_note", country_code, act.issue_date)
    return take(connection, series, str(taken_back["operator_id"]))


def _open_month(connection: sa.Connection, operator_id: str, month: date) -> date:
    """The month to book in, asked while nobody else issues. Raises `PeriodRefused` where it is locked."""
    booked = booking_month(connection, operator_id, month)
    if not is_open(connection, operator_id, booked):
        raise PeriodRefused(operator_id, booked, "locked", "nothing is issued for it. Close it, or open it: --unlock.")
    return booked


def _standing(connection: sa.Connection, draft_id: str) -> str | None:
    billed = table("billing", "billed_drafts")
    found = connection.execute(sa.select(billed.c.document_id).where(billed.c.draft_id == draft_id)).scalar()
    return None if found is None else str(found)


def _invoice(connection: sa.Connection, draft: Draft, number: Number, document: Document, act: Act) -> Issued:
    row = {
        "kind": "invoice",
        "corrects": None,
        "contract_id": draft.contract_id,
        "operator_id": draft.operator_id,
        "draft_id": draft.draft_id,
        "month": draft.month,
        "sessions": draft.sessions,
        "energy_wh": draft.energy_wh,
        "lines_hash": draft.lines_hash,
        "total_excl_vat": document.totals.excl_tax,
        "total_vat": document.totals.tax,
        "rounding_amount": document.totals.rounding,
        "total_incl_vat": document.totals.incl_tax + document.totals.rounding,
    }
    kept = {field.name for field in fields(draft.lines[0])} & set(_LINE_COLUMNS)
    lines = [
        {**{name: getattr(line, name) for name in kept}, "tax_category": printed.tax_category}
        for line, printed in zip(draft.lines, document.lines, strict=True)
    ]
    issued = _keep(connection, row, lines, number, document, act)
    billed = table("billing", "billed_drafts")
    connection.execute(sa.insert(billed), {"draft_id": draft.draft_id, "document_id": issued.document_id})
    return issued


def _credit(
    connection: sa.Connection, document_id: str, number: Number, act: Act, notes: tuple[str, ...] = ()
) -> Issued:
    documents, lines = table("billing", "documents"), table("billing", "document_lines")
    invoice = connection.execute(sa.select(documents).where(documents.c.document_id == document_id)).mappings().one()
    document = credit_note_of(
        from_json(str(invoice["content"]).encode()),
        number=number.text,
        series=number.series,
        issue_date=act.issue_date,
        notes=notes,
        snapshot_id=act.snapshot,
    )
    require(document)
    taken_back = connection.execute(
        sa.select(lines).where(lines.c.document_id == document_id).order_by(lines.c.line_no)
    ).mappings()
    row = {
        name: invoice[name] for name in ("contract_id", "operator_id", "draft_id", "month", "sessions", "lines_hash")
    } | {
        "kind": "credit_note",
        "corrects": document_id,
        "energy_wh": -invoice["energy_wh"],
        "total_excl_vat": -invoice["total_excl_vat"],
        "total_vat": -invoice["total_vat"],
        "rounding_amount": -invoice["rounding_amount"],
        "total_incl_vat": -invoice["total_incl_vat"],
    }
    mirrored = [
        {**line, "energy_wh": -line["energy_wh"], "amount_excl_vat": -line["amount_excl_vat"]} for line in taken_back
    ]
    issued = _keep(connection, row, mirrored, number, document, act)
    connection.execute(sa.update(documents).where(documents.c.document_id == document_id).values(status="credited"))
    billed = table("billing", "billed_drafts")
    connection.execute(sa.delete(billed).where(billed.c.document_id == document_id))
    return issued


def _keep(
    connection: sa.Connection,
    row: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    number: Number,
    document: Document,
    act: Act,
) -> Issued:
    content = to_json(document)
    if from_json(content) != document:
        raise DocumentUnreadable(number.text, "it is not read back as it was written")
    booked = _open_month(connection, str(row["operator_id"]), row["month"])
    connection.execute(
        sa.insert(table("billing", "documents")),
        {
            **row,
            "document_id": number.text,
            "series": number.series,
            "serial": number.serial,
            "status": "issued",
            "booked_month": booked,
            "currency": document.currency,
            "issue_date": act.issue_date,
            "due_date": document.due_date or act.issue_date,
            "issued_at": act.clock(),
            "issued_by": act.issued_by,
            "rounding": document.rounding,
            "snapshot": act.snapshot,
            "content": content.decode(),
            "content_sha256": hashlib.sha256(content).hexdigest(),
        },
    )
    connection.execute(
        sa.insert(table("billing", "document_lines")),
        [
            {**{name: line.get(name) for name in _LINE_COLUMNS}, "document_id": number.text, "line_no": line_no}
            for line_no, line in enumerate(lines, start=1)
        ],
    )
    return Issued(
        document_id=number.text,
        kind=row["kind"],
        contract_id=row["contract_id"],
        month=row["month"],
        currency=document.currency,
        total_incl_vat=row["total_incl_vat"],
        corrects=row["corrects"],
    )
