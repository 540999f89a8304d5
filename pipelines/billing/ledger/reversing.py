"""Movements that take others back, and those that bring what was taken back again. Pure, as `posting.py`.

They tell of what has happened already: a bank, a card network or a provider has moved the money, whether we like it or
not. So none is refused because too little is left to take it from; the contract's credit then is below 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from pipelines.billing.ledger.errors import LedgerError, NotEnough
from pipelines.billing.ledger.model import TAKES_BACK, ZERO, Allocation, Due, Kind, Ledger, Payment, Posting
from pipelines.billing.ledger.posting import Account, Told, movement, refundable, spread

Source = tuple[Due, Decimal]


def charge_back(ledger: Ledger, told: Told, payment_id: str, amount: Decimal | None = None) -> Posting:
    """A bank or card network has taken a payment back: its credit is gone, its documents are open again.

    Credit that was used meanwhile opens the documents which it paid, the newest first. What is not there any more
    (given back before) makes the credit negative: the money is gone.
    """
    taken = _movement(ledger, payment_id)
    account = _account(taken)
    payment = _reversal(ledger, told, "chargeback", taken, amount)
    if ledger.is_prepaid(payment):
        return Posting(payment)
    used = sum((row.amount for row in _allocations(ledger, payment_id)), ZERO)
    credit = _credit(ledger, account)
    # What it never paid for goes first, then its documents, then other credit.
    unused = min(payment.amount, credit, max(taken.amount - used, ZERO))
    own, rest = spread(payment.payment_id, payment.amount - unused, _paid_by(ledger, payment_id))
    rest -= min(rest, credit - unused)
    more, _ = spread(payment.payment_id, rest, _bought_with_credit(ledger, account, payment_id))
    return Posting(payment, _negative([*own, *more]))


def give_back(ledger: Ledger, told: Told, payment_id: str, amount: Decimal | None = None) -> Posting:
    """A provider has given a payment back, as we asked it to: whole, or `amount` of it.

    Open credit notes say why and go first, those on the documents that it paid before others; then credit, as of an
    invoice that was paid twice. Only what neither covers opens the documents that it paid, then those that its credit
    has paid since.
    """
    taken = _movement(ledger, payment_id)
    account = _account(taken)
    payment = _reversal(ledger, told, "refund", taken, amount)
    if ledger.is_prepaid(payment):
        return Posting(payment)
    notes, rest = spread(payment.payment_id, payment.amount, _open_notes(ledger, account, payment_id))
    rest -= min(rest, _credit(ledger, account))
    own, rest = spread(payment.payment_id, rest, _paid_by(ledger, payment_id))
    more, _ = spread(payment.payment_id, rest, _bought_with_credit(ledger, account, payment_id))
    return Posting(payment, _negative([*notes, *own, *more]))


def restore(ledger: Ledger, told: Told, reversal_id: str, amount: Decimal | None = None) -> Posting:
    """What was taken back is here again: a dispute was won, or the payer's bank did not take a refund.

    Documents that the reversal opened are paid again as far as they are still open, credit notes that it used are open
    again; the rest is credit. Raises `NotEnough` where an account without contract would have credit.
    """
    gone = _movement(ledger, reversal_id)
    account = _account(gone)
    payment = _reversal(ledger, told, "payment", gone, amount)
    if ledger.is_prepaid(payment):
        return Posting(payment)
    rows, rest = spread(payment.payment_id, payment.amount, _opened_by(ledger, reversal_id))
    if account.contract_id is None and rest + ledger.credit(None, account.currency) > 0:
        raise NotEnough(
            "Open on these documents, which have no contract", payment.amount, payment.amount - rest, account.currency
        )
    return Posting(payment, tuple(rows))


def _movement(ledger: Ledger, payment_id: str) -> Payment:
    found = ledger.payment_by_id.get(payment_id)
    if found is None:
        raise LedgerError(f"The ledger has no movement {payment_id} that could be taken back.")
    return found


def _account(payment: Payment) -> Account:
    return Account(payment.operator_id, payment.contract_id, payment.currency)


def _reversal(ledger: Ledger, told: Told, kind: Kind, taken: Payment, amount: Decimal | None) -> Payment:
    """A movement of `kind` that takes back `amount` of `taken`, or what is left of it."""
    if kind in TAKES_BACK:
        fits = taken.kind in ("payment", "topup") and taken.reverses is None
    else:
        fits = taken.kind in TAKES_BACK
    if not fits:
        raise LedgerError(f"{taken.external_ref} is a {taken.kind}: no {kind} can take it back.")
    left = taken.amount - ledger.taken_back.get(taken.payment_id, ZERO)
    asked = left if amount is None else amount
    if asked > left:
        raise NotEnough(f"Left of {taken.kind} {taken.external_ref}", asked, left, taken.currency)
    return replace(movement(told, _account(taken), kind, taken.method, asked), reverses=taken.payment_id)


def _credit(ledger: Ledger, account: Account) -> Decimal:
    return max(ledger.credit(account.contract_id, account.currency), ZERO) if account.contract_id else ZERO


def _allocations(ledger: Ledger, payment_id: str) -> list[Allocation]:
    return [row for row in ledger.allocations if row.payment_id == payment_id]


def _paid_by(ledger: Ledger, payment_id: str) -> Iterator[Source]:
    for row in _allocations(ledger, payment_id):
        if row.amount > 0 and (due := ledger.due_by_id.get(row.document_id)):
            yield due, min(row.amount, refundable(ledger, due))


def _open_notes(ledger: Ledger, account: Account, payment_id: str) -> list[Source]:
    paid = {row.document_id for row in _allocations(ledger, payment_id)}
    notes = [due for due in ledger.dues if account.owns(due) and ledger.open(due.document_id) < 0]
    if account.contract_id is None:  # others' notes are on this account too
        notes = [due for due in notes if due.corrects in paid]
    notes.sort(key=lambda due: (due.corrects not in paid, due.issue_date, due.document_id))
    return [(due, -ledger.open(due.document_id)) for due in notes]


def _bought_with_credit(ledger: Ledger, account: Account, payment_id: str) -> list[Source]:
    """Documents that were set off against credit, the newest first, but for those that the payment paid itself."""
    own = {row.document_id for row in _allocations(ledger, payment_id)}
    others = [due for due in ledger.dues if account.owns(due) and due.document_id not in own]
    others.sort(key=lambda due: (due.issue_date, due.document_id), reverse=True)
    return [(due, min(_set_off_on(ledger, due), refundable(ledger, due))) for due in others]


def _set_off_on(ledger: Ledger, due: Due) -> Decimal:
    kinds = {row.payment_id for row in ledger.payments if row.kind == "set_off"}
    rows = (row.amount for row in ledger.allocations if row.document_id == due.document_id and row.payment_id in kinds)
    return max(sum(rows, ZERO), ZERO) if due.claim > 0 else ZERO


def _opened_by(ledger: Ledger, reversal_id: str) -> Iterator[Source]:
    for row in _allocations(ledger, reversal_id):
        if due := ledger.due_by_id.get(row.document_id):
            free = ledger.open(due.document_id) if due.claim > 0 else -ledger.allocated.get(due.document_id, ZERO)
            yield due, min(-row.amount, free)


def _negative(rows: list[Allocation]) -> tuple[Allocation, ...]:
    return tuple(replace(row, amount=-row.amount) for row in rows)
