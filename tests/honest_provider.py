"""A payment provider in memory that keeps its books honestly but may fail at any call, before or after its effect.

Only for properties of the flow: how Stripe answers is tested against a real server (`tests/stripe_server.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.billing.payments.errors import PaymentDeclined, PaymentRefused, PaymentUnavailable, WebhookRefused
from pipelines.billing.payments.provider import (
    Customer,
    MethodKind,
    Money,
    Order,
    Payment,
    PaymentState,
    ProviderEvent,
    RefundAnswer,
    Setup,
)


class Crash(BaseException):
    """The process died. Nothing of ours catches it."""


@dataclass
class Book:
    """What really happened with one payment."""

    payment: Payment
    kind: str
    order: Order
    captures: list[int] = field(default_factory=list)
    refunds: dict[str, int] = field(default_factory=dict)


class HonestProvider:
    """`trouble()` is asked twice a call, before and after the effect: None, `unavailable` or `crash`."""

    name = "honest"

    def __init__(self, trouble: Callable[[], str | None], *, forgets_keys: bool = False) -> None:
        self.books: dict[str, Book] = {}
        self._trouble, self._forgets = trouble, forgets_keys
        self._answers: dict[str, Any] = {}

    def step(self, currency: str) -> int:
        return 10 if currency == "KWD" else 1

    def authorise(self, order: Order, *, key: str) -> Payment:
        return self._once(key, lambda: self._open(order, "hold"))

    def charge(self, order: Order, *, key: str) -> Payment:
        return self._once(key, lambda: self._open(order, "charge"))

    def confirm(self, provider_id: str, *, key: str) -> Payment:
        return self._once(key, lambda: self._confirm(provider_id))

    def payment(self, provider_id: str) -> Payment:
        with self._at_risk():
            return self.books[provider_id].payment

    def capture(self, provider_id: str, amount: Money, *, key: str) -> Payment:
        return self._once(key, lambda: self._capture(provider_id, amount))

    def cancel(self, provider_id: str, *, key: str) -> Payment:
        return self._once(key, lambda: self._cancel(provider_id))

    def refund(self, provider_id: str, amount: Money, *, key: str) -> RefundAnswer:
        with self._at_risk():
            return self._refund(self.books[provider_id], amount, key)

    def payer_confirms(self, provider_id: str) -> None:
        """The payer in the browser: no call of ours, nothing of it can fail for us."""
        book = self.books[provider_id]
        if book.payment.state is PaymentState.AWAITING_METHOD:
            self._take_or_hold(book)

    def expires(self, provider_id: str) -> None:
        """The bank lets a hold go by itself."""
        book = self.books[provider_id]
        if book.payment.state is PaymentState.AUTHORISED:
            book.payment = replace(book.payment, state=PaymentState.CANCELLED)

    def create_customer(
        self, reference: str, *, key: str, email: str | None = None, name: str | None = None
    ) -> Customer:
        return Customer(f"cus_{reference}", reference)

    def customer(self, customer_id: str) -> Customer | None:
        return Customer(customer_id, None)

    def setup(self, customer_id: str, kinds: tuple[MethodKind, ...], *, reference: str, key: str) -> Setup:
        return Setup(f"seti_{reference}", done=False, requires_action=False)

    def setup_state(self, setup_id: str) -> Setup:
        return Setup(setup_id, done=True, requires_action=False, method_id="pm_good")

    def event(self, payload: bytes, signature: str | None) -> ProviderEvent:
        raise WebhookRefused("this provider tells nothing by itself")

    def _once(self, key: str, effect: Callable[[], Payment]) -> Payment:
        with self._at_risk():
            if key not in self._answers or self._forgets:
                self._answers[key] = effect()
            answer = self._answers[key]
            return self.books[answer.provider_id].payment

    @contextmanager
    def _at_risk(self) -> Iterator[None]:
        self._maybe_fail()
        yield
        self._maybe_fail()

    def _maybe_fail(self) -> None:
        match self._trouble():
            case "unavailable":
                raise PaymentUnavailable("honest", "drawn by the test")
            case "crash":
                raise Crash

    def _open(self, order: Order, kind: str) -> Payment:
        nothing = Money(order.amount.currency, 0)
        state = PaymentState.AWAITING_CONFIRMATION if order.method_id else PaymentState.AWAITING_METHOD
        payment = Payment(f"pi_{len(self.books)}", state, order.amount, nothing, nothing)
        self.books[payment.provider_id] = Book(payment, kind, order)
        return payment

    def _confirm(self, provider_id: str) -> Payment:
        book = self.books[provider_id]
        if book.payment.state is not PaymentState.AWAITING_CONFIRMATION:
            raise PaymentRefused("unexpected state", "payment_intent_unexpected_state")
        if book.order.method_id == "pm_bad":
            book.payment = replace(book.payment, state=PaymentState.AWAITING_METHOD, declined="insufficient_funds")
            raise PaymentDeclined("insufficient_funds", provider_id)
        self._take_or_hold(book)
        return book.payment

    def _take_or_hold(self, book: Book) -> None:
        if book.kind == "hold":
            book.payment = replace(book.payment, state=PaymentState.AUTHORISED)
        else:
            book.captures.append(book.payment.amount.minor)
            book.payment = replace(book.payment, state=PaymentState.CAPTURED, captured=book.payment.amount)

    def _capture(self, provider_id: str, amount: Money) -> Payment:
        book = self.books[provider_id]
        if book.payment.state is not PaymentState.AUTHORISED or not 0 < amount.minor <= book.payment.amount.minor:
            raise PaymentRefused("not capturable", "payment_intent_unexpected_state")
        if amount.minor < 50:
            raise PaymentRefused("too small", "amount_too_small")
        book.captures.append(amount.minor)
        book.payment = replace(book.payment, state=PaymentState.CAPTURED, captured=amount)
        return book.payment

    def _cancel(self, provider_id: str) -> Payment:
        book = self.books[provider_id]
        if book.payment.state in (PaymentState.CAPTURED, PaymentState.CANCELLED):
            raise PaymentRefused("cannot be cancelled", "payment_intent_unexpected_state")
        book.payment = replace(book.payment, state=PaymentState.CANCELLED)
        return book.payment

    def _refund(self, book: Book, amount: Money, key: str) -> RefundAnswer:
        if key not in book.refunds:
            if amount > book.payment.captured - book.payment.refunded:
                raise PaymentRefused("more than is left", "charge_already_refunded")
            book.refunds[key] = amount.minor
            book.payment = replace(book.payment, refunded=book.payment.refunded + amount)
        return RefundAnswer(f"re_{key}", amount, done=True, failed=False)
