"""Frames in any order, any batches, any of them repeated: always the same sessions, and no Wh is lost or made."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.landed import Wire, at, land, reading
from tests.pipeline import bring_up_to_date, contents, one
from tests.registered import register_stations
from warehouse.settings import load_settings
from warehouse.store import open_lake

STATIONS = {"A": "1.6", "B": "2.0.1", "C": "1.6"}


@dataclass(frozen=True)
class Visit:
    """One session: minutes after the one before, minutes long, millionths of a Wh, readings on the way."""

    station: str
    gap: int
    minutes: int
    energy: int
    readings: int
    ends: bool
    repeats: bool


visits = st.lists(
    st.builds(
        Visit,
        station=st.sampled_from(sorted(STATIONS)),
        gap=st.integers(1, 900),
        minutes=st.integers(2, 2000),
        energy=st.integers(0, 60_000_000_000),
        readings=st.integers(0, 4),
        ends=st.booleans(),
        repeats=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def speak(wire: Wire, plan: list[Visit]) -> Decimal:
    """Put the visits on the wire; returns the Wh that the sessions must have."""
    clocks = dict.fromkeys(STATIONS, 0)
    registers = dict.fromkeys(STATIONS, 123_456_789)
    total = Decimal(0)
    for station, version in STATIONS.items():
        wire.connect(station, at(0), version=version, clock="replay" if station == "A" else "live")
    for number, visit in enumerate(plan):
        begin = clocks[visit.station] = clocks[visit.station] + visit.gap
        first = registers[visit.station]
        samples = [
            (begin + visit.minutes * n // (visit.readings + 1), first + visit.energy * n // (visit.readings + 1))
            for n in range(1, visit.readings + 1)
        ]
        last = first + visit.energy if visit.ends else (samples[-1][1] if samples else first)
        end = begin + visit.minutes
        say = _say_16 if STATIONS[visit.station] == "1.6" else _say_201
        say(wire, visit, number, begin, end, first, last, samples)
        clocks[visit.station], registers[visit.station] = end, last
        # While a 1.6 session lasts its begin is known in whole Wh only; the stop brings the exact reading.
        known_first = (
            first if visit.ends or STATIONS[visit.station] == "2.0.1" else round(first / 1_000_000) * 1_000_000
        )
        total += Decimal(max(last, known_first) - known_first) / 1_000_000 if visit.readings or visit.ends else 0
    wire.disconnect("A", at(clocks["A"] + 5))
    return total


def wh(millionths: int) -> str:
    return str(Decimal(millionths) / 1_000_000)


def _say_16(wire: Wire, visit: Visit, number: int, begin: int, end: int, first: int, last: int, samples: list) -> None:
    status = {"connectorId": 1, "errorCode": "NoError"}
    wire.call(visit.station, "StatusNotification", status | {"status": "Charging"}, at(begin))
    transaction = wire.start(visit.station, at(begin), first / 1_000_000, token=f"T{number % 2}")
    if visit.repeats:
        wire.start(visit.station, at(begin), first / 1_000_000, token=f"T{number % 2}", transaction=transaction)
    for minute, register in samples:
        for _ in range(1 + visit.repeats):
            wire.meter(visit.station, transaction, at(minute), wh(register))
    data = [reading(at(begin), wh(first), "Transaction.Begin"), reading(at(end), wh(last), "Transaction.End")]
    for _ in range((1 + visit.repeats) * visit.ends):
        wire.stop(visit.station, transaction, at(end), last / 1_000_000, data)
    wire.call(visit.station, "StatusNotification", status | {"status": "Available"}, at(end))


def _say_201(wire: Wire, visit: Visit, number: int, begin: int, end: int, first: int, last: int, samples: list) -> None:
    evse, transaction = {"id": 1, "connectorId": 1}, f"t{number}"
    status = {"evseId": 1, "connectorId": 1}
    wire.call(visit.station, "StatusNotification", status | {"connectorStatus": "Occupied"}, at(begin), version="2.0.1")
    for _ in range(1 + visit.repeats):
        edge = reading(at(begin), wh(first), "Transaction.Begin")
        token = {"idToken": f"T{number % 2}", "type": "ISO14443"}
        wire.event(visit.station, "Started", transaction, at(begin), edge, evse=evse, idToken=token)
    for minute, register in samples:
        wire.event(visit.station, "Updated", transaction, at(minute), reading(at(minute), wh(register)))
    for _ in range((1 + visit.repeats) * visit.ends):
        wire.event(visit.station, "Ended", transaction, at(end), reading(at(end), wh(last), "Transaction.End"))
    wire.call(visit.station, "StatusNotification", status | {"connectorStatus": "Available"}, at(end), version="2.0.1")


# Each example runs the pipeline on a real lake several times: few examples, and no shrinking of what is small already.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(plan=visits, batches=st.integers(2, 3), seed=st.integers(0, 2**32))
def test_any_order_and_batching_gives_the_full_rebuild_and_conserves_energy(
    plan: list[Visit], batches: int, seed: int
) -> None:
    wire = Wire()
    expected = speak(wire, plan)
    shuffled = random.Random(seed)
    parts: list[list[dict[str, object]]] = [[] for _ in range(batches)]
    for message in wire.messages:
        shuffled.choice(parts).append(message)
    connections_with = shuffled.randrange(batches)
    with tempfile.TemporaryDirectory() as folder:
        home = load_settings(home=Path(folder))
        register_stations(home, {"A": "la", "B": "delhi"}, {"la": "America/Los_Angeles", "delhi": "Asia/Kolkata"})
        with open_lake(home) as lake:
            for number, part in enumerate(parts):
                if number == connections_with:
                    land(home, wire, messages=part)
                    land(home, Wire(connections=wire.connections))
                else:
                    land(home, wire, messages=part)
                bring_up_to_date(lake)
            stepwise = contents(lake)
            bring_up_to_date(lake, full=True)
            at_once = contents(lake)
            for table, whole in at_once.items():
                assert stepwise[table] == whole, table
            assert one(lake, "SELECT count(*) FROM core.sessions") == len(plan)
            assert (one(lake, "SELECT sum(energy_wh) FROM core.sessions") or 0) == expected
            assert (one(lake, "SELECT sum(energy_wh) FROM core.energy_steps") or 0) == expected
            assert one(lake, "SELECT sum(energy_wh) FROM mart.connector_hours") == expected
            assert one(lake, "SELECT sum(energy_wh) FROM mart.site_days") == expected
            assert one(lake, "SELECT sum(sessions_started) FROM mart.connector_hours") == len(plan)
            assert one(lake, "SELECT sum(sessions_started) FROM mart.site_days") == len(plan)
