"""What of an OCPI tariff is read, and what is refused with which place and reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pipelines.billing.tariffs.limits import Limit
from pipelines.billing.tariffs.model import Component, Element, Tariff, TariffRefused, parse_tariff, why_refused
from pipelines.billing.tariffs.restrictions import Restrictions
from warehouse import exact_json

pytestmark = pytest.mark.fast

ENERGY: dict[str, Any] = {"type": "ENERGY", "price": Decimal("0.25"), "vat": 19, "step_size": 1}


def tariff(elements: object = None, **changes: object) -> dict[str, Any]:
    return {"id": "1", "currency": "EUR", "elements": elements or [{"price_components": [ENERGY]}], **changes}


def changed(**changes: object) -> dict[str, Any]:
    return tariff([{"price_components": [{**ENERGY, **changes}]}])


def restricted(**asked: object) -> dict[str, Any]:
    return tariff([{"price_components": [{**ENERGY, "type": "TIME"}], "restrictions": asked}])


def test_a_whole_tariff_is_read_exactly() -> None:
    text = """{
        "country_code": "DE", "party_id": "ALL", "id": "1", "currency": "EUR", "type": "REGULAR", "last_updated": "…",
        "min_price": {"before_taxes": 0.5, "after_taxes": 0.55}, "max_price": {"before_taxes": 10},
        "tax_included": "NO",
        "elements": [
            {"price_components": [{"type": "FLAT", "price": 0.10, "step_size": 0}]},
            {"price_components": [{"type": "TIME", "price": 1.9, "vat": 5.2, "step_size": 300}], "restrictions": {}}
        ]
    }"""
    found = exact_json.loads(text)
    assert isinstance(found, dict)
    assert parse_tariff(found) == Tariff(
        "EUR",
        (
            Element((Component("FLAT", Decimal("0.10"), None, 1),)),
            Element((Component("TIME", Decimal("1.9"), Decimal("5.2"), 300),)),
        ),
        "NO",
        Limit(Decimal("0.5"), Decimal("0.55")),
        Limit(Decimal(10), None),
        "REGULAR",
    )


def test_all_restrictions_are_read() -> None:
    asked = {
        "start_time": "22:30",
        "end_time": "06:00",
        "start_date": "2026-01-01",
        "end_date": "2026-02-01",
        "min_kwh": 1,
        "max_kwh": Decimal("20.5"),
        "min_current": 6,
        "max_current": 32,
        "min_power": 11,
        "max_power": 150,
        "min_duration": 60,
        "max_duration": 3600,
        "day_of_week": ["MONDAY", "SUNDAY"],
        "reservation": "RESERVATION_EXPIRES",
    }
    assert parse_tariff(restricted(**asked)).elements[0].restrictions == Restrictions(
        81_000,
        21_600,
        date(2026, 1, 1),
        date(2026, 2, 1),
        *map(Decimal, (1, "20.5", 6, 32, 11, 150, 60, 3600)),
        frozenset({1, 7}),
        "RESERVATION_EXPIRES",
    )


@pytest.mark.parametrize(
    ("asked", "window"),
    [
        ({}, (None, None)),
        ({"start_time": None, "day_of_week": []}, (None, None)),
        ({"start_time": "17:00"}, (61_200, 86_400)),
        ({"end_time": "17:00"}, (0, 61_200)),
        ({"start_time": "17:00", "end_time": "00:00"}, (61_200, 86_400)),
    ],
)
def test_open_ends_are_the_ends_of_the_day(asked: dict[str, object], window: tuple[int, int]) -> None:
    found = parse_tariff(restricted(**asked)).elements[0].restrictions
    assert (found.start_second, found.end_second) == window
    assert found.is_empty is (window == (None, None))


def test_a_vat_that_is_not_given_is_not_zero() -> None:
    given, missing = parse_tariff(changed(vat=0)), parse_tariff(changed(vat=None))
    assert given.elements[0].components[0].vat_percent == 0
    assert missing.elements[0].components[0].vat_percent is None


COMPONENT = "elements[0].price_components[0]"
ASKED = "elements[0].restrictions"
HIDDEN = [{"price_components": [{**ENERGY, "vat": None}]}]


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        (tariff(elements=None) | {"elements": []}, "elements", "at least one"),
        (tariff() | {"elements": None}, "elements", "at least one"),
        (tariff([{"price_components": [ENERGY]}] * 1001), "elements", "at most"),
        (tariff([{}]), "elements[0].price_components", "at least one"),
        (tariff(["x"]), "elements[0]", "object"),
        (changed(type="POWER"), f"{COMPONENT}.type", "must be one of"),
        (changed(price=None), f"{COMPONENT}.price", "is missing"),
        (changed(price="0.25"), f"{COMPONENT}.price", "must be a number"),
        (changed(price=True), f"{COMPONENT}.price", "must be a number"),
        (changed(price=0.25), f"{COMPONENT}.price", "must be a number"),
        (changed(price=-1), f"{COMPONENT}.price", "between 0"),
        (changed(price=Decimal("NaN")), f"{COMPONENT}.price", "between 0"),
        (changed(price=Decimal("0.1234567")), f"{COMPONENT}.price", "at most 6 decimals"),
        (changed(vat=101), f"{COMPONENT}.vat", "between 0 and 100"),
        (changed(step_size=0), f"{COMPONENT}.step_size", "whole number from 1"),
        (changed(step_size=None), f"{COMPONENT}.step_size", "whole number from 1"),
        (changed(colour="red"), f"{COMPONENT}.colour", "unknown field"),
        (tariff([{"price_components": [ENERGY, ENERGY]}]), "elements[0].price_components[1].type", "given twice"),
        (restricted(colour="red"), f"{ASKED}.colour", "unknown field"),
        (restricted(start_time="8:00"), f"{ASKED}.start_time", "08:30"),
        (restricted(end_time="24:00"), f"{ASKED}.end_time", "08:30"),
        (restricted(start_date="2026-02-30"), f"{ASKED}.start_date", "2026-03-31"),
        (restricted(end_date="20260230"), f"{ASKED}.end_date", "2026-03-31"),
        (restricted(min_kwh=-1), f"{ASKED}.min_kwh", "between 0"),
        (restricted(max_duration=Decimal("0.5")), f"{ASKED}.max_duration", "at most 0 decimals"),
        (restricted(day_of_week="MONDAY"), f"{ASKED}.day_of_week", "list"),
        (restricted(day_of_week=["FUNDAY"]), f"{ASKED}.day_of_week[0]", "must be one of"),
        (restricted(reservation="MAYBE"), f"{ASKED}.reservation", "must be one of"),
        (tariff(min_price=1), "min_price", "object"),
        (tariff(min_price={}), "min_price.excl_vat", "is missing"),
        (tariff(min_price={"incl_vat": 1}), "min_price.excl_vat", "is missing"),
        (tariff(max_price={"excl_vat": 1, "after_taxes": 2}), "max_price", "mixes"),
        (tariff(max_price={"excl_vat": 2, "incl_vat": 1}), "max_price.incl_vat", "less than"),
        (tariff(min_price={"excl_vat": 2}, max_price={"excl_vat": 1}), "min_price", "above max_price"),
        (tariff(tax_included="MAYBE"), "tax_included", "must be one of"),
        (tariff(tax_included="N/A"), "tax_included", "no taxes apply"),
        (tariff(HIDDEN, tax_included="YES", min_price={"before_taxes": 1}), "min_price.after_taxes", "is needed"),
        (tariff(type="CHEAP"), "type", "must be one of"),
        (tariff(currency="XXX"), "currency", "ISO 4217"),
        (tariff(currency=None), "currency", "ISO 4217"),
        (tariff(surprise=1), "surprise", "unknown field"),
    ],
)
def test_what_is_not_understood_is_refused(wrong: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(TariffRefused) as refused:
        parse_tariff(wrong)
    assert refused.value.field == field
    assert reason in refused.value.reason


def test_a_reservation_has_no_price_for_energy() -> None:
    wrong = tariff([{"price_components": [ENERGY], "restrictions": {"reservation": "RESERVATION"}}])
    with pytest.raises(TariffRefused, match="TIME and a FLAT"):
        parse_tariff(wrong)


def test_a_row_of_the_registry_is_judged_with_all_its_terms() -> None:
    row = {**tariff(), "tariff_id": "1", "version": 1, "ocpi_version": "2.3.0", "tariff_type": None, "note": "x"}
    assert list(why_refused(row)) == []
    assert list(why_refused({**row, "min_price": {"excl_vat": -1}})) == [
        "min_price.excl_vat: must be between 0 and 1000000, not -1"
    ]
