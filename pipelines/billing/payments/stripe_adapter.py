"""Stripe as a `PaymentProvider`, on a client of its own (no global key).

Cards are asked for as method `card`: with Stripe's Payment Element that brings Apple Pay and Google Pay along, and it
is what a hold with later capture needs. Charges in EUR also take SEPA debits. The API version is the one that the
installed library was made for, so that answers do not change under us.

Sources: docs.stripe.com/payments/place-a-hold-on-a-payment-method, /payments/save-and-reuse, /api/idempotent_requests.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import stripe

from pipelines.billing.payments import stripe_amounts, stripe_events
from pipelines.billing.payments.errors import (
    PaymentDeclined,
    PaymentError,
    PaymentMisconfigured,
    PaymentNeedsAction,
    PaymentRefused,
    PaymentUnavailable,
)
from pipelines.billing.payments.provider import (
    Customer,
    MethodKind,
    Money,
    NextAction,
    Order,
    Payment,
    PaymentState,
    ProviderEvent,
    RefundAnswer,
    Setup,
)
from pipelines.billing.payments.stripe_amounts import from_stripe, to_stripe
from warehouse.settings import Settings

_STATES = {
    "requires_payment_method": PaymentState.AWAITING_METHOD,
    "requires_confirmation": PaymentState.AWAITING_CONFIRMATION,
    "requires_action": PaymentState.REQUIRES_ACTION,
    "processing": PaymentState.PROCESSING,
    "requires_capture": PaymentState.AUTHORISED,
    "succeeded": PaymentState.CAPTURED,
    "canceled": PaymentState.CANCELLED,
}
# A refund that came to nothing; all others have left us or are about to.
_NOT_REFUNDED = frozenset({"failed", "canceled"})
# What is asked together with a payment intent: its charge knows what was refunded.
_WITH_CHARGE = {"expand": ["latest_charge"]}
_Answer = TypeVar("_Answer")
_READ_SECONDS = 20.0
_RETRIES = 2


class StripeProvider:
    """Stripe behind the protocol of `provider.py`. Its representation and its errors hold no key."""

    name = "stripe"

    def __init__(
        self,
        api_key: str,
        *,
        webhook_secret: str | None = None,
        api_base: str = stripe.DEFAULT_API_BASE,
        timeout_seconds: float = _READ_SECONDS,
        retries: int = _RETRIES,
    ) -> None:
        # Nothing but the payment itself is told to Stripe; its library would add timings of earlier requests.
        stripe.enable_telemetry = False
        # At DEBUG the library writes whole answers, with client secrets, to its logger.
        logging.getLogger("stripe").setLevel(logging.WARNING)
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base},
            max_network_retries=retries,
            http_client=stripe.RequestsClient(timeout=timeout_seconds),
        )
        self._webhook_secret = webhook_secret

    def step(self, currency: str) -> int:
        return stripe_amounts.step(currency)

    def create_customer(
        self, reference: str, *, key: str, email: str | None = None, name: str | None = None
    ) -> Customer:
        known = {word: value for word, value in {"email": email, "name": name}.items() if value}
        params: Any = {"metadata": {"reference": reference}, **known}
        made = _asked(lambda: self._client.v1.customers.create(params, _keyed(key)).to_dict())
        return Customer(made["id"], reference)

    def customer(self, customer_id: str) -> Customer | None:
        try:
            found = _asked(lambda: self._client.v1.customers.retrieve(customer_id).to_dict())
        except PaymentRefused as error:
            if error.code == "resource_missing":
                return None
            raise
        if found.get("deleted"):
            return None
        return Customer(found["id"], (found.get("metadata") or {}).get("reference"))

    def authorise(self, order: Order, *, key: str) -> Payment:
        return self._open(order, key, {"capture_method": "manual", "payment_method_types": ["card"]})

    def charge(self, order: Order, *, key: str) -> Payment:
        kinds = ["card", "sepa_debit"] if order.amount.currency == "EUR" else ["card"]
        return self._open(order, key, {"capture_method": "automatic", "payment_method_types": kinds})

    def confirm(self, provider_id: str, *, key: str) -> Payment:
        intents = self._client.v1.payment_intents
        _asked(lambda: intents.confirm(provider_id, {"off_session": True}, _keyed(key)), provider_id)
        payment = self.payment(provider_id)
        if payment.state is PaymentState.REQUIRES_ACTION:
            raise PaymentNeedsAction(provider_id)
        return payment

    def payment(self, provider_id: str) -> Payment:
        params: Any = dict(_WITH_CHARGE)
        intent = _asked(lambda: self._client.v1.payment_intents.retrieve(provider_id, params).to_dict(), provider_id)
        refunds = self._refunds(intent) if _may_have_refunds(intent) else []
        return _payment(intent, refunds)

    def capture(self, provider_id: str, amount: Money, *, key: str) -> Payment:
        params: Any = {"amount_to_capture": to_stripe(amount)}
        _asked(lambda: self._client.v1.payment_intents.capture(provider_id, params, _keyed(key)), provider_id)
        return self.payment(provider_id)

    def cancel(self, provider_id: str, *, key: str) -> Payment:
        _asked(lambda: self._client.v1.payment_intents.cancel(provider_id, {}, _keyed(key)), provider_id)
        return self.payment(provider_id)

    def refund(self, provider_id: str, amount: Money, *, key: str) -> RefundAnswer:
        # Keys are forgotten after a day; the mark on the refund is not. So an old, unfinished refund is looked for.
        for refund in self._listed_refunds(provider_id):
            if (refund.get("metadata") or {}).get("key") == key:
                return _refund(refund)
        params: Any = {"payment_intent": provider_id, "amount": to_stripe(amount), "metadata": {"key": key}}
        return _refund(_asked(lambda: self._client.v1.refunds.create(params, _keyed(key)).to_dict(), provider_id))

    def setup(self, customer_id: str, kinds: tuple[MethodKind, ...], *, reference: str, key: str) -> Setup:
        params: Any = {
            "customer": customer_id,
            "payment_method_types": [kind.value for kind in kinds],
            "usage": "off_session",
            "metadata": {"reference": reference},
        }
        return _setup(_asked(lambda: self._client.v1.setup_intents.create(params, _keyed(key)).to_dict()))

    def setup_state(self, setup_id: str) -> Setup:
        return _setup(_asked(lambda: self._client.v1.setup_intents.retrieve(setup_id).to_dict()))

    def event(self, payload: bytes, signature: str | None) -> ProviderEvent:
        if self._webhook_secret is None:
            raise PaymentMisconfigured("KWHOUSE_STRIPE_WEBHOOK_SECRET", "is not set, so no webhook can be believed")
        return stripe_events.typed(stripe_events.verified(payload, signature, self._webhook_secret))

    def _open(self, order: Order, key: str, how: Mapping[str, Any]) -> Payment:
        who = {"customer": order.customer_id, "payment_method": order.method_id}
        params: Any = {
            "amount": to_stripe(order.amount),
            "currency": order.amount.currency.lower(),
            "metadata": {"payment_id": order.reference},
            **{word: value for word, value in who.items() if value},
            **how,
        }
        return _payment(_asked(lambda: self._client.v1.payment_intents.create(params, _keyed(key)).to_dict()), [])

    def _refunds(self, intent: Mapping[str, Any]) -> list[dict[str, Any]]:
        listed = sorted(self._listed_refunds(intent["id"]), key=lambda refund: int(refund["created"]))
        kept_back = _charge(intent)["amount"] - intent["amount_received"]
        for refund in listed:
            # What a partial capture releases is listed as a refund too, the first one. It was never taken.
            if kept_back and refund["amount"] == kept_back and not (refund.get("metadata") or {}).get("key"):
                listed.remove(refund)
                break
        return listed

    def _listed_refunds(self, provider_id: str) -> list[dict[str, Any]]:
        params: Any = {"payment_intent": provider_id, "limit": 100}
        return _asked(
            lambda: [refund.to_dict() for refund in self._client.v1.refunds.list(params).auto_paging_iter()],
            provider_id,
        )


def from_settings(settings: Settings) -> StripeProvider | None:
    """Stripe as the settings say; None without a key (then nobody pays by card)."""
    if settings.stripe_key is None:
        return None
    secret = settings.stripe_webhook_secret
    return StripeProvider(
        settings.stripe_key.get_secret_value(),
        webhook_secret=secret.get_secret_value() if secret else None,
        api_base=settings.stripe_api_base,
    )


def _keyed(key: str) -> stripe.RequestOptions:
    return {"idempotency_key": key}


def _charge(intent: Mapping[str, Any]) -> Mapping[str, Any]:
    charge = intent.get("latest_charge")
    return charge if isinstance(charge, dict) else {}


def _may_have_refunds(intent: Mapping[str, Any]) -> bool:
    return bool(intent["status"] == "succeeded" and _charge(intent).get("amount_refunded"))


def _payment(intent: Mapping[str, Any], refunds: list[dict[str, Any]]) -> Payment:
    currency = intent["currency"]
    given_back = sum(refund["amount"] for refund in refunds if refund.get("status") not in _NOT_REFUNDED)
    failure = intent.get("last_payment_error") or {}
    return Payment(
        provider_id=intent["id"],
        state=_STATES[intent["status"]],
        amount=from_stripe(intent["amount"], currency),
        captured=from_stripe(intent.get("amount_received") or 0, currency),
        refunded=from_stripe(given_back, currency),
        action=_action(intent),
        declined=failure.get("decline_code") or failure.get("code"),
        client_secret=intent.get("client_secret"),
    )


def _action(intent: Mapping[str, Any]) -> NextAction | None:
    action = intent.get("next_action")
    return NextAction((action.get("redirect_to_url") or {}).get("url")) if action else None


def _refund(refund: Mapping[str, Any]) -> RefundAnswer:
    amount = from_stripe(refund["amount"], refund["currency"])
    status = refund.get("status")
    return RefundAnswer(refund["id"], amount, done=status == "succeeded", failed=status in _NOT_REFUNDED)


def _setup(intent: Mapping[str, Any]) -> Setup:
    return Setup(
        setup_id=intent["id"],
        done=intent["status"] == "succeeded",
        requires_action=intent["status"] == "requires_action",
        method_id=intent.get("payment_method"),
        client_secret=intent.get("client_secret"),
    )


def _declined(error: stripe.CardError, provider_id: str | None) -> PaymentError:
    details: Mapping[str, Any] = error.json_body.get("error", {}) if isinstance(error.json_body, dict) else {}
    code = error.code or "declined"
    if code == "authentication_required" and provider_id:
        return PaymentNeedsAction(provider_id)
    return PaymentDeclined(details.get("decline_code") or code, provider_id)


def _refused(error: stripe.InvalidRequestError, _: str | None) -> PaymentError:
    # localstripe's and Stripe's 404 differ in whether they name a code; the status is the same.
    code = "resource_missing" if error.http_status == 404 else error.code
    return PaymentRefused(error.user_message or "the request is not valid", code)


# The first kind that fits. Stripe's own text may hold parts of keys (authentication) or bodies: only what is known to
# be harmless is passed on.
_TRANSLATIONS: tuple[tuple[type[stripe.StripeError], Callable[[Any, str | None], PaymentError]], ...] = (
    (stripe.CardError, _declined),
    (
        stripe.AuthenticationError,
        lambda _e, _p: PaymentMisconfigured("KWHOUSE_STRIPE_KEY", "is not accepted by Stripe"),
    ),
    (stripe.PermissionError, lambda _e, _p: PaymentMisconfigured("KWHOUSE_STRIPE_KEY", "lacks a permission it needs")),
    (stripe.RateLimitError, lambda _e, _p: PaymentUnavailable("Stripe", "too many requests")),
    (stripe.IdempotencyError, lambda _e, _p: PaymentRefused("the key was used for another request", "idempotency")),
    (stripe.InvalidRequestError, _refused),
    (stripe.APIConnectionError, lambda _e, _p: PaymentUnavailable("Stripe", "no connection")),
    (stripe.StripeError, lambda e, _p: PaymentUnavailable("Stripe", f"HTTP status {e.http_status}")),
)


def _asked(ask: Callable[[], _Answer], provider_id: str | None = None) -> _Answer:
    """What Stripe answers; its errors as ours, raised outside the handler: their context holds headers and bodies."""
    try:
        return ask()
    except stripe.StripeError as error:
        translate = next(how for kind, how in _TRANSLATIONS if isinstance(error, kind))
        ours = translate(error, provider_id)
    raise ours
