"""Issued documents read back, and written as files. A draft is shown as it would be issued now, without a number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.model import Document
from pipelines.billing.documents.pdf import to_draft, to_pdf
from pipelines.billing.documents.stored import from_json, to_json
from pipelines.billing.documents.ubl import to_ubl
from pipelines.billing.issuing.compose import compose
from pipelines.billing.issuing.drafts import Wanted, read_drafts
from pipelines.billing.issuing.parties import terms_for, zone_of
from pipelines.billing.issuing.register import DocumentUnknown
from warehouse.errors import StoreError
from warehouse.state import table
from warehouse.store import Lake

DRAFT_NUMBER = "DRAFT"
FORMATS: dict[str, Callable[[Document], bytes]] = {"pdf": to_pdf, "cii": to_cii, "ubl": to_ubl, "json": to_json}


class DocumentAltered(StoreError):
    """What is kept of a document is not what was issued."""

    def __init__(self, number: str) -> None:
        super().__init__(
            f"What is kept of {number} is not what was issued: its hash differs. "
            "Restore the state database from a backup."
        )
        self.number = number


def issued_document(engine: sa.Engine, number: str) -> Document:
    """The customer's or owner's document of that number, as it was issued.

    Raises `DocumentUnknown`, `DocumentAltered`.
    """
    chosen = sa.union_all(
        *(
            sa.select(kept.c.content, kept.c.content_sha256).where(kept.c.document_id == number)
            for kept in (table("billing", "documents"), table("billing", "owner_documents"))
        )
    )
    with engine.connect() as connection:
        row = connection.execute(chosen).one_or_none()
    if row is None:
        raise DocumentUnknown(number)
    content = str(row[0]).encode()
    if hashlib.sha256(content).hexdigest() != row[1]:
        raise DocumentAltered(number)
    return from_json(content)


def document_of(lake: Lake, engine: sa.Engine, number: str, now: datetime) -> Document:
    """The issued document of that number, or the preview of the draft of that name. Raises `DocumentUnknown`."""
    try:
        return issued_document(engine, number)
    except DocumentUnknown:
        found = [draft for draft in read_drafts(lake, Wanted(draft_ids=(number,))) if draft.lines]
        if not found:
            raise
    [draft] = found
    with engine.connect() as connection:
        terms = terms_for(connection, draft)
        day = now.astimezone(zone_of(connection, draft.operator_id)).date()
    return compose(draft, terms, number=DRAFT_NUMBER, series=DRAFT_NUMBER, issue_date=day, snapshot=lake.snapshot())


def written(lake: Lake, engine: sa.Engine, number: str, form: str, *, now: datetime) -> bytes:
    """The bytes of a document in one of `FORMATS`."""
    document = document_of(lake, engine, number, now)
    if document.number == DRAFT_NUMBER and form == "pdf":
        return to_draft(document)
    return FORMATS[form](document)
