"""What stations say of themselves in rare frames, and the newest word that is kept of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.profiles import boots, station_reports
from pipelines.stages import run_stage
from tests.homes import new_home
from tests.landed import Wire, at, land
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake
from warehouse.store.landing import register_landed

BOOT = {"chargePointVendor": "Volt", "chargePointModel": "V1", "firmwareVersion": "1.2"}


def bring_up_to_date(lake: Lake, *, full: bool = False) -> None:
    register_landed(lake)
    for stage in (boots.STAGE, station_reports.STAGE):
        run_stage(lake, stage, full=full)


def entry(component: str, variable: str, evse: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    told = {"name": component} | ({"evse": evse} if evse else {})
    attributes = [{"value": more.pop("value")}] if "value" in more else [{"type": "Target", "value": "not this"}]
    return {
        "component": told, "variable": {"name": variable}, "variableAttribute": attributes,
        "variableCharacteristics": {"dataType": "string", "supportsMonitoring": False} | more,
    }  # fmt: skip


def report(*entries: object) -> dict[str, Any]:
    return {"requestId": 1, "generatedAt": "2024-03-04T08:00:00Z", "seqNo": 0, "reportData": list(entries)}


def configuration(*values: str) -> dict[str, Any]:
    return {"configurationKey": [{"key": "NumberOfConnectors", "readonly": True, "value": value} for value in values]}


# name: (frames as (action, payload, kind), facts as (evse, connector, fact, value))
CASES: dict[str, tuple[list[tuple[str | None, Any, int]], list[tuple[int, int, str, str]]]] = {
    "boot": (
        [("BootNotification", BOOT, 2)],
        [(0, 0, "firmware", "1.2"), (0, 0, "model", "V1"), (0, 0, "vendor", "Volt")],
    ),
    "the_newest_word_counts": (
        [("BootNotification", BOOT, 2), ("BootNotification", {"firmwareVersion": "1.3"}, 2)],
        [(0, 0, "firmware", "1.3"), (0, 0, "model", "V1"), (0, 0, "vendor", "Volt")],
    ),
    "firmware_status": (
        [("FirmwareStatusNotification", {"status": "Installing"}, 2),
         ("FirmwareStatusNotification", {"status": "InstallationFailed"}, 2)],
        [(0, 0, "firmware_status", "InstallationFailed")],
    ),
    "configuration": ([("GetConfiguration", configuration("2"), 3)], [(0, 0, "number_of_connectors", "2")]),
    "answer_to_an_unknown_call": ([(None, configuration("2"), 3)], [(0, 0, "number_of_connectors", "2")]),
    "no_number": ([("GetConfiguration", configuration("two"), 3)], []),
    "report": (
        [(
            "NotifyReport",
            report(
                entry("ChargingStation", "VendorName", value="Volt\u0000"),
                entry("ChargingStation", "Model", value="V2"),
                entry("ChargingStation", "SerialNumber", value="S-1"),
                entry("EVSE", "Power", {"id": 1}, maxLimit=22.08, unit="kW"),
                entry("EVSE", "Power", {"id": 2}, maxLimit=50000, unit="W", value="0"),
                entry("Connector", "ConnectorType", {"id": 1, "connectorId": 1}, value="cType2"),
                entry("Connector", "AvailabilityState", {"id": 2, "connectorId": 1}, value="Available"),
                entry("OCPPCommCtrlr", "Model", value="none of the station's"),
            ),
            2,
        )],
        [
            (0, 0, "model", "V2"), (0, 0, "serial_number", "S-1"), (0, 0, "vendor", "Volt"),
            (1, 0, "greatest_power_w", "22080"), (1, 0, "present", "true"),
            (1, 1, "connector_type", "cType2"), (1, 1, "present", "true"),
            (2, 0, "greatest_power_w", "50000"), (2, 0, "present", "true"), (2, 1, "present", "true"),
        ],
    ),
    "without_a_value": ([("NotifyReport", report(entry("ChargingStation", "Model")), 2)], []),
    "odd_shapes": (
        [("NotifyReport", payload, 2)
         for payload in ({"reportData": [7, None, {"component": "EVSE"}]}, {"reportData": {}}, [1], "12", "{,}")],
        [],
    ),
    "odd_numbers": (
        [("NotifyReport", report(
            entry("EVSE", "Power", {"id": 1e300}, maxLimit=1), entry("EVSE", "Power", {"id": -1}, maxLimit=1),
            entry("EVSE", "Power", {"id": 1}, maxLimit="1e300"), entry("EVSE", "Power", {"id": 1}, maxLimit="NaN"),
        ), 2)],
        [(1, 0, "present", "true")],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=new_home(Path(folder)))
        wire = Wire()
        for name, (frames, _) in CASES.items():
            for minute, (action, payload, kind) in enumerate(frames):
                wire.frame(name, action, payload, at(minute), kind=kind)["direction"] = "in"
        # What the central system sends is no station's word.
        wire.frame("boot", "GetConfiguration", configuration("9"), at(9), kind=3)
        land(settings, wire)
        with open_lake(settings) as opened:
            bring_up_to_date(opened)
            yield opened


@pytest.mark.parametrize("name", CASES)
def test_the_newest_word_on_each_fact(lake: Lake, name: str) -> None:
    query = (
        "SELECT evse_id, connector_id, fact, value FROM core.station_reports WHERE station_id = $name"
        " ORDER BY evse_id, connector_id, fact"
    )
    assert lake.con.execute(query, {"name": name}).fetchall() == CASES[name][1]


def test_a_fact_names_the_frame_that_says_it(lake: Lake) -> None:
    query = (
        "SELECT count(*), count(*) FILTER (frames.action IS NOT DISTINCT FROM told.action OR frames.action IS NULL)"
        " FROM core.station_reports AS told JOIN raw.messages AS frames USING (collector_id, seq, station_id)"
        " WHERE frames.received_at = told.reported_at"
    )
    facts = sum(len(told) for _, told in CASES.values())
    assert lake.con.execute(query).fetchall() == [(facts, facts)]


def test_late_frames_and_anew_give_the_same(tmp_path: Path) -> None:
    settings = load_settings(home=new_home(tmp_path))
    late, early = Wire("late"), Wire("early")
    late.call("N-1", "BootNotification", BOOT, at(9))
    early.call("N-1", "BootNotification", {**BOOT, "firmwareVersion": "0.9", "chargePointSerialNumber": "S-1"}, at(1))
    query = "SELECT fact, value, collector_id FROM core.station_reports ORDER BY fact"
    found = []
    with open_lake(settings) as lake:
        for wire in (late, early):
            land(settings, wire)
            bring_up_to_date(lake)
        found.append(lake.con.execute(query).fetchall())
        bring_up_to_date(lake, full=True)
        found.append(lake.con.execute(query).fetchall())
    assert found[0] == found[1]
    assert found[0] == [
        ("firmware", "1.2", "late"), ("model", "V1", "late"), ("serial_number", "S-1", "early"),
        ("vendor", "Volt", "late"),
    ]  # fmt: skip
