"""OCPI tariff objects (2.2.1 and 2.3.0) read into a tree of dataclasses, or refused with the place and the reason.

Whatever would change the price and is not understood is refused: a session is rather left unpriced than priced wrong.
Fields that only inform (texts, links, energy mix) are passed over; so are `start_date_time` and `end_date_time`,
because which tariff holds when is the registry's to say.
Source: OCPI 2.2.1-d2 and 2.3.0, mod_tariffs.asciidoc, "Tariff Object", "TariffElement class", "PriceComponent class".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pipelines.billing.refusal import TariffRefused, decimal, one_of, the_object
from pipelines.billing.tariffs.limits import Limit, check_limits, parse_limit
from pipelines.billing.tariffs.restrictions import Restrictions, parse_restrictions
from warehouse.money import MINOR_UNITS

__all__ = ["DIMENSIONS", "Component", "Element", "Tariff", "TariffRefused", "parse_tariff", "why_refused"]

DIMENSIONS = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")
TAX_INCLUDED = ("YES", "NO", "N/A")
TYPES = ("AD_HOC_PAYMENT", "PROFILE_CHEAP", "PROFILE_FAST", "PROFILE_GREEN", "REGULAR")

# OCPI numbers carry four decimals; six leave room. The upper bounds keep exact sums within 128-bit integers.
_PRICE_DIGITS, _GREATEST_PRICE = 6, Decimal(1_000_000)
_VAT_DIGITS, _GREATEST_VAT = 4, Decimal(100)
_GREATEST_STEP = 1_000_000_000
_MOST_ELEMENTS = 1_000

_INFORMING = {
    "country_code",
    "party_id",
    "id",
    "tariff_alt_text",
    "tariff_alt_url",
    "preauthorize_amount",
    "start_date_time",
    "end_date_time",
    "energy_mix",
    "last_updated",
}
_PRICING = {"currency", "type", "elements", "tax_included", "min_price", "max_price"}


@dataclass(frozen=True, slots=True)
class Component:
    """One OCPI PriceComponent.

    `price` per kWh (ENERGY), per hour (TIME, PARKING_TIME) or once (FLAT), before VAT unless the tariff includes taxes.
    `vat_percent` None: not known, which is not 0 %. `step_size`: Wh or seconds; 1 for FLAT, which has none.
    """

    dimension: str
    price: Decimal
    vat_percent: Decimal | None
    step_size: int


@dataclass(frozen=True, slots=True)
class Element:
    """One OCPI TariffElement: its components, each dimension at most once, hold where its restrictions do."""

    components: tuple[Component, ...]
    restrictions: Restrictions = field(default_factory=Restrictions)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What an OCPI Tariff says of prices; elements in their order, which decides.

    `tax_included`: NO, prices are before taxes (always so in 2.2.1); YES, prices are gross; N/A, no taxes apply.
    """

    currency: str
    elements: tuple[Element, ...]
    tax_included: str = "NO"
    min_price: Limit | None = None
    max_price: Limit | None = None
    tariff_type: str | None = None

    @property
    def is_restricted(self) -> bool:
        """Whether any element is bound to a restriction."""
        return any(not element.restrictions.is_empty for element in self.elements)


def parse_tariff(tariff: Mapping[str, Any]) -> Tariff:
    """A whole OCPI Tariff object as read by `warehouse.exact_json`. Raises `TariffRefused`."""
    for name, value in tariff.items():
        if value is not None and name not in _INFORMING and name not in _PRICING:
            raise TariffRefused(name, "unknown field of a tariff")
    currency = tariff.get("currency")
    if currency not in MINOR_UNITS:
        raise TariffRefused("currency", f"{currency!r} is not a currency of ISO 4217")
    tax_included, kind = tariff.get("tax_included"), tariff.get("type")
    found = Tariff(
        currency=currency,
        elements=_elements(tariff.get("elements")),
        tax_included="NO" if tax_included is None else one_of("tax_included", tax_included, TAX_INCLUDED),
        min_price=parse_limit("min_price", tariff.get("min_price")),
        max_price=parse_limit("max_price", tariff.get("max_price")),
        tariff_type=None if kind is None else one_of("type", kind, TYPES),
    )
    check_limits(found.min_price, found.max_price)
    _check_taxes(found)
    return found


