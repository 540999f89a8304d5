"""What real stations do, and the session that must follow: one case or more for each of the 42 known faults.

All cases share one lake, each on a station of its own. It is made in three ways that must not differ: all at once;
backwards, with a refresh after each frame; and with every frame repeated, by several threads.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.golden.faults import registers, stations, times, transactions
from tests.golden.faults.model import CASES, CHECKS, NEWEST, Case, Speaker
from tests.landed import Wire, at, land
from tests.pipeline import bring_up_to_date, rows
from tests.registered import connector, register, site
from warehouse.contract import core, ops
from warehouse.settings import Settings, load_settings
from warehouse.store import Lake, open_lake

THEMES = (transactions, registers, times, stations)  # imported: their cases stand in CASES
FAULTS = range(1, 43)
SAID = [(case, version) for case in CASES for version in case.versions]
COMPARED = (core.SESSIONS, core.SESSION_EVENTS, core.ENERGY_STEPS, core.STATES, ops.FAULTS)
REPEATED = 1_000_000  # a repeated frame has this much more as its number
PROFILES = [
    {"model": "AtBoot", "register_behaviour": "at_boot"},
    {"model": "KiloAsWatt", "energy_factor": Decimal(1000)},
    {"model": "LoudReader", "token_pattern": "^([0-9A-F]+)-R[0-9]+$"},
]


def station_id(case: Case, version: str) -> str:
    return f"{case.name.replace(' ', '-')}-{version}"


def name(said: tuple[Case, str]) -> str:
    return f"{said[0].name} {said[1]}"


def _register(settings: Settings) -> None:
    connectors = []
    for case, version in SAID:
        station = station_id(case, version)
        if case.site == "berlin":
            for month in (3, 10):
                begin, end = datetime(2023, month, 1, tzinfo=UTC), datetime(2023, month + 1, 1, tzinfo=UTC)
                connectors.append(connector(station, in_service_from=begin, in_service_to=end))
            continue
        connectors += [connector(station), connector(station, evse_id=2), connector(station, evse_id=2, connector_id=2)]
    blank = {"firmware": "*", "register_behaviour": None, "energy_factor": None, "token_pattern": None}
    register(
        settings,
        sites=[site("site"), site("berlin", "Europe/Berlin")],
        stations=[{"station_id": station_id(case, version), "site_id": case.site} for case, version in SAID],
        connectors=connectors,
        station_profiles=[blank | {"vendor": "Maker"} | profile for profile in PROFILES],
    )


def _say_all() -> tuple[Wire, dict[str, list[int]]]:
    wire = Wire()
    said = {}
    for case, version in SAID:
        speaker = Speaker(wire, station_id(case, version), version)
        case.say(speaker)
        said[speaker.station] = speaker.said
    # The newest frame of all says what "now" is to sessions that may still go on.
    wire.call("witness", "Heartbeat", {}, at(NEWEST))
    return wire, said


def _land_backwards(settings: Settings, wire: Wire, lake: Lake) -> None:
    """The last frame of each station first, then the one before …; a refresh after each."""
    waiting: dict[str, list[tuple[int, str, dict[str, Any]]]] = {}
    for kind in ("messages", "connections", "rejected"):
        for row in getattr(wire, kind):
            waiting.setdefault(row["station_id"], []).append((row["seq"], kind, row))
    witness = waiting.pop("witness")
    for frames in waiting.values():
        frames.sort(key=lambda frame: frame[0])
    while any(waiting.values()):
        part = Wire()
        for frames in waiting.values():
            if frames:
                _, kind, row = frames.pop()
                getattr(part, kind).append(row)
        land(settings, part)
        bring_up_to_date(lake)
    # That time has passed is learned last, when nothing else is new.
    land(settings, Wire(messages=[row for _, _, row in witness]))
    bring_up_to_date(lake)


@pytest.fixture(scope="module", params=["at_once", "backwards", "repeated"])
def told(request: pytest.FixtureRequest) -> Iterator[tuple[Lake, dict[str, list[int]]]]:
    with tempfile.TemporaryDirectory() as folder:
        threads = {"duckdb_threads": 2} if request.param == "repeated" else {}
        settings = load_settings(home=Path(folder), **threads)
        _register(settings)
        wire, said = _say_all()
        if request.param == "repeated":
            wire.messages += [row | {"seq": row["seq"] + REPEATED} for row in wire.messages]
        with open_lake(settings) as lake:
            if request.param == "backwards":
                _land_backwards(settings, wire, lake)
            else:
                land(settings, wire)
                bring_up_to_date(lake)
            yield lake, said


def ask(lake: Lake, query: str, station: str) -> list[dict[str, Any]]:
    cursor = lake.con.execute(query, {"station": station})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def sessions_of(lake: Lake, station: str) -> list[dict[str, Any]]:
    query = (
        "SELECT * FROM core.sessions WHERE station_id = $station ORDER BY started_at, evse_id, connector_id, ended_at"
    )
    found = ask(lake, query, station)
    for row in found:
        row["faults"] = sorted(set(row["flags"]) - CHECKS)
        row["checks"] = sorted(set(row["flags"]) & CHECKS)
    return found


@pytest.mark.parametrize("said", SAID, ids=name)
def test_sessions(told: tuple[Lake, dict[str, list[int]]], said: tuple[Case, str]) -> None:
    lake, station = told[0], station_id(*said)
    found = sessions_of(lake, station)
    for row in found:
        query = "SELECT from_at, to_at, energy_wh FROM core.energy_steps WHERE session_id = $station ORDER BY step_no"
        row["steps"] = [tuple(step.values()) for step in ask(lake, query, row["session_id"])]
        query = "SELECT id_token FROM registry.pseudonyms WHERE pseudonym = $station"
        row["token"] = next((each["id_token"] for each in ask(lake, query, row["id_token"] or "")), None)
    wanted = said[0].sessions
    wrong = [
        f"session {place}: {column} is {row[column]} instead of {value}"
        for place, (row, like) in enumerate(zip(found, wanted, strict=False))
        for column, value in like.items()
        if row[column] != value
    ]
    assert not wrong, "\n".join(wrong)
    assert len(found) == len(wanted)


@pytest.mark.parametrize("said", SAID, ids=name)
def test_faults_and_the_frames_that_prove_them(told: tuple[Lake, dict[str, list[int]]], said: tuple[Case, str]) -> None:
    lake, numbers = told
    case, station = said[0], station_id(*said)
    if any("faults" not in like for like in case.sessions):
        pytest.skip("the catalogue names no flag for this one")
    ids = [row["session_id"] for row in sessions_of(lake, station)]
    found: dict[tuple[str, int | None], dict[str, Any]] = {}
    for row in ask(lake, "SELECT * FROM ops.faults WHERE station_id = $station", station):
        place = None if row["session_id"] is None else ids.index(row["session_id"])
        assert (row["kind"], place) not in found
        found[row["kind"], place] = json.loads(row["evidence"])
    assert sorted(found, key=str) == sorted(((fault.kind, fault.session) for fault in case.faults), key=str)
    for fault in case.faults:
        evidence = found[fault.kind, fault.session]
        proofs = {tuple(frame) for frame in evidence["frames"]}
        assert proofs, "no frame proves it"
        assert proofs >= {("test", numbers[station][place - 1]) for place in fault.frames}
        if fault.energy_wh is not None:
            assert Decimal(str(evidence["energy_wh"])) == fault.energy_wh


@pytest.mark.parametrize("said", [each for each in SAID if each[0].rejected], ids=name)
def test_rejected_texts_are_kept(told: tuple[Lake, dict[str, list[int]]], said: tuple[Case, str]) -> None:
    found = ask(
        told[0], "SELECT reason, text FROM raw.rejected WHERE station_id = $station ORDER BY seq", station_id(*said)
    )
    assert len(found) == len(said[0].rejected)
    for row, (reason, begin) in zip(found, said[0].rejected, strict=True):
        assert row["reason"] == reason
        assert row["text"].startswith(begin)


@pytest.mark.parametrize("said", [each for each in SAID if each[0].states is not None], ids=name)
def test_states(told: tuple[Lake, dict[str, list[int]]], said: tuple[Case, str]) -> None:
    query = "SELECT state, from_at, to_at FROM core.connector_states WHERE station_id = $station ORDER BY from_at"
    found = [tuple(row.values()) for row in ask(told[0], query, station_id(*said))]
    assert found == [(state, at(begin), None if end is None else at(end)) for state, begin, end in said[0].states or []]


@pytest.mark.parametrize("said", [each for each in SAID if each[0].no_value], ids=name)
def test_what_contradicts_itself_has_no_value(told: tuple[Lake, dict[str, list[int]]], said: tuple[Case, str]) -> None:
    query = "SELECT DISTINCT measurand FROM core.meter_values WHERE station_id = $station AND value IS NULL ORDER BY 1"
    found = tuple(row["measurand"] for row in ask(told[0], query, station_id(*said)))
    assert found == said[0].no_value


def test_steps_sum_to_the_energy(told: tuple[Lake, dict[str, list[int]]]) -> None:
    query = (
        "SELECT station_id, session_id FROM core.sessions LEFT JOIN "
        "(SELECT session_id, sum(energy_wh) AS steps_wh FROM core.energy_steps GROUP BY ALL) USING (session_id) "
        "WHERE coalesce(steps_wh, 0) <> coalesce(energy_wh, 0)"
    )
    assert told[0].con.execute(query).fetchall() == []


def test_days_of_23_and_25_hours_have_their_own_energy(told: tuple[Lake, dict[str, list[int]]]) -> None:
    query = "SELECT local_date, open_seconds, energy_wh FROM mart.site_days WHERE site_id = $station AND energy_wh > 0"
    found = sorted(tuple(row.values()) for row in ask(told[0], query, "berlin"))
    assert found == [  # two stations are open, one of them charges
        (date(2023, 3, 25), 2 * 24 * 3600, Decimal(2000)),
        (date(2023, 3, 26), 2 * 23 * 3600, Decimal(6000)),
        (date(2023, 10, 28), 2 * 24 * 3600, Decimal(2000)),
        (date(2023, 10, 29), 2 * 25 * 3600, Decimal(6000)),
    ]


def test_registers_teach_the_profile_of_their_model(told: tuple[Lake, dict[str, list[int]]]) -> None:
    query = (
        "SELECT vendor, firmware, stations, sessions, register_behaviour FROM core.station_profiles "
        "WHERE model = $station"
    )
    found = [tuple(row.values()) for row in ask(told[0], query, "PerTransaction")]
    # Two pairs of sessions are too few to tell a habit by.
    assert found == [("Maker", "1", 2, 4, None)]


def test_incremental_is_full(told: tuple[Lake, dict[str, list[int]]], request: pytest.FixtureRequest) -> None:
    """Last: it makes everything anew."""
    lake = told[0]
    stepwise = {table.full_name: rows(lake, table) for table in COMPARED}
    bring_up_to_date(lake, full=True)
    for table in COMPARED:
        assert rows(lake, table) == stepwise[table.full_name], table.full_name


def test_every_fault_has_a_case() -> None:
    assert {case.number for case in CASES} == set(FAULTS)
    assert len({case.name for case in CASES}) == len(CASES)
