"""Sessions and invoices paid through Stripe: what the flow records and tells."""

from __future__ import annotations

import json
import threading
import time

import pytest
import sqlalchemy as sa
import stripe

from pipelines.billing.payments import records
from pipelines.billing.payments.errors import PaymentRefused, PaymentUnavailable, WebhookRefused
from pipelines.billing.payments.events import (
    Authorised,
    Captured,
    DisputeClosed,
    Disputed,
    Failed,
    LeftOpen,
    MethodReady,
    PaymentFact,
    Refunded,
    Released,
)
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.webhooks import Webhooks
from tests.stripe_server import DECLINED, GOOD, SECURE, WEBHOOK_SECRET, StripeServer
from warehouse.state import table

Told = list[PaymentFact | MethodReady]


def words(told: Told) -> list[tuple[str, int | None]]:
    return [(type(fact).__name__, fact.amount.minor if hasattr(fact, "amount") else None) for fact in told]


def held(payments: Payments, server: StripeServer, session_id: str, amount: Money) -> str:
    """A session's hold that the payer has confirmed; gives its payment id."""
    row = payments.authorise(amount, session_id=session_id, operator_id="O")
    assert (row.state, row.authorised_minor) == ("awaiting_payer", 0)
    assert row.provider_id is not None
    server.payer_pays(row.provider_id, GOOD)
    return row.payment_id


def test_a_session_is_held_taken_in_part_and_refunded(payments: Payments, server: StripeServer, told: Told) -> None:
    payment_id = held(payments, server, "s1", Money("EUR", 6000))
    assert payments.refresh(payment_id).state == "authorised"
    row = payments.finish(payment_id, Money("EUR", 1234))
    assert (row.state, row.authorised_minor, row.captured_minor, row.released_minor, row.open_minor) == (
        "captured",
        6000,
        1234,
        4766,
        0,
    )
    refund = payments.refund(payment_id, Money("EUR", 200), reason="cable was broken")
    again = payments.refund(payment_id, Money("EUR", 200), reason="cable was broken")
    assert (refund.state, again.refund_id) == ("done", refund.refund_id)
    assert words(told) == [("Authorised", 6000), ("Captured", 1234), ("Released", 4766), ("Refunded", 200)]
    with pytest.raises(PaymentRefused, match=r"10\.34 EUR of what was taken is left"):
        payments.refund(payment_id, Money("EUR", 1035), reason="too much", number=2)


def test_a_session_that_costs_more_than_was_held_leaves_the_rest_open(
    payments: Payments, server: StripeServer, told: Told
) -> None:
    payment_id = held(payments, server, "s2", Money("EUR", 6000))
    row = payments.finish(payment_id, Money("EUR", 6120))
    assert (row.captured_minor, row.released_minor, row.open_minor) == (6000, 0, 120)
    assert words(told) == [("Authorised", 6000), ("Captured", 6000), ("LeftOpen", 120)]
    assert isinstance(told[-1], LeftOpen)
    assert told[-1].reason == "it cost more than was held"


def test_three_decimals_are_taken_in_tens_and_the_rest_is_open(payments: Payments, server: StripeServer) -> None:
    payment_id = held(payments, server, "s3", Money("KWD", 20_001))
    row = payments.finish(payment_id, Money("KWD", 5124))
    assert (row.authorised_minor, row.captured_minor, row.open_minor) == (20_010, 5120, 4)


def test_a_session_without_energy_releases_the_hold(payments: Payments, server: StripeServer, told: Told) -> None:
    payment_id = held(payments, server, "s4", Money("EUR", 6000))
    payments.refresh(payment_id)
    row = payments.release(payment_id)
    assert (row.state, row.released_minor, row.open_minor) == ("released", 6000, 0)
    assert words(told) == [("Authorised", 6000), ("Released", 6000)]


def test_a_hold_that_nobody_confirmed_leaves_the_cost_open(payments: Payments, told: Told) -> None:
    row = payments.authorise(Money("EUR", 6000), session_id="s5", operator_id="O")
    row = payments.finish(row.payment_id, Money("EUR", 1234))
    assert (row.state, row.captured_minor, row.open_minor) == ("failed", 0, 1234)
    assert words(told) == [("Failed", 6000), ("LeftOpen", 1234)]


def test_an_invoice_is_charged_with_a_stored_card(payments: Payments, server: StripeServer, told: Told) -> None:
    method = server.method(GOOD)
    row = payments.charge(Money("EUR", 4200), document_id="INV-1", method_id=method)
    again = payments.charge(Money("EUR", 4200), document_id="INV-1", method_id=method)
    assert (row.state, row.captured_minor, again) == ("captured", 4200, row)
    assert words(told) == [("Captured", 4200)]


