"""OCPI tariff objects (2.2.1 and 2.3.0) read into price components, or refused with the reason.

Read are ENERGY, TIME, PARKING_TIME and FLAT components without restrictions, priced before VAT. Whatever would change
the price and is not understood is refused: a session is rather left unpriced than priced wrong. Fields that only
inform (texts, links, energy mix) are passed over.
Source: OCPI 2.2.1-d2 and 2.3.0, mod_tariffs.asciidoc, "Tariff Object" and "PriceComponent class".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from warehouse.errors import InputError
from warehouse.money import MINOR_UNITS

DIMENSIONS = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")

# OCPI numbers carry four decimals; six leave room. The upper bound keeps exact sums within 128-bit integers.
_PRICE_DIGITS, _GREATEST_PRICE = 6, Decimal(1_000_000)
_VAT_DIGITS, _GREATEST_VAT = 4, Decimal(100)
_GREATEST_STEP = 1_000_000_000

_INFORMING = {
    "country_code",
    "party_id",
    "id",
    "type",
    "tariff_alt_text",
    "tariff_alt_url",
    "preauthorize_amount",
    "start_date_time",
    "end_date_time",
    "energy_mix",
    "last_updated",
}


class TariffRefused(InputError):
    """A tariff that kwhouse cannot price. `field` is the place within the object, `reason` why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class Component:
    """One OCPI PriceComponent.

    `price` before VAT: per kWh (ENERGY), per hour (TIME, PARKING_TIME) or per session (FLAT). `vat_percent` None: not
    known, which is not 0 %. `step_size`: Wh or seconds; 1 for FLAT, which has none.
    """

    element_no: int
    dimension: str
    price: Decimal
    vat_percent: Decimal | None
    step_size: int


def parse_tariff(tariff: Mapping[str, Any]) -> tuple[Component, ...]:
    """Components of a whole OCPI Tariff object as read by `warehouse.exact_json`. Raises `TariffRefused`."""
    for name, value in tariff.items():
        if value is None or name in _INFORMING or name in ("currency", "elements", "tax_included"):
            continue
        if name in ("min_price", "max_price"):
            raise TariffRefused(name, "a least or greatest price is not supported yet")
        raise TariffRefused(name, "unknown field of a tariff")
    if tariff.get("tax_included", "NO") not in ("NO", None):
        raise TariffRefused("tax_included", f"{tariff['tax_included']!r} is not supported yet, only prices before tax")
    check_currency(tariff.get("currency"))
    return parse_elements(tariff.get("elements"))


def why_refused(tariff: Mapping[str, object]) -> Iterator[str]:
    """The reason why a tariff (currency, elements) cannot be priced; nothing where it can. For who takes tariffs in."""
    try:
        check_currency(tariff.get("currency"))
        parse_elements(tariff.get("elements"))
    except TariffRefused as refused:
        yield str(refused)


def check_currency(currency: object) -> None:
    """Raises `TariffRefused` for anything but a code of ISO 4217 that has a minor unit."""
    if currency not in MINOR_UNITS:
        raise TariffRefused("currency", f"{currency!r} is not a currency of ISO 4217")


def parse_elements(elements: object) -> tuple[Component, ...]:
    """Components of `Tariff.elements`, numbered in their order. Raises `TariffRefused`."""
    if not isinstance(elements, list) or not elements:
        raise TariffRefused("elements", "must be a list with at least one tariff element")
    return tuple(component for number, element in enumerate(elements) for component in _element(number, element))


def _element(number: int, element: object) -> Iterator[Component]:
    place = f"elements[{number}]"
    if not isinstance(element, dict):
        raise TariffRefused(place, "must be an object")
    _only(place, element, {"price_components", "restrictions"})
    if restrictions := element.get("restrictions"):
        what = "reservations" if "reservation" in restrictions else "restrictions"
        raise TariffRefused(f"{place}.restrictions", f"{what} are not supported yet")
    components = element.get("price_components")
    if not isinstance(components, list) or not components:
        raise TariffRefused(f"{place}.price_components", "must be a list with at least one price component")
    seen: set[str] = set()
    for index, item in enumerate(components):
        component = _component(number, f"{place}.price_components[{index}]", item)
        if component.dimension in seen:
            raise TariffRefused(f"{place}.price_components[{index}].type", f"{component.dimension} is given twice")
        seen.add(component.dimension)
        yield component


def _component(number: int, place: str, item: object) -> Component:
    if not isinstance(item, dict):
        raise TariffRefused(place, "must be an object")
    _only(place, item, {"type", "price", "vat", "step_size"})
    dimension = item.get("type")
    if dimension not in DIMENSIONS:
        raise TariffRefused(f"{place}.type", f"must be one of {', '.join(DIMENSIONS)}, not {dimension!r}")
    vat = item.get("vat")
    return Component(
        number,
        dimension,
        _decimal(f"{place}.price", item.get("price"), _PRICE_DIGITS, _GREATEST_PRICE),
        None if vat is None else _decimal(f"{place}.vat", vat, _VAT_DIGITS, _GREATEST_VAT),
        1 if dimension == "FLAT" else _step(f"{place}.step_size", item.get("step_size")),
    )


def _only(place: str, item: Mapping[str, Any], known: set[str]) -> None:
    for name in item.keys() - known:
        raise TariffRefused(f"{place}.{name}", "unknown field")


def _decimal(place: str, value: object, digits: int, greatest: Decimal) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TariffRefused(place, "is missing" if value is None else f"must be a number, not {value!r}")
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number <= greatest:
        raise TariffRefused(place, f"must be between 0 and {greatest}, not {value}")
    if number != round(number, digits):
        raise TariffRefused(place, f"must have at most {digits} decimals, not {value}")
    return number


def _step(place: str, value: object) -> int:
    number = value if isinstance(value, int | Decimal) and not isinstance(value, bool) else 0
    if not 1 <= number <= _GREATEST_STEP or number != int(number):
        raise TariffRefused(place, f"must be a whole number from 1 (Wh or seconds), not {value!r}")
    return int(number)
