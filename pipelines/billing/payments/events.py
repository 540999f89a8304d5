"""What others learn of payments: typed facts, each told once, in the transaction that records it.

`key` is the same however often a fact is found, so a ledger may keep it as a unique key besides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.billing.payments.provider import Money


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """One fact about one of our payments (`billing.provider_payments.payment_id`)."""

    key: str
    payment_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Authorised(PaymentFact):
    """The payer's bank holds `amount` for us."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Captured(PaymentFact):
    """`amount` was taken."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Released(PaymentFact):
    """`amount` that was held is the payer's again."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Refunded(PaymentFact):
    """`amount` of what was taken is on its way back to the payer."""

    amount: Money


@dataclass(frozen=True, slots=True)
class RefundFailed(PaymentFact):
    """`amount` that was `Refunded` came back to us: the payer's bank did not take it."""

    amount: Money


@dataclass(frozen=True, slots=True)
class Failed(PaymentFact):
    """The payment came to nothing; `amount` was asked for."""

    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOpen(PaymentFact):
    """A session cost more than could be taken: `amount` is still owed."""

    amount: Money
    reason: str


@dataclass(frozen=True, slots=True)
class Disputed(PaymentFact):
    """The payer's bank takes `amount` back until the dispute is decided."""

    amount: Money
    dispute_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class DisputeClosed(PaymentFact):
    """A dispute was decided: `won`, and `amount` is ours again, or lost for good."""

    amount: Money
    dispute_id: str
    won: bool


@dataclass(frozen=True, slots=True)
class MethodReady:
    """A method was stored and may be charged; `reference` is what its setup was given (contract or driver)."""

    key: str
    reference: str | None
    at: datetime
    customer_id: str | None
    method_id: str


# Called inside the transaction that records the fact: what it writes on that connection stands or falls with it.
Tell = Callable[[sa.Connection, PaymentFact | MethodReady], None]
