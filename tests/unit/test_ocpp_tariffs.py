"""OCPP 2.1 tariffs into OCPI's, exactly or not at all; and into files that the registry takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from pipelines.billing.tariffs.files import TariffsRefused, registry_yaml
from pipelines.billing.tariffs.model import parse_tariff, why_refused
from pipelines.billing.tariffs.ocpp21 import from_ocpp21
from tests.rated import MONDAY, Period, rated
from warehouse import exact_json
from warehouse.registry import apply
from warehouse.registry.stored import stored_tables
from warehouse.settings import Settings

pytestmark = pytest.mark.fast

VAT = [{"type": "VAT", "tax": 19}]
TARIFF: dict[str, Any] = {
    "tariffId": "city",
    "currency": "EUR",
    "validFrom": "2026-01-01T00:00:00+01:00",
    "description": [{"format": "UTF8", "language": "de-DE", "content": "Nachts günstiger"}],
    "energy": {
        "prices": [
            {
                "priceKwh": 0.35,
                "conditions": {
                    "startTimeOfDay": "22:00",
                    "endTimeOfDay": "06:00",
                    "dayOfWeek": ["Monday", "Sunday"],
                    "validFromDate": "2026-01-01",
                    "validToDate": "2027-01-01",
                    "minEnergy": 500,
                    "maxEnergy": 20000,
                    "minPower": 1500,
                    "maxPower": 50000,
                    "minCurrent": 6,
                    "maxCurrent": 32.5,
                },
            },
            {"priceKwh": 0.49},
        ],
        "taxRates": VAT,
    },
    "chargingTime": {"prices": [{"priceMinute": 0.0125, "conditions": {"minTime": 3600, "maxTime": 7200}}]},
    "idleTime": {"prices": [{"priceMinute": 0.1}], "taxRates": VAT},
    "fixedFee": {
        "prices": [{"priceFixed": 1, "conditions": {"startTimeOfDay": "12:00"}}, {"priceFixed": 0.5}],
        "taxRates": VAT,
    },
    "reservationTime": {"prices": [{"priceMinute": 0.05}]},
    "reservationFixed": {"prices": [{"priceFixed": 2}]},
    "minCost": {"exclTax": 1, "inclTax": 1.19, "taxRates": VAT},
    "maxCost": {"exclTax": 100, "taxRates": VAT},
}


def read(tariff: dict[str, Any]) -> dict[str, Any]:
    found = exact_json.loads(json.dumps(tariff))
    assert isinstance(found, dict)
    return found


def converted(tariff: dict[str, Any]) -> dict[str, Any]:
    found = from_ocpp21(read(tariff))
    assert isinstance(found, dict), [str(why) for why in found]
    return found


def refusals(**changes: Any) -> list[str]:
    tariff = {"tariffId": "T", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0.3}]}, **changes}
    found = from_ocpp21(read(tariff))
    assert isinstance(found, list)
    return [str(why) for why in found]


def test_the_tariff_of_these_tests_is_one_of_ocpp() -> None:
    schema = json.loads((files("ocpp.v21") / "schemas" / "SetDefaultTariffRequest.json").read_text("utf-8-sig"))
    assert jsonschema_rs.validator_for(schema).is_valid({"evseId": 0, "tariff": TARIFF})


def test_everything_that_both_can_say() -> None:
    found = converted(TARIFF)
    assert found["id"] == "city"
    assert found["start_date_time"] == "2026-01-01T00:00:00+01:00"
    assert found["tariff_alt_text"] == [{"language": "de", "text": "Nachts günstiger"}]
    assert found["min_price"] == {"excl_vat": Decimal(1), "incl_vat": Decimal("1.19")}
    assert found["max_price"] == {"excl_vat": Decimal(100), "incl_vat": Decimal(119)}
    components = [element["price_components"][0] for element in found["elements"]]
    assert [(c["type"], c["price"], c.get("vat"), c["step_size"]) for c in components] == [
        ("ENERGY", Decimal("0.35"), 19, 1),
        ("ENERGY", Decimal("0.49"), 19, 1),
        ("TIME", Decimal("0.75"), None, 1),
        ("PARKING_TIME", Decimal(6), 19, 1),
        ("FLAT", Decimal(1), 19, 1),
        ("FLAT", Decimal("0.5"), 19, 1),
        ("TIME", Decimal(3), None, 1),
        ("FLAT", Decimal(2), None, 1),
    ]
    assert [element.get("restrictions") for element in found["elements"]] == [
        {
            "start_time": "22:00",
            "end_time": "06:00",
            "day_of_week": ["MONDAY", "SUNDAY"],
            "start_date": "2026-01-01",
            "end_date": "2027-01-01",
            "min_kwh": Decimal("0.5"),
            "max_kwh": 20,
            "min_power": Decimal("1.5"),
            "max_power": 50,
            "min_current": 6,
            "max_current": Decimal("32.5"),
        },
        None,
        {"min_duration": 3600, "max_duration": 7200},
        None,
        {"start_time": "12:00", "max_duration": 1},
        None,
        {"reservation": "RESERVATION"},
        {"reservation": "RESERVATION"},
    ]


def test_a_fee_for_those_who_start_in_the_afternoon_is_not_paid_by_who_stays_until_then() -> None:
    fee = {"prices": [{"priceFixed": 1, "conditions": {"startTimeOfDay": "12:00"}}]}
    tariff = parse_tariff(converted({"tariffId": "T", "currency": "EUR", "fixedFee": fee}))
    noon = MONDAY.replace(hour=12)
    assert rated(tariff, Period(charging=7200), Period(charging=60, at=noon), start=MONDAY).lines == []
    assert rated(tariff, Period(charging=60), start=noon).excl == 1


def test_a_price_a_minute_is_the_same_an_hour() -> None:
    tariff = parse_tariff(
        converted({"tariffId": "T", "currency": "EUR", "chargingTime": {"prices": [{"priceMinute": 0.3333}]}})
    )
    assert rated(tariff, Period(charging=60)).excl == Decimal("0.3333")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minIdleTime", 600),
        ("maxIdleTime", 600),
        ("minChargingTime", 600),
        ("maxChargingTime", 600),
        ("evseKind", "DC"),
    ],
)
def test_conditions_that_ocpi_does_not_know_are_refused_with_their_place(name: str, value: object) -> None:
    [why] = refusals(idleTime={"prices": [{"priceMinute": 0.1}, {"priceMinute": 1, "conditions": {name: value}}]})
    assert why.startswith(f"idleTime.prices[1].conditions.{name}: OCPI ")


@pytest.mark.parametrize(
    ("changes", "start"),
    [
        ({"fixedFee": {"prices": [{"priceFixed": 1, "conditions": {"paymentBrand": "X"}}]}}, "fixedFee.prices[0]."),
        ({"authorizationAmount": 50}, "authorizationAmount: unknown field"),
        ({"customData": {"vendorId": "x"}}, "customData: OCPI has no place for it"),
        ({"energy": {"prices": [{"priceKwh": 0.3, "customData": {}}]}}, "energy.prices[0].customData"),
        ({"energy": {"prices": []}}, "energy.prices: must be a list"),
        ({"energy": {"prices": [{}]}}, "energy.prices[0].priceKwh: must be a number from 0, not nothing"),
        ({"energy": {"prices": [{"priceKwh": -0.1}]}}, "energy.prices[0].priceKwh: must be a number from 0, not -0.1"),
        (
            {"energy": {"prices": [{"priceKwh": 1, "conditions": {"minPower": -10}}]}},
            "energy.prices[0].conditions.minPower: -10 is about discharging",
        ),
        (
            {"energy": {"prices": [{"priceKwh": 1}], "taxRates": [*VAT, {"type": "City", "tax": 1}]}},
            "energy.taxRates: several taxes",
        ),
        ({"minCost": {"inclTax": 1}}, "minCost.exclTax: is missing"),
        ({"minCost": {"exclTax": 1, "inclTax": 2, "taxRates": VAT}}, "minCost: exclTax 1 with 19 % is"),
        ({"description": [{"format": "QRCODE", "language": "en", "content": "x"}]}, "description[0].format"),
        ({"description": [{"format": "UTF8", "content": "x"}]}, "description[0].language"),
        (
            {"energy": {"prices": [{"priceKwh": 1, "conditions": {"dayOfWeek": ["MO"]}}]}},
            "energy.prices[0].conditions.day",
        ),
        (
            {"energy": {"prices": [{"priceKwh": 1, "conditions": {"startTimeOfDay": "25:00"}}]}},
            "elements[0].restrictions.",
        ),
        ({"currency": "XXX"}, "currency: 'XXX' is not a currency"),
        ({"tariffId": None}, "tariffId: is missing"),
        ({"energy": None}, "elements: must be a list"),
    ],
)
def test_nothing_is_left_out_silently(changes: dict[str, Any], start: str) -> None:
    [why] = refusals(**changes)
    assert why.startswith(start)


def test_all_refusals_are_told_at_once() -> None:
    changes = {"customData": {}, "idleTime": {"prices": [{"priceMinute": 1, "conditions": {"minIdleTime": 60}}]}}
    assert len(refusals(**changes)) == 2


def test_the_registry_takes_the_file(tmp_path: Path) -> None:
    text = registry_yaml(json.dumps({"evseId": 0, "tariff": TARIFF}), version=3)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "tariffs.yaml").write_text(text, "utf-8")
    settings = Settings(home=tmp_path / "home")
    apply(settings, tmp_path / "files", why_refused)
    [row] = stored_tables(settings, "tariffs")["tariffs"]
    assert (row["tariff_id"], row["version"], row["ocpi_version"]) == ("city", 3, "2.2.1")
    assert row["valid_from"] == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert row["note"] == "de: Nachts günstiger"
    ours = converted(TARIFF)
    assert {name: row[name] for name in ("elements", "min_price", "max_price")} == {
        name: ours[name] for name in ("elements", "min_price", "max_price")
    }


def test_ocpi_tariffs_and_lists_are_taken_too() -> None:
    ocpi = {
        "id": "o",
        "currency": "USD",
        "tax_included": "YES",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.123456, "vat": 5, "step_size": 1}]}],
    }
    begin = datetime(2026, 5, 1, tzinfo=UTC)
    rows = yaml.safe_load(registry_yaml(json.dumps([ocpi, TARIFF]), valid_from=begin))
    assert [(row["tariff_id"], row["ocpi_version"]) for row in rows] == [("o", "2.3.0"), ("city", "2.2.1")]
    assert rows[0]["valid_from"] == begin
    with pytest.raises(TariffsRefused) as refused:
        registry_yaml(json.dumps([ocpi, {"tariffId": "T", "currency": "EUR", "customData": {}}]))
    assert refused.value.reasons[0].startswith("[0].validFrom: is missing")
    assert refused.value.reasons[1].startswith("[1].customData")
    for text in ("{", "[]", "3"):
        with pytest.raises(TariffsRefused):
            registry_yaml(text)
