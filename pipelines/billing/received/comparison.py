"""What a received CDR says it costs beside what its periods cost by its tariff. Pure.

Senders round as they like, OCPI asks for four decimals at least: both agree where they differ by no more than rounding
to the currency's minor unit may. What a credit CDR takes back is below zero on both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from warehouse.money import MINOR_UNITS
from warehouse.ocpi_prices import Cost

Verdict = Literal["agrees", "differs", "not_priceable", "refused"]
_FOUR = Decimal("0.0001")
_GREATEST = Decimal(10) ** 12
_NAMES = (("net", "before VAT"), ("gross", "with VAT"))


@dataclass(frozen=True, slots=True)
class Comparison:
    """`sent` and `priced`: net and gross to four decimals, None where not known; `reason` None where they agree."""

    verdict: Verdict
    reason: str | None
    sent: Cost
    priced: Cost

    @property
    def difference(self) -> Cost:
        """Sent less priced, where both are known."""
        return Cost(_less(self.sent.net, self.priced.net), _less(self.sent.gross, self.priced.gross))


def compare(cdr: Mapping[str, Any], priced: Cost | str, *, is_credit: bool = False) -> Comparison:
    """Compare the total of `cdr` with `priced`, or with the reason why there is no price."""
    sent = sent_total(cdr)
    if isinstance(priced, str):
        return Comparison("not_priceable", priced, sent, Cost(None, None))
    sign = -1 if is_credit else 1
    ours = Cost(_times(sign, priced.net), _times(sign, priced.gross))
    digits = MINOR_UNITS.get(str(cdr.get("currency")))
    if digits is None:
        return Comparison("not_priceable", "cdr.currency: is not a currency of ISO 4217", sent, ours)
    slack = Decimal(1).scaleb(-digits) / 2
    compared = [(getattr(sent, name), getattr(ours, name), words) for name, words in _NAMES]
    known = [(told, made, words) for told, made, words in compared if told is not None and made is not None]
    if not known:
        reason = "cdr.total_cost: tells no amount that its tariff gives too, before VAT or with it"
        return Comparison("not_priceable", reason, sent, ours)
    wrong = [f"{told} {words}, by its tariff {made}" for told, made, words in known if abs(told - made) > slack]
    return Comparison("differs" if wrong else "agrees", "; ".join(wrong) or None, sent, ours)


def sent_total(cdr: Mapping[str, Any]) -> Cost:
    """Net and gross of `total_cost`: 2.2.1 excl_vat and incl_vat, 2.3.0 before_taxes and taxes; None where not told."""
    told = cdr.get("total_cost")
    if not isinstance(told, Mapping):
        return Cost(None, None)
    net = _amount(told.get("excl_vat", told.get("before_taxes")))
    gross = _amount(told.get("incl_vat", told.get("after_taxes")))
    taxes = told.get("taxes")
    if gross is None and net is not None and isinstance(taxes, list) and taxes:
        amounts = [_amount(tax.get("amount")) if isinstance(tax, Mapping) else None for tax in taxes]
        gross = None if None in amounts else net + sum(amount for amount in amounts if amount is not None)
    return Cost(net, gross)


def _amount(value: object) -> Decimal | None:
    if not isinstance(value, Decimal) or abs(value) >= _GREATEST:
        return None
    return value.quantize(_FOUR, ROUND_HALF_UP)


def _times(sign: int, amount: Decimal | None) -> Decimal | None:
    return None if amount is None else sign * amount


def _less(sent: Decimal | None, priced: Decimal | None) -> Decimal | None:
    return None if sent is None or priced is None else sent - priced
