"""What a payment provider is asked and what it answers. All values are frozen; amounts are whole minor units.

Crash-safety rests on one rule: **no money moves on an object whose id we do not hold**. So a payment is opened first
(`authorise`, `charge`: nothing moves), its id is stored, and only then is it confirmed, by the payer on the payment
page or by `confirm` with a stored method. Whatever happens to an answer on its way, `payment(id)` tells the truth.

Every call that changes something takes a `key` made from our own ids: the same key has the same effect once, as long
as the provider remembers keys (Stripe: at least 24 hours); after that the rule above holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from warehouse.money import MINOR_UNITS


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`minor` minor units of `currency` (ISO 4217): 1234 EUR is 12.34 €, 1234 JPY is 1,234 ¥, 1234 KWD is 1.234 KD.

    Raises `ValueError` for a currency that is not known: there is no amount without its unit.
    """

    currency: str
    minor: int

    def __post_init__(self) -> None:
        if self.currency not in MINOR_UNITS:
            raise ValueError(f"{self.currency!r} is no currency of ISO 4217 list one")
        if type(self.minor) is not int:
            raise ValueError(f"an amount is a whole number of minor units, not {self.minor!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self._same(other), self.minor + other.minor)

    def __sub__(self, other: Money) -> Money:
        return Money(self._same(other), self.minor - other.minor)

    def __str__(self) -> str:
        digits = MINOR_UNITS[self.currency]
        whole, part = divmod(abs(self.minor), 10**digits)
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{whole}.{part:0{digits}d} {self.currency}" if digits else f"{sign}{whole} {self.currency}"

    def _same(self, other: Money) -> str:
        if other.currency != self.currency:
            raise ValueError(f"{self} and {other} cannot be added")
        return self.currency


class PaymentState(StrEnum):
    """Where a payment stands with the provider."""

    AWAITING_METHOD = "awaiting_method"  # opened, or declined: the payer (or `confirm`) has to bring a method
    AWAITING_CONFIRMATION = "awaiting_confirmation"  # a stored method is named; `confirm` uses it
    REQUIRES_ACTION = "requires_action"  # 3-D Secure: the payer must confirm
    PROCESSING = "processing"  # under way, as SEPA debits for days
    AUTHORISED = "authorised"  # held, not taken
    CAPTURED = "captured"  # taken, whole or part; what was held above it is free again
    CANCELLED = "cancelled"  # nothing taken, nothing held


@dataclass(frozen=True, slots=True)
class NextAction:
    """What the payer has to do: open `redirect_url`, or let the provider's script finish with the client secret."""

    redirect_url: str | None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as the provider has it now.

    `amount` is what was asked for, `captured` what was taken in all, `refunded` what was given back of that (under way
    or done). `declined` is the reason of the last failed try. `client_secret` lets the payer's browser finish this one
    payment; it is kept nowhere.
    """

    provider_id: str
    state: PaymentState
    amount: Money
    captured: Money
    refunded: Money
    action: NextAction | None = None
    declined: str | None = None
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid: `reference` is our payment id, `method_id` a stored method of `customer_id`."""

    amount: Money
    reference: str
    customer_id: str | None = None
    method_id: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A payer as the provider knows them; `reference` is our contract or driver id."""

    customer_id: str
    reference: str | None


class MethodKind(StrEnum):
    """Kinds of methods that can be stored."""

    CARD = "card"  # Apple Pay and Google Pay are cards too
    SEPA_DEBIT = "sepa_debit"  # the payer's mandate is given while it is stored


@dataclass(frozen=True, slots=True)
class Setup:
    """A method being stored. `method_id` is known when `done`; until then the payer needs the client secret."""

    setup_id: str
    done: bool
    requires_action: bool
    method_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """A refund as the provider has it: `done` False and `failed` False while it is under way."""

    refund_id: str
    amount: Money
    done: bool
    failed: bool


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """Something the provider tells by itself, proven by its signature. `type` is the provider's own word."""

    event_id: str
    type: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentChanged(ProviderEvent):
    """Something about a payment changed. What, is asked: events come late, twice and in any order."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class DisputeChanged(ProviderEvent):
    """The payer disputes a payment with their bank. `outcome`: None while open, else `won` or `lost` (for us)."""

    provider_id: str
    dispute_id: str
    amount: Money
    reason: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class MethodStored(ProviderEvent):
    """A method can be used from now on; `reference` is what `setup` was given."""

    setup_id: str
    customer_id: str | None
    method_id: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Unconcerned(ProviderEvent):
    """An event that is nothing to us."""


class PaymentProvider(Protocol):
    """A payment provider. Every method may raise the errors of `errors.py`."""

    @property
    def name(self) -> str:
        """Short name, kept with each payment."""

    def step(self, currency: str) -> int:
        """Amounts in `currency` must be multiples of so many minor units."""

    def create_customer(
        self, reference: str, *, key: str, email: str | None = None, name: str | None = None
    ) -> Customer:
        """Make the payer known."""

    def customer(self, customer_id: str) -> Customer | None:
        """The payer with that id; None where there is none (any more)."""

    def authorise(self, order: Order, *, key: str) -> Payment:
        """Open a payment that will hold `order.amount` and take nothing until `capture`. Nothing is held yet."""

    def charge(self, order: Order, *, key: str) -> Payment:
        """Open a payment that will take `order.amount` at once when confirmed. Nothing is taken yet."""

    def confirm(self, provider_id: str, *, key: str) -> Payment:
        """Use the stored method of an opened payment, without the payer being there.

        Raises `PaymentDeclined`, or `PaymentNeedsAction` where the bank wants the payer.
        """

    def payment(self, provider_id: str) -> Payment:
        """The payment as it is now."""

    def capture(self, provider_id: str, amount: Money, *, key: str) -> Payment:
        """Take `amount` of what is held, once and finally; the rest is released."""

    def cancel(self, provider_id: str, *, key: str) -> Payment:
        """Release what is held, or give up a payment that nobody has confirmed."""

    def refund(self, provider_id: str, amount: Money, *, key: str) -> RefundAnswer:
        """Give back `amount` of what was taken. The key is also kept with the refund, and found again later."""

    def setup(self, customer_id: str, kinds: tuple[MethodKind, ...], *, reference: str, key: str) -> Setup:
        """Begin to store a method for later charges; the payer finishes it in the browser."""

    def setup_state(self, setup_id: str) -> Setup:
        """A method being stored, as it is now."""

    def event(self, payload: bytes, signature: str | None) -> ProviderEvent:
        """Read a webhook. Raises `WebhookRefused` unless its signature is good and recent."""
