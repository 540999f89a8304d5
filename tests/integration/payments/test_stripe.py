"""The Stripe adapter against a server that keeps payments as Stripe does."""

from __future__ import annotations

import logging
import time
import traceback

import pytest

from pipelines.billing.payments.errors import (
    PaymentDeclined,
    PaymentMisconfigured,
    PaymentNeedsAction,
    PaymentRefused,
    PaymentUnavailable,
)
from pipelines.billing.payments.provider import MethodKind, Money, Order, PaymentState
from pipelines.billing.payments.stripe_adapter import StripeProvider, from_settings
from tests.stripe_server import DECLINED, GOOD, KEY, SECURE, StripeServer
from warehouse.settings import Settings

SIXTY = Order(Money("EUR", 6000), "pay_1")


def test_a_hold_is_taken_in_part_and_given_back_in_part(provider: StripeProvider, server: StripeServer) -> None:
    opened = provider.authorise(SIXTY, key="k1")
    assert (opened.state, opened.amount) == (PaymentState.AWAITING_METHOD, Money("EUR", 6000))
    assert opened.client_secret
    assert opened.client_secret not in repr(opened)

    server.payer_pays(opened.provider_id, GOOD)
    held = provider.payment(opened.provider_id)
    assert (held.state, held.captured) == (PaymentState.AUTHORISED, Money("EUR", 0))

    taken = provider.capture(opened.provider_id, Money("EUR", 1234), key="k2")
    assert (taken.state, taken.captured, taken.refunded) == (
        PaymentState.CAPTURED,
        Money("EUR", 1234),
        Money("EUR", 0),  # what was released is no refund
    )
    back = provider.refund(opened.provider_id, Money("EUR", 234), key="k3")
    assert (back.done, back.failed, back.amount) == (True, False, Money("EUR", 234))
    after = provider.payment(opened.provider_id)
    assert (after.captured, after.refunded) == (Money("EUR", 1234), Money("EUR", 234))
    whole = provider.refund(opened.provider_id, Money("EUR", 1000), key="k4")
    assert whole.done
    assert provider.payment(opened.provider_id).refunded == Money("EUR", 1234)


def test_a_hold_asks_for_cards_to_be_captured_later(provider: StripeProvider, server: StripeServer) -> None:
    provider.authorise(SIXTY, key="k1")
    assert server.seen[-1].form == {
        "amount": "6000",
        "currency": "eur",
        "capture_method": "manual",
        "payment_method_types[0]": "card",  # Apple Pay and Google Pay come with it
        "metadata[payment_id]": "pay_1",
    }
    assert server.seen[-1].key == "k1"


def test_a_released_hold_took_nothing(provider: StripeProvider, server: StripeServer) -> None:
    opened = provider.authorise(SIXTY, key="k1")
    server.payer_pays(opened.provider_id, GOOD)
    released = provider.cancel(opened.provider_id, key="k2")
    assert (released.state, released.captured) == (PaymentState.CANCELLED, Money("EUR", 0))
    with pytest.raises(PaymentRefused):
        provider.cancel(opened.provider_id, key="k3")


def test_three_d_secure_asks_the_payer(provider: StripeProvider, server: StripeServer) -> None:
    opened = provider.authorise(SIXTY, key="k1")
    server.payer_pays(opened.provider_id, SECURE)
    asked = provider.payment(opened.provider_id)
    assert asked.state is PaymentState.REQUIRES_ACTION
    assert asked.action is not None
    server.payer_authenticates(opened.provider_id, success=True)
    assert provider.payment(opened.provider_id).state is PaymentState.AUTHORISED


def test_a_failed_three_d_secure_leaves_the_payment_to_another_card(
    provider: StripeProvider, server: StripeServer
) -> None:
    opened = provider.authorise(SIXTY, key="k1")
    server.payer_pays(opened.provider_id, SECURE)
    server.payer_authenticates(opened.provider_id, success=False)
    failed = provider.payment(opened.provider_id)
    assert (failed.state, failed.declined) == (
        PaymentState.AWAITING_METHOD,
        "payment_intent_authentication_failure",
    )
    server.payer_pays(opened.provider_id, GOOD)
    assert provider.payment(opened.provider_id).state is PaymentState.AUTHORISED


def test_a_stored_card_is_charged_without_the_payer(provider: StripeProvider, server: StripeServer) -> None:
    customer = provider.create_customer("contract-1", key="c1", email="a@example.org")
    assert provider.customer(customer.customer_id) == customer
    setup = provider.setup(customer.customer_id, (MethodKind.CARD,), reference="contract-1", key="s1")
    assert not setup.done
    method = server.method(GOOD)
    server.post(f"/v1/setup_intents/{setup.setup_id}/confirm", payment_method=method)
    stored = provider.setup_state(setup.setup_id)
    assert (stored.done, stored.method_id) == (True, method)

    opened = provider.charge(Order(Money("EUR", 4200), "pay_2", customer.customer_id, method), key="k1")
    assert (opened.state, opened.captured.minor) == (PaymentState.AWAITING_CONFIRMATION, 0)
    paid = provider.confirm(opened.provider_id, key="k2")
    assert (paid.state, paid.captured) == (PaymentState.CAPTURED, Money("EUR", 4200))
    confirms = [request for request in server.seen if request.path.endswith("/confirm")]
    assert [(request.key, request.form) for request in confirms] == [("k2", {"off_session": "true"})]


