"""Samples as stations send them, and the values that follow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.landed import Wire, at, iso, land
from tests.pipeline import bring_up_to_date
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

REGISTER = "Energy.Active.Import.Register"


def sets(*samples: Any, **more: Any) -> dict[str, Any]:
    return {"connectorId": 1, "meterValue": [{"timestamp": iso(at(0)), "sampledValue": list(samples)}], **more}


def several(*listed: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A frame with a set for each of `listed`; None: the set lacks its samples."""
    told = [{"timestamp": iso(at(0))} | ({} if samples is None else {"sampledValue": samples}) for samples in listed]
    return {"connectorId": 1, "meterValue": told}


# name: (payload, [(sample_no, measurand, value, unit)])
CASES: dict[str, tuple[Any, list[tuple[int, str, str, str]]]] = {
    "plain": (sets({"value": "1234"}), [(0, REGISTER, "1234", "Wh")]),
    "number_not_text": (sets({"value": 1234.5}), [(0, REGISTER, "1234.5", "Wh")]),
    "padded": (sets({"value": "  12.5 ", "unit": " kWh "}), [(0, REGISTER, "12500", "Wh")]),
    "exact_kwh": (sets({"value": "123456.789012345", "unit": "kWh"}), [(0, REGISTER, "123456789.012345", "Wh")]),
    "two_samples": (
        sets({"value": "1"}, {"value": "7.2", "measurand": "Power.Active.Import", "unit": "kW"}),
        [(0, REGISTER, "1", "Wh"), (1, "Power.Active.Import", "7200", "W")],
    ),
    "several_sets": (
        several([{"value": "1"}, {"value": "2"}], None, [], [{"value": "3"}], [{"value": "4"}, {"value": "5"}]),
        [(number, REGISTER, str(number + 1), "Wh") for number in range(5)],
    ),
    "thousands_of_sets": (
        several(*([{"value": str(number)}] for number in range(5000))),
        [(number, REGISTER, str(number), "Wh") for number in range(5000)],
    ),
    "lone_set_as_object": (
        {"connectorId": 1, "meterValue": {"timestamp": iso(at(0)), "sampledValue": [{"value": "5"}]}},
        [(0, REGISTER, "5", "Wh")],
    ),
    "hz": (sets({"value": "49.98", "measurand": "Frequency", "unit": "Hz"}), [(0, "Frequency", "49.98", "Hertz")]),
    "no_unit": (sets({"value": "16", "measurand": "Current.Import"}), [(0, "Current.Import", "16", "A")]),
    "celcius": (
        sets({"value": "31", "measurand": "Temperature", "unit": "Celcius"}),
        [(0, "Temperature", "31", "Celsius")],
    ),
    "kelvin": (
        sets({"value": "300", "measurand": "Temperature", "unit": "K"}),
        [(0, "Temperature", "26.85", "Celsius")],
    ),
    "multiplier": (
        sets({"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}),
        [(0, REGISTER, "1500", "Wh")],
    ),
    "negative_multiplier": (
        sets({"value": 1500, "unitOfMeasure": {"unit": "kWh", "multiplier": -3}}),
        [(0, REGISTER, "1500", "Wh")],
    ),
    "power_in_wh": (
        sets({"value": "5", "measurand": "Power.Active.Import", "unit": "Wh"}, {"value": "6"}),
        [(1, REGISTER, "6", "Wh")],
    ),
    "beyond_all_meters": (sets({"value": "999999999999"}, {"value": "-999999999999.5"}, {"value": "8e30"}), []),
    "kwh_beyond_all_meters": (sets({"value": "999999999.9", "unit": "kWh"}), []),
    "not_finite": (
        sets({"value": "inf"}, {"value": "nan", "unitOfMeasure": {"multiplier": 2}}, {"value": "1e400", "unit": "kWh"}),
        [],
    ),
    "multiplier_beyond_all_meters": (sets({"value": 1e9, "unitOfMeasure": {"unit": "kWh", "multiplier": 9}}), []),
    "unknown_unit": (sets({"value": "5", "unit": "furlong"}), []),
    "no_number": (sets({"value": "n/a"}), []),
    "empty_samples": (sets(), []),
    "no_sets": ({"connectorId": 1}, []),
    "not_an_object": ("[1, 2]", []),
    "not_json": ('{"connectorId":,}', []),
    "empty_text": ("", []),
    "lone_surrogate": ('{"connectorId": 1, "meterValue": "\\ud800"}', []),
    "signed_data": (sets({"value": "Q29udGVudA==", "format": "SignedData"}), []),
}  # fmt: skip


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        wire = Wire()
        for station, (payload, _) in CASES.items():
            # As every door says of a set that is no list.
            defect = "meterValue: is not an array" if station == "lone_set_as_object" else None
            wire.call(station, "MeterValues", payload, at(5), schema_error=defect)
        wire.call(
            "no_time", "MeterValues", {"connectorId": 1, "meterValue": [{"sampledValue": [{"value": "1"}]}]}, at(5)
        )
        for station, stamp in (
            ("in_1970", "1970-01-01T00:00:12Z"),
            ("in_9999", "9999-12-31T00:00:00Z"),
            ("ever", "infinity"),
        ):
            body = {"connectorId": 1, "meterValue": [{"timestamp": stamp, "sampledValue": [{"value": "1"}]}]}
            wire.call(station, "MeterValues", body, at(5))
        land(settings, wire)
        with open_lake(settings) as opened:
            bring_up_to_date(opened)
            yield opened


@pytest.mark.parametrize("station", CASES)
def test_samples(lake: Lake, station: str) -> None:
    query = (
        "SELECT sample_no, measurand, value, unit FROM core.meter_values "
        "WHERE station_id = $station AND value IS NOT NULL ORDER BY 1"
    )
    found = lake.con.execute(query, {"station": station}).fetchall()
    assert found == [(number, measurand, Decimal(value), unit) for number, measurand, value, unit in CASES[station][1]]


def test_defaults_of_the_protocol_are_written_out(lake: Lake) -> None:
    columns = "location, context, phase, evse_id, connector_id, measured_at"
    query = f"SELECT {columns} FROM core.meter_values WHERE station_id = 'plain'"
    assert lake.con.execute(query).fetchone() == ("Outlet", "Sample.Periodic", None, 1, 1, at(0))


@pytest.mark.parametrize("station", ["no_time", "in_1970", "in_9999", "ever"])
def test_a_set_without_a_time_that_can_be_has_that_of_its_receipt(lake: Lake, station: str) -> None:
    query = "SELECT measured_at FROM core.meter_values WHERE station_id = $station"
    assert lake.con.execute(query, {"station": station}).fetchone() == (at(5),)
