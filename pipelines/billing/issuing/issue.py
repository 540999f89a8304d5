"""Issue drafts: each becomes an invoice with a number, or stays a draft with the reasons why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from pipelines.billing.documents.check import require
from pipelines.billing.documents.model import Document
from pipelines.billing.issuing.compose import compose
from pipelines.billing.issuing.drafts import Draft, Wanted, read_drafts
from pipelines.billing.issuing.issued_cdrs import keep_issued
from pipelines.billing.issuing.numbers import Number, series_of
from pipelines.billing.issuing.parties import terms_for, zone_of
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
    """What a run issued, and what it could not. `credit_cdrs` counts the CDRs that it took back."""

    issued: tuple[Issued, ...]
    refused: tuple[Refused, ...]
    credit_cdrs: int = 0

    def __str__(self) -> str:
        lines = [
            f"{done.document_id}  {done.kind.replace('_', ' '):<11}  {done.contract_id}  {done.month:%Y-%m}"
            f"  {done.total_incl_vat:>12} {done.currency}" + (f"  takes back {done.corrects}" if done.corrects else "")
            for done in self.issued
        ]
        lines += [f"Not issued: {refused.draft_id}: {refused.reason}" for refused in self.refused]
        if self.credit_cdrs:
            lines.append(f"CDRs that no longer hold and were taken back: {self.credit_cdrs:,}")
        return "\n".join(lines) or "Nothing to issue: every draft stands on a document as it is."


@dataclass(frozen=True, slots=True)
class _Ready:
    """A draft that can be issued. `document` lacks nothing but its number; None: nothing is billed any more, only taken
    back."""

    draft: Draft
    document: Document | None
    act: Act

    def numbered(self, number: Number) -> Document:
        """The invoice with its number, checked."""
        assert self.document is not None  # noqa: S101 (asked for drafts with lines only)
        document = replace(self.document, number=number.text, series=number.series)
        require(document)
        return document


def issue(
    lake: Lake,
    engine: sa.Engine,
    wanted: Wanted,
    *,
    clock: Callable[[], datetime],
    by: str,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> IssueReport:
    """Issue the drafts that are `wanted`, in the order of month and contract.

    `clock`: aware instants; the day of issue is that of the run's begin in the operator's zone. A draft whose document
    stands already is left alone; one that changed since gets a credit note and a new invoice. CDRs that left the house,
    no longer hold and are on no invoice are taken back, also where there is no draft to issue. Safe beside other runs
    and after a crash: numbers have no gaps, and nothing is billed twice.
    """
    now = clock()
    with lake.read():
        snapshot = lake.snapshot()
        drafts = tuple(read_drafts(lake, wanted))
    ready, refused = _prepare(engine, drafts, now, Act(clock, now.date(), by, snapshot))
    credit_cdrs = keep_issued(lake, [one.draft for one in ready], now, operator_id=wanted.operator_id)
    issued: list[Issued] = []
    for done, one in enumerate(ready, start=1):
        try:
            series = one.document.series if one.document else ""
            issued.extend(register(engine, one.draft, series, one.numbered, one.act))
        except (IssuedMeanwhile, InputError) as error:
            refused.append(Refused(one.draft.draft_id, str(error)))
        on_progress(done, len(ready))
    return IssueReport(tuple(issued), tuple(refused), credit_cdrs)


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
        act = _dated(connection, str(operator_id), now, Act(lambda: now, now.date(), by, lake.snapshot()))
    return credit(engine, document_id, act, reason.strip())


def _prepare(engine: sa.Engine, drafts: Sequence[Draft], now: datetime, act: Act) -> tuple[list[_Ready], list[Refused]]:
    """Which drafts can be issued: each is composed and looked at with the first number that its series could give."""
    ready: list[_Ready] = []
    refused: list[Refused] = []
    with engine.connect() as connection:
        for draft in drafts:
            try:
                dated = _dated(connection, draft.operator_id, now, act)
                ready.append(_Ready(draft, _composed(connection, draft, dated) if draft.lines else None, dated))
            except InputError as error:
                refused.append(Refused(draft.draft_id, str(error)))
    return ready, refused


def _composed(connection: sa.Connection, draft: Draft, act: Act) -> Document:
    terms = terms_for(connection, draft)
    country, day = terms.seller.country_code, act.issue_date
    first = Number(series_of(terms.series, "invoice", country, day), 0)
    document = compose(draft, terms, number=first.text, series=first.series, issue_date=day, snapshot=act.snapshot)
    require(document)
    _refuse_long(country, Number(series_of(terms.series, "credit_note", country, day), 0))
    return document


def _refuse_long(country_code: str, credit_number: Number) -> None:
    """An invoice that could never be credited is not issued: India allows sixteen characters (CGST rule 46)."""
    if country_code == "IN" and len(credit_number.text) > GST_NUMBER_LENGTH:
        raise InputError(
            f"Credit notes would have numbers like {credit_number.text}, longer than {GST_NUMBER_LENGTH} characters. "
            "Give the operator a shorter invoice_series."
        )


def _dated(connection: sa.Connection, operator_id: str, now: datetime, act: Act) -> Act:
    """`act` with the day that `now` is in the operator's zone."""
    return replace(act, issue_date=now.astimezone(zone_of(connection, operator_id)).date())
