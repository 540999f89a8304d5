"""Prices as they are posted: VAT included where it is known, per minute where that is exact, when each one holds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from pipelines.billing.tariffs.model import parse_tariff
from pipelines.billing.tariffs.posted import Posted, posted

pytestmark = pytest.mark.fast
D = Decimal


def tariff(*elements: dict[str, Any], **more: Any) -> Any:
    return parse_tariff({"currency": "EUR", "elements": list(elements), **more})


def element(kind: str, price: str, restrictions: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    component = {"type": kind, "price": D(price), "step_size": 1, **more}
    return {"price_components": [component], **({"restrictions": restrictions} if restrictions else {})}


def test_vat_is_in_the_price_where_it_is_known() -> None:
    found = tariff(
        element("ENERGY", "0.50", vat=D(19)), element("TIME", "3.00", vat=D(20)), element("FLAT", "1.00"),
        element("PARKING_TIME", "0"),
    )  # fmt: skip
    assert posted(found, "en") == [
        Posted("Energy", "€0.595 per kWh"),
        Posted("Charging time", "€0.06 per minute"),
        Posted("Per charge", "€1.00 before VAT"),
        Posted("Time plugged in without charging", "free"),
    ]
    gross = tariff(element("ENERGY", "0.59"), tax_included="YES")
    assert posted(gross, "de") == [Posted("Energie", "0,59\u00a0€ je kWh")]
    assert posted(tariff(element("TIME", "1.00", vat=D(0))), "de") == [Posted("Ladezeit", "1,00\u00a0€ je Stunde")]


def test_when_a_price_holds() -> None:
    asked = {
        "day_of_week": ["SATURDAY", "SUNDAY"],
        "start_time": "22:00",
        "end_time": "06:00",
        "min_duration": D(3600),
        "max_kwh": D("12.5"),
        "start_date": "2026-05-01",
    }
    [night, _] = posted(tariff(element("ENERGY", "0.3", asked), element("ENERGY", "0.4")), "en")
    assert night.when == "Sat Sun, 22:00 to 06:00, from 1\u00a0May\u00a02026 on, up to 12.5 kWh, from 60 min on"
    [night, _] = posted(tariff(element("ENERGY", "0.3", asked), element("ENERGY", "0.4")), "de")
    assert night.when == "Sa So, 22:00 bis 06:00 Uhr, ab 01.05.2026, bis 12,5 kWh, ab 60 min"


def test_bounds_are_told_and_reservations_are_not() -> None:
    found = tariff(
        element("FLAT", "5", {"reservation": "RESERVATION"}),
        element("ENERGY", "0.3", vat=D(19)),
        min_price={"excl_vat": D("0.5"), "incl_vat": D("0.6")},
        max_price={"excl_vat": D(30)},
    )
    assert posted(found, "en")[1:] == [Posted("At least", "€0.60"), Posted("At most", "€30.00 before VAT")]
