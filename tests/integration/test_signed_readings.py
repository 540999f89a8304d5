"""Signed values on the wire, in OCPP 1.6 and 2.0.1, through the pipeline: verdicts, energy, and what may be billed."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.billing.registry import load_registry
from pipelines.registry_history import record_registry
from pipelines.sessions import frames, readings
from pipelines.sessions import sessions as sessions_stage
from pipelines.signed import stage
from pipelines.stages import run_stage, sql, temp_table
from tests.landed import T0, Wire, at, land, reading
from tests.pipeline import rows
from tests.registered import register, register_stations
from tests.signing import Meter
from tests.signing import reading as signed
from warehouse.contract import core, ops
from warehouse.contract import signed as tables
from warehouse.readers import Scope
from warehouse.readers.signed import signed_coverage, signed_session, signed_values
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state, table
from warehouse.store import Lake, open_lake
from warehouse.store.changes import Window, expose
from warehouse.store.landing import register_landed

BEGIN, END = "Transaction.Begin", "Transaction.End"
STATIONS = dict.fromkeys(("A", "B", "C", "D"), "site")
HERE = Path(stage.__file__).parent


def told(minutes: float) -> str:
    return (T0 + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S,000+0000 S")


def sample(when: float, text: str, context: str) -> dict[str, Any]:
    return reading(at(when), text, context, format="SignedData")


def v16(wire: Wire, station: str, meter: Meter, *, begin: float = 0, tamper: bool = False, kwh: float = 7.2) -> int:
    """A session whose records come with the stop, as text."""
    number = wire.start(station, at(begin), 1000)
    wire.meter(station, number, at(begin + 10), "3000")
    first = meter.record(signed("B", 1.0, told(begin)))
    last = meter.record(signed("E", 1.0 + kwh, told(begin + 60)))
    if tamper:
        last = last.replace(f"{1.0 + kwh}", f"{2.0 + kwh}")
    data = [sample(begin, first, BEGIN), sample(begin + 60, last, END)]
    wire.stop(station, number, at(begin + 60), 1000 + round(kwh * 1000), data)
    return number


def v201(wire: Wire, station: str, meter: Meter, transaction: str, *, begin: float = 0, key: str = "") -> None:
    """A session whose public key comes once, and whose EVSE is told at the start only."""

    def value(when: float, text: str, context: str, public_key: str) -> dict[str, Any]:
        structure = {
            "signedMeterData": base64.b64encode(text.encode()).decode(),
            "signingMethod": "",
            "encodingMethod": "OCMF",
            "publicKey": public_key,
        }
        return reading(at(when), 1000 + when, context, signedMeterValue=structure)

    first, last = meter.record(signed("B", 5, told(begin))), meter.record(signed("E", 9.5, told(begin + 30)))
    wire.event(
        station, "Started", transaction, at(begin), value(begin, first, BEGIN, key), evse={"id": 1, "connectorId": 1}
    )  # fmt: skip
    wire.event(station, "Ended", transaction, at(begin + 30), value(begin + 30, last, END, ""))


def bring(lake: Lake, *, full: bool = False) -> None:
    """What signed readings rest on, and they themselves."""
    register_landed(lake)
    record_registry(lake)
    for one in (frames.STAGE, readings.STAGE, sessions_stage.STAGE, stage.STAGE):
        run_stage(lake, one, full=full)


def declare(settings: Settings, station: str, meter: Meter) -> None:
    row = {"station_id": station, "evse_id": 1, "public_key": meter.public_key, "valid_from": at(-60)}
    register(settings, meter_keys=[row])


def sessions(lake: Lake) -> dict[str, tuple[Any, ...]]:
    query = "SELECT station_id, verdict, billable, energy_wh, reason FROM core.signed_sessions"
    return {row[0]: row[1:] for row in lake.con.execute(query).fetchall()}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(home=tmp_path)
    register_stations(settings, STATIONS)
    return settings


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


def test_signed_values_of_both_protocols_become_energy(settings: Settings, lake: Lake) -> None:
    wire, one, other, bad = Wire(), Meter(), Meter(page=40), Meter()
    v16(wire, "A", one)
    v201(wire, "B", other, "tx-1", key=base64.b64encode(bytes.fromhex(other.public_key)).decode())
    v16(wire, "C", bad, tamper=True)
    wire.start("D", at(0), 0)
    declare(settings, "A", one)
    declare(settings, "C", bad)
    land(settings, wire)
    bring(lake)

    found = sessions(lake)
    assert found["A"] == ("valid", True, Decimal("7200.000000"), "all signatures hold, from begin to end")
    assert found["B"] == ("valid", True, Decimal("4500.000000"), "all signatures hold, from begin to end")
    assert found["C"][:3] == ("invalid", False, None)
    assert "D" not in found, "no signed value came"
    values = lake.con.execute(
        "SELECT station_id, verdict, key_source, pagination, markers, obis_codes, registers_wh, evse_id "
        "FROM core.signed_readings ORDER BY station_id, seq, value_no"
    ).fetchall()
    assert values[:2] == [
        ("A", "valid", "registry", "T1", ["B"], ["1.8.0"], [Decimal(1000)], None),
        ("A", "valid", "registry", "T2", ["E"], ["1.8.0"], [Decimal(8200)], None),
    ]
    assert [row[1:4] for row in values[2:4]] == [
        ("valid", "message", "T40"),
        ("valid", "transaction", "T41"),
    ]
    assert [row[1] for row in values[4:]] == ["valid", "invalid"]


def test_nothing_signed_writes_nothing(settings: Settings, lake: Lake) -> None:
    wire = Wire()
    number = wire.start("A", at(0), 0)
    wire.stop("A", number, at(60), 1000)
    land(settings, wire)
    bring(lake)
    number = wire.start("A", at(90), 1000)
    land(settings, wire, messages=wire.messages[-2:])
    bring(lake)
    assert rows(lake, tables.SIGNED_READINGS) == rows(lake, tables.SIGNED_SESSIONS) == []


def test_a_key_that_is_declared_later_settles_what_was_open(settings: Settings, lake: Lake) -> None:
    wire, meter = Wire(), Meter()
    v16(wire, "A", meter)
    land(settings, wire)
    bring(lake)
    verdict, billable, energy, reason = sessions(lake)["A"]
    assert (verdict, billable, energy) == ("unverifiable", False, None)
    assert "no public key of the meter is known" in reason

    declare(settings, "A", Meter())
    bring(lake)
    assert sessions(lake)["A"][0] == "invalid"

    engine = open_state(settings)
    with engine.begin() as connection:
        keys = table("registry", "meter_keys")
        connection.execute(sa.update(keys).values(public_key=meter.public_key))
    engine.dispose()
    bring(lake)
    assert sessions(lake)["A"][:3] == ("valid", True, Decimal(7200))


def test_the_registry_is_believed_before_the_message(settings: Settings, lake: Lake) -> None:
    wire, real, forged = Wire(), Meter(), Meter()
    declare(settings, "B", real)
    v201(wire, "B", forged, "tx", key=forged.public_key)
    land(settings, wire)
    bring(lake)
    assert sessions(lake)["B"][0] == "invalid"
    assert "another public key than the registry" in sessions(lake)["B"][3]


def test_other_forms_of_a_signed_value(settings: Settings, lake: Lake) -> None:
    """Hexadecimal text, OCPP 2.x's structure as text, a lone set, a format that is not read, and none at all."""
    wire, meter = Wire(), Meter()
    declare(settings, "A", meter)
    number = wire.start("A", at(0), 1000)
    texts = [
        meter.record(signed("B", 1.0, told(0))).encode().hex(),
        json.dumps({"signedMeterData": meter.record(signed("C", 2.0, told(5))), "encodingMethod": "OCMF"}),
        "AP;0;3;AJ2I2LCM3IGVD;\ud800",
        "OCMX|{}|{}",
        "",
    ]
    for minute, text in enumerate(texts):
        wire.call("A", "MeterValues", {
            "connectorId": 1, "transactionId": number, "meterValue": sample(minute, text, "Sample.Periodic"),
        }, at(minute), schema_error="meterValue is no list")  # fmt: skip
    land(settings, wire)
    bring(lake)
    found = lake.con.execute("SELECT format, verdict, pagination FROM core.signed_readings ORDER BY seq").fetchall()
    assert found == [
        ("ocmf", "valid", "T1"),
        ("ocmf", "valid", "T2"),
        ("other", "unverifiable", None),
        ("ocmf", "unreadable", None),
        ("other", "unverifiable", None),
    ]
    assert sessions(lake)["A"][0] == "unreadable"


