"""Amounts as Stripe's API spells them: not always ISO 4217's minor units.

Source: docs.stripe.com/currencies, sections "Zero-decimal currencies", "Three-decimal currencies" and "Special cases".
"""

from __future__ import annotations

from pipelines.billing.payments.errors import PaymentRefused
from pipelines.billing.payments.provider import Money
from warehouse.money import MINOR_UNITS

# Zero decimals in ISO 4217, but Stripe keeps two and takes only whole units (500 is 5 ISK).
_SPELLED_WITH_TWO = frozenset({"ISK", "UGX"})
# Two decimals in ISO 4217 (an ariary has five iraimbilanja), none with Stripe.
_WHOLE_UNITS_ONLY = frozenset({"MGA"})
_NOT_TAKEN = frozenset({"IQD", "LYD", "IRR", "KPW", "CUP", "SYP"})


def step(currency: str) -> int:
    """Stripe takes amounts in multiples of so many minor units: 10 for three-decimal currencies, 100 for MGA."""
    if currency in _WHOLE_UNITS_ONLY:
        return int(10 ** MINOR_UNITS[currency])
    return 10 if MINOR_UNITS[currency] == 3 else 1


def to_stripe(money: Money) -> int:
    """The number that Stripe wants for `money`. Raises `PaymentRefused` for an amount that it cannot take."""
    if money.currency in _NOT_TAKEN:
        raise PaymentRefused(f"Stripe takes no {money.currency}", "currency_not_supported")
    if money.minor % step(money.currency):
        raise PaymentRefused(f"{money} is no multiple of {step(money.currency)} minor units", "invalid_amount")
    if money.currency in _SPELLED_WITH_TWO:
        return money.minor * 100
    return money.minor // step(money.currency) if money.currency in _WHOLE_UNITS_ONLY else money.minor


def from_stripe(amount: int, currency: str) -> Money:
    """What Stripe's `amount` in `currency` (in any case of letters) is."""
    code = currency.upper()
    if code in _SPELLED_WITH_TWO:
        whole, rest = divmod(amount, 100)
        if rest:
            raise PaymentRefused(f"Stripe reports a fraction of a unit of {code}: {amount}", "invalid_amount")
        return Money(code, whole)
    return Money(code, amount * step(code) if code in _WHOLE_UNITS_ONLY else amount)
