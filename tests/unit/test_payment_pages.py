"""Amounts for people, what is held, UPI links and the page's HTML; hand-computed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from ingest.api.models import BankOffer, CardOffer, PayPage
from ingest.api.page import payment_page, policy
from pipelines.billing.payments.errors import PaymentMisconfigured
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.service import Payee, hold_amount, shown, upi_link
from warehouse.settings import Settings

pytestmark = pytest.mark.fast

SECRET = "_".join(("pi", "1", "secret", "2"))


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money("EUR", 5), "0.05 EUR"),
        (Money("EUR", 123_456_789), "1,234,567.89 EUR"),
        (Money("INR", 12_345_050), "1,23,450.50 INR"),
        (Money("INR", 1_234_567_800), "1,23,45,678.00 INR"),
        (Money("INR", -100_000), "\u22121,000.00 INR"),
        (Money("JPY", 1_500), "1,500 JPY"),
        (Money("KWD", 5_120), "5.120 KWD"),
    ],
)
def test_amounts_are_grouped_as_people_write_them(money: Money, text: str) -> None:
    assert shown(money) == text


def test_a_hold_is_the_tariffs_else_the_settings() -> None:
    settings = Settings(preauthorise={"EUR": Decimal(60), "JPY": Decimal("4000.5")})
    assert hold_amount(settings, "EUR") == Money("EUR", 6000)
    assert hold_amount(settings, "EUR", Decimal("25.005")) == Money("EUR", 2501)
    assert hold_amount(settings, "JPY") == Money("JPY", 4001)
    with pytest.raises(PaymentMisconfigured, match="KWHOUSE_PREAUTHORISE names no amount to hold in INR"):
        hold_amount(settings, "INR")


def test_a_upi_link_names_payee_amount_and_reference() -> None:
    payee = Payee("Charging & Co", upi="charging@okbank")
    assert upi_link(payee, Money("INR", 5), "INV 1") == (
        "upi://pay?pa=charging@okbank&pn=Charging%20%26%20Co&tr=INV1&tn=INV%201&am=0.05&cu=INR"
    )
    assert upi_link(payee, Money("EUR", 5), "INV 1") is None
    assert upi_link(Payee("Charging & Co"), Money("INR", 5), "INV 1") is None


def page(**values: object) -> PayPage:
    base = {"title": "Invoice", "amount": "42.00 EUR", "hold": False, "state": "open", "reference": "INV-1"}
    return PayPage.model_validate({**base, **values})


def test_texts_from_outside_are_escaped() -> None:
    bank = BankOffer(name="<b>Co</b>", iban="DE89370400440532013000", reference='"><script>')
    html = payment_page(page(title="<i>", note="<u>", bank=bank))
    assert "&lt;b&gt;Co&lt;/b&gt;" in html
    for tag in ("<i>", "<u>", "<b>", "<script"):
        assert tag not in html


def test_only_an_open_card_payment_may_load_stripes_script() -> None:
    card = CardOffer(publishable_key="pk_test_1", client_secret=SECRET)
    assert "js.stripe.com" in policy(page(card=card))
    assert "js.stripe.com" in payment_page(page(card=card))
    for other in (page(), page(card=card, state="paid"), None):
        assert "stripe" not in policy(other)
    assert SECRET not in payment_page(page(card=card, state="paid"))
    assert SECRET not in repr(card)


def test_a_page_with_nothing_to_offer_sends_people_to_the_operator() -> None:
    assert "Please ask the operator" in payment_page(page())


@pytest.mark.parametrize(
    "wrong", [{"amount": 42}, {"hold": "no"}, {"state": "unknown"}, {"more": 1}, {"upi_link": "https://example.org"}]
)
def test_models_convert_nothing(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        page(**wrong)


def test_a_secret_key_can_not_be_shown_on_a_page() -> None:
    with pytest.raises(ValidationError):
        CardOffer(publishable_key="sk_live_123", client_secret=SECRET)