COMPARED = (tables.SIGNED_READINGS, tables.SIGNED_SESSIONS)


@pytest.mark.parametrize("seed", range(2))
def test_the_order_of_arrival_does_not_matter(tmp_path: Path, seed: int) -> None:
    settings = load_settings(home=tmp_path)
    register_stations(settings, STATIONS)
    chance = random.Random(seed)
    wire, meters = Wire(), {station: Meter() for station in STATIONS}
    for begin in (0, 200, 400):
        v16(wire, "A", meters["A"], begin=begin, tamper=begin == 200)
        v201(wire, "B", meters["B"], f"tx-{begin}", begin=begin, key=meters["B"].public_key if begin else "")
        v201(wire, "C", meters["C"], "again", begin=begin, key=meters["C"].public_key)
    frames = list(wire.messages)
    chance.shuffle(frames)
    size = chance.choice((7, 11, 17))
    with open_lake(settings) as lake:
        for start in range(0, len(frames), size):
            land(settings, wire, messages=frames[start : start + size])
            if start == size:
                declare(settings, "A", meters["A"])
            bring(lake)
        step_by_step = [rows(lake, one) for one in COMPARED]
        bring(lake, full=True)
        assert [rows(lake, one) for one in COMPARED] == step_by_step
        assert len(step_by_step[0]) == 18
        verdicts = lake.con.execute("SELECT DISTINCT verdict FROM core.signed_sessions ORDER BY 1").fetchall()
        assert verdicts == [("invalid",), ("unverifiable",), ("valid",)]


