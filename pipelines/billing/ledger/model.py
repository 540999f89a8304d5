"""The words of the ledger: what is due, movements, and what each movement does to documents.

Amounts are exact decimals in the currency's minor unit. A document claims a signed amount: invoices and dunning fees
more than 0, credit notes less (we owe it). An allocation is signed the same way: a document's open amount is its claim
less its allocations. What a movement brings and does not allocate stays on the contract's credit.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Literal

from pipelines.billing.ledger.errors import AmountRefused
from warehouse.money import MINOR_UNITS

Kind = Literal["payment", "refund", "write_off", "topup", "prepaid_use", "chargeback", "set_off"]
Method = Literal["card", "sepa_debit", "bank_transfer", "prepaid", "upi", "cash", "none"]
Source = Literal["stripe", "camt053", "pain008", "manual", "kwhouse"]
ZERO = Decimal(0)

# What a movement brings to (or takes from) the contract's credit before it is allocated.
TO_CREDIT: Mapping[str, int] = {
    "payment": 1,
    "write_off": 1,
    "prepaid_use": 1,
    "refund": -1,
    "chargeback": -1,
    "topup": 0,
    "set_off": 0,
}
TAKES_BACK = ("refund", "chargeback")


@dataclass(frozen=True, slots=True)
class Due:
    """One issued document: what it claims and from when it is overdue. `total_incl_vat` as printed, unsigned."""

    document_id: str
    number: str
    kind: Literal["invoice", "credit_note", "fee"]
    contract_id: str | None
    operator_id: str
    currency: str
    total_incl_vat: Decimal
    issue_date: date
    due_date: date
    status: Literal["issued", "void"] = "issued"
    corrects: str | None = None

    @property
    def claim(self) -> Decimal:
        """Signed: what it adds to what the contract owes."""
        if self.status == "void":
            return ZERO
        return -abs(self.total_incl_vat) if self.kind == "credit_note" else self.total_incl_vat


@dataclass(frozen=True, slots=True)
class Payment:
    """One movement; `amount` is positive, the kind says its direction."""

    payment_id: str
    operator_id: str
    contract_id: str | None
    kind: Kind
    method: Method
    amount: Decimal
    currency: str
    booked_on: date
    received_at: datetime
    source: Source
    external_ref: str
    reverses: str | None = None
    bank_entry: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one movement did to one document; `amount` is signed, see above."""

    payment_id: str
    document_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Posting:
    """A movement with all its allocations: recorded together or not at all."""

    payment: Payment
    allocations: tuple[Allocation, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """Documents, movements and allocations of some contracts, whole for each of them."""

    dues: tuple[Due, ...] = ()
    payments: tuple[Payment, ...] = ()
    allocations: tuple[Allocation, ...] = ()

    def __add__(self, posting: Posting) -> Ledger:
        return Ledger(self.dues, (*self.payments, posting.payment), (*self.allocations, *posting.allocations))

    @cached_property
    def payment_by_id(self) -> dict[str, Payment]:
        return {payment.payment_id: payment for payment in self.payments}

    @cached_property
    def due_by_id(self) -> dict[str, Due]:
        return {due.document_id: due for due in self.dues}

    @cached_property
    def allocated(self) -> dict[str, Decimal]:
        """Signed sum of allocations by document."""
        return _sums((row.document_id, row.amount) for row in self.allocations)

    @cached_property
    def allocated_by_payment(self) -> dict[str, Decimal]:
        """Signed sum of allocations by movement."""
        return _sums((row.payment_id, row.amount) for row in self.allocations)

    @cached_property
    def taken_back(self) -> dict[str, Decimal]:
        """What was taken back of each movement by refunds and chargebacks, and of those by payments that restored it.

        A refund that was restored takes nothing back any more.
        """
        rows = [row for row in self.payments if row.reverses is not None]
        restored = _sums((row.reverses or "", row.amount) for row in rows if row.kind not in TAKES_BACK)
        back = _sums(
            (row.reverses or "", row.amount - restored.get(row.payment_id, ZERO))
            for row in rows
            if row.kind in TAKES_BACK
        )
        return {**back, **restored}

    def open(self, document_id: str) -> Decimal:
        """What the document still claims, signed."""
        return self.due_by_id[document_id].claim - self.allocated.get(document_id, ZERO)

    def is_prepaid(self, payment: Payment) -> bool:
        """Whether a movement takes back what stands on the prepaid balance (a top-up), or brings that again."""
        reversed_one = self.payment_by_id.get(payment.reverses or "")
        if payment.kind in TAKES_BACK:
            return payment.method == "prepaid" or (reversed_one is not None and reversed_one.kind == "topup")
        return payment.kind == "payment" and reversed_one is not None and self.is_prepaid(reversed_one)

    def to_credit(self, payment: Payment) -> Decimal:
        """What the movement brings to its contract's credit, before allocations; signed."""
        return ZERO if self.is_prepaid(payment) else TO_CREDIT[payment.kind] * payment.amount

    def to_prepaid(self, payment: Payment) -> Decimal:
        """What the movement brings to its contract's prepaid balance; signed."""
        if payment.kind == "topup":
            return payment.amount
        if payment.kind == "prepaid_use":
            return -payment.amount
        return TO_CREDIT[payment.kind] * payment.amount if self.is_prepaid(payment) else ZERO

    def credit(self, contract_id: str | None, currency: str) -> Decimal:
        """Money of the contract that no document has used."""
        mine = [row for row in self.payments if (row.contract_id, row.currency) == (contract_id, currency)]
        return sum((self.to_credit(row) - self.allocated_by_payment.get(row.payment_id, ZERO) for row in mine), ZERO)

    def prepaid(self, contract_id: str, currency: str) -> Decimal:
        """The contract's prepaid balance."""
        mine = [row for row in self.payments if (row.contract_id, row.currency) == (contract_id, currency)]
        return sum((self.to_prepaid(row) for row in mine), ZERO)


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for key, amount in pairs:
        found[key] += amount
    return dict(found)


def payment_id_of(source: str, external_ref: str) -> str:
    """The movement's own id: the same movement told again has the same."""
    return hashlib.sha256(f"{source}\n{external_ref}".encode()).hexdigest()[:32]


def checked_amount(amount: Decimal, currency: str) -> Decimal:
    """The amount with exactly the currency's digits; raises `AmountRefused` for what nobody can pay."""
    if currency not in MINOR_UNITS:
        raise AmountRefused(amount, currency, "this is no ISO 4217 currency with a minor unit")
    if not amount.is_finite() or amount <= 0:
        raise AmountRefused(amount, currency, "amounts are above 0; the kind says the direction")
    exact = amount.quantize(Decimal(1).scaleb(-MINOR_UNITS[currency]))
    if exact != amount:
        raise AmountRefused(amount, currency, f"{currency} has {MINOR_UNITS[currency]} digits after the point")
    return exact
