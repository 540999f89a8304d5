"""The least and the greatest price of a session: `min_price` and `max_price` of an OCPI tariff.

OCPI 2.2.1 gives them as Price {excl_vat, incl_vat}, 2.3.0 as PriceLimit {before_taxes, after_taxes}; the second member
of each is optional. Net and gross are bounded separately (mod_tariffs.asciidoc, "Tariff Object").
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from pipelines.billing.refusal import TariffRefused, decimal, the_object

_DIGITS, _GREATEST = 6, Decimal(1_000_000)
_SPELLINGS = (("excl_vat", "incl_vat"), ("before_taxes", "after_taxes"))


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound of the whole session, before and after taxes. `after_taxes` None: follows from the net and the VAT."""

    before_taxes: Decimal
    after_taxes: Decimal | None


def parse_limit(place: str, value: object) -> Limit | None:
    """A limit in either version's spelling; None where there is none. Raises `TariffRefused`."""
    if value is None:
        return None
    found = the_object(place, value, {name for names in _SPELLINGS for name in names})
    spelled = [names for names in _SPELLINGS if any(name in found for name in names)]
    if len(spelled) > 1:
        raise TariffRefused(place, "mixes excl_vat, incl_vat (OCPI 2.2.1) with before_taxes, after_taxes (2.3.0)")
    net, gross = (spelled or _SPELLINGS)[0]
    before = decimal(f"{place}.{net}", found.get(net), _DIGITS, _GREATEST)
    after = found.get(gross)
    after = None if after is None else decimal(f"{place}.{gross}", after, _DIGITS, _GREATEST)
    if after is not None and after < before:
        raise TariffRefused(f"{place}.{gross}", f"{after} is less than {net}, {before}")
    return Limit(before, after)


def check_limits(least: Limit | None, greatest: Limit | None) -> None:
    """Raises `TariffRefused` where the least price is above the greatest."""
    if least is None or greatest is None:
        return
    grosses = (least.after_taxes, greatest.after_taxes)
    above = grosses[0] is not None and grosses[1] is not None and grosses[0] > grosses[1]
    if least.before_taxes > greatest.before_taxes or above:
        raise TariffRefused("min_price", "is above max_price")
