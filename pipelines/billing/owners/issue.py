"""Issue statements: what is due becomes a document with a number, or stays due with the reasons why it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from pipelines.billing.closing.periods import is_closed
from pipelines.billing.documents.check import require
from pipelines.billing.documents.model import Document
from pipelines.billing.issuing.numbers import Number
from pipelines.billing.issuing.parties import zone_of
from pipelines.billing.issuing.register import Act, IssuedMeanwhile
from pipelines.billing.owners.compose import compose
from pipelines.billing.owners.dues import Due, Wanted, read_dues
from pipelines.billing.owners.parties import terms_of
from pipelines.billing.owners.register import Issued, credit, operator_of, register
from warehouse.errors import InputError
from warehouse.store import Lake


class MonthNotClosed(InputError):
    """Owners are told of closed months: until then their revenue may still change. `month` is its first day."""

    def __init__(self, operator_id: str, month: date) -> None:
        super().__init__(
            f"{month:%Y-%m} of {operator_id} is not closed, so the revenue may still change. "
            f"`kwhouse close {month:%Y-%m} --operator {operator_id}` first."
        )
        self.operator_id, self.month = operator_id, month


@dataclass(frozen=True, slots=True)
class Refused:
    """What could not be stated, and everything that stands in the way."""

    owner_id: str
    month: date
    currency: str
    reason: str


@dataclass(frozen=True, slots=True)
class IssueReport:
    """What a run issued, and what it could not."""

    issued: tuple[Issued, ...]
    refused: tuple[Refused, ...]

    def __str__(self) -> str:
        lines = [
            f"{one.document_id}  {one.kind.replace('_', ' '):<11}  {one.owner_id}  {one.month:%Y-%m}"
            f"  {one.total_incl_vat} {one.currency}" + (f"  takes back {one.corrects}" if one.corrects else "")
            for one in self.issued
        ]
        lines += [f"Not issued: {one.owner_id} {one.month:%Y-%m}: {one.reason}" for one in self.refused]
        return "\n".join(lines) or "Nothing to issue: every statement of a closed month stands as it should."


def issue(lake: Lake, engine: sa.Engine, wanted: Wanted, *, now: datetime, by: str) -> IssueReport:
    """Issue what is due and `wanted`, in the order of month and owner. `now`: an aware instant.

    Without a month everything of closed months, also what changed in earlier ones; a month that is asked for and not
    closed is refused. A statement that says what the data say is left alone; one that does not gets a credit note and
    a new one. Safe beside other runs and after a crash: numbers have no gaps, and nothing is stated twice.
    """
    with lake.read():
        snapshot = lake.snapshot()
        dues = read_dues(lake, wanted)
    issued: list[Issued] = []
    refused: list[Refused] = []
    for due in dues:
        try:
            if not is_closed(engine, due.operator_id, due.month):
                if wanted.month is None:
                    continue
                raise MonthNotClosed(due.operator_id, due.month)
            issued.extend(_issue(engine, due, now, by, snapshot))
        except (IssuedMeanwhile, InputError) as error:
            refused.append(Refused(due.owner_id, due.month, due.currency, str(error)))
    return IssueReport(tuple(issued), tuple(refused))


def void(lake: Lake, engine: sa.Engine, document_id: str, *, reason: str, now: datetime, by: str) -> Issued:
    """Take a statement back by a credit note; what it said is due again. Raises `DocumentUnknown`."""
    if not reason.strip():
        raise InputError("A credit note needs a reason that the owner will understand: --reason TEXT.")
    act = _act(engine, operator_of(engine, document_id), now, by, lake.snapshot())
    return credit(engine, document_id, act, reason.strip())


def _issue(engine: sa.Engine, due: Due, now: datetime, by: str, snapshot: int) -> tuple[Issued, ...]:
    act = _act(engine, due.operator_id, now, by, snapshot)
    if not due.agreements:
        return register(engine, due, "", _nothing, act)
    with engine.connect() as connection:
        terms = terms_of(connection, due.operator_id, due.owner_id)

    def made(number: Number) -> Document:
        document = compose(
            due, terms, number=number.text, series=number.series, issue_date=act.issue_date, snapshot=snapshot
        )
        require(document)
        return document

    return register(engine, due, terms.series, made, act)


def _nothing(number: Number) -> Document:
    raise AssertionError(f"nothing is due, so {number.text} was not taken")


def _act(engine: sa.Engine, operator_id: str, now: datetime, by: str, snapshot: int) -> Act:
    with engine.connect() as connection:
        issue_date = now.astimezone(zone_of(connection, operator_id)).date()
    return Act(clock=lambda: now, issue_date=issue_date, issued_by=by, snapshot=snapshot)
