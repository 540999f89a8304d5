"""Issued statements in the state database: number, document and what it takes back, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.billing.documents.check import require
from pipelines.billing.documents.model import Document, credit_note_of
from pipelines.billing.documents.stored import DocumentUnreadable, from_json, to_json
from pipelines.billing.issuing.numbers import YEAR_DIGITS, Number, series_of, take
from pipelines.billing.issuing.register import Act, DocumentUnknown, IssuedMeanwhile, stored_row
from pipelines.billing.owners.dues import Due
from warehouse.state import table

Compose = Callable[[Number], Document]


@dataclass(frozen=True, slots=True)
class Issued:
    """One statement, or credit note for one, that was issued. Amounts of a credit note are negative."""

    document_id: str
    kind: Literal["statement", "credit_note"]
    owner_id: str
    month: date
    currency: str
    total_incl_vat: Decimal
    corrects: str | None


# In India statements are no invoices: no financial year is asked of their numbers, they go by the calendar everywhere.
_ANYWHERE = ""


def register(engine: sa.Engine, due: Due, prefix: str, compose: Compose, act: Act) -> tuple[Issued, ...]:
    """Issue `due`: a credit note for the statement that stands, if any, and a new one if anything is due.

    `compose` makes the statement with its number, and raises where it may not be issued: then nothing is kept and no
    number is used. Raises `IssuedMeanwhile`.
    """
    issued: list[Issued] = []
    standing = None if due.standing is None else stored_row(engine, due.standing, "owner_documents")
    with engine.begin() as connection:
        # The numbers first: from here on this transaction is alone. A run always takes them in this order.
        credit_number = None if standing is None else _credit_number(connection, standing, act)
        series = series_of(prefix, "invoice", _ANYWHERE, act.issue_date)
        number = take(connection, series, due.operator_id) if due.agreements else None
        if _standing(connection, due) != due.standing:
            raise IssuedMeanwhile(str(due))
        if standing is not None and credit_number is not None:
            issued.append(_credit(connection, standing, credit_number, act))
        if number is not None:
            key = {"operator_id": due.operator_id, "owner_id": due.owner_id, "month": due.month}
            row = {**key, "kind": "statement", "corrects": None, "lines_hash": due.lines_hash}
            issued.append(_keep(connection, row, number, compose(number), act))
    return tuple(issued)


def credit(engine: sa.Engine, document_id: str, act: Act, reason: str) -> Issued:
    """Take back a standing statement as a whole; what it said is due again. Raises `DocumentUnknown`."""
    stored = stored_row(engine, document_id, "owner_documents")
    with engine.begin() as connection:
        number = _credit_number(connection, stored, act)
        # Asked again, now that nobody else issues.
        documents = table("billing", "owner_documents")
        row = connection.execute(sa.select(documents).where(documents.c.document_id == document_id)).mappings().one()
        if row["kind"] != "statement" or row["status"] != "issued":
            raise DocumentUnknown(document_id, "is a credit note, or was taken back already")
        return _credit(connection, stored, number, act, (reason,))


def operator_of(engine: sa.Engine, document_id: str) -> str:
    """Who issued a statement. Raises `DocumentUnknown`."""
    return str(stored_row(engine, document_id, "owner_documents")["operator_id"])


def _credit_number(connection: sa.Connection, taken_back: Mapping[str, Any], act: Act) -> Number:
    prefix = str(taken_back["series"])[:-YEAR_DIGITS]
    series = series_of(prefix, "credit_note", _ANYWHERE, act.issue_date)
    return take(connection, series, str(taken_back["operator_id"]))


def _standing(connection: sa.Connection, due: Due) -> str | None:
    documents = table("billing", "owner_documents")
    found = connection.execute(
        sa.select(documents.c.document_id).where(
            documents.c.operator_id == due.operator_id,
            documents.c.owner_id == due.owner_id,
            documents.c.month == due.month,
            documents.c.currency == due.currency,
            documents.c.kind == "statement",
            documents.c.status == "issued",
        )
    ).scalar()
    return None if found is None else str(found)


def _credit(
    connection: sa.Connection, statement: Mapping[str, Any], number: Number, act: Act, notes: tuple[str, ...] = ()
) -> Issued:
    document = credit_note_of(
        from_json(str(statement["content"]).encode()),
        number=number.text,
        series=number.series,
        issue_date=act.issue_date,
        notes=notes,
        snapshot_id=act.snapshot,
    )
    require(document)
    kept = {name: statement[name] for name in ("operator_id", "owner_id", "month", "lines_hash")}
    row = {**kept, "kind": "credit_note", "corrects": statement["document_id"]}
    issued = _keep(connection, row, number, document, act)
    documents = table("billing", "owner_documents")
    chosen = documents.c.document_id == statement["document_id"]
    connection.execute(sa.update(documents).where(chosen).values(status="credited"))
    return issued


def _keep(connection: sa.Connection, row: Mapping[str, Any], number: Number, document: Document, act: Act) -> Issued:
    content = to_json(document)
    if from_json(content) != document:
        raise DocumentUnreadable(number.text, "it is not read back as it was written")
    sign, totals = -1 if row["kind"] == "credit_note" else 1, document.totals
    issued = Issued(
        document_id=number.text,
        kind=row["kind"],
        owner_id=row["owner_id"],
        month=row["month"],
        currency=document.currency,
        total_incl_vat=sign * totals.incl_tax,
        corrects=row["corrects"],
    )
    connection.execute(
        sa.insert(table("billing", "owner_documents")),
        {
            **row,
            "document_id": number.text,
            "series": number.series,
            "serial": number.serial,
            "form": document.form,
            "status": "issued",
            "currency": document.currency,
            "issue_date": act.issue_date,
            "due_date": document.due_date or act.issue_date,
            "issued_at": act.clock(),
            "issued_by": act.issued_by,
            "total_excl_vat": sign * totals.excl_tax,
            "total_vat": sign * totals.tax,
            "total_incl_vat": issued.total_incl_vat,
            "snapshot": act.snapshot,
            "content": content.decode(),
            "content_sha256": hashlib.sha256(content).hexdigest(),
        },
    )
    return issued
