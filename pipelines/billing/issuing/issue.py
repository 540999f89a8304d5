"""Issue drafts: each becomes an invoice with a number, or stays a draft with the reasons why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from pipelines.billing.closing.periods import booking_month
from pipelines.billing.documents.check import require
from pipelines.billing.documents.model import Document
from pipelines.billing.issuing.compose import compose
from pipelines.billing.issuing.drafts import Draft, Wanted, read_drafts
from pipelines.billing.issuing.issued_cdrs import keep_issued
from pipelines.billing.issuing.numbers import Number, series_of
from pipelines.billing.issuing.parties import Terms, terms_of
from pipelines.billing.issuing.register import Act, Issued, IssuedMeanwhile, credit, register
from warehouse.errors import InputError
from warehouse.state import table
from warehouse.store import Lake


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
    draft: Draft
    terms: Terms
    act: Act


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
    snapshot = lake.snapshot()
    ready, refused = _prepare(engine, tuple(read_drafts(lake, wanted)), now, by, snapshot)
    if ready:
        keep_issued(lake, engine, [one.draft for one in ready], now)
    issued: list[Issued] = []
    for done, one in enumerate(ready, start=1):
        make = partial(_checked, one.draft, one.terms, one.act)
        try:
            issued.extend(register(engine, one.draft, one.terms.series, make, one.act))
        except IssuedMeanwhile as meanwhile:
            refused.append(Refused(one.draft.draft_id, str(meanwhile)))
        on_progress(done, len(ready))
    return IssueReport(tuple(issued), tuple(refused))


def void(lake: Lake, engine: sa.Engine, document_id: str, *, reason: str, now: datetime, by: str) -> Issued:
    """Take back an issued invoice by a credit note; its sessions are a draft again. Raises `DocumentUnknown`."""
    from pipelines.billing.issuing.register import DocumentUnknown

    if not reason.strip():
        raise InputError("A credit note needs a reason that the customer will understand: --reason TEXT.")
    documents = table("billing", "documents")
    with engine.connect() as connection:
        chosen = sa.select(documents).where(documents.c.document_id == document_id)
        row = connection.execute(chosen).mappings().one_or_none()
        if row is None:
            raise DocumentUnknown(document_id)
        terms = terms_of(connection, row["contract_id"])
        act = _act(connection, terms, row["operator_id"], row["month"], now, by, lake.snapshot())
    return credit(engine, document_id, row["operator_id"], terms.series, act, reason.strip())


def _prepare(
    engine: sa.Engine, drafts: Sequence[Draft], now: datetime, by: str, snapshot: int
) -> tuple[list[_Ready], list[Refused]]:
    """Which drafts can be issued. Their documents are made once for the look, and again with their number."""
    ready: list[_Ready] = []
    refused: list[Refused] = []
    with engine.connect() as connection:
        for draft in drafts:
            try:
                terms = terms_of(connection, draft.contract_id)
                act = _act(connection, terms, draft.operator_id, draft.month, now, by, snapshot)
                if draft.lines:
                    _checked(draft, terms, act, Number(series_of(terms.series, "invoice", act.issue_date.year), 0))
                ready.append(_Ready(draft, terms, act))
            except InputError as error:
                refused.append(Refused(draft.draft_id, str(error)))
    return ready, refused


def _act(
    connection: sa.Connection, terms: Terms, operator_id: str, month: date, now: datetime, by: str, snapshot: int
) -> Act:
    return Act(
        issued_at=now,
        issue_date=now.astimezone(ZoneInfo(terms.time_zone)).date(),
        issued_by=by,
        snapshot=snapshot,
        booked_month=booking_month(connection, operator_id, month),
    )


def _checked(draft: Draft, terms: Terms, act: Act, number: Number) -> Document:
    document = compose(
        draft, terms, number=number.text, series=number.series, issue_date=act.issue_date, snapshot=act.snapshot
    )
    require(document)
    return document
