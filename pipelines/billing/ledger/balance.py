"""Sums of the ledger, and the check that they add up.

For each document: claim = paid − charged back − refunded + set off + written off + open. For each contract and
currency: money in − money out + written off = what documents used + credit + prepaid balance. `check` lists every place
where that does not hold, or where a rule that keeps it true was broken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pipelines.billing.ledger.model import TAKES_BACK, ZERO, Allocation, Due, Ledger, Payment
from warehouse.money import MINOR_UNITS

# Which sum of a document an allocation counts in, by the kind of its movement, and with which sign.
_COUNTS_AS: dict[str, tuple[str, int]] = {
    "payment": ("paid", 1),
    "prepaid_use": ("paid", 1),
    "chargeback": ("charged_back", -1),
    "refund": ("refunded", -1),
    "set_off": ("set_off", 1),
    "write_off": ("written_off", 1),
}


@dataclass(frozen=True, slots=True)
class DocumentBalance:
    """What became of one document's claim. `claim` and `open` are below 0 for credit notes."""

    document_id: str
    number: str
    kind: str
    contract_id: str | None
    operator_id: str
    currency: str
    claim: Decimal
    paid: Decimal
    charged_back: Decimal
    refunded: Decimal
    set_off: Decimal
    written_off: Decimal
    open: Decimal


@dataclass(frozen=True, slots=True)
class ContractBalance:
    """What one contract owes and has, in one currency; `owed` is the sum of open amounts, signed."""

    operator_id: str
    contract_id: str | None
    currency: str
    claimed: Decimal
    money_in: Decimal
    money_out: Decimal
    written_off: Decimal
    owed: Decimal
    credit: Decimal
    prepaid: Decimal


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One place where amounts do not add up: `what` is a document, movement or contract, `difference` by how much."""

    what: str
    id: str
    difference: Decimal
    currency: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what} {self.id}: {self.reason} (by {self.difference} {self.currency})"


def documents(ledger: Ledger) -> list[DocumentBalance]:
    """The balance of every document, in the ledger's order."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in ledger.allocations:
        payment = ledger.payment_by_id.get(row.payment_id)
        if payment is not None and payment.kind in _COUNTS_AS:
            name, sign = _COUNTS_AS[payment.kind]
            sums[row.document_id][name] += sign * row.amount
    return [_document(due, sums[due.document_id]) for due in ledger.dues]


def _document(due: Due, sums: dict[str, Decimal]) -> DocumentBalance:
    paid, back, refunded = sums["paid"], sums["charged_back"], sums["refunded"]
    set_off, written_off = sums["set_off"], sums["written_off"]
    return DocumentBalance(
        due.document_id,
        due.number,
        due.kind,
        due.contract_id,
        due.operator_id,
        due.currency,
        due.claim,
        paid,
        back,
        refunded,
        set_off,
        written_off,
        due.claim - paid + back + refunded - set_off - written_off,
    )