def test_a_declined_invoice_fails_and_a_second_attempt_is_another_payment(
    payments: Payments, server: StripeServer, told: Told
) -> None:
    row = payments.charge(Money("EUR", 4200), document_id="INV-2", method_id=server.method(DECLINED))
    assert (row.state, row.last_error) == ("failed", "declined: card_declined")
    second = payments.charge(Money("EUR", 4200), document_id="INV-2", attempt=2, method_id=server.method(GOOD))
    assert second.state == "captured"
    assert words(told) == [("Failed", 4200), ("Captured", 4200)]
    assert isinstance(told[0], Failed)
    assert told[0].reason == "card_declined"


def test_an_invoice_whose_bank_wants_the_payer_waits_for_them(
    payments: Payments, server: StripeServer, told: Told
) -> None:
    row = payments.charge(Money("EUR", 4200), document_id="INV-3", method_id=server.method(SECURE))
    assert (row.state, told) == ("awaiting_payer", [])
    assert row.provider_id is not None
    server.payer_authenticates(row.provider_id, success=True)
    report = payments.reconcile()
    assert (report.looked_at, report.settled, report.problems) == (1, 1, {})
    assert words(told) == [("Captured", 4200)]


def test_a_returned_sepa_debit_fails_later(payments: Payments, server: StripeServer, told: Told) -> None:
    method = server.sepa("DE62370400440532013001")
    row = payments.charge(Money("EUR", 4200), document_id="INV-4", method_id=method)
    assert (row.state, told) == ("processing", [])
    while (row := payments.advance(row.payment_id)).state == "processing":
        time.sleep(0.05)
    assert row.state == "failed"
    assert words(told) == [("Failed", 4200)]


def test_while_stripe_is_away_the_session_ends_and_reconcile_goes_on(
    payments: Payments, server: StripeServer, told: Told
) -> None:
    payment_id = held(payments, server, "s6", Money("EUR", 6000))
    server.trouble += ["503"] * 3  # the call and its two retries
    row = payments.finish(payment_id, Money("EUR", 1234))
    assert (row.state, row.cost_minor, row.captured_minor) == ("awaiting_payer", 1234, 0)
    assert row.last_error is not None
    assert "Try again" in row.last_error
    report = payments.reconcile()
    assert report.settled == 1
    assert words(told) == [("Authorised", 6000), ("Captured", 1234), ("Released", 4766)]


def test_an_answer_that_is_lost_after_its_effect_is_not_taken_again(
    payments: Payments, server: StripeServer, told: Told
) -> None:
    payment_id = held(payments, server, "s7", Money("EUR", 6000))
    server.trouble += ["pass", "after"]  # looked at, captured, no answer: the library asks again with the same key
    row = payments.finish(payment_id, Money("EUR", 1234))
    assert row.captured_minor == 1234
    captures = [request.key for request in server.seen if request.path.endswith("/capture")]
    assert captures == ["session-s7-hold-1-capture-1"] * 2
    assert row.provider_id is not None
    charge = server.get(f"/v1/payment_intents/{row.provider_id}")["latest_charge"]
    assert charge["amount"] - charge["amount_refunded"] == 1234


def test_several_processes_at_once_tell_each_fact_once(payments: Payments, server: StripeServer, told: Told) -> None:
    payment_id = held(payments, server, "s8", Money("EUR", 6000))
    start = threading.Barrier(4)

    def finishes() -> None:
        start.wait(timeout=30)
        payments.finish(payment_id, Money("EUR", 1234))

    threads = [threading.Thread(target=finishes) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    row = payments.advance(payment_id)
    assert (row.state, row.captured_minor, row.released_minor) == ("captured", 1234, 4766)
    assert sorted(words(told)) == [("Authorised", 6000), ("Captured", 1234), ("Released", 4766)]


def signed(event_id: str, kind: str, thing: dict[str, object]) -> tuple[bytes, str]:
    event = {"id": event_id, "object": "event", "type": kind, "created": 1764000000, "data": {"object": thing}}
    text = json.dumps(event)
    return text.encode(), stripe.WebhookSignature.generate_signature_header(text, WEBHOOK_SECRET)


@pytest.fixture
def webhooks(payments: Payments, told: Told) -> Webhooks:
    return Webhooks(payments, lambda _connection, fact: told.append(fact))


def test_an_event_has_its_effect_once_and_an_old_one_turns_nothing_back(
    payments: Payments, webhooks: Webhooks, server: StripeServer, engine: sa.Engine, told: Told
) -> None:
    payment_id = held(payments, server, "s9", Money("EUR", 6000))
    provider_id = records.get(engine, payment_id).provider_id
    assert provider_id is not None
    capturable = signed("evt_1", "payment_intent.amount_capturable_updated", {"id": provider_id})
    assert webhooks.receive(*capturable) == "processed"
    assert webhooks.receive(*capturable) == "repeated"
    payments.finish(payment_id, Money("EUR", 1234))
    late = signed("evt_0", "payment_intent.created", {"id": provider_id, "status": "requires_payment_method"})
    assert webhooks.receive(*late) == "processed"
    assert records.get(engine, payment_id).state == "captured"
    assert words(told) == [("Authorised", 6000), ("Captured", 1234), ("Released", 4766)]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table("billing", "provider_events"))).mappings().all()
    assert {(row["event_id"], row["effect"]) for row in rows} == {
        ("evt_1", "authorised"),
        ("evt_0", "nothing new: captured"),
    }


