"""New movements: what each of them does to documents, credit and prepaid balance. Pure: nothing is written here.

Each function looks at a `Ledger` that holds the contract's rows and gives a `Posting`, or raises an error of
`errors.py` and nothing happens. Documents of another contract are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from pipelines.billing.ledger.errors import AmountRefused, DocumentUnknown, NotEnough
from pipelines.billing.ledger.model import (
    ZERO,
    Allocation,
    Due,
    Kind,
    Ledger,
    Method,
    Payment,
    Posting,
    Source,
    checked_amount,
    payment_id_of,
)


@dataclass(frozen=True, slots=True)
class Told:
    """Who tells of a movement and when; the same `source` and `external_ref` make it happen once."""

    source: Source
    external_ref: str
    booked_on: date
    received_at: datetime
    bank_entry: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose account it is on: operator, contract or session (see `ad_hoc`; None: nobody's) and currency."""

    operator_id: str
    contract_id: str | None
    currency: str

    def owns(self, due: Due) -> bool:
        """Whether the document is of this account."""
        return (due.operator_id, due.contract_id, due.currency) == (self.operator_id, self.contract_id, self.currency)


def movement(told: Told, account: Account, kind: Kind, method: Method, amount: Decimal) -> Payment:
    """The movement by itself, before it does anything."""
    return Payment(
        payment_id_of(told.source, told.external_ref),
        account.operator_id,
        account.contract_id,
        kind,
        method,
        checked_amount(amount, account.currency),
        account.currency,
        told.booked_on,
        told.received_at,
        told.source,
        told.external_ref,
        bank_entry=told.bank_entry,
        note=told.note,
    )


def pay(
    ledger: Ledger,
    account: Account,
    told: Told,
    amount: Decimal,
    method: Method,
    documents: Sequence[str] | None = (),
    kind: Kind = "payment",
) -> Posting:
    """Money in (or `prepaid_use`): pays `documents` in this order, each up to its open amount; the rest is credit.

    `documents`: ids; None: all open invoices of the account, the longest overdue first. An account of nobody has no
    credit: `NotEnough` where money would be left over.
    """
    payment = movement(told, account, kind, method, amount)
    dues = _open_invoices(ledger, account) if documents is None else [_due(ledger, account, it) for it in documents]
    rows, rest = spread(payment.payment_id, payment.amount, ((due, ledger.open(due.document_id)) for due in dues))
    if rest and account.contract_id is None:
        raise NotEnough("Open on these documents, which have no contract", amount, amount - rest, account.currency)
    return Posting(payment, tuple(rows))


def top_up(account: Account, told: Told, amount: Decimal, method: Method) -> Posting:
    """Money in, for the prepaid balance."""
    if account.contract_id is None:
        raise AmountRefused(amount, account.currency, "only a contract has a prepaid balance")
    return Posting(movement(told, account, "topup", method, amount))


def use_prepaid(
    ledger: Ledger,
    account: Account,
    told: Told,
    amount: Decimal,
    documents: Sequence[str] | None = (),
    overdraft: Decimal = ZERO,
) -> Posting:
    """Pays from the prepaid balance, which may fall to −`overdraft`; what no document uses yet stays as credit."""
    if account.contract_id is None:
        raise AmountRefused(amount, account.currency, "only a contract has a prepaid balance")
    there = ledger.prepaid(account.contract_id, account.currency) + overdraft
    if amount > there:
        raise NotEnough(f"Prepaid balance of contract {account.contract_id}", amount, there, account.currency)
    return pay(ledger, account, told, amount, "prepaid", documents, kind="prepaid_use")


def write_off(ledger: Ledger, account: Account, told: Told, document_id: str, amount: Decimal | None = None) -> Posting:
    """Give a claim up, wholly or `amount` of it; never more than is open."""
    due = _due(ledger, account, document_id)
    there = ledger.open(due.document_id)
    wanted = there if amount is None else amount
    if wanted > there or there <= 0:
        raise NotEnough(f"Open on {due.number}", wanted, max(there, ZERO), due.currency)
    payment = movement(told, account, "write_off", "none", wanted)
    return Posting(payment, (Allocation(payment.payment_id, due.document_id, payment.amount),))


