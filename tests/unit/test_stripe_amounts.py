"""Amounts as Stripe spells them, and signatures of webhooks; hand-computed."""

from __future__ import annotations

import json
import time

import pytest
import stripe

from pipelines.billing.payments.errors import PaymentMisconfigured, PaymentRefused, WebhookRefused
from pipelines.billing.payments.provider import (
    DisputeChanged,
    MethodStored,
    Money,
    PaymentChanged,
    Unconcerned,
)
from pipelines.billing.payments.stripe_adapter import StripeProvider
from pipelines.billing.payments.stripe_amounts import from_stripe, step, to_stripe
from warehouse.money import MINOR_UNITS

pytestmark = pytest.mark.fast

SECRET = "whsec_" + "madeup" * 4


@pytest.mark.parametrize(
    ("currency", "minor", "stripe_amount"),
    [
        ("EUR", 1234, 1234),
        ("INR", 50000, 50000),
        ("JPY", 500, 500),
        ("ISK", 5, 500),  # spelled with two decimals, though there are none
        ("UGX", 5, 500),
        ("KWD", 5120, 5120),
        ("MGA", 500, 5),  # five iraimbilanja make an ariary; Stripe takes ariary
        ("HUF", 1045, 1045),  # whole forints only when paid out
    ],
)
def test_amounts_are_spelled_as_stripe_wants_them(currency: str, minor: int, stripe_amount: int) -> None:
    assert to_stripe(Money(currency, minor)) == stripe_amount
    assert from_stripe(stripe_amount, currency.lower()) == Money(currency, minor)


@pytest.mark.parametrize(("currency", "minor"), [("KWD", 5124), ("MGA", 501), ("IQD", 1000), ("LYD", 1000)])
def test_amounts_that_stripe_cannot_take_are_refused(currency: str, minor: int) -> None:
    with pytest.raises(PaymentRefused):
        to_stripe(Money(currency, minor))


def test_every_step_can_be_taken_and_comes_back() -> None:
    taken = set(MINOR_UNITS) - {"IQD", "LYD", "IRR", "KPW", "CUP", "SYP"}
    for currency in taken:
        money = Money(currency, 7 * step(currency))
        assert from_stripe(to_stripe(money), currency) == money


def test_an_amount_has_a_known_currency_and_whole_units() -> None:
    assert str(Money("EUR", -5)) == "-0.05 EUR"
    assert str(Money("JPY", 500)) == "500 JPY"
    assert str(Money("KWD", 5120)) == "5.120 KWD"
    with pytest.raises(ValueError, match="no currency"):
        Money("XXX", 1)
    with pytest.raises(ValueError, match="whole number"):
        Money("EUR", 1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="cannot be added"):
        Money("EUR", 1) + Money("INR", 1)


def signed(body: dict[str, object], *, secret: str = SECRET, age: int = 0) -> tuple[bytes, str]:
    text = json.dumps(body)
    header = stripe.WebhookSignature.generate_signature_header(text, secret, int(time.time()) - age)
    return text.encode(), header


def happened(kind: str, thing: dict[str, object]) -> dict[str, object]:
    return {"id": "evt_1", "object": "event", "type": kind, "created": 1700000000, "data": {"object": thing}}


@pytest.fixture
def provider() -> StripeProvider:
    return StripeProvider("sk_test_unused", webhook_secret=SECRET)


def test_a_good_and_recent_signature_is_believed(provider: StripeProvider) -> None:
    event = provider.event(*signed(happened("payment_intent.succeeded", {"id": "pi_1"}), age=290))
    assert isinstance(event, PaymentChanged)
    assert (event.event_id, event.provider_id, event.created_at.isoformat()) == (
        "evt_1",
        "pi_1",
        "2023-11-14T22:13:20+00:00",
    )


@pytest.mark.parametrize(
    ("secret", "age", "reason"),
    [
        ("whsec_of_somebody_else", 0, "missing or not good"),
        (SECRET, 310, "too old"),
        (SECRET, -400, "signed in the future"),
    ],
)
def test_bad_old_and_future_signatures_are_refused(
    provider: StripeProvider, secret: str, age: int, reason: str
) -> None:
    payload, header = signed(happened("payment_intent.succeeded", {"id": "pi_1"}), secret=secret, age=age)
    with pytest.raises(WebhookRefused, match=reason) as caught:
        provider.event(payload, header)
    assert secret not in str(caught.value)


@pytest.mark.parametrize("header", [None, "", "t=1", "v1=ab", "t=x,v1=ab", "nonsense"])
def test_a_header_that_is_no_signature_is_refused(provider: StripeProvider, header: str | None) -> None:
    payload, _ = signed(happened("payment_intent.succeeded", {"id": "pi_1"}))
    with pytest.raises(WebhookRefused):
        provider.event(payload, header)


def test_a_changed_body_is_refused(provider: StripeProvider) -> None:
    payload, header = signed(happened("payment_intent.succeeded", {"id": "pi_1"}))
    with pytest.raises(WebhookRefused):
        provider.event(payload.replace(b"pi_1", b"pi_2"), header)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"id": "evt_1"},
        happened("payment_intent.succeeded", {}),
        {**happened("payment_intent.succeeded", {"id": "pi_1"}), "created": None},
        {**happened("charge.dispute.created", {"payment_intent": "pi_1"})},
    ],
)
def test_a_signed_body_that_is_no_event_is_refused(provider: StripeProvider, body: object) -> None:
    with pytest.raises(WebhookRefused):
        provider.event(*signed(body))  # type: ignore[arg-type]


def test_bytes_that_are_no_text_are_refused(provider: StripeProvider) -> None:
    with pytest.raises(WebhookRefused):
        provider.event(b"\xff\xfe", "t=1,v1=ab")


def test_events_that_are_nothing_to_us(provider: StripeProvider) -> None:
    for kind, thing in {"customer.created": {"id": "cus_1"}, "charge.succeeded": {"id": "ch_1"}}.items():
        assert isinstance(provider.event(*signed(happened(kind, thing))), Unconcerned)


def test_disputes_and_stored_methods(provider: StripeProvider) -> None:
    dispute = {
        "id": "dp_1",
        "payment_intent": "pi_1",
        "amount": 1234,
        "currency": "eur",
        "reason": "fraudulent",
        "status": "needs_response",
    }
    opened = provider.event(*signed(happened("charge.dispute.created", dispute)))
    assert isinstance(opened, DisputeChanged)
    assert (opened.provider_id, opened.amount, opened.reason, opened.outcome) == (
        "pi_1",
        Money("EUR", 1234),
        "fraudulent",
        None,
    )
    lost = provider.event(*signed(happened("charge.dispute.closed", {**dispute, "status": "lost"})))
    assert isinstance(lost, DisputeChanged)
    assert lost.outcome == "lost"
    stored = {"id": "seti_1", "customer": "cus_1", "payment_method": "pm_1", "metadata": {"reference": "contract-1"}}
    ready = provider.event(*signed(happened("setup_intent.succeeded", stored)))
    assert isinstance(ready, MethodStored)
    assert (ready.setup_id, ready.customer_id, ready.method_id, ready.reference) == (
        "seti_1",
        "cus_1",
        "pm_1",
        "contract-1",
    )


def test_without_a_secret_no_webhook_is_believed() -> None:
    with pytest.raises(PaymentMisconfigured, match="KWHOUSE_STRIPE_WEBHOOK_SECRET is not set"):
        StripeProvider("sk_test_unused").event(*signed({}))
