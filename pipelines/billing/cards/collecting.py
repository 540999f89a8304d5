"""Invoices that are due, charged by the stored methods of their contracts, without the payer.

Each invoice is charged once: a run that broke off is gone on with, by the next one or by `reconcile`. What was declined
is charged again only when a person says so. Dunning goes on as it would: an invoice is open until its money has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from pipelines.billing.cards import methods
from pipelines.billing.cards.attempts import OPEN, UNDER_WAY, Attempts, attempts, open_amount
from pipelines.billing.cards.booking import decimal
from pipelines.billing.cards.methods import Method
from pipelines.billing.ledger import dunning_book, settling, store
from pipelines.billing.ledger.model import Due
from pipelines.billing.payments.errors import PaymentError, PaymentMisconfigured
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class Charge:
    """One invoice that was charged, or would be. `state`: of the payment; `due` in a dry run."""

    document_id: str
    amount: Decimal
    currency: str
    state: str
    payment_id: str | None = None
    reason: str | None = None

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"{self.document_id}: {self.amount} {self.currency}, {self.state}{why}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One invoice that is due and was not charged."""

    document_id: str
    reason: str

    def __str__(self) -> str:
        return f"left out {self.document_id}: {self.reason}"


@dataclass(frozen=True, slots=True)
class CardRun:
    """What a run charged and left out."""

    operator_id: str
    on: date
    dry_run: bool
    charges: tuple[Charge, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def taken(self) -> int:
        """Charges that came through, or are under way."""
        return sum(row.state in ("captured", *UNDER_WAY) for row in self.charges)

    def __str__(self) -> str:
        words = "to be charged" if self.dry_run else f"charged, {self.taken} taken or under way"
        lines = [f"{len(self.charges)} invoice(s) of {self.operator_id} due by {self.on} {words}"]
        return "\n".join([*lines, *(f"  {row}" for row in (*self.charges, *self.left_out))])


@dataclass(frozen=True, slots=True)
class _Claim:
    """One invoice to charge. `replaces`: an open payment that asks for the same money and is given up before."""

    due: Due
    amount: Money
    method: Method
    attempt: int
    replaces: str | None = None


def collect(
    payments: Payments,
    operator_id: str,
    on: date,
    now: datetime,
    *,
    retry: bool = False,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> CardRun:
    """Charge every open invoice of the operator that is due by `on` and whose contract pays by a stored method.

    Credit notes and credit are set off first. `retry`: also what was declined before. `dry_run`: nothing is written,
    nobody is asked.
    """
    left_out: list[LeftOut] = []
    if dry_run:
        with payments.engine.connect() as connection:
            claims = list(_claims(connection, operator_id, on, left_out, retry=retry))
        planned = [Charge(it.due.document_id, decimal(it.amount), it.due.currency, "due") for it in claims]
        return CardRun(operator_id, on, True, tuple(planned), tuple(left_out))
    with store.writing(payments.engine) as connection:
        settling.settle(connection, operator_id, now.date(), now)
        claims = list(_claims(connection, operator_id, on, left_out, retry=retry))
    done = []
    for claim in claims:
        done.append(_charge(payments, claim))
        on_progress(len(done), len(claims))
    return CardRun(operator_id, on, False, tuple(done), tuple(left_out))


def _charge(payments: Payments, claim: _Claim) -> Charge:
    document_id, amount = claim.due.document_id, decimal(claim.amount)
    try:
        if claim.replaces is not None:
            given_up = payments.give_up(claim.replaces)
            if given_up.state != "failed":
                why = "was paid on its page meanwhile"
                return Charge(document_id, amount, claim.due.currency, given_up.state, given_up.payment_id, why)
        made = payments.charge(
            claim.amount,
            document_id=document_id,
            attempt=claim.attempt,
            customer_id=claim.method.customer_id,
            method_id=claim.method.method_id,
        )
    except PaymentMisconfigured:
        raise
    except PaymentError as error:
        return Charge(document_id, amount, claim.due.currency, "not_asked", reason=str(error))
    asks = "the payer's bank wants the payer: send the page that `kwhouse payment page` makes"
    reason = asks if made.state == "awaiting_payer" else made.last_error
    return Charge(document_id, amount, claim.due.currency, made.state, made.payment_id, reason)


def _claims(
    connection: sa.Connection, operator_id: str, on: date, left_out: list[LeftOut], *, retry: bool
) -> Iterator[_Claim]:
    ledger = store.read(connection, operator_id=operator_id)
    stored, paid_by = methods.by_contract(connection), _paid_by_provider(connection)
    tried, disputed = attempts(connection), dunning_book.paused(connection)
    debited = _in_direct_debits(connection)
    for due in ledger.dues:
        amount = open_amount(ledger, due)
        if due.contract_id not in paid_by or due.kind == "credit_note" or amount.minor <= 0 or due.due_date > on:
            continue
        before = tried.get(due.document_id, Attempts())
        method = stored.get(due.contract_id)
        if due.document_id in debited:
            why: str | None = "stands in a direct debit file"
        elif due.document_id in disputed:
            why = "is disputed: dunning is paused"
        else:
            why = _why_not(before, method, retry=retry)
        if why is not None or method is None:
            left_out.append(LeftOut(due.document_id, why or "has no stored method"))
        else:
            yield _claim(due, amount, method, before)


def _claim(due: Due, amount: Money, method: Method, before: Attempts) -> _Claim:
    unfinished = before.last(*OPEN)
    if unfinished is None:
        return _Claim(due, amount, method, before.next_number)
    same = (unfinished.amount, unfinished.customer_id, unfinished.method_id)
    if same == (amount, method.customer_id, method.method_id):
        return _Claim(due, amount, method, before.number_of(unfinished))  # a run that broke off
    return _Claim(due, amount, method, before.next_number, replaces=unfinished.payment_id)


def _why_not(before: Attempts, method: Method | None, *, retry: bool) -> str | None:
    """Why an invoice is not charged; None where it is."""
    if under_way := before.last(*UNDER_WAY):
        return f"is being paid ({under_way.payment_id})"
    if method is None:
        return "its contract has no stored method: send the page that `kwhouse payment page` makes"
    if before.last("captured") and not retry:
        return "was charged before, and a rest is open: look at it, then collect with --retry"
    if (failed := before.declined) and not retry:
        return f"{failed.last_error} before: collect again with --retry"
    return None


def _paid_by_provider(connection: sa.Connection) -> set[str]:
    """Contracts that pay by card, or by direct debit without a mandate that our own files could use."""
    contracts, drivers = table("registry", "contracts"), table("registry", "drivers")
    query = sa.select(contracts.c.contract_id, contracts.c.payment_method, drivers.c.mandate_id)
    query = query.join(drivers, drivers.c.driver_id == contracts.c.driver_id, isouter=True)
    return {
        row.contract_id
        for row in connection.execute(query)
        if row.payment_method == "card" or (row.payment_method == "sepa_debit" and not row.mandate_id)
    }


def _in_direct_debits(connection: sa.Connection) -> set[str]:
    rows = table("billing", "collection_items")
    return set(connection.execute(sa.select(rows.c.document_id).where(rows.c.state == "sent")).scalars())