def billing_verdicts(lake: Lake, policy: str) -> dict[str, tuple[Any, ...]]:
    window = Window(0, lake.snapshot(), full=True)
    for one in (core.SESSIONS, tables.SIGNED_SESSIONS, ops.REGISTRY_HISTORY):
        expose(lake, window, one)
    load_registry(lake, "meter_keys")
    temp_table(lake, "verdicts", sql(HERE / "billing_verdicts.sql"), {"signed_policy": policy})
    return {
        row[0]: row[1:]
        for row in lake.con.execute(
            "SELECT station_id, signed_verdict, signed_energy_wh, bills, bills_time, verdicts.reason IS NULL "
            "FROM verdicts JOIN core.sessions USING (session_id)"
        ).fetchall()
    }


def test_policies(settings: Settings, lake: Lake) -> None:
    wire, good, bad, silent = Wire(), Meter(), Meter(), Meter()
    v16(wire, "A", good)
    v16(wire, "B", bad, tamper=True)
    for station in ("C", "D"):
        number = wire.start(station, at(0), 0)
        wire.stop(station, number, at(60), 1000)
    for station, meter in (("A", good), ("B", bad), ("C", silent)):
        declare(settings, station, meter)
    land(settings, wire)
    bring(lake)
    signed_wh = Decimal("7200.000000")
    assert billing_verdicts(lake, "ignore") == {
        "A": ("valid", None, True, True, True),
        "B": ("invalid", None, True, True, False),
        "C": (None, None, True, True, False),
    }
    assert billing_verdicts(lake, "prefer") == {
        "A": ("valid", signed_wh, True, True, True),
        "B": ("invalid", None, True, True, False),
        "C": (None, None, True, True, False),
    }
    assert billing_verdicts(lake, "require_where_signed") == {
        "A": ("valid", signed_wh, True, True, True),
        "B": ("invalid", None, False, False, False),
        "C": (None, None, False, False, False),
    }


def test_coverage_by_site_and_month(settings: Settings, lake: Lake) -> None:
    wire, good, bad = Wire(), Meter(), Meter()
    v16(wire, "A", good)
    v16(wire, "B", bad, tamper=True)
    number = wire.start("D", at(0), 0)
    wire.stop("D", number, at(60), 1000)
    declare(settings, "A", good)
    declare(settings, "B", bad)
    land(settings, wire)
    bring(lake)
    [row] = signed_coverage(lake, Scope(("site",), date(2024, 3, 1), date(2024, 3, 31))).to_dicts()
    assert (row["month"], row["site_id"], row["sessions"]) == (date(2024, 3, 1), "site", 3)
    assert (row["energy_kwh"], row["signed_kwh"]) == (pytest.approx(15.4), pytest.approx(7.2))
    assert row["signed_share"] == pytest.approx(7.2 / 15.4)
    assert {name: row[name] for name in ("billable", "valid", "invalid", "unsigned", "unverifiable")} == {
        "billable": 1, "valid": 1, "invalid": 1, "unsigned": 1, "unverifiable": 0,
    }  # fmt: skip
    [(session_id,)] = lake.con.execute("SELECT session_id FROM core.sessions WHERE station_id = 'A'").fetchall()
    assert signed_session(lake, session_id)["energy_wh"].to_list() == [Decimal("7200.000000")]
    assert signed_values(lake, session_id)["pagination"].to_list() == ["T1", "T2"]
