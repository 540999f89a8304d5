"""BootNotifications as stations send them, and what is kept of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.landed import Wire, at, land
from tests.pipeline import bring_up_to_date
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

NOTHING = ("", "", "", None, None)

# name: (payload, (vendor, model, firmware, serial number, reason))
CASES: dict[str, tuple[Any, tuple[str, str, str, str | None, str | None]]] = {
    "v16": (
        {
            "chargePointVendor": "Volt", "chargePointModel": "V1", "firmwareVersion": "1.2",
            "chargePointSerialNumber": "P-9", "chargeBoxSerialNumber": "B-9",
        },
        ("Volt", "V1", "1.2", "P-9", None),
    ),
    "v201": (
        {
            "reason": "PowerUp",
            "chargingStation": {"vendorName": "Volt", "model": "V2", "firmwareVersion": "2.0", "serialNumber": "S"},
        },
        ("Volt", "V2", "2.0", "S", "PowerUp"),
    ),
    "serial_of_the_box": ({"chargeBoxSerialNumber": "B-9"}, ("", "", "", "B-9", None)),
    "padded": (
        {"chargePointVendor": " Volt\u0000\u0000", "chargePointModel": "V1 \r\n", "firmwareVersion": " \t "},
        ("Volt", "V1", "", None, None),
    ),
    "numbers": ({"chargePointModel": 7, "firmwareVersion": 1.25}, ("", "7", "1.25", None, None)),
    "station_is_text": ({"chargingStation": "Volt V2"}, NOTHING),
    "list": ([1, {"chargePointVendor": "Volt"}], NOTHING),
    "scalar": ("12", NOTHING),
    "null": ("null", NOTHING),
    "not_json": ('{"chargePointVendor":,}', NOTHING),
    "lone_surrogate": ('{"chargePointVendor":"\\ud800"}', NOTHING),
}  # fmt: skip


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        wire = Wire()
        for name, (payload, _) in CASES.items():
            wire.connect(name, at(0))
            wire.call(name, "BootNotification", payload, at(1), {"status": "Accepted"})
        land(settings, wire)
        with open_lake(settings) as opened:
            bring_up_to_date(opened)
            yield opened


@pytest.mark.parametrize("name", CASES)
def test_a_boot_says_what_the_station_is(lake: Lake, name: str) -> None:
    found = lake.con.execute(
        "SELECT vendor, model, firmware, serial_number, boot_reason FROM core.boots WHERE station_id = $name",
        {"name": name},
    ).fetchall()
    assert found == [CASES[name][1]]


def test_answers_are_no_boots(lake: Lake) -> None:
    assert lake.con.execute("SELECT count(*) FROM core.boots").fetchall() == [(len(CASES),)]
