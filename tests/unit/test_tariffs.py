"""What of an OCPI tariff is read, and what is refused with which reason."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.billing.tariffs import Component, TariffRefused, parse_elements, parse_tariff
from warehouse import exact_json

pytestmark = pytest.mark.fast

ENERGY = {"type": "ENERGY", "price": Decimal("0.25"), "vat": 19, "step_size": 1}


def elements(**changes: object) -> list[object]:
    return [{"price_components": [{**ENERGY, **changes}]}]


def test_components_keep_exact_prices_and_their_element() -> None:
    text = """[
        {"price_components": [{"type": "FLAT", "price": 0.10, "step_size": 0}]},
        {"price_components": [{"type": "TIME", "price": 1.9, "vat": 5.2, "step_size": 300}], "restrictions": {}}
    ]"""
    assert parse_elements(exact_json.loads(text)) == (
        Component(0, "FLAT", Decimal("0.10"), None, 1),
        Component(1, "TIME", Decimal("1.9"), Decimal("5.2"), 300),
    )


def test_a_vat_that_is_not_given_is_not_zero() -> None:
    given, missing = parse_elements(elements(vat=0)), parse_elements(elements(vat=None))
    assert given[0].vat_percent == 0
    assert missing[0].vat_percent is None


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ([], "elements", "at least one"),
        (None, "elements", "at least one"),
        ([{}], "elements[0].price_components", "at least one"),
        (["x"], "elements[0]", "object"),
        (elements(type="POWER"), "elements[0].price_components[0].type", "must be one of"),
        (elements(price=None), "elements[0].price_components[0].price", "is missing"),
        (elements(price="0.25"), "elements[0].price_components[0].price", "must be a number"),
        (elements(price=True), "elements[0].price_components[0].price", "must be a number"),
        (elements(price=0.25), "elements[0].price_components[0].price", "must be a number"),
        (elements(price=-1), "elements[0].price_components[0].price", "between 0"),
        (elements(price=Decimal("0.1234567")), "elements[0].price_components[0].price", "at most 6 decimals"),
        (elements(vat=101), "elements[0].price_components[0].vat", "between 0 and 100"),
        (elements(step_size=0), "elements[0].price_components[0].step_size", "whole number from 1"),
        (elements(step_size=None), "elements[0].price_components[0].step_size", "whole number from 1"),
        (elements(colour="red"), "elements[0].price_components[0].colour", "unknown field"),
        ([{"price_components": [ENERGY, ENERGY]}], "elements[0].price_components[1].type", "given twice"),
        (
            [{"price_components": [ENERGY], "restrictions": {"max_kwh": 10}}],
            "elements[0].restrictions",
            "restrictions are not supported yet",
        ),
        (
            [{"price_components": [ENERGY], "restrictions": {"reservation": "RESERVATION"}}],
            "elements[0].restrictions",
            "reservations are not supported yet",
        ),
    ],
)
def test_elements_that_are_not_understood_are_refused(wrong: object, field: str, reason: str) -> None:
    with pytest.raises(TariffRefused) as refused:
        parse_elements(wrong)
    assert refused.value.field == field
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"min_price": {"excl_vat": 1}}, "min_price"),
        ({"max_price": {"excl_vat": 1}}, "max_price"),
        ({"tax_included": "YES"}, "tax_included"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": None}, "currency"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_tariff_with_something_that_changes_the_price_is_refused(changes: dict[str, object], field: str) -> None:
    tariff = {"id": "1", "currency": "EUR", "elements": elements(), "tax_included": "NO", "last_updated": "…"}
    assert parse_tariff(tariff)[0].price == Decimal("0.25")
    with pytest.raises(TariffRefused) as refused:
        parse_tariff({**tariff, **changes})
    assert refused.value.field == field
