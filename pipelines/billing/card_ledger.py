"""Card payments told to the ledger: what a provider took or gave back is a movement on the documents that it was for.

`tell` is what `payment_service` calls inside the transaction that records a fact, so both stand or fall together, and
the fact's key makes the movement happen once. Money held, released or refused moves nothing and is not told. Money of
a session without a contract goes to the session's own account: there it pays its receipt, whichever is there first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal

import sqlalchemy as sa

from pipelines.billing.ledger import posting, store
from pipelines.billing.ledger.ad_hoc import account_of_payment
from pipelines.billing.ledger.errors import LedgerError
from pipelines.billing.ledger.model import Kind, Ledger, Posting, Source, payment_id_of
from pipelines.billing.ledger.posting import Account, Told
from pipelines.billing.payments.events import (
    Captured,
    DisputeClosed,
    Disputed,
    MethodReady,
    PaymentFact,
    Refunded,
    RefundFailed,
)
from pipelines.billing.payments.provider import Money
from warehouse.errors import KwhouseError
from warehouse.money import MINOR_UNITS
from warehouse.state import table

SOURCE: Source = "stripe"


@dataclass(frozen=True, slots=True)
class _Movement:
    """One movement on the account of a document, or of a session (`document_id` None)."""

    account: Account
    told: Told
    document_id: str | None
    amount: Decimal
    reverses: str | None

    def paid(self, ledger: Ledger) -> Posting:
        return posting.pay(
            ledger, self.account, self.told, self.amount, "card", [self.document_id] if self.document_id else None
        )

    def given_back(self, ledger: Ledger) -> Posting:
        return posting.refund(
            ledger, self.account, self.told, self.amount, "card", self.document_id, reverses=self.reverses
        )

    def taken_back(self, ledger: Ledger) -> Posting:
        if self.reverses is None:
            raise LedgerError("The ledger has no payment that this dispute is about.")
        return posting.charge_back(ledger, self.told, self.reverses, self.amount)


def tell(connection: sa.Connection, fact: PaymentFact | MethodReady) -> None:
    """Write the movement that `fact` means, on its own connection; nothing where no money moved."""
    if isinstance(fact, Captured | RefundFailed) or (isinstance(fact, DisputeClosed) and fact.won):
        _write(connection, fact, fact.amount, "payment")
    elif isinstance(fact, Refunded):
        _write(connection, fact, fact.amount, "refund")
    elif isinstance(fact, Disputed):
        _write(connection, fact, fact.amount, "chargeback")


def _write(connection: sa.Connection, fact: PaymentFact, amount: Money, kind: Kind) -> None:
    store.lock(connection)
    try:
        account, document_id = account_of_payment(connection, fact.payment_id)
    except KwhouseError as error:
        _note(connection, fact, f"not in the ledger: {error}")
        return
    movement = _Movement(
        account,
        Told(SOURCE, fact.key, fact.at.astimezone(UTC).date(), fact.at),
        document_id,
        Decimal(amount.minor).scaleb(-MINOR_UNITS[amount.currency]),
        _captured(connection, fact.payment_id),
    )
    make = {"payment": movement.paid, "refund": movement.given_back, "chargeback": movement.taken_back}[kind]
    try:
        store.record_in(connection, movement.account, movement.told, kind, movement.amount, make)
    except KwhouseError as error:
        # What a provider did has happened, whether the ledger takes it or not: the fact stands, and a person sees why.
        _note(connection, fact, f"not in the ledger: {error}")


def _note(connection: sa.Connection, fact: PaymentFact, words: str) -> None:
    payments = table("billing", "provider_payments")
    connection.execute(sa.update(payments).where(payments.c.payment_id == fact.payment_id).values(last_error=words))


def _captured(connection: sa.Connection, payment_id: str) -> str | None:
    """The ledger's id of the movement that took the money of this payment; None where it took none yet."""
    payments = table("billing", "payments")
    wanted = sa.select(payments.c.external_ref).where(
        payments.c.source == SOURCE,
        payments.c.kind == "payment",
        payments.c.external_ref.startswith(f"{payment_id}-captured-", autoescape=True),
    )
    found = connection.execute(wanted.order_by(payments.c.external_ref)).scalars().first()
    return None if found is None else payment_id_of(SOURCE, str(found))
