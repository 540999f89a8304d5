"""Prices as OCPI writes them: 2.2.1 {excl_vat, incl_vat}, 2.3.0 {before_taxes, taxes}.

What is not known is left out: `incl_vat`, or `taxes`. Where a price includes taxes that the tariff does not tell apart,
2.2.1 gives `incl_vat` alone and 2.3.0 `after_taxes`, as its PriceLimit calls it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

# OCPI's totals by the dimensions that they sum up.
TOTALS = {
    "total_energy_cost": ("ENERGY",),
    "total_time_cost": ("TIME",),
    "total_parking_cost": ("PARKING_TIME",),
    "total_fixed_cost": ("FLAT",),
    "total_reservation_cost": ("RESERVATION_TIME", "RESERVATION_FLAT"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Net and gross to four decimals, None where not known, and the tax by rate in per cent where both are known."""

    net: Decimal | None
    gross: Decimal | None
    taxes: tuple[tuple[Decimal, Decimal], ...] = ()


def ocpi_version(cdr: Mapping[str, Any], tariff: Mapping[str, Any]) -> str:
    """2.3.0 where tariff or CDR uses what only 2.3.0 has, else 2.2.1."""
    costs = [cdr.get("total_cost"), tariff.get("min_price"), tariff.get("max_price")]
    newer = any(isinstance(cost, dict) and "before_taxes" in cost for cost in costs)
    return "2.3.0" if newer or tariff.get("tax_included") is not None else "2.2.1"


def written(cost: Cost, version: str) -> dict[str, Any]:
    """The cost as an OCPI Price of that version."""
    if version == "2.2.1":
        known = (("excl_vat", cost.net), ("incl_vat", cost.gross))
        return {name: value for name, value in known if value is not None}
    if cost.net is None:
        return {} if cost.gross is None else {"after_taxes": cost.gross}
    found: dict[str, Any] = {"before_taxes": cost.net}
    if cost.gross is not None:
        taxes = _adding_up([(rate, tax) for rate, tax in cost.taxes if rate or tax], cost.gross - cost.net)
        found["taxes"] = [{"name": "VAT", "percentage": rate, "amount": tax} for rate, tax in taxes]
    return found


def _adding_up(taxes: Sequence[tuple[Decimal, Decimal]], total: Decimal) -> list[tuple[Decimal, Decimal]]:
    """Taxes that were rounded one by one, the greatest one mended so that they add up to gross minus net."""
    if not taxes:
        return []
    mended = dict(taxes)
    greatest = max(mended, key=lambda rate: (abs(mended[rate]), rate))
    mended[greatest] += total - sum(mended.values())
    return sorted(mended.items())


def bound(limit: Mapping[str, Any] | None, version: str) -> dict[str, Any] | None:
    """A tariff's `min_price` or `max_price` in the spelling of that version: 2.2.1 Price, 2.3.0 PriceLimit."""
    if limit is None:
        return None
    names = ("excl_vat", "incl_vat") if version == "2.2.1" else ("before_taxes", "after_taxes")
    amounts = (limit.get("excl_vat", limit.get("before_taxes")), limit.get("incl_vat", limit.get("after_taxes")))
    return {name: amount for name, amount in zip(names, amounts, strict=True) if amount is not None}
