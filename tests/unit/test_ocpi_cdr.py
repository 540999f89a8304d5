"""Issued CDRs as OCPI objects: all that OCPI requires, and nothing that nobody has said."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from warehouse.extracts.ocpi_cdr import ocpi_cdr, unsaid

pytestmark = pytest.mark.fast

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ELEMENTS = '[{"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 19, "step_size": 1}]}]'
TARIFF = {
    "elements": ELEMENTS,
    "min_price": '{"excl_vat": 0.5, "incl_vat": 0.595}',
    "max_price": None,
    "tax_included": None,
    "type": "REGULAR",
    "valid_from": "2026-01-01T00:00:00.000000+00:00",
    "valid_to": None,
    "changed_at": 1_767_225_600_000_000,
}


def line(dimension: str, net: str, gross: str | None, vat: str | None = "19") -> dict[str, Any]:
    return {
        "dimension": dimension,
        "vat_percent": None if vat is None else Decimal(vat),
        "net": Decimal(net),
        "gross": None if gross is None else Decimal(gross),
    }


def period(minutes: int, energy: int, charging: int, parking: int, power: int | None = None) -> dict[str, Any]:
    return {
        "started_at": START + timedelta(minutes=minutes),
        "energy_wh": Decimal(energy),
        "charging_seconds": Decimal(charging),
        "parking_seconds": Decimal(parking),
        "power_w": None if power is None else Decimal(power),
    }


ROW: dict[str, Any] = {
    "issued_cdr_id": "c" * 32,
    "kind": "cdr",
    "credit_reference_id": None,
    "issued_at": START + timedelta(days=1, microseconds=123456),
    "session_id": "s" * 32,
    "country_code": "DE",
    "party_id": "KWH",
    "contract_id": "C1",
    "currency": "EUR",
    "started_at": START,
    "ended_at": START + timedelta(minutes=90),
    "energy_wh": Decimal("10000.000000"),
    "parking_seconds": 1800,
    "total_excl_vat": Decimal("3.5000"),
    "total_incl_vat": Decimal("4.1650"),
    "tariff_id": "T",
    "tariff_version": 1,
    "tariff": json.dumps(TARIFF),
    "site_id": "site",
    "site_name": None,
    "address": "Kai 1",
    "city": "Hamburg",
    "post_code": None,
    "site_country_code": "DE",
    "latitude": 53.5,
    "longitude": 10.0,
    "station_id": "st-1",
    "evse_id": 2,
    "connector_id": 1,
    "connector_standard": "IEC_62196_T2",
    "connector_format": "SOCKET",
    "power_type": "AC_3_PHASE",
    "signed_data": None,
    "lines": [line("ENERGY", "3", "3.57"), line("FLAT", "0.5", "0.595")],
    "periods": [period(0, 10_000, 3600, 0, 10_000), period(60, 0, 0, 1800)],
}
# OCPI 2.2.1-d2, mod_cdrs.asciidoc: what has cardinality 1 or +.
REQUIRED = {
    "": (
        "country_code party_id id start_date_time end_date_time cdr_token auth_method cdr_location currency "
        "charging_periods total_cost total_energy total_time last_updated"
    ),
    "cdr_token": "country_code party_id uid type contract_id",
    "cdr_location": (
        "id address city country coordinates evse_uid evse_id connector_id connector_standard connector_format "
        "connector_power_type"
    ),
}


def told(version: str = "2.2.1", **changes: Any) -> dict[str, Any]:
    row = ROW | changes
    assert unsaid(row, version) == []
    return ocpi_cdr(row, version)


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_all_that_ocpi_requires_is_there(version: str) -> None:
    cdr = told(version)
    for place, names in REQUIRED.items():
        assert set(names.split()) <= set(cdr[place] if place else cdr)
    tariff = {"id", "currency", "elements", "country_code", "party_id", "last_updated"}
    assert tariff | ({"tax_included"} if version == "2.3.0" else set()) <= set(cdr["tariffs"][0])
    assert not any(value is None for value in cdr.values())


def test_costs_are_sums_of_the_lines() -> None:
    cdr = told()
    costs = {name: cost for name, cost in cdr.items() if name.endswith("_cost")}
    assert costs == {
        "total_cost": {"excl_vat": Decimal("3.5"), "incl_vat": Decimal("4.165")},
        "total_energy_cost": {"excl_vat": 3, "incl_vat": Decimal("3.57")},
        "total_fixed_cost": {"excl_vat": Decimal("0.5"), "incl_vat": Decimal("0.595")},
    }
    assert (cdr["total_energy"], cdr["total_time"], cdr["total_parking_time"]) == (10, Decimal("1.5"), Decimal("0.5"))
    tax = {"name": "VAT", "percentage": 19}
    assert told("2.3.0")["total_cost"] == {
        "before_taxes": Decimal("3.5"),
        "taxes": [{**tax, "amount": Decimal("0.665")}],
    }
    # Without a VAT rate the gross is not known; without anything to pay there is nothing but the total.
    unknown = told("2.3.0", lines=[line("ENERGY", "3.5", None, None)], total_incl_vat=None)
    assert unknown["total_cost"] == unknown["total_energy_cost"] == {"before_taxes": Decimal("3.5")}
    free = told(lines=[], total_excl_vat=Decimal("0.0000"), total_incl_vat=Decimal("0.0000"))
    assert [name for name in free if name.endswith("_cost")] == ["total_cost"]


def test_of_a_credit_cdr_only_the_total_cost_is_below_zero() -> None:
    credit = {
        "kind": "credit",
        "issued_cdr_id": "c" * 32 + "-C",
        "credit_reference_id": "c" * 32,
        "total_excl_vat": Decimal("-3.5000"),
        "total_incl_vat": Decimal("-4.1650"),
    }
    for version in ("2.2.1", "2.3.0"):
        cdr, original = told(version, **credit), told(version)
        assert (cdr.pop("credit"), cdr.pop("credit_reference_id")) == (True, original["id"])
        different = {name for name in cdr if cdr[name] != original[name]}
        assert different == {"id", "total_cost"}
    assert cdr["total_cost"]["taxes"] == [{"name": "VAT", "percentage": 19, "amount": Decimal("-0.665")}]


def test_periods_are_those_that_were_priced() -> None:
    first, second = told()["charging_periods"]
    assert first == {
        "start_date_time": "2026-03-01T12:00:00Z",
        "dimensions": [{"type": "ENERGY", "volume": 10}, {"type": "TIME", "volume": 1}],
        "tariff_id": "T",
    }
    assert second["dimensions"] == [{"type": "PARKING_TIME", "volume": Decimal("0.5")}]
    asks_power = TARIFF | {"elements": ELEMENTS.replace("}]}]", '}], "restrictions": {"max_power": 11}}]')}
    first, second = told(tariff=json.dumps(asks_power))["charging_periods"]
    assert first["dimensions"][2:] == [{"type": "MIN_POWER", "volume": 10}, {"type": "MAX_POWER", "volume": 10}]
    # A period with nothing in it is one all the same.
    [nothing] = told(periods=[period(0, 0, 0, 0)])["charging_periods"]
    assert nothing["dimensions"] == [{"type": "ENERGY", "volume": 0}]


def test_tariffs_are_as_declared_in_the_words_of_each_version() -> None:
    [old], [new] = told()["tariffs"], told("2.3.0")["tariffs"]
    assert old["min_price"] == {"excl_vat": Decimal("0.5"), "incl_vat": Decimal("0.595")}
    assert new["min_price"] == {"before_taxes": Decimal("0.5"), "after_taxes": Decimal("0.595")}
    assert (old["elements"], "max_price" in old, "tax_included" in old) == (
        json.loads(ELEMENTS, parse_float=Decimal),
        False,
        False,
    )
    assert (new["tax_included"], new["type"], new["last_updated"]) == ("NO", "REGULAR", "2026-01-01T00:00:00Z")
    assert str(old["elements"][0]["price_components"][0]["price"]) == "0.30", "not by way of a float"
    gross = json.dumps(TARIFF | {"tax_included": "YES"})
    assert told("2.3.0", tariff=gross)["tariffs"][0]["tax_included"] == "YES"
    assert unsaid(ROW | {"tariff": gross}, "2.2.1") == [
        "prices of tariff T version 1 include taxes, which 2.2.1 cannot say: take the extract of 2.3.0"
    ]


def test_ids_and_times_are_as_long_as_ocpi_allows() -> None:
    cdr = told()
    assert cdr["cdr_location"]["evse_uid"] == "st-1*2"
    assert cdr["cdr_location"]["evse_id"] == "DE*KWH*Est*1*2", "letters, digits and stars"
    assert cdr["last_updated"] == "2026-03-02T12:00:00.123Z"
    ad_hoc = told(contract_id=None)["cdr_token"]
    assert (ad_hoc["type"], ad_hoc["uid"]) == ("AD_HOC_USER", "s" * 32)
    assert told(signed_data='{"encoding_method": "OCMF"}')["signed_data"] == {"encoding_method": "OCMF"}


MISSING: list[tuple[Mapping[str, Any], str]] = [
    ({"address": None}, "cdr_location.address of site site is not declared"),
    ({"city": None}, "cdr_location.city of site site is not declared"),
    ({"longitude": None}, "cdr_location.coordinates of site site are not declared"),
    ({"site_country_code": "XX"}, "cdr_location.country of site site is not a country of ISO 3166-1"),
    ({"connector_id": None}, "cdr_location.connector_id of st-1 is not known of the session"),
    ({"connector_format": None}, "cdr_location: connector_format of st-1 EVSE 2 connector 1 is not declared"),
    ({"station_id": "s" * 40}, f"cdr_location.evse_id of {'s' * 40} EVSE 2 connector 1 is too long"),
    ({"address": "a" * 46}, f"cdr_location.address '{'a' * 46}' is longer than 45 characters"),
    ({"periods": []}, f"charging_periods of CDR {'c' * 32} were not kept"),
    ({"total_excl_vat": None}, "total_cost before VAT of tariff T version 1 is not known"),
    ({"tariff": None}, "tariffs: nothing was kept of tariff T version 1"),
]


@pytest.mark.parametrize(("changes", "reason"), MISSING)
def test_what_nobody_has_said_is_named(changes: Mapping[str, Any], reason: str) -> None:
    assert unsaid({**ROW, **changes}, "2.2.1") == [reason]
