"""The payment service of one process: provider, flow, webhooks and payment pages, made from the settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

import sqlalchemy as sa

from pipelines.billing.documents import formats, upi
from pipelines.billing.payments import records
from pipelines.billing.payments.errors import PaymentMisconfigured
from pipelines.billing.payments.events import Tell
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money, PaymentProvider
from pipelines.billing.payments.records import PaymentRecord
from pipelines.billing.payments.stripe_adapter import from_settings
from pipelines.billing.payments.webhooks import Taken, Webhooks
from warehouse.money import MINOR_UNITS
from warehouse.settings import Settings
from warehouse.state import open_state

_TITLES = {"session": "Charging session", "invoice": "Invoice", "topup": "Prepaid balance"}
_STATES = {
    "opening": "open",
    "awaiting_payer": "open",
    "processing": "processing",
    "authorised": "authorised",
    "captured": "paid",
    "released": "cancelled",
    "failed": "cancelled",
}
_RECEIPT_FOLLOWS = "This part is still to be paid. The receipt follows; this page will then take it."


@dataclass(frozen=True, slots=True)
class Payee:
    """Where money goes without a card."""

    name: str
    iban: str | None = None
    bic: str | None = None
    upi: str | None = None


class PaymentService:
    """What the HTTP door needs. `payments` is None where no provider is configured."""

    def __init__(self, settings: Settings, engine: sa.Engine, tell: Tell) -> None:
        self.engine = engine
        self._publishable = settings.stripe_publishable_key
        self._payee = _payee(settings)
        provider: PaymentProvider | None = from_settings(settings)
        self.payments = Payments(engine, provider, tell) if provider else None
        self._webhooks = Webhooks(self.payments, tell) if self.payments else None

    @property
    def can_hold(self) -> bool:
        """Whether a payer can have money held on the payment page."""
        return self.payments is not None and self._publishable is not None

    def webhook(self, payload: bytes, signature: str | None) -> Taken:
        """Take in a webhook of the provider. Raises `PaymentMisconfigured` where there is none."""
        if self._webhooks is None:
            raise PaymentMisconfigured("KWHOUSE_STRIPE_KEY", "is not set, so there is no payment to hear of")
        return self._webhooks.receive(payload, signature)

    def page(self, token: str, payee: Payee | None = None) -> dict[str, Any] | None:
        """The payment page with that token as plain values; None where there is none. `payee`: who is paid without a
        card, in place of the settings' one.

        The provider is asked where the payment stands, so a payer who comes back from 3-D Secure sees it at once.
        Without a provider's key the page offers UPI and a bank transfer instead.
        """
        record = records.find(self.engine, pay_token=token)
        if record is None:
            return None
        secret = None
        if self.payments and record.provider_id and record.provider == self.payments.provider.name:
            record = self.payments.refresh(record.payment_id)
            if _STATES[record.state] == "open" and self._publishable:
                secret = self.payments.provider.payment(record.provider_id or "").client_secret
        return _page(record, self._publishable if secret else None, secret, payee or self._payee)


def payment_service(settings: Settings, tell: Tell) -> PaymentService:
    """The service on the state database of `settings`."""
    return PaymentService(settings, open_state(settings), tell)


def hold_amount(settings: Settings, currency: str, of_tariff: Decimal | None = None) -> Money:
    """What is held for a session: the tariff's own amount, else that of the settings for `currency`, rounded up.

    Raises `PaymentMisconfigured` where neither says one.
    """
    amount = of_tariff if of_tariff is not None else settings.preauthorise.get(currency)
    if amount is None or amount <= 0:
        raise PaymentMisconfigured("KWHOUSE_PREAUTHORISE", f"names no amount to hold in {currency}")
    return Money(currency, int((amount.scaleb(MINOR_UNITS[currency])).to_integral_value(ROUND_CEILING)))


def shown(money: Money) -> str:
    """An amount for people, as documents write it: 1,23,450.50 INR."""
    value = Decimal(money.minor).scaleb(-MINOR_UNITS[money.currency])
    return f"{formats.amount(value, money.currency, 'en')} {money.currency}"


def upi_link(payee: Payee, amount: Money, reference: str) -> str | None:
    """The link that pays in a UPI app; None for another currency or without an address."""
    if amount.currency != "INR" or payee.upi is None:
        return None
    rupees = Decimal(amount.minor).scaleb(-MINOR_UNITS["INR"])
    return upi.link(vpa=payee.upi, name=payee.name, amount=rupees, reference=reference, note=reference)


def _payee(settings: Settings) -> Payee | None:
    if settings.payee_name is None:
        return None
    if settings.payee_upi and (fault := upi.vpa_fault(settings.payee_upi)):
        raise PaymentMisconfigured("KWHOUSE_PAYEE_UPI", fault)
    return Payee(settings.payee_name, settings.payee_iban, settings.payee_bic, settings.payee_upi)


def _page(record: PaymentRecord, key: str | None, secret: str | None, payee: Payee | None) -> dict[str, Any]:
    state = _STATES[record.state]
    amount, hold = record.amount, record.kind == "hold"
    note = "The last try was declined. Please take another card." if record.last_error and secret else None
    if record.open_minor:
        # The session is over and cost more than could be taken: what is left is an ordinary debt, which is paid by the
        # receipt once it is there (`cards.pages`). Until then no bank knows what a transfer would be for.
        state, amount, hold, note = "open", record.money(record.open_minor), False, _RECEIPT_FOLLOWS
    values: dict[str, Any] = {
        "title": _TITLES[record.purpose],
        "amount": shown(amount),
        "hold": hold,
        "state": state,
        "note": note,
        "reference": record.document_id or record.session_id or record.payment_id,
    }
    if key and secret and not record.open_minor:
        values["card"] = {"publishable_key": key, "client_secret": secret}
    elif payee and state == "open" and not hold and not record.open_minor:
        short = record.payment_id if upi.reference_fault(values["reference"]) else values["reference"]
        values["upi_link"] = upi_link(payee, amount, short)
        if payee.iban:
            bank = {name: value for name, value in asdict(payee).items() if name != "upi"}
            values["bank"] = {**bank, "reference": values["reference"]}
    return values
