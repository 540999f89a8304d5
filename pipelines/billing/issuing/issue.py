"""Issue drafts: each becomes an invoice with a number, or stays a draft with the reasons why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.billing.documents.check import require
from pipelines.billing.documents.model import Document
from pipelines.billing.issuing.compose import compose
from pipelines.billing.issuing.drafts import Draft, Wanted, read_drafts
from pipelines.billing.issuing.issued_cdrs import keep_issued
from pipelines.billing.issuing.numbers import Number, series_of
from pipelines.billing.issuing.parties import Terms, terms_for, zone_of
from pipelines.billing.issuing.register import Act, DocumentUnknown, Issued, IssuedMeanwhile, credit, register
from warehouse.errors import InputError
from warehouse.state import table
from warehouse.store import Lake

GST_NUMBER_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Refused:
    """A draft that could not be issued, and everything that stands in the way."""

    draft_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class IssueReport:
    """What a run issued, and what it could not."""

    issued: tuple[Issued, ...]
    refused: tuple[Refused, ...]

    def __str__(self) -> str:
        lines = [
            f"{done.document_id}  {done.kind.replace('_', ' '):<11}  {done.contract_id}  {done.month:%Y-%m}"
            f"  {done.total_incl_vat:>12} {done.currency}" + (f"  takes back {done.corrects}" if done.corrects else "")
            for done in self.issued
        ]
        lines += [f"Not issued: {refused.draft_id}: {refused.reason}" for refused in self.refused]
        return "\n".join(lines) or "Nothing to issue: every draft stands on a document as it is."


@dataclass(frozen=True, slots=True)
class _Ready:
    """`terms` None: nothing is billed any more, only taken back."""

    draft: Draft
    terms: Terms | None
    act: Act

    def document(self, number: Number) -> Document:
        """The invoice with its number, checked."""
        assert self.terms is not None  # noqa: S101 (asked for drafts with lines only)
        return _checked(self.draft, self.terms, self.act, number)


def issue(
    lake: Lake,
    engine: sa.Engine,
    wanted: Wanted,
    *,
    now: datetime,
    by: str,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> IssueReport:
    """Issue the drafts that are `wanted`, in the order of month and contract.

    `now`: an aware instant; the operator's zone makes the day of issue of it. A draft whose document stands already is
    left alone; one that changed since gets a credit note and a new invoice. Safe beside other runs and after a crash:
    numbers have no gaps, and nothing is billed twice.
    """
    with lake.read():
        snapshot = lake.snapshot()
        drafts = tuple(read_drafts(lake, wanted))
    ready, refused = _prepare(engine, drafts, now, by, snapshot)
    if ready:
        keep_issued(lake, [one.draft for one in ready], now)
    issued: list[Issued] = []
    for done, one in enumerate(ready, start=1):
        try:
            issued.extend(register(engine, one.draft, one.terms.series if one.terms else "", one.document, one.act))
        except (IssuedMeanwhile, InputError) as error:
            refused.append(Refused(one.draft.draft_id, str(error)))
        on_progress(done, len(ready))
    return IssueReport(tuple(issued), tuple(refused))


def void(lake: Lake, engine: sa.Engine, document_id: str, *, reason: str, now: datetime, by: str) -> Issued:
    """Take back an issued invoice by a credit note; its sessions are a draft again. Raises `DocumentUnknown`."""
    if not reason.strip():
        raise InputError("A credit note needs a reason that the customer will understand: --reason TEXT.")
    documents = table("billing", "documents")
    with engine.connect() as connection:
        chosen = sa.select(documents.c.operator_id).where(documents.c.document_id == document_id)
        operator_id = connection.execute(chosen).scalar_one_or_none()
        if operator_id is None:
            raise DocumentUnknown(document_id)
        act = _act(connection, str(operator_id), now, by, lake.snapshot())
    return credit(engine, document_id, act, reason.strip())


def _prepare(
    engine: sa.Engine, drafts: Sequence[Draft], now: datetime, by: str, snapshot: int
) -> tuple[list[_Ready], list[Refused]]:
    """Which drafts can be issued. Their documents are made once for the look, and again with their number."""
    ready: list[_Ready] = []
    refused: list[Refused] = []
    with engine.connect() as connection:
        for draft in drafts:
            try:
                terms = terms_for(connection, draft) if draft.lines else None
                one = _Ready(draft, terms, _act(connection, draft.operator_id, now, by, snapshot))
                if terms is not None:
                    year = one.act.issue_date.year
                    one.document(Number(series_of(terms.series, "invoice", year), 0))
                    _refuse_long(terms, Number(series_of(terms.series, "credit_note", year), 0))
                ready.append(one)
            except InputError as error:
                refused.append(Refused(draft.draft_id, str(error)))
    return ready, refused


def _refuse_long(terms: Terms, credit_number: Number) -> None:
    """An invoice that could never be credited is not issued: India allows sixteen characters (CGST rule 46)."""
    if terms.seller.country_code == "IN" and len(credit_number.text) > GST_NUMBER_LENGTH:
        raise InputError(
            f"Credit notes would have numbers like {credit_number.text}, longer than {GST_NUMBER_LENGTH} characters. "
            "Give the operator a shorter invoice_series."
        )


def _act(connection: sa.Connection, operator_id: str, now: datetime, by: str, snapshot: int) -> Act:
    issue_date = now.astimezone(zone_of(connection, operator_id)).date()
    return Act(issued_at=now, issue_date=issue_date, issued_by=by, snapshot=snapshot)


def _checked(draft: Draft, terms: Terms, act: Act, number: Number) -> Document:
    document = compose(
        draft, terms, number=number.text, series=number.series, issue_date=act.issue_date, snapshot=act.snapshot
    )
    require(document)
    return document
