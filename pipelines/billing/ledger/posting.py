"""New movements: what each of them does to documents, credit and prepaid balance. Pure: nothing is written here.

Each function looks at a `Ledger` that holds the contract's rows and gives a `Posting`, or raises an error of
`errors.py` and nothing happens. Documents of another contract are never touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from pipelines.billing.ledger.errors import AmountRefused, DocumentUnknown, LedgerError, NotEnough
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


def _payment(told: Told, account: Account, kind: Kind, method: Method, amount: Decimal) -> Payment:
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
    payment = _payment(told, account, kind, method, amount)
    dues = _open_invoices(ledger, account) if documents is None else [_due(ledger, account, it) for it in documents]
    rows, rest = _spread(payment.payment_id, payment.amount, ((due, ledger.open(due.document_id)) for due in dues))
    if rest and account.contract_id is None:
        raise NotEnough("Open on these documents, which have no contract", amount, amount - rest, account.currency)
    return Posting(payment, tuple(rows))


def top_up(account: Account, told: Told, amount: Decimal, method: Method) -> Posting:
    """Money in, for the prepaid balance."""
    if account.contract_id is None:
        raise AmountRefused(amount, account.currency, "only a contract has a prepaid balance")
    return Posting(_payment(told, account, "topup", method, amount))


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
    payment = _payment(told, account, "write_off", "none", wanted)
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
    payment = _payment(told, account, "set_off", "none", amount)
    rows, _ = _spread(payment.payment_id, amount, ((due, ledger.open(due.document_id)) for due in invoices))
    used, _ = _spread(payment.payment_id, amount, ((due, -ledger.open(due.document_id)) for due in notes))
    return Posting(payment, (*rows, *(replace(row, amount=-row.amount) for row in used)))


def refund(
    ledger: Ledger,
    account: Account,
    told: Told,
    amount: Decimal,
    method: Method,
    document_id: str | None = None,
    reverses: str | None = None,
) -> Posting:
    """Money given back: from open credit notes and credit; with `document_id` from what was paid on it, which opens it.

    `reverses`: the payment given back; where there is no credit, the documents that it paid are open again. Method
    `prepaid`, or a top-up reversed: from the prepaid balance.
    """
    payment = replace(_payment(told, account, "refund", method, amount), reverses=reverses)
    _check_reverses(ledger, payment)
    if ledger.is_prepaid(payment):
        there = ledger.prepaid(account.contract_id or "", account.currency)
        if amount > there:
            raise NotEnough(f"Prepaid balance of contract {account.contract_id}", amount, there, account.currency)
        return Posting(payment)
    if document_id is not None:
        due = _due(ledger, account, document_id)
        sources = [(due, _refundable(ledger, due))]
    else:
        dues = sorted((due for due in ledger.dues if account.owns(due)), key=lambda due: due.issue_date)
        sources = [(due, -ledger.open(due.document_id)) for due in dues]
    rows, rest = _spread(payment.payment_id, payment.amount, sources)
    credit = ZERO if document_id or not account.contract_id else ledger.credit(account.contract_id, account.currency)
    rest -= min(rest, max(credit, ZERO))
    if rest and document_id is None and reverses is not None:
        # A provider has given the payment back, and no credit note tells why: what it paid is open again, then what
        # its credit has paid since.
        paid = {row.document_id: row.amount for row in ledger.allocations if row.payment_id == reverses}
        limits = [
            (it, min(paid.get(it.document_id, _set_off_on(ledger, it)), _refundable(ledger, it)))
            for it in sorted(ledger.dues, key=lambda due: (due.document_id not in paid, due.issue_date))
            if account.owns(it) and it.claim > 0
        ]
        more, rest = _spread(payment.payment_id, rest, limits)
        rows += more
    if rest:
        raise NotEnough("To give back", amount, amount - rest, account.currency)
    return Posting(payment, tuple(replace(row, amount=-row.amount) for row in rows))


def charge_back(ledger: Ledger, told: Told, payment_id: str, amount: Decimal | None = None) -> Posting:
    """A bank or card network has taken a payment back: its credit is gone, its documents are open again.

    Credit that was used meanwhile opens the documents which it paid, the newest first. What is not there any more
    (given back before) makes the credit negative: the money is gone, whether we like it or not.
    """
    taken = ledger.payment_by_id[payment_id]
    account = Account(taken.operator_id, taken.contract_id, taken.currency)
    left = taken.amount - ledger.taken_back.get(payment_id, ZERO)
    payment = replace(
        _payment(told, account, "chargeback", taken.method, left if amount is None else amount), reverses=payment_id
    )
    _check_reverses(ledger, payment)
    if ledger.is_prepaid(payment):
        return Posting(payment)
    own = [row.document_id for row in ledger.allocations if row.payment_id == payment_id and row.amount > 0]
    allocated = {row.document_id: row.amount for row in ledger.allocations if row.payment_id == payment_id}
    credit = max(ledger.credit(account.contract_id, account.currency), ZERO)
    # What it never paid for goes first, then its documents, then other credit.
    unused = min(payment.amount, credit, max(taken.amount - sum(allocated.values(), ZERO), ZERO))
    first = [(due, min(allocated[it], _refundable(ledger, due))) for it in own if (due := ledger.due_by_id.get(it))]
    rows, rest = _spread(payment.payment_id, payment.amount - unused, first)
    rest -= min(rest, credit - unused)
    others = [due for due in ledger.dues if account.owns(due) and due.document_id not in own]
    others.sort(key=lambda due: (due.issue_date, due.document_id), reverse=True)
    by_credit = [(due, min(_set_off_on(ledger, due), _refundable(ledger, due))) for due in others]
    more, _ = _spread(payment.payment_id, rest, by_credit)
    return Posting(payment, tuple(replace(row, amount=-row.amount) for row in (*rows, *more)))


def _check_reverses(ledger: Ledger, payment: Payment) -> None:
    if payment.reverses is None:
        return
    reversed_one = ledger.payment_by_id.get(payment.reverses)
    theirs = (payment.operator_id, payment.contract_id, payment.currency)
    if reversed_one is None or theirs != (reversed_one.operator_id, reversed_one.contract_id, reversed_one.currency):
        raise LedgerError(f"Payment {payment.reverses} is not of contract {payment.contract_id}: it is not reversed.")
    left = reversed_one.amount - ledger.taken_back.get(payment.reverses, ZERO)
    if payment.amount > left:
        raise NotEnough(f"Left of payment {reversed_one.external_ref}", payment.amount, left, payment.currency)


def _refundable(ledger: Ledger, due: Due) -> Decimal:
    """What of the document's claim is paid, settled or written off; for a credit note, what it still gives."""
    if due.claim < 0:
        return -ledger.open(due.document_id)
    return ledger.allocated.get(due.document_id, ZERO)


def _set_off_on(ledger: Ledger, due: Due) -> Decimal:
    kinds = {row.payment_id for row in ledger.payments if row.kind == "set_off"}
    rows = (row.amount for row in ledger.allocations if row.document_id == due.document_id and row.payment_id in kinds)
    return max(sum(rows, ZERO), ZERO) if due.claim > 0 else ZERO


def _open_invoices(ledger: Ledger, account: Account) -> list[Due]:
    dues = [due for due in ledger.dues if account.owns(due) and ledger.open(due.document_id) > 0]
    return sorted(dues, key=lambda due: (due.due_date, due.issue_date, due.document_id))


def _due(ledger: Ledger, account: Account, document: str) -> Due:
    for due in ledger.dues:
        if document in (due.document_id, due.number) and account.owns(due):
            return due
    raise DocumentUnknown(document)


def _spread(
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
