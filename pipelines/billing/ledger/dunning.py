"""Dunning: which step follows on an overdue invoice, from its dates, what is open and what was done. Pure.

    due ─▶ reminder_1 ─▶ reminder_2 ─▶ final_notice ─▶ collection
     paid at any time: nothing follows · paused (disputed): nothing follows until resumed

Days and fees are data of the operator (`billing.dunning_policies`). A fee is claimed as a document of its own, so that
it is paid, written off and summed up like any other. A step that costs money or rights is never skipped: a run after a
long silence takes the next step only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from pipelines.billing.ledger.model import ZERO, Due
from warehouse.contract.ledger import DUNNING_STEPS

Step = Literal["reminder_1", "reminder_2", "final_notice", "collection"]
State = Literal["not_due", "due", "reminder_1", "reminder_2", "final_notice", "collection", "paid", "paused"]


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One step: how long to wait for it, how long it gives to pay, and its fee."""

    step: Step
    wait_days: int
    respite_days: int
    fee: Decimal = ZERO


Policy = tuple[PolicyStep, ...]

# Where an operator has set none: friendly, free of charge, and never to collection without a person's policy.
DEFAULT_POLICY: Policy = (
    PolicyStep("reminder_1", 7, 10),
    PolicyStep("reminder_2", 14, 10),
    PolicyStep("final_notice", 14, 14),
)


@dataclass(frozen=True, slots=True)
class Taken:
    """One step that was taken, a pause or its end."""

    step_no: int
    step: str
    taken_on: date
    fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Action:
    """The step to take now: `fee_document_id` is the claim of its fee, None without one."""

    document_id: str
    step_no: int
    step: Step
    taken_on: date
    pay_by: date
    open_amount: Decimal
    fee: Decimal

    @property
    def fee_document_id(self) -> str | None:
        return fee_id(self.document_id, self.step_no) if self.fee else None


def fee_id(document_id: str, step_no: int) -> str:
    """Id of the claim of a step's fee."""
    return f"{document_id}/dunning-{step_no}"


def fee_due(invoice: Due, taken: Taken, pay_by: date | None) -> Due:
    """The fee of a step as a claim beside its invoice."""
    return Due(
        fee_id(invoice.document_id, taken.step_no),
        f"{invoice.number}/M{taken.step_no}",
        "fee",
        invoice.contract_id,
        invoice.operator_id,
        invoice.currency,
        taken.fee,
        taken.taken_on,
        pay_by or taken.taken_on,
    )


def state(due: Due, open_amount: Decimal, taken: Sequence[Taken], on: date) -> State:
    """Where the invoice stands on a day."""
    if open_amount <= 0:
        return "paid"
    if _paused(taken):
        return "paused"
    if steps := _steps(taken):
        return steps[-1].step  # type: ignore[return-value]
    return "due" if on > due.due_date else "not_due"


def next_step(due: Due, open_amount: Decimal, taken: Sequence[Taken], policy: Policy) -> tuple[PolicyStep, date] | None:
    """The step that follows and the first day on which it may be taken; None where none does."""
    if due.kind != "invoice" or due.status == "void" or open_amount <= 0 or _paused(taken):
        return None
    done = [row.step for row in _steps(taken)]
    reached = max((DUNNING_STEPS.index(step) for step in done), default=-1)
    following = [it for it in policy if DUNNING_STEPS.index(it.step) > reached]
    if not following:
        return None
    step = min(following, key=lambda it: DUNNING_STEPS.index(it.step))
    since = [due.due_date, *(row.taken_on for row in taken)]
    return step, max(since) + timedelta(days=max(step.wait_days, _respite(taken, policy)))


def next_action(due: Due, open_amount: Decimal, taken: Sequence[Taken], policy: Policy, on: date) -> Action | None:
    """What to do on the day `on`; None: nothing yet, or nothing any more."""
    following = next_step(due, open_amount, taken, policy)
    if following is None or on < following[1]:
        return None
    step = following[0]
    number = max((row.step_no for row in taken), default=0) + 1
    pay_by = on + timedelta(days=step.respite_days)
    return Action(due.document_id, number, step.step, on, pay_by, open_amount, step.fee)


def _respite(taken: Sequence[Taken], policy: Policy) -> int:
    # Who was given time until a day is not reminded before that day is over.
    steps = _steps(taken)
    last = {it.step: it.respite_days for it in policy}.get(steps[-1].step, 0) if steps else 0  # type: ignore[call-overload]
    return last + 1 if steps else 1


def _steps(taken: Sequence[Taken]) -> list[Taken]:
    return [row for row in sorted(taken, key=lambda row: row.step_no) if row.step in DUNNING_STEPS]


def _paused(taken: Sequence[Taken]) -> bool:
    marks = [row.step for row in sorted(taken, key=lambda row: row.step_no) if row.step in ("paused", "resumed")]
    return bool(marks) and marks[-1] == "paused"