def why_refused(row: Mapping[str, object]) -> Iterator[str]:
    """The reason why a row of `registry.tariffs` cannot be priced; nothing where it can. For who takes tariffs in."""
    try:
        parse_tariff(tariff_object(row))
    except TariffRefused as refused:
        yield str(refused)


def tariff_object(row: Mapping[str, object]) -> dict[str, object]:
    """The OCPI object that a row of `registry.tariffs` stands for, its JSON columns being read."""
    names = {"currency", "elements", "tax_included", "min_price", "max_price"}
    return {**{name: row.get(name) for name in names}, "type": row.get("tariff_type")}


def _check_taxes(tariff: Tariff) -> None:
    vats = [component.vat_percent for element in tariff.elements for component in element.components]
    if tariff.tax_included == "N/A" and any(vats):
        raise TariffRefused("tax_included", "N/A says that no taxes apply, and a component has a vat above 0")
    if tariff.tax_included == "YES" and None in vats:
        # The price is gross and its net is not known: a bound on the net alone cannot be kept.
        for name, limit in (("min_price", tariff.min_price), ("max_price", tariff.max_price)):
            if limit is not None and limit.after_taxes is None:
                raise TariffRefused(f"{name}.after_taxes", "is needed where prices include a tax that is not told")


def _elements(elements: object) -> tuple[Element, ...]:
    if not isinstance(elements, list) or not elements:
        raise TariffRefused("elements", "must be a list with at least one tariff element")
    if len(elements) > _MOST_ELEMENTS:
        raise TariffRefused("elements", f"must be {_MOST_ELEMENTS} at most, not {len(elements)}")
    return tuple(_element(f"elements[{number}]", element) for number, element in enumerate(elements))


def _element(place: str, value: object) -> Element:
    element = the_object(place, value, {"price_components", "restrictions"})
    items = element.get("price_components")
    if not isinstance(items, list) or not items:
        raise TariffRefused(f"{place}.price_components", "must be a list with at least one price component")
    components: dict[str, Component] = {}
    for index, item in enumerate(items):
        component = _component(f"{place}.price_components[{index}]", item)
        if component.dimension in components:
            raise TariffRefused(f"{place}.price_components[{index}].type", f"{component.dimension} is given twice")
        components[component.dimension] = component
    restrictions = parse_restrictions(f"{place}.restrictions", element.get("restrictions"))
    if restrictions.reservation is not None and components.keys() & {"ENERGY", "PARKING_TIME"}:
        raise TariffRefused(f"{place}.restrictions.reservation", "a reservation has a TIME and a FLAT price only")
    return Element(tuple(components.values()), restrictions)


def _component(place: str, value: object) -> Component:
    item = the_object(place, value, {"type", "price", "vat", "step_size"})
    dimension = one_of(f"{place}.type", item.get("type"), DIMENSIONS)
    vat = item.get("vat")
    return Component(
        dimension,
        decimal(f"{place}.price", item.get("price"), _PRICE_DIGITS, _GREATEST_PRICE),
        None if vat is None else decimal(f"{place}.vat", vat, _VAT_DIGITS, _GREATEST_VAT),
        1 if dimension == "FLAT" else _step(f"{place}.step_size", item.get("step_size")),
    )


def _step(place: str, value: object) -> int:
    number = value if isinstance(value, int | Decimal) and not isinstance(value, bool) else Decimal(0)
    if not 1 <= number <= _GREATEST_STEP or number != int(number):
        raise TariffRefused(place, f"must be a whole number from 1 (Wh or seconds), not {value!r}")
    return int(number)