def test_a_refund_made_on_stripes_own_pages_is_told(
    payments: Payments, webhooks: Webhooks, server: StripeServer, engine: sa.Engine, told: Told
) -> None:
    payment_id = held(payments, server, "s10", Money("EUR", 6000))
    payments.finish(payment_id, Money("EUR", 1234))
    provider_id = records.get(engine, payment_id).provider_id
    assert provider_id is not None
    server.post("/v1/refunds", payment_intent=provider_id, amount="34")
    webhooks.receive(*signed("evt_2", "charge.refunded", {"id": "ch_1", "payment_intent": provider_id}))
    assert words(told)[-1] == ("Refunded", 34)
    assert isinstance(told[-1], Refunded)


def test_an_event_that_cannot_be_taken_in_is_taken_in_when_it_comes_again(
    payments: Payments, webhooks: Webhooks, server: StripeServer, engine: sa.Engine, told: Told
) -> None:
    payment_id = held(payments, server, "s11", Money("EUR", 6000))
    provider_id = records.get(engine, payment_id).provider_id
    event = signed("evt_3", "payment_intent.amount_capturable_updated", {"id": provider_id})
    server.trouble += ["503"] * 3
    with pytest.raises(PaymentUnavailable):
        webhooks.receive(*event)
    assert webhooks.receive(*event) == "processed"
    assert words(told) == [("Authorised", 6000)]
    assert isinstance(told[0], Authorised)


@pytest.mark.parametrize("order", [("created", "closed"), ("closed", "created")])
def test_a_dispute_is_told_opened_then_closed_in_any_order(
    payments: Payments, webhooks: Webhooks, server: StripeServer, told: Told, order: tuple[str, str]
) -> None:
    row = payments.charge(Money("EUR", 4200), document_id=f"INV-5-{order[0]}", method_id=server.method(GOOD))
    dispute = {
        "id": "dp_1",
        "payment_intent": row.provider_id,
        "amount": 4200,
        "currency": "eur",
        "reason": "fraudulent",
    }
    statuses = {"created": "needs_response", "closed": "lost"}
    for name in order:
        webhooks.receive(*signed(f"evt_{name}", f"charge.dispute.{name}", {**dispute, "status": statuses[name]}))
    assert words(told) == [("Captured", 4200), ("Disputed", 4200), ("DisputeClosed", 4200)]
    assert isinstance(told[1], Disputed)
    assert isinstance(told[2], DisputeClosed)
    assert (told[1].reason, told[2].won) == ("fraudulent", False)


def test_a_stored_method_is_told_and_strange_events_change_nothing(webhooks: Webhooks, told: Told) -> None:
    stored = {"id": "seti_1", "customer": "cus_1", "payment_method": "pm_1", "metadata": {"reference": "contract-1"}}
    assert webhooks.receive(*signed("evt_4", "setup_intent.succeeded", stored)) == "processed"
    assert webhooks.receive(*signed("evt_4", "setup_intent.succeeded", stored)) == "repeated"
    assert webhooks.receive(*signed("evt_5", "payment_intent.succeeded", {"id": "pi_of_somebody"})) == "processed"
    assert webhooks.receive(*signed("evt_6", "customer.created", {"id": "cus_1"})) == "processed"
    assert [(type(fact), fact.key) for fact in told] == [(MethodReady, "method-seti_1")]


def test_a_webhook_with_a_bad_signature_is_not_even_kept(webhooks: Webhooks, engine: sa.Engine) -> None:
    payload, _ = signed("evt_7", "customer.created", {"id": "cus_1"})
    with pytest.raises(WebhookRefused):
        webhooks.receive(payload, "t=1,v1=00")
    with engine.connect() as connection:
        assert connection.execute(sa.select(table("billing", "provider_events"))).first() is None


def test_captured_is_a_fact_of_what_was_taken(payments: Payments, server: StripeServer, told: Told) -> None:
    payments.charge(Money("JPY", 500), document_id="INV-6", method_id=server.method(GOOD))
    assert isinstance(told[0], Captured)
    assert told[0].amount == Money("JPY", 500)
    assert isinstance(told[0].key, str)
    assert not [fact for fact in told if isinstance(fact, Released)]
