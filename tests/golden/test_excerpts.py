"""Excerpts of real traffic: the sessions, readings and states that must come of each, exactly.

All excerpts share one lake; the newest is of 2026-09-11, so every session of the others that has no stop has ended.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingest.ocpp.frames import Frame, parse
from ingest.ocpp.schemas import schema_error
from tests.golden.faults.model import CHECKS
from tests.landed import Wire, land
from tests.pipeline import bring_up_to_date
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

FOLDER = Path(os.environ.get("KWHOUSE_REFERENCE_DATA", "")) / "frames"

pytestmark = pytest.mark.skipif(
    "KWHOUSE_REFERENCE_DATA" not in os.environ,
    reason="set KWHOUSE_REFERENCE_DATA to the folder that holds frames/ to run the excerpts of real traffic",
)


@dataclass(frozen=True)
class Excerpt:
    """What follows from the frames of one station."""

    station_id: str
    sessions: list[dict[str, Any]] = field(default_factory=list)
    values: list[tuple[str, str | None, str]] | None = None  # measurand, phase, value; NULL values left out
    steps: list[tuple[str, str, str]] | None = None  # from, to, Wh
    states: list[tuple[int, str, str, str | None]] = field(default_factory=list)  # connector, state, from, to
    rejected: int = 0
    breaks_schema: bool | None = None


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


def session(start: str, end: str, wh: str | None, grade: str, *flags: str, **columns: Any) -> dict[str, Any]:
    return {
        "started_at": utc(start), "ended_at": utc(end), "energy_wh": None if wh is None else Decimal(wh),
        "grade": grade, "faults": sorted(flags),
    } | columns  # fmt: skip


def lone_reading(when: str, *flags: str, **columns: Any) -> dict[str, Any]:
    """One register is no evidence of energy: it takes two."""
    return session(when, when, None, "unbillable", "inferred_end", "missing_start", *flags, **columns)


REGISTER, POWER, OFFERED = "Energy.Active.Import.Register", "Power.Active.Import", "Power.Offered"
INTERVAL, VOLTAGE, CURRENT = "Energy.Active.Import.Interval", "Voltage", "Current.Import"
DAY_30 = "2026-08-29T06:0"

EXCERPTS = [
    Excerpt(
        "RX01",
        [session(
            "2022-03-04T17:36:20Z", "2022-03-04T17:37:24Z", "28", "suspect", "inferred_end", "missing_start",
            begin_register_wh=0, end_register_wh=28, max_power_w=1690, energy_source="periodic_registers",
        )],
        steps=[("2022-03-04T17:36:20Z", "2022-03-04T17:37:24Z", "28")],
    ),
    Excerpt(
        "RX04",
        [lone_reading("2025-03-03T22:22:57.755Z", begin_register_wh=1_785_611)],
        values=[
            (CURRENT, "L1", "0"), (VOLTAGE, "L1", "1.7"), (VOLTAGE, "L2", "2.5"), (VOLTAGE, "L3", "2.5"),
            ("Current.Offered", "L1", "5"), (REGISTER, None, "1785611"), (POWER, None, "0"),
        ],
    ),
    Excerpt(
        "RX05",
        [lone_reading("2024-05-02T17:28:55Z", "schema_error", transaction_id="1")],
        values=[(REGISTER, None, "0")],
        breaks_schema=True,
    ),
    Excerpt("RX06", values=[]),
    Excerpt(
        "RX07",
        [lone_reading("2025-03-13T12:37:37Z", "schema_error", begin_register_wh=10)],
        values=[
            ("Temperature", None, "14"), ("Frequency", None, "49.98"), (REGISTER, None, "10"),
            ("Current.Offered", None, "16"), (POWER, None, "261.31"),
            (CURRENT, "L1", "1.372"), (VOLTAGE, "L1", "234.2"), (CURRENT, "L2", "0"), (VOLTAGE, "L2", "234.71"),
            (CURRENT, "L3", "0"), (VOLTAGE, "L3", "235.79"),
        ],
        breaks_schema=True,
    ),
    Excerpt("RX11", rejected=1, values=[]),
    Excerpt(
        "RX16",
        [session(
            "2023-12-18T07:48:40.564Z", "2023-12-18T07:48:40.695Z", "0", "ok", transaction_id="113",
            stop_reason="DeAuthorized", state="completed", energy_source="registers", clock_offset_seconds=None,
        )],
        steps=[],
        states=[
            (1, "charging", "2023-12-18T07:48:40.566Z", "2023-12-18T07:48:40.698Z"),
            (1, "finishing", "2023-12-18T07:48:40.698Z", None),
        ],
    ),
    Excerpt("RX17", rejected=1, states=[(1, "available", "2024-06-05T12:37:41Z", None)]),
    Excerpt("RX19", states=[(1, "available", "2019-05-11T14:05:44Z", None)]),
    Excerpt(
        "RX20",
        [session(
            "2024-02-27T09:12:50.100Z", "2024-02-27T09:14:59.800Z", "1", "suspect", "matched_without_id",
            transaction_id="41", stop_reason="EVDisconnected", state="completed", energy_source="registers",
            begin_register_wh=968, end_register_wh=969,
        )],
        states=[(1, "preparing", "2024-02-27T09:12:49.706Z", None)],
    ),
    Excerpt(
        "RX25",
        [session(
            "2024-01-15T13:20:00Z", "2024-01-15T13:23:28.057Z", None, "unbillable", "missing_start",
            "register_decreased", transaction_id="348", stop_reason="DeAuthorized", state="completed",
        )],
        steps=[],
    ),
    Excerpt(
        "RX29",
        # One register is no evidence, the energy of an interval is.
        [session(
            "2025-08-27T23:59:57.599Z", "2025-08-27T23:59:57.599Z", "47.1", "suspect", "inferred_end", "missing_start",
            transaction_id="1", connector_id=1, begin_register_wh=Decimal("30851011.2"), energy_source="intervals",
        )],
        values=[
            (CURRENT, None, "37.1"), (REGISTER, None, "30851011.2"), (INTERVAL, None, "47.1"), (POWER, None, "20600"),
            (VOLTAGE, None, "587.4"), ("SoC", None, "67"), ("Current.Offered", None, "200"), (OFFERED, None, "60000"),
        ],
        states=[(2, "available", "2025-08-28T00:00:03.015Z", None)],
    ),
    Excerpt(
        "RX30",
        [session(
            DAY_30 + "0:00Z", DAY_30 + "3:05Z", "353", "ok", "mixed_registers", energy_source="registers",
            begin_register_wh=4_076_512, end_register_wh=4_076_865, stop_reason="Remote", state="completed",
        )],
        # Its readings (104, 124 and 125 Wh, a minute each) lie within one quarter-hour, which is one step.
        steps=[(DAY_30 + "0:00Z", DAY_30 + "3:00Z", "353")],
    ),
    Excerpt(
        "RX32",
        [{
            "started_at": utc("2026-01-06T04:58:38Z"), "begin_register_wh": 157_440, "end_register_wh": 163_790,
            "energy_wh": Decimal(6350), "grade": "suspect",
        }],
    ),
    Excerpt(
        "RX36",
        [session(
            "2024-04-13T14:15:37.427Z", "2024-04-13T14:15:37.427Z", None, "unbillable", "missing_start",
            "schema_error", connector_id=1, stop_reason=None, end_register_wh=1625,
        )],
        values=[(REGISTER, None, "1625")],
        breaks_schema=True,
    ),
    Excerpt(
        "RX40",
        [
            lone_reading("2026-04-14T10:00:00Z", connector_id=1, begin_register_wh=100_200),
            lone_reading("2026-04-14T10:00:00Z", connector_id=2, begin_register_wh=278_300),
        ],
        values=[(REGISTER, "L1", "100200"), (REGISTER, "L1", "100200"), (REGISTER, "L2", "90100"),
                (REGISTER, "L3", "88000")],
    ),
    Excerpt(
        "RX43",
        [session(
            "2026-09-11T08:00:00Z", "2026-09-11T08:40:00Z", "2720.5", "ok", evse_id=2, connector_id=None,
            transaction_id="T-9", stop_reason="EVDisconnected", state="completed",
            energy_source="periodic_registers",
        )],
        steps=[("2026-09-11T08:20:00Z", "2026-09-11T08:40:00Z", "2720.5")],
    ),
]  # fmt: skip


def hear(wire: Wire, line: dict[str, Any], calls: dict[tuple[str, str], str | None]) -> None:
    """One line of an excerpt as a row of raw; an answer has the action of its call."""
    station, version, text = line["station_id"], line["ocpp_version"], line["frame"]
    more: dict[str, Any] = {}
    frame = parse(text, version)
    if isinstance(frame, Frame) and frame.action:
        calls[station, frame.message_id] = frame.action
        more["schema_error"] = schema_error(version, frame.action, frame.payload)
    elif isinstance(frame, Frame):
        more["action"] = calls.get((station, frame.message_id))
    wire.text(station, text, datetime.fromisoformat(line["received_at"]), version=version, **more)


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        wire, calls = Wire("import"), dict[tuple[str, str], str | None]()
        for path in sorted(FOLDER.glob("*.jsonl")):
            for line in path.read_text().splitlines():
                hear(wire, json.loads(line), calls)
        land(settings, wire)
        with open_lake(settings) as opened:
            bring_up_to_date(opened)
            yield opened


def ask(lake: Lake, query: str, station: str) -> list[dict[str, Any]]:
    cursor = lake.con.execute(query, {"station": station})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


EACH = pytest.mark.parametrize("excerpt", EXCERPTS, ids=lambda excerpt: excerpt.station_id)


@EACH
def test_sessions(lake: Lake, excerpt: Excerpt) -> None:
    query = "SELECT * FROM core.sessions WHERE station_id = $station ORDER BY started_at, connector_id"
    found = ask(lake, query, excerpt.station_id)
    for row in found:
        row["faults"] = sorted(set(row["flags"]) - CHECKS)
    wrong = [
        f"{column}: {row[column]} instead of {value}"
        for row, wanted in zip(found, excerpt.sessions, strict=False)
        for column, value in wanted.items()
        if row[column] != value
    ]
    assert not wrong, "\n".join(wrong)
    assert len(found) == len(excerpt.sessions)


@EACH
def test_values(lake: Lake, excerpt: Excerpt) -> None:
    query = "SELECT * FROM core.meter_values WHERE station_id = $station AND value IS NOT NULL ORDER BY seq, sample_no"
    found = ask(lake, query, excerpt.station_id)
    if excerpt.values is not None:
        wanted = [(measurand, phase, Decimal(value)) for measurand, phase, value in excerpt.values]
        assert [(row["measurand"], row["phase"], row["value"]) for row in found] == wanted
    if excerpt.breaks_schema is not None:
        assert [row["breaks_schema"] for row in found] == [excerpt.breaks_schema] * len(found)


@EACH
def test_steps(lake: Lake, excerpt: Excerpt) -> None:
    if excerpt.steps is not None:
        query = (
            "SELECT from_at, to_at, energy_wh FROM core.energy_steps WHERE station_id = $station "
            "AND energy_wh > 0 ORDER BY from_at"
        )
        found = [tuple(row.values()) for row in ask(lake, query, excerpt.station_id)]
        assert found == [(utc(begin), utc(end), Decimal(wh)) for begin, end, wh in excerpt.steps]


@EACH
def test_states(lake: Lake, excerpt: Excerpt) -> None:
    query = (
        "SELECT connector_id, state, from_at, to_at FROM core.connector_states WHERE station_id = $station "
        "ORDER BY connector_id, from_at"
    )
    found = [tuple(row.values()) for row in ask(lake, query, excerpt.station_id)]
    assert found == [(number, state, utc(begin), utc(end) if end else None) for number, state, begin, end in
                     excerpt.states]  # fmt: skip


@EACH
def test_what_is_no_frame_is_kept(lake: Lake, excerpt: Excerpt) -> None:
    found = ask(lake, "SELECT text, reason FROM raw.rejected WHERE station_id = $station", excerpt.station_id)
    assert [row["reason"] for row in found] == ["unparsable"] * excerpt.rejected


def test_every_excerpt_has_its_conclusion() -> None:
    stations = {json.loads(line)["station_id"] for path in FOLDER.glob("*.jsonl") for line in path.open()}
    assert {excerpt.station_id for excerpt in EXCERPTS} == stations


@pytest.mark.parametrize("column", ["core.meter_values.measured_at", "core.connector_states.from_at"])
def test_nothing_is_of_1970(lake: Lake, column: str) -> None:
    schema, table, name = column.split(".")
    found = lake.con.execute(f"SELECT min({name}) FROM {schema}.{table}").fetchone()
    assert found is not None
    assert found[0] > utc("2019-01-01T00:00:00Z")
