"""The shape of a tariff's `elements`: OCPI 2.2.1 section 11.4.4 (TariffElement), 2.3.0 likewise.

Only what every version demands; whether a tariff can be priced is for the pricing code to say, which
`apply` takes as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal

from warehouse.exact_json import Json
from warehouse.registry.sources import JsonPath

# Gets currency, ocpi_version and elements (numbers as Decimal) and yields reasons why it cannot be priced.
TariffCheck = Callable[[Mapping[str, object]], Iterable[str]]

DIMENSIONS = ("ENERGY", "FLAT", "PARKING_TIME", "TIME")
RESTRICTIONS = {
    "start_time",
    "end_time",
    "start_date",
    "end_date",
    "min_kwh",
    "max_kwh",
    "min_current",
    "max_current",
    "min_power",
    "max_power",
    "min_duration",
    "max_duration",
    "day_of_week",
    "reservation",
}


def shape_problems(elements: Json) -> Iterator[tuple[JsonPath, str]]:
    """Where `elements` is not OCPI-shaped, and why."""
    if not isinstance(elements, list) or not elements:
        yield (), "must be a list of at least one tariff element"
        return
    for n, element in enumerate(elements):
        if not isinstance(element, dict):
            yield (n,), f"element {n} must be a mapping with price_components"
            continue
        for name in element.keys() - {"price_components", "restrictions"}:
            yield (n, name), f"element {n} has the unknown member {name}"
        yield from _components(n, element.get("price_components"))
        yield from _restrictions(n, element.get("restrictions"))


def _components(n: int, components: Json) -> Iterator[tuple[JsonPath, str]]:
    if not isinstance(components, list) or not components:
        yield (n,), f"element {n} must have a list of at least one entry in price_components"
        return
    for k, component in enumerate(components):
        place = (n, "price_components", k)
        name = f"element {n}, price component {k}"
        if not isinstance(component, dict):
            yield place, f"{name} must be a mapping with type, price and step_size"
            continue
        if component.get("type") not in DIMENSIONS:
            yield (*place, "type"), f"{name}: type must be one of {', '.join(DIMENSIONS)}"
        if not isinstance(component.get("price"), Decimal):
            yield (*place, "price"), f"{name}: price must be a number"
        step = component.get("step_size")
        if not isinstance(step, Decimal) or step < 0 or step != step.to_integral_value():
            yield (*place, "step_size"), f"{name}: step_size must be a whole number, 0 or more (Wh or seconds)"
        vat = component.get("vat")
        if vat is not None and (not isinstance(vat, Decimal) or not 0 <= vat <= 100):
            yield (*place, "vat"), f"{name}: vat must be a percentage from 0 to 100, or left out where it is not known"


def _restrictions(n: int, restrictions: Json) -> Iterator[tuple[JsonPath, str]]:
    if restrictions is None:
        return
    if not isinstance(restrictions, dict):
        yield (n, "restrictions"), f"element {n}: restrictions must be a mapping"
        return
    for name in restrictions.keys() - RESTRICTIONS:
        yield (n, "restrictions", name), f"element {n}: OCPI knows no restriction {name}"