def contracts(ledger: Ledger) -> list[ContractBalance]:
    """The balance of every operator, contract and currency, sorted by them."""
    keys: dict[tuple[str, str | None, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in documents(ledger):
        sums = keys[row.operator_id, row.contract_id, row.currency]
        sums["claimed"] += row.claim
        sums["owed"] += row.open
    for payment in ledger.payments:
        sums = keys[payment.operator_id, payment.contract_id, payment.currency]
        if payment.kind in ("payment", "topup"):
            sums["money_in"] += payment.amount
        elif payment.kind in TAKES_BACK:
            sums["money_out"] += payment.amount
        elif payment.kind == "write_off":
            sums["written_off"] += payment.amount
        sums["credit"] += ledger.to_credit(payment) - ledger.allocated_by_payment.get(payment.payment_id, ZERO)
        sums["prepaid"] += ledger.to_prepaid(payment)
    names = ("claimed", "money_in", "money_out", "written_off", "owed", "credit", "prepaid")
    ordered = sorted(keys, key=lambda key: (key[0], key[1] or "", key[2]))
    return [ContractBalance(*key, *(keys[key][name] for name in names)) for key in ordered]


def check(ledger: Ledger) -> list[Mismatch]:
    """Every document, movement and contract whose amounts do not add up; empty where all do."""
    return [*_wrong_documents(ledger), *_wrong_allocations(ledger), *_wrong_payments(ledger), *_wrong_contracts(ledger)]


def _wrong_documents(ledger: Ledger) -> Iterator[Mismatch]:
    for row in documents(ledger):
        # Another way to the same figure: all allocations, whatever their movement is.
        told = ledger.open(row.document_id)
        if told != row.open:
            yield Mismatch("document", row.number, told - row.open, row.currency, "some allocations have no movement")
        low, high = min(row.claim, ZERO), max(row.claim, ZERO)
        if row.open < low:
            yield Mismatch("document", row.number, low - row.open, row.currency, "more was allocated than it claims")
        if row.open > high:
            yield Mismatch("document", row.number, row.open - high, row.currency, "more was taken back than was paid")


def _wrong_allocations(ledger: Ledger) -> Iterator[Mismatch]:
    for row in ledger.allocations:
        payment, due = ledger.payment_by_id.get(row.payment_id), ledger.due_by_id.get(row.document_id)
        if payment is None or due is None:
            currency = payment.currency if payment else due.currency if due else "?"
            missing = "an unknown document" if due is None else "an unknown movement"
            yield Mismatch(
                "allocation", f"{row.payment_id}/{row.document_id}", row.amount, currency, f"is of {missing}"
            )
        elif (payment.currency, payment.operator_id) != (due.currency, due.operator_id):
            yield Mismatch("document", due.number, row.amount, due.currency, "was paid in another currency or place")
        elif payment.contract_id != due.contract_id:
            yield Mismatch("document", due.number, row.amount, due.currency, "took the money of another contract")
        elif not _sign_fits(payment, due, row):
            yield Mismatch("movement", row.payment_id, row.amount, due.currency, "was allocated with the wrong sign")


def _sign_fits(payment: Payment, due: Due, row: Allocation) -> bool:
    if payment.kind == "set_off":
        return (row.amount > 0) == (due.claim > 0)
    return payment.kind != "topup" and (row.amount < 0 if payment.kind in TAKES_BACK else row.amount > 0)


def _wrong_payments(ledger: Ledger) -> Iterator[Mismatch]:
    for row in ledger.payments:
        used = ledger.allocated_by_payment.get(row.payment_id, ZERO)
        if row.amount <= 0 or row.amount != round(row.amount, MINOR_UNITS.get(row.currency, 0)):
            yield Mismatch("movement", row.payment_id, row.amount, row.currency, "is no amount of its currency")
        if abs(used) > row.amount:
            yield Mismatch("movement", row.payment_id, abs(used) - row.amount, row.currency, "was allocated twice")
        if row.kind == "write_off" and used != row.amount:
            yield Mismatch("movement", row.payment_id, row.amount - used, row.currency, "writes off no document")
        back = ledger.taken_back.get(row.payment_id, ZERO)
        if back > row.amount:
            yield Mismatch("movement", row.payment_id, back - row.amount, row.currency, "was taken back more than once")
    for reverses in ledger.taken_back.keys() - ledger.payment_by_id.keys():
        yield Mismatch("movement", reverses, ledger.taken_back[reverses], "?", "was taken back and is not there")


def _wrong_contracts(ledger: Ledger) -> Iterator[Mismatch]:
    gone: dict[tuple[str, str | None, str], Decimal] = defaultdict(Decimal)
    for payment in ledger.payments:
        if payment.kind in TAKES_BACK and payment.reverses is not None:
            gone[payment.operator_id, payment.contract_id, payment.currency] += payment.amount
    for row in contracts(ledger):
        name = f"{row.operator_id}/{row.contract_id or 'ad hoc'}"
        moved = row.money_in - row.money_out + row.written_off
        stands = row.claimed - row.owed + row.credit + row.prepaid
        if moved != stands:
            yield Mismatch("contract", name, moved - stands, row.currency, "money and what it did differ")
        # What took a payment back is a fact: it may take money that was given back or used, which then is owed without
        # a document.
        if row.credit < -gone.get((row.operator_id, row.contract_id, row.currency), ZERO):
            yield Mismatch("contract", name, -row.credit, row.currency, "used more credit than it had")
        if row.contract_id is None and row.credit > 0:
            yield Mismatch("contract", name, row.credit, row.currency, "holds money that belongs to nobody")
