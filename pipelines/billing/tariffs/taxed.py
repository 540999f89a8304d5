"""A tariff that does not give the VAT of a price, with the VAT that the law gives.

Not known is not 0 %. But where the registry declares the rate of the country, it is known: prices without VAT bear it,
prices that include taxes include it. What a tariff gives itself always holds.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pipelines.billing.tariffs.model import Tariff


def lacks_vat(tariff: Tariff) -> bool:
    """Whether the VAT of a component is not known. Where no taxes apply (N/A) it is: none."""
    components = (component for element in tariff.elements for component in element.components)
    return tariff.tax_included != "N/A" and any(component.vat_percent is None for component in components)


def taxed(tariff: Tariff, vat_percent: Decimal) -> Tariff:
    """`tariff` with `vat_percent` where it gives none."""
    return replace(
        tariff,
        elements=tuple(
            replace(
                element,
                components=tuple(
                    replace(component, vat_percent=vat_percent) if component.vat_percent is None else component
                    for component in element.components
                ),
            )
            for element in tariff.elements
        ),
    )
