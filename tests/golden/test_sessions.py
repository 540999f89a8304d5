"""What stations say, and the session that follows: one case after the other, each on a station of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.landed import Wire, at, iso, land, reading
from tests.pipeline import bring_up_to_date, contents
from tests.registered import register_stations
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

BEGIN, END = "Transaction.Begin", "Transaction.End"


@dataclass(frozen=True)
class Case:
    """`say` puts frames on the wire; `expect` are columns of the sessions that follow, by start."""

    name: str
    say: Callable[[Wire, str], None]
    expect: list[dict[str, Any]]
    steps: list[tuple[float, float, str]] | None = None  # minutes from, minutes to, Wh
    faults: list[str] = field(default_factory=list)


def exact_edges(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000.4)
    wire.meter(a, number, at(15), "2500.5")
    wire.meter(a, number, at(30), "2500.5")
    wire.stop(a, number, at(60), 3000.6, [reading(at(0), "1000.4", BEGIN), reading(at(60), "3000.123456", END)])


def whole_wh_only(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000)
    wire.stop(a, number, at(60), 3000)


def begin_reading_on_another_scale(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 909_948)
    wire.meter(a, number, at(15), "500")
    wire.stop(a, number, at(60), 911_948, [reading(at(0), "0", BEGIN), reading(at(60), "2000", END)])


def begin_repeated_in_every_set(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 100)
    for minute, register in ((15, "600"), (30, "1100")):
        both = {"sampledValue": [*reading(at(0), "100", BEGIN)["sampledValue"], {"value": register}]}
        body = {"connectorId": 1, "transactionId": number, "meterValue": [both | {"timestamp": _iso(minute)}]}
        wire.call(a, "MeterValues", body, at(minute))
    wire.stop(a, number, at(60), 1100)


def live(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000)
    wire.meter(a, number, at(15), "1500.25")
    wire.meter(a, number, at(30), "1700.25")


def live_before_the_first_wh(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000.6)  # sent as 1001
    wire.meter(a, number, at(15), "1000.6")


def start_rounded_up(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000.6)  # sent as 1001
    for minute, register in ((15, "1000.7"), (30, "1000.8")):
        wire.meter(a, number, at(minute), register)


def stop_rounded_down(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000.6)  # sent as 1001
    wire.meter(a, number, at(15), "1000.7")
    wire.meter(a, number, at(30), "3000.4")
    wire.stop(a, number, at(60), 3000.4)  # sent as 3000


def nothing_flowed(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000)
    wire.stop(a, number, at(60), 1000, [reading(at(0), "1000", BEGIN), reading(at(60), "1000", END)])


def said_twice(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000)
    wire.start(a, at(0), 1000, transaction=number)
    wire.stop(a, number, at(60), 3000)
    wire.stop(a, number, at(90), 3000, received=at(95))


def message_ids_restart(wire: Wire, a: str) -> None:
    first = wire.start(a, at(0), 0, message_id="1")
    wire.stop(a, first, at(60), 1000, message_id="2")
    second = wire.start(a, at(120), 1000, message_id="1")
    wire.stop(a, second, at(180), 3000, message_id="2")


def two_at_the_same_second(wire: Wire, a: str) -> None:
    first = wire.start(a, at(0), 0, token="one")
    second = wire.start(a, at(0), 0, token="two")
    wire.stop(a, first, at(60), 1000)
    wire.stop(a, second, at(90), 2000)


def more_than_the_rating(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    wire.stop(a, number, at(5), 60_000)


def one_step_too_large(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    wire.meter(a, number, at(1), "5000")
    wire.stop(a, number, at(600), 9000)


def register_fell(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 5000)
    wire.stop(a, number, at(60), 200)


def stop_without_start(wire: Wire, a: str) -> None:
    wire.stop(a, 777_001, at(60), 3000)


def start_without_answer(wire: Wire, a: str) -> None:
    body = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": _iso(0)}
    wire.frame(a, "StartTransaction", body, at(0))


def readings_after_the_stop(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    wire.meter(a, number, at(15), "500")
    wire.stop(a, number, at(60), 1000)
    wire.meter(a, number, at(120), "1000")
    wire.meter(a, number, at(2000), "4000")


def longer_than_two_days(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    wire.stop(a, number, at(3000), 5000)


def numbers_beyond_all_meters(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    wire.meter(a, number, at(15), "99999999999.5")
    wire.meter(a, number, at(20), "-99999999999.5")
    wire.stop(a, number, at(60), 99_999_999_999)


def stop_register_unknown(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    wire.meter(a, number, at(15), "500")
    wire.stop(a, number, at(60), -1)


def stop_before_start(wire: Wire, a: str) -> None:
    number = wire.start(a, at(60), 1000)
    wire.stop(a, number, at(30), 3000, received=at(90))


def stop_on_the_day_before(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 1000)
    data = [reading(at(0), "1000", BEGIN), reading(at(-1440), "3000", END)]
    wire.stop(a, number, at(-1440), 3000, data, received=at(60))


def a_queue_of_ten_days(wire: Wire, a: str) -> None:
    number = wire.start(a, at(14_400), 0)
    for call in wire.messages[-2:]:
        call["payload"] = call["payload"].replace(_z(14_400), _z(0))
    wire.meter(a, number, at(30), "1500", received=at(14_400.01))
    wire.stop(a, number, at(60), 3000, received=at(14_400.02))


def a_reading_ten_days_late(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    wire.stop(a, number, at(60), 3000)
    wire.meter(a, number, at(30), "1500", received=at(14_400))


def a_lone_misreading(wire: Wire, a: str) -> None:
    number = wire.start(a, at(0), 0)
    for minute, register in ((15, "1000"), (30, "99999999"), (45, "2000")):
        wire.meter(a, number, at(minute), register)
    wire.stop(a, number, at(60), 3000)


def _z(minute: float) -> str:
    return iso(at(minute))


def clock_never_set(wire: Wire, a: str) -> None:
    body = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": "1970-01-01T00:00:07Z"}
    wire.call(a, "StartTransaction", body, at(0), {"transactionId": 424_242})
    body = {"transactionId": 424_242, "meterStop": 1000, "timestamp": "9999-12-31T23:59:59Z"}
    wire.call(a, "StopTransaction", body, at(60))


def in_kwh_over_201(wire: Wire, a: str) -> None:
    unit = {"unitOfMeasure": {"unit": "kWh"}}
    evse, token = {"id": 1, "connectorId": 1}, {"idToken": "T", "type": "ISO14443"}
    label = {"vendorId": "kwhouse", "sessionId": "theirs"}
    edge = reading(at(0), 12.5, BEGIN, **unit)
    wire.event(a, "Started", f"{a}-1", at(0), edge, evse=evse, idToken=token, customData=label)
    wire.event(a, "Updated", f"{a}-1", at(30), reading(at(30), 13.000001, **unit))
    last = reading(at(60), 13.25, END, **unit)
    wire.event(a, "Ended", f"{a}-1", at(60), last, info={"stoppedReason": "EVDisconnected"})


def no_register_at_all(wire: Wire, a: str) -> None:
    wire.event(a, "Started", f"{a}-1", at(0), evse={"id": 1})
    wire.event(a, "Ended", f"{a}-1", at(60))


def _iso(minute: float) -> str:
    return at(minute).isoformat()


COMPLETED = {"state": "completed", "grade": "ok", "flags": []}
SIMULTANEOUS = {"state": "completed", "grade": "suspect", "flags": ["simultaneous_start"]}
CASES = [
    Case(
        "exact_edges",
        exact_edges,
        [COMPLETED | {
            "energy_wh": Decimal("1999.723456"), "energy_source": "registers", "started_at": at(0), "ended_at": at(60),
            "begin_register_wh": Decimal("1000.4"), "end_register_wh": Decimal("3000.123456"),
            "charging_seconds": 2700, "idle_seconds": 900, "max_power_w": Decimal("6000.4"),
            "stop_reason": "EVDisconnected", "site_id": "site", "origin": "import",
        }],
        steps=[(0, 15, "1500.1"), (30, 60, "499.623456")],
    ),
    Case(
        "whole_wh_only",
        whole_wh_only,
        [COMPLETED | {"energy_wh": Decimal(2000), "charging_seconds": None, "idle_seconds": None}],
        steps=[(0, 60, "2000")],
    ),
    Case(
        "begin_reading_on_another_scale",
        begin_reading_on_another_scale,
        [COMPLETED | {
            "energy_wh": Decimal(2000), "begin_register_wh": Decimal(909_948), "flags": ["mixed_registers"],
        }],
        steps=[(0, 15, "500"), (15, 60, "1500")],
        faults=["mixed_registers"],
    ),
    Case(
        "begin_repeated_in_every_set",
        begin_repeated_in_every_set,
        [COMPLETED | {"energy_wh": Decimal(1000)}],
        steps=[(0, 15, "500"), (15, 30, "500")],
    ),
    Case(
        "live",
        live,
        [{
            "state": "active", "energy_wh": Decimal("700.25"), "energy_source": "periodic_registers", "ended_at": None,
            "charging_seconds": 1800, "flags": [], "grade": "ok",
        }],
        steps=[(0, 15, "500.25"), (15, 30, "200")],
    ),
    Case("live_before_the_first_wh", live_before_the_first_wh, [{"energy_wh": Decimal(0), "flags": []}], steps=[]),
    Case(
        "start_rounded_up",
        start_rounded_up,
        [{
            "energy_wh": Decimal("0.1"), "begin_register_wh": Decimal("1000.7"), "end_register_wh": Decimal("1000.8"),
            "flags": [],
        }],
        steps=[(15, 30, "0.1")],
    ),
    Case(
        "stop_rounded_down",
        stop_rounded_down,
        [COMPLETED | {
            "energy_wh": Decimal("1999.7"), "begin_register_wh": Decimal("1000.7"),
            "end_register_wh": Decimal("3000.4"), "flags": [], "grade": "ok",
        }],
        steps=[(15, 30, "1999.7")],
    ),
    Case(
        "nothing_flowed",
        nothing_flowed,
        [{"energy_wh": Decimal(0), "charging_seconds": 0, "idle_seconds": 3600, "flags": ["no_energy"], "grade": "ok"}],
        steps=[],
    ),
    Case("said_twice", said_twice, [COMPLETED | {"energy_wh": Decimal(2000), "ended_at": at(60)}]),
    Case(
        "message_ids_restart",
        message_ids_restart,
        [
            COMPLETED | {"energy_wh": Decimal(1000), "started_at": at(0)},
            COMPLETED | {"energy_wh": Decimal(2000), "started_at": at(120)},
        ],
    ),
    Case(
        "two_at_the_same_second",
        two_at_the_same_second,
        [SIMULTANEOUS | {"energy_wh": Decimal(1000)}, SIMULTANEOUS | {"energy_wh": Decimal(2000)}],
        faults=["simultaneous_start", "simultaneous_start"],
    ),
    Case(
        "more_than_the_rating",
        more_than_the_rating,
        [{
            "energy_wh": Decimal(60_000), "grade": "suspect",
            "flags": ["implausible_power", "mean_power_over_rating"],
        }],
        faults=["implausible_power"],
    ),
    Case(
        "one_step_too_large",
        one_step_too_large,
        [{"energy_wh": Decimal(9000), "grade": "suspect", "flags": ["implausible_power"]}],
        faults=["implausible_power"],
    ),
    Case(
        "register_fell",
        register_fell,
        [{"energy_wh": None, "energy_source": None, "grade": "unbillable", "flags": ["register_decreased"]}],
        steps=[],
        faults=["register_decreased"],
    ),
    Case(
        "stop_without_start",
        stop_without_start,
        [{
            "energy_wh": None, "grade": "unbillable", "started_at": at(60), "ended_at": at(60),
            "flags": ["missing_start", "no_token", "short_session"],
        }],
        faults=["missing_start"],
    ),
    Case(
        "start_without_answer",
        start_without_answer,
        [{
            "energy_wh": None, "grade": "unbillable", "transaction_id": None, "state": "inferred_end",
            "flags": ["inferred_end", "no_registers", "short_session"],
        }],
        faults=["inferred_end", "no_registers"],
    ),
    Case(
        "readings_after_the_stop",
        readings_after_the_stop,
        [COMPLETED | {"energy_wh": Decimal(1000), "ended_at": at(60), "flags": ["tail_readings"]}],
        steps=[(0, 15, "500"), (15, 60, "500")],
        faults=["tail_readings"],
    ),
    Case("longer_than_two_days", longer_than_two_days, [{"flags": ["long_session"], "grade": "ok"}]),
    Case(
        "numbers_beyond_all_meters",
        numbers_beyond_all_meters,
        [{"grade": "suspect", "energy_wh": Decimal(0)}],
        faults=["implausible_begin_register"],
    ),
    Case(
        "stop_register_unknown",
        stop_register_unknown,
        [COMPLETED | {
            "energy_wh": Decimal(500), "energy_source": "periodic_registers", "ended_at": at(60), "grade": "suspect",
            "flags": ["missing_end_register"],
        }],
        faults=["missing_end_register"],
    ),
    Case(
        "stop_before_start",
        stop_before_start,
        [COMPLETED | {
            "energy_wh": Decimal(2000), "energy_source": "registers", "started_at": at(60), "ended_at": at(30),
            "flags": ["negative_duration"], "charging_seconds": None, "idle_seconds": None, "max_power_w": None,
        }],
        steps=[(60, 60, "2000")],
    ),
    Case(
        "stop_on_the_day_before",
        stop_on_the_day_before,
        [COMPLETED | {
            "energy_wh": Decimal(2000), "flags": ["negative_duration"], "charging_seconds": None, "idle_seconds": None,
        }],
        steps=[(0, 0, "2000")],
    ),
    Case(
        "clock_never_set",
        clock_never_set,
        [COMPLETED | {
            "energy_wh": Decimal(1000), "started_at": at(0), "ended_at": at(60), "flags": ["clock_unset"],
        }],
        faults=["clock_unset"],
    ),
    Case(
        "a_queue_of_ten_days",
        a_queue_of_ten_days,
        [COMPLETED | {"started_at": at(0), "ended_at": at(60), "clock_offset_seconds": None}],
        steps=[(0, 30, "1500"), (30, 60, "1500")],
    ),
    Case(
        "a_reading_ten_days_late",
        a_reading_ten_days_late,
        [COMPLETED | {
            "started_at": at(0), "ended_at": at(60), "clock_offset_seconds": None, "flags": ["late_data"],
        }],
        steps=[(0, 30, "1500"), (30, 60, "1500")],
        faults=["late_data"],
    ),
    Case(
        "a_lone_misreading",
        a_lone_misreading,
        [COMPLETED | {"energy_wh": Decimal(3000), "flags": ["misreading"]}],
        steps=[(0, 15, "1000"), (15, 45, "1000"), (45, 60, "1000")],
        faults=["misreading"],
    ),
    Case(
        "in_kwh_over_201",
        in_kwh_over_201,
        [COMPLETED | {
            "energy_wh": Decimal(750), "evse_id": 1, "connector_id": 1, "external_session_id": "theirs",
            "stop_reason": "EVDisconnected",
        }],
        steps=[(0, 30, "500.001"), (30, 60, "249.999")],
    ),
    Case(
        "no_register_at_all",
        no_register_at_all,
        [{"energy_wh": None, "grade": "unbillable", "flags": ["no_registers", "no_token"], "connector_id": None}],
        steps=[],
        faults=["no_registers"],
    ),
]  # fmt: skip


# What goes on is told at the end: a day later, by what other stations say, it would be over.
NOW = {"live", "live_before_the_first_wh", "start_rounded_up"}


@pytest.fixture(scope="module")
def lakes() -> Iterator[dict[bool, Lake]]:
    with ExitStack() as opened:
        lakes = {}
        for now in (False, True):
            settings = load_settings(home=Path(opened.enter_context(tempfile.TemporaryDirectory())))
            cases = [case for case in CASES if (case.name in NOW) == now]
            register_stations(settings, {case.name: "site" for case in cases})
            wire = Wire()
            for case in cases:
                case.say(wire, case.name)
            land(settings, wire)
            lakes[now] = opened.enter_context(open_lake(settings))
            bring_up_to_date(lakes[now])
        yield lakes


@pytest.fixture
def lake(lakes: dict[bool, Lake], request: pytest.FixtureRequest) -> Lake:
    case = request.node.callspec.params.get("case")
    return lakes[case is not None and case.name in NOW]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_session(lake: Lake, case: Case) -> None:
    query = "SELECT * FROM core.sessions WHERE station_id = $station ORDER BY started_at, energy_wh"
    cursor = lake.con.execute(query, {"station": case.name})
    names = [column[0] for column in cursor.description]
    found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    seen = [{name: row[name] for name in wanted} for row, wanted in zip(found, case.expect, strict=False)]
    assert seen == case.expect
    assert len(found) == len(case.expect)


@pytest.mark.parametrize("case", [case for case in CASES if case.steps is not None], ids=lambda case: case.name)
def test_steps(lake: Lake, case: Case) -> None:
    query = "SELECT from_at, to_at, energy_wh FROM core.energy_steps WHERE station_id = $station ORDER BY step_no"
    found = lake.con.execute(query, {"station": case.name}).fetchall()
    assert found == [(at(begin), at(end), Decimal(energy)) for begin, end, energy in case.steps or []]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_faults(lake: Lake, case: Case) -> None:
    found = lake.con.execute("SELECT kind FROM ops.faults WHERE station_id = $station", {"station": case.name})
    assert sorted(row[0] for row in found.fetchall()) == case.faults


def test_a_second_start_that_lands_later_makes_the_first_one_suspect(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    register_stations(settings, {"a": "site"})
    wire = Wire()
    with open_lake(settings) as lake:
        for token, grades in (("one", ["ok"]), ("two", ["suspect", "suspect"])):
            landed = len(wire.messages)
            number = wire.start("a", at(0), 0, token=token)
            wire.stop("a", number, at(60), 1000)
            land(settings, wire, messages=wire.messages[landed:])
            bring_up_to_date(lake)
            found = lake.con.execute("SELECT grade FROM core.sessions").fetchall()
            assert [row[0] for row in found] == grades


@pytest.mark.parametrize("station", ["stop_before_start", "stop_on_the_day_before"])
def test_a_stop_before_its_start_counts_at_the_start_and_occupies_no_time(lake: Lake, station: str) -> None:
    hours = lake.con.execute(
        "SELECT hour_start, energy_wh, occupied_seconds, charging_seconds, sessions_started FROM mart.connector_hours "
        "WHERE station_id = $station AND sessions_started > 0",
        {"station": station},
    ).fetchall()
    (started_at,) = lake.con.execute(
        "SELECT started_at FROM core.sessions WHERE station_id = $station", {"station": station}
    ).fetchall()[0]
    assert hours == [(started_at, Decimal(2000), 0, 0, 1)]


def test_use_in_steps_counts_a_stop_on_the_day_before_like_all_at_once(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    register_stations(settings, {"a": "site"})
    wire = Wire()
    with open_lake(settings) as lake:
        wire.call("a", "Heartbeat", {}, at(100))
        land(settings, wire)
        bring_up_to_date(lake)
        landed = len(wire.messages)
        stop_on_the_day_before(wire, "a")
        land(settings, wire, messages=wire.messages[landed:])
        bring_up_to_date(lake)
        in_steps = contents(lake)
        assert lake.con.execute("SELECT sum(energy_wh) FROM mart.site_days").fetchall() == [(Decimal(2000),)]
        bring_up_to_date(lake, full=True)
        assert contents(lake) == in_steps


@pytest.mark.parametrize("word", ["yesterday", "today", "now", "epoch", "-infinity"])
def test_words_are_no_times(tmp_path: Path, word: str) -> None:
    received = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    settings = load_settings(home=tmp_path)
    wire = Wire()
    start = {"connectorId": 1, "idTag": "T", "meterStart": 0, "timestamp": word}
    wire.call("a", "StartTransaction", start, received, {"transactionId": 1})
    sets = [reading(received, "500") | {"timestamp": word}]
    wire.call("a", "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": sets}, received)
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": word}
    wire.call("a", "StatusNotification", status, received)
    land(settings, wire)
    with open_lake(settings) as lake:
        bring_up_to_date(lake)
        found = lake.con.execute(
            "SELECT started_at FROM core.sessions UNION ALL SELECT measured_at FROM core.meter_values "
            "UNION ALL SELECT from_at FROM core.connector_states"
        ).fetchall()
    assert found == [(received,)] * 3
