"""Stations that repeat, forget and lie: whatever the order, the batches and the repetitions, always the same sessions.

What comes of it is judged by the golden cases; here it must be the same each time, and no Wh is lost or made.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.golden.faults.model import INTERVAL, POWER, Minute, Speaker, sample
from tests.landed import Wire, at, land
from tests.pipeline import bring_up_to_date, rows
from tests.registered import register_stations
from warehouse.contract import core, ops
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

STATIONS = {"A": "1.6", "B": "2.0.1", "C": "1.6", "D": "2.1"}
ODDITIES = (
    "start twice", "no start", "zero begin", "no stop", "stop twice", "stops conflict", "stop under no id",
    "no end register", "register resets", "relative readings", "id used again", "no transaction in readings",
    "only power", "intervals too", "clock unset", "clock ahead", "from a queue", "late readings", "tail readings",
    "a number is missing", "boot meanwhile", "available", "breaks the schema", "not a frame", "connects again",
    "own scale of the next", "sum of connectors", "zero readings", "answered without an id",
)  # fmt: skip
COMPARED = (core.SESSIONS, core.ENERGY_STEPS, core.SESSION_EVENTS, core.REGISTER_GAPS, ops.FAULTS, core.STATES)
REPEATED = 1_000_000  # a repeated frame has this much more as its number


@dataclass(frozen=True)
class Visit:
    """One session: minutes after the one before, minutes long, Wh, readings on the way, and what is odd about it."""

    station: str
    connector: int
    gap: int
    minutes: int
    energy: int
    readings: int
    odd: frozenset[str]


visits = st.lists(
    st.builds(
        Visit,
        station=st.sampled_from(sorted(STATIONS)),
        connector=st.integers(1, 2),
        gap=st.sampled_from((0, 1, 7, 200, 1500)),
        minutes=st.integers(2, 300),
        energy=st.integers(0, 30_000),
        readings=st.integers(0, 3),
        odd=st.frozensets(st.sampled_from(ODDITIES), max_size=4),
    ),
    min_size=4,
    max_size=8,
)


class Teller:
    """Says one visit with its oddities, as the station would."""

    def __init__(self, s: Speaker, visit: Visit, begin: int, register: int, number: int) -> None:
        self.s, self.visit, self.begin, self.register, self.number = s, visit, begin, register, number
        self.end = begin + visit.minutes
        self.transaction: object = 1 if "id used again" in visit.odd else 100 + number

    def told(self, minute: float) -> Minute:
        if "clock unset" in self.visit.odd:
            since = timedelta(minutes=minute - self.begin + 1)
            return (datetime(1970, 1, 1, tzinfo=UTC) + since).isoformat().replace("+00:00", "Z")
        return minute + 120 if "clock ahead" in self.visit.odd else minute

    def heard(self, minute: float) -> float:
        return self.end + 30 + minute / 10_000 if "from a queue" in self.visit.odd else minute

    def tell(self) -> None:
        s, odd = self.s, self.visit.odd
        if "connects again" in odd:
            s.connect(self.begin)
        s.status(self.begin, "Charging", connector=self.visit.connector)
        self._start()
        for place in range(1, self.visit.readings + 1):
            self._reading(self.begin + self.visit.minutes * place / (self.visit.readings + 1), place)
        if "boot meanwhile" in odd:
            s.boot(self.begin + self.visit.minutes / 2)
        if "not a frame" in odd:
            s.text('[2,"x","MeterValues",{"connectorId":1,"transactionId":,}]', self.begin + 1)
        if "sum of connectors" in odd:
            s.meter(self.begin + 1, 5 * self.register, connector=0)
        self._stop()
        if "tail readings" in odd:
            s.meter(self.end + 20, self.register + self.visit.energy, self.transaction, connector=self.visit.connector)
        if "available" in odd:
            s.status(self.end + 1, "Available", connector=self.visit.connector)

    def _start(self) -> None:
        odd = self.visit.odd
        register = None if "only power" in odd else 0 if odd & {"zero begin", "zero readings"} else self.register
        transaction = 0 if "answered without an id" in odd and self.s.is_16 else self.transaction
        for _ in range(("no start" not in odd) * (1 + ("start twice" in odd))):
            self.s.start(
                self.told(self.begin), register, transaction, received=self.heard(self.begin), seq_no=0,
                token=f"T{self.number % 3}", connector=self.visit.connector,
            )  # fmt: skip

    def _reading(self, minute: float, place: int) -> None:
        odd, share = self.visit.odd, self.visit.energy * place // (self.visit.readings + 1)
        register = self.register + share
        if "relative readings" in odd or ("register resets" in odd and place > 1):
            register = share
        if "zero readings" in odd:
            register = 0
        samples = [] if "only power" in odd else [sample(str(register))]
        samples += [sample("4000", POWER)] if odd & {"only power", "zero readings"} else []
        samples += [sample(str(share), INTERVAL)] if "intervals too" in odd else []
        samples += [sample("5", POWER, unit="Wh")] if "breaks the schema" in odd else []
        missing = "a number is missing" in odd and place == 1
        self.s.samples(
            self.told(minute), samples, None if "no transaction in readings" in odd else self.transaction,
            received=self.end + 50 if "late readings" in odd else self.heard(minute),
            connector=self.visit.connector, seq_no=place + missing,
            schema_error="unit: is not one of the enumeration" if "breaks the schema" in odd else None,
        )  # fmt: skip

    def _stop(self) -> None:
        odd, last = self.visit.odd, self.register + self.visit.energy
        if "no stop" in odd:
            return
        registers: list[float | None] = [None if odd & {"no end register", "only power"} else last]
        registers += [last] if "stop twice" in odd else []
        registers += [last // 2] if "stops conflict" in odd else []
        transaction = -1 if "stop under no id" in odd and self.s.is_16 else self.transaction
        for place, register in enumerate(registers):
            self.s.stop(
                self.told(self.end + place), register, transaction, received=self.heard(self.end + place),
                seq_no=self.visit.readings + 1 + ("a number is missing" in odd), token=f"T{self.number % 3}",
            )  # fmt: skip


def speak(wire: Wire, plan: list[Visit], silence: int) -> None:
    """All visits, then a sign of life of another station after some silence: it tells what "now" is."""
    speakers = {station: Speaker(wire, station, version) for station, version in STATIONS.items()}
    clocks = dict.fromkeys([(station, connector) for station in STATIONS for connector in (1, 2)], 10)
    registers = dict.fromkeys(clocks, 123_456)
    for speaker in speakers.values():
        speaker.connect(0)
    for number, visit in enumerate(plan):
        place = visit.station, visit.connector
        begin = clocks[place] + visit.gap
        Teller(speakers[visit.station], visit, begin, registers[place], number).tell()
        clocks[place] = begin + visit.minutes + 2
        registers[place] = 0 if "own scale of the next" in visit.odd else registers[place] + visit.energy
    wire.call("witness", "Heartbeat", {}, at(max(clocks.values()) + silence))


def dealt(wire: Wire, batches: int, shuffled: random.Random) -> list[Wire]:
    """The frames dealt into batches at random, some of them repeated in this batch or another."""
    parts = [Wire() for _ in range(batches)]
    for kind in ("messages", "connections", "rejected"):
        for row in getattr(wire, kind):
            getattr(shuffled.choice(parts), kind).append(row)
            if kind == "messages" and shuffled.random() < 0.3:
                shuffled.choice(parts).messages.append(row | {"seq": row["seq"] + REPEATED})
    return parts


def seen(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    return {table.full_name: rows(lake, table) for table in COMPARED}


def outcome(lake: Lake) -> list[list[tuple[Any, ...]]]:
    """What repetition must not change: pseudonyms differ between lakes, proofs may name either frame."""
    return [
        lake.con.execute("SELECT * EXCLUDE (id_token) FROM core.sessions ORDER BY session_id").fetchall(),
        rows(lake, core.ENERGY_STEPS),
        lake.con.execute("SELECT kind, station_id, session_id FROM ops.faults ORDER BY ALL").fetchall(),
    ]


def told_in(folder: str, name: str, parts: list[Wire], threads: int) -> list[list[tuple[Any, ...]]]:
    """The outcome; where it came step by step, a full rebuild must give the same."""
    home = load_settings(home=Path(folder) / name, duckdb_threads=threads)
    register_stations(home, dict.fromkeys(STATIONS, "site"))
    with open_lake(home) as lake:
        for part in parts:
            land(home, part)
            bring_up_to_date(lake)
        stepwise = seen(lake)
        if len(parts) > 1:
            bring_up_to_date(lake, full=True)
            for table, whole in seen(lake).items():
                assert stepwise[table] == whole, table
        for query in IMPOSSIBLE:
            assert lake.con.execute(query).fetchall() == [], query
        return outcome(lake)


IMPOSSIBLE = (
    "SELECT session_id FROM core.sessions WHERE started_at < TIMESTAMPTZ '2024-03-03 00:00:00+00' OR energy_wh < 0",
    "SELECT session_id FROM core.sessions GROUP BY session_id HAVING count(*) > 1",
    "SELECT session_id FROM core.sessions LEFT JOIN "
    "(SELECT session_id, sum(energy_wh) AS steps_wh FROM core.energy_steps GROUP BY ALL) USING (session_id) "
    "WHERE coalesce(steps_wh, 0) <> coalesce(energy_wh, 0)",
    "SELECT fault_id FROM ops.faults LEFT JOIN core.sessions AS s USING (session_id) "
    "WHERE faults.session_id IS NOT NULL AND s.station_id IS NULL",
)


# Each example runs the pipeline on two real lakes, several times: few examples, and no shrinking.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(plan=visits, silence=st.sampled_from((1, 2000)), batches=st.integers(2, 3), seed=st.integers(0, 2**32))
def test_any_order_batching_and_repetition_give_the_same(
    plan: list[Visit], silence: int, batches: int, seed: int
) -> None:
    wire = Wire()
    speak(wire, plan, silence)
    with tempfile.TemporaryDirectory() as folder:
        once = told_in(folder, "once", [wire], threads=1)
        # By themselves few rows are left to one thread.
        with pytest.MonkeyPatch.context() as always_shared:
            always_shared.setattr("pipelines.stages.FEW_TO_SHARE", -1)
            assert told_in(folder, "dealt", dealt(wire, batches, random.Random(seed)), threads=2) == once