def test_a_sepa_debit_is_under_way_before_it_comes_to_something(provider: StripeProvider, server: StripeServer) -> None:
    customer = provider.create_customer("contract-1", key="c1")
    setup = provider.setup(customer.customer_id, (MethodKind.SEPA_DEBIT,), reference="contract-1", key="s1")
    method = server.sepa("DE62370400440532013001")  # the bank returns it
    server.post(f"/v1/setup_intents/{setup.setup_id}/confirm", payment_method=method)
    opened = provider.charge(Order(Money("EUR", 4200), "pay_3", customer.customer_id, method), key="k1")
    asked = provider.confirm(opened.provider_id, key="k2")
    assert (asked.state, asked.captured.minor) == (PaymentState.PROCESSING, 0)
    while (later := provider.payment(opened.provider_id)).state is PaymentState.PROCESSING:
        time.sleep(0.05)
    assert (later.state, later.captured.minor, later.declined) == (PaymentState.AWAITING_METHOD, 0, "card_declined")


def test_a_stored_card_that_is_declined(provider: StripeProvider, server: StripeServer) -> None:
    opened = provider.charge(Order(Money("EUR", 4200), "pay_4", None, server.method(DECLINED)), key="k1")
    with pytest.raises(PaymentDeclined) as caught:
        provider.confirm(opened.provider_id, key="k2")
    assert caught.value.reason == "card_declined"
    assert provider.payment(opened.provider_id).declined == "card_declined"


def test_a_stored_card_whose_bank_wants_the_payer(provider: StripeProvider, server: StripeServer) -> None:
    opened = provider.charge(Order(Money("EUR", 4200), "pay_5", None, server.method(SECURE)), key="k1")
    with pytest.raises(PaymentNeedsAction) as caught:
        provider.confirm(opened.provider_id, key="k2")
    assert caught.value.provider_id == opened.provider_id


@pytest.mark.parametrize("when", ["before", "after", "503"])
def test_a_broken_connection_is_tried_again_with_the_same_key(
    provider: StripeProvider, server: StripeServer, when: str
) -> None:
    opened = provider.authorise(SIXTY, key="k1")
    server.payer_pays(opened.provider_id, GOOD)
    provider.capture(opened.provider_id, Money("EUR", 6000), key="k2")
    server.trouble += ["pass", when]
    provider.refund(opened.provider_id, Money("EUR", 100), key="k3")
    refunds = server.get(f"/v1/refunds?payment_intent={opened.provider_id}")["data"]
    assert [refund["amount"] for refund in refunds] == [100]
    assert [request.key for request in server.seen if request.method == "POST"][-2:] == ["k3", "k3"]


def test_a_refund_whose_key_is_forgotten_is_found_again(provider: StripeProvider, server: StripeServer) -> None:
    opened = provider.authorise(SIXTY, key="k1")
    server.payer_pays(opened.provider_id, GOOD)
    provider.capture(opened.provider_id, Money("EUR", 6000), key="k2")
    first = provider.refund(opened.provider_id, Money("EUR", 100), key="k3")
    server.answers.clear()
    assert provider.refund(opened.provider_id, Money("EUR", 100), key="k3") == first
    assert provider.payment(opened.provider_id).refunded == Money("EUR", 100)


def test_a_server_that_does_not_answer_may_be_tried_again(server: StripeServer) -> None:
    provider = StripeProvider(KEY, api_base=server.url, retries=0)
    server.trouble.append("before")
    with pytest.raises(PaymentUnavailable, match="no connection") as caught:
        provider.authorise(SIXTY, key="k1")
    assert caught.value.retryable
    server.trouble.append("503")
    with pytest.raises(PaymentUnavailable, match="HTTP status 503"):
        provider.authorise(SIXTY, key="k1")


def test_the_key_stands_in_no_error_log_or_representation(
    server: StripeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bad, hidden = "rk_live_" + "NoSuchKeyAtAll", "whsec_" + "hidden"
    provider = StripeProvider(bad, api_base=server.url)
    with pytest.raises(PaymentMisconfigured, match="KWHOUSE_STRIPE_KEY is not accepted by Stripe") as caught:
        provider.authorise(SIXTY, key="k1")
    assert caught.value.setting == "KWHOUSE_STRIPE_KEY"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    settings = Settings(stripe_key=bad, stripe_webhook_secret=hidden)  # type: ignore[arg-type]
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(provider) + repr(settings)
    assert "NoSuchKey" not in shown
    assert hidden not in shown
    assert from_settings(settings) is not None
    assert from_settings(Settings()) is None


def test_no_customer_with_that_id(provider: StripeProvider) -> None:
    assert provider.customer("cus_nobody") is None
