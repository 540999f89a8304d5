"""What can go wrong with a payment provider.

    PaymentError
     ├── PaymentDeclined        the payer's bank (or the provider's rules) said no; the reason stands in it
     ├── PaymentNeedsAction     the payer must confirm in person (3-D Secure)
     ├── PaymentUnavailable     the provider cannot be reached or is busy (a retry helps)
     ├── PaymentMisconfigured   a setting is missing or wrong; names it
     ├── PaymentRefused         the request makes no sense as things stand (state, amount)
     └── PaymentUnknown         we have no payment with that id
    WebhookRefused              a message that does not prove that it comes from the provider

No message, attribute or cause holds a key: what the provider's library raises is never chained, because it carries
request headers and bodies.
"""

from __future__ import annotations

from warehouse.errors import InputError, KwhouseError


class PaymentError(KwhouseError):
    """Base of everything a payment provider may answer instead of a payment."""


class PaymentDeclined(PaymentError):
    """The payment was declined. `reason` is the provider's word for it, e.g. `insufficient_funds`."""

    def __init__(self, reason: str, provider_id: str | None = None) -> None:
        super().__init__(f"The payment was declined ({reason}). Ask the payer for another card or method.")
        self.reason, self.provider_id = reason, provider_id


class PaymentNeedsAction(PaymentError):
    """The payer's bank wants the payer to confirm: send the payer to the payment page."""

    def __init__(self, provider_id: str) -> None:
        super().__init__("The payer's bank asks for confirmation (3-D Secure). Send the payer to the payment page.")
        self.provider_id = provider_id


class PaymentUnavailable(PaymentError):
    """The provider did not answer, or not now. The same call with the same key may be made again."""

    retryable = True

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(f"{provider} cannot be used at the moment ({reason}). Try again; nothing is done twice.")
        self.provider, self.reason = provider, reason


class PaymentMisconfigured(PaymentError):
    """A setting is missing or the provider does not accept it."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting} {reason}. Set it (environment or kwhouse.toml) and start kwhouse again.")
        self.setting, self.reason = setting, reason


class PaymentRefused(PaymentError):
    """The request cannot be carried out as things stand."""

    def __init__(self, reason: str, code: str | None = None) -> None:
        super().__init__(f"The payment provider refuses: {reason}")
        self.reason, self.code = reason, code


class PaymentUnknown(PaymentError):
    """No payment has that id."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(f"No payment has the id {payment_id!r}. billing.provider_payments lists them.")
        self.payment_id = payment_id


class WebhookRefused(InputError):
    """A webhook without a good, recent signature, or that cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Webhook refused: {reason}. Check the endpoint's signing secret and this machine's clock.")
        self.reason = reason