def set_off(ledger: Ledger, account: Account, told: Told) -> Posting | None:
    """Pay open invoices of the account with its credit notes and credit, as far as they reach; None: nothing to do.

    A credit note that corrects an invoice goes to that invoice first, then to the longest overdue one.
    """
    mine = [due for due in ledger.dues if account.owns(due)]
    notes = [due for due in mine if ledger.open(due.document_id) < 0]
    credit = max(ledger.credit(account.contract_id, account.currency), ZERO) if account.contract_id else ZERO
    corrected = {due.corrects for due in notes}
    invoices = sorted(_open_invoices(ledger, account), key=lambda due: due.document_id not in corrected)
    owed = sum((ledger.open(due.document_id) for due in invoices), ZERO)
    amount = min(owed, credit - sum((ledger.open(due.document_id) for due in notes), ZERO))
    if amount <= 0:
        return None
    payment = movement(told, account, "set_off", "none", amount)
    rows, _ = spread(payment.payment_id, amount, ((due, ledger.open(due.document_id)) for due in invoices))
    used, _ = spread(payment.payment_id, amount, ((due, -ledger.open(due.document_id)) for due in notes))
    return Posting(payment, (*rows, *(replace(row, amount=-row.amount) for row in used)))


def refund(
    ledger: Ledger, account: Account, told: Told, amount: Decimal, method: Method, document_id: str | None = None
) -> Posting:
    """Money that a person gives back: from open credit notes and credit; with `document_id` from what was paid on it,
    which opens it. Method `prepaid`: from the prepaid balance.
    """
    payment = movement(told, account, "refund", method, amount)
    if ledger.is_prepaid(payment):
        there = ledger.prepaid(account.contract_id or "", account.currency)
        if amount > there:
            raise NotEnough(f"Prepaid balance of contract {account.contract_id}", amount, there, account.currency)
        return Posting(payment)
    if document_id is not None:
        due = _due(ledger, account, document_id)
        sources = [(due, refundable(ledger, due))]
    else:
        dues = sorted((due for due in ledger.dues if account.owns(due)), key=lambda due: due.issue_date)
        sources = [(due, -ledger.open(due.document_id)) for due in dues]
    rows, rest = spread(payment.payment_id, payment.amount, sources)
    credit = ZERO if document_id or not account.contract_id else ledger.credit(account.contract_id, account.currency)
    rest -= min(rest, max(credit, ZERO))
    if rest:
        raise NotEnough("To give back", amount, amount - rest, account.currency)
    return Posting(payment, tuple(replace(row, amount=-row.amount) for row in rows))


def refundable(ledger: Ledger, due: Due) -> Decimal:
    """What of the document's claim is paid, settled or written off; for a credit note, what it still gives."""
    if due.claim < 0:
        return -ledger.open(due.document_id)
    return ledger.allocated.get(due.document_id, ZERO)


def _open_invoices(ledger: Ledger, account: Account) -> list[Due]:
    dues = [due for due in ledger.dues if account.owns(due) and ledger.open(due.document_id) > 0]
    return sorted(dues, key=lambda due: (due.due_date, due.issue_date, due.document_id))


def _due(ledger: Ledger, account: Account, document: str) -> Due:
    for due in ledger.dues:
        if document in (due.document_id, due.number) and account.owns(due):
            return due
    raise DocumentUnknown(document)


def spread(
    payment_id: str, amount: Decimal, sources: Iterable[tuple[Due, Decimal]]
) -> tuple[list[Allocation], Decimal]:
    """Give `amount` to the documents in order, each up to its limit; and what is left over."""
    rows, left = [], amount
    for due, limit in sources:
        part = min(left, limit)
        if part > 0:
            rows.append(Allocation(payment_id, due.document_id, part))
            left -= part
    return rows, left
