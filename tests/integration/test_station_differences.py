"""What stations say of themselves beside what the registry declares, through the real pipeline and commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from kwhouse import app
from pipelines.profiles import boots, station_reports
from pipelines.registry_history import record_registry
from pipelines.sessions import connector_states, frames, readings, sessions
from pipelines.stages import run_stage
from tests.homes import new_home
from tests.landed import Wire, at, land
from tests.registered import connector, register, site
from warehouse.readers import stations
from warehouse.remote.online import Connected, begin, tell
from warehouse.settings import Settings, load_settings
from warehouse.state import opened, table
from warehouse.store import Lake, open_lake
from warehouse.store.landing import register_landed

STAGES = (
    frames.STAGE, readings.STAGE, boots.STAGE, station_reports.STAGE, connector_states.STAGE,
    sessions.STAGE,
)  # fmt: skip

BOOT = {"chargePointVendor": "VOLT", "chargePointModel": "V1", "firmwareVersion": "1.3", "chargePointSerialNumber": "S"}


def status(number: int, state: str = "Available") -> dict[str, Any]:
    return {"connectorId": number, "status": state, "errorCode": "NoError"}


def listed(component: str, variable: str, evse: dict[str, int], value: str = "", **more: Any) -> dict[str, Any]:
    return {
        "component": {"name": component, "evse": evse}, "variable": {"name": variable},
        "variableAttribute": [{"value": value}], "variableCharacteristics": more,
    }  # fmt: skip


def station(name: str, **more: str) -> dict[str, Any]:
    empty = dict.fromkeys(("vendor", "model", "serial_number", "firmware"))
    return {"station_id": name, "site_id": "depot"} | empty | more


def plug(name: str, **more: Any) -> dict[str, Any]:
    return connector(name, **({"standard": None} | more))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(home=new_home(tmp_path_factory.mktemp("differences") / "home"))
    own = {"evse_id": 2, "connector_id": 2}
    register(
        settings,
        sites=[site("depot")],
        stations=[
            station("ALIKE", vendor="Volt", model="V1"),
            station("OTHER", vendor="Amp", model="V2", serial_number="S-0", firmware="1.2"),
            station("V201"),
            station("SILENT", model="V9"),
            station("WORKS"),
        ],
        connectors=[
            plug("ALIKE"),
            plug("OTHER"),
            plug("OTHER", **own, in_service_to=at(-60)),
            plug("OTHER", evse_id=3, connector_id=3),
            plug("V201", rated_power_w=22_000, standard="IEC_62196_T2"),
            plug("V201", rated_power_w=50_000, standard="CHADEMO", evse_id=2),
            plug("SILENT"),
            plug("WORKS"),
            plug("WORKS", **own),
        ],
    )  # fmt: skip
    wire = Wire()
    for name in ("ALIKE", "OTHER", "WORKS", "STRANGE"):
        wire.connect(name, at(0))
        wire.call(name, "BootNotification", BOOT, at(1))
        wire.call(name, "StatusNotification", status(1), at(2))
    wire.call("OTHER", "StatusNotification", status(2), at(3))
    wire.frame("OTHER", "GetConfiguration", {"configurationKey": [{"key": "NumberOfConnectors", "value": "3"}]},
               at(4), kind=3)["direction"] = "in"  # fmt: skip
    wire.disconnect("OTHER", at(9))
    # It names connector 1 only, and sells at 2.
    transaction = wire.start("WORKS", at(3), connector=2)
    wire.stop("WORKS", transaction, at(33), 5_000)
    report = [
        listed("EVSE", "Power", {"id": 1}, maxLimit=22_080, unit="W"),
        listed("EVSE", "Power", {"id": 2}, maxLimit=100, unit="kW"),
        listed("Connector", "ConnectorType", {"id": 1, "connectorId": 1}, "sType2"),
        listed("Connector", "ConnectorType", {"id": 2, "connectorId": 1}, "cCCS2"),
        listed("Connector", "ConnectorType", {"id": 2, "connectorId": 2}, "cG105"),
    ]
    wire.call("V201", "NotifyReport", {"requestId": 1, "seqNo": 0, "reportData": report}, at(1), version="2.0.1")
    land(settings, wire)
    with open_lake(settings) as lake:
        register_landed(lake)
        record_registry(lake)
        for stage in STAGES:
            run_stage(lake, stage)
    return settings


@pytest.fixture(scope="module")
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings, read_only=True) as lake:
        yield lake


def found(lake: Lake, name: str | None = None) -> list[tuple[Any, ...]]:
    columns = ("station_id", "evse_id", "connector_id", "difference", "reported", "registered")
    return stations.differences(lake, name).select(columns).rows()


def test_what_differs_is_told_and_nothing_else(lake: Lake) -> None:
    assert found(lake) == [
        ("OTHER", None, None, "firmware", "1.3", "1.2"),
        ("OTHER", None, None, "model", "V1", "V2"),
        ("OTHER", None, None, "number_of_connectors", "3", "2"),
        ("OTHER", None, None, "serial_number", "S", "S-0"),
        ("OTHER", None, None, "vendor", "VOLT", "Amp"),
        ("OTHER", 2, 2, "connector_not_registered", "available", None),
        ("OTHER", 3, 3, "connector_never_heard", None, "11000 W"),
        ("V201", 2, None, "greatest_power_w", "100000", "50000"),
        ("V201", 2, 1, "connector_type", "cCCS2", "CHADEMO"),
        ("V201", 2, 2, "connector_not_registered", "present", None),
    ]
    assert {row[3] for row in found(lake)} == set(stations.DIFFERENCES)
    assert found(lake, "V201") == [row for row in found(lake) if row[0] == "V201"]


def test_each_difference_names_the_frame_that_proves_it(lake: Lake) -> None:
    rows = stations.differences(lake)
    proved = rows.filter(rows["difference"] != "connector_never_heard")
    for row in proved.iter_rows(named=True):
        query = "SELECT action, received_at FROM raw.messages WHERE collector_id = $collector AND seq = $seq"
        frames = lake.con.execute(query, {"collector": row["collector_id"], "seq": row["seq"]}).fetchall()
        assert frames == [(row["action"], row["reported_at"])]


def test_stations_tell_what_they_are_and_when_they_were_heard(lake: Lake) -> None:
    rows = {row["station_id"]: row for row in stations.told(lake).iter_rows(named=True)}
    assert list(rows) == ["ALIKE", "OTHER", "SILENT", "STRANGE", "V201", "WORKS"]
    other, silent, strange = rows["OTHER"], rows["SILENT"], rows["STRANGE"]
    assert (other["vendor"], other["firmware"], other["serial_number"]) == ("VOLT", "1.3", "S")
    assert (other["connectors"], other["heard_at"]) == (2, at(9))
    assert (silent["model"], silent["heard_at"], silent["registered"]) == (None, None, True)
    assert (strange["registered"], strange["site"]) == (False, "Unregistered stations")


def test_online_and_waiting_stations_are_read_from_the_state_database(settings: Settings, lake: Lake) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    with opened(settings) as engine:
        begin(engine, "a", now)
        tell(engine, "a", [Connected("ALIKE", "1.6", now)], [], now)
        begin(engine, "dead", now - timedelta(minutes=1))
        tell(engine, "dead", [Connected("WORKS", "1.6", now)], [], now - timedelta(minutes=1))
        knocks = [
            {"station_id": name, "first_at": now, "last_at": now, "knocks": 3, "remote_address": "10.0.0.1"}
            for name in ("ALIKE", "NEW")
        ]
        with engine.begin() as connection:
            connection.execute(table("access", "waiting_stations").insert(), knocks)
    assert stations.online(lake, now).select("station_id", "collector_id").rows() == [("ALIKE", "a")]
    assert stations.waiting(lake)["station_id"].to_list() == ["NEW"]


def test_the_command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(settings.home))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["station", *arguments])
        assert done.exit_code == 0, done.output + str(done.exception)
        return done.stdout

    rows = json.loads(run("differences", "OTHER", "--json"))
    assert rows[0]["difference"] == "firmware"
    assert "serial number is another" in run("differences")
    assert run("differences", "ALIKE") == "No difference.\n"
    missing = CliRunner().invoke(app, ["station", "differences", "NOBODY"])
    assert missing.exit_code == 1
    assert "NOBODY" in str(missing.output) + str(missing.exception)
