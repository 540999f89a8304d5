"""Stations that are heard again after weeks: what was concluded before stays what all frames together say.

`test_any_order` tells days; here the sessions lie further apart than any rule looks back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.golden.faults.model import Speaker
from tests.landed import Wire, at, land
from tests.pipeline import bring_up_to_date
from tests.property.test_any_order import ODDITIES, STATIONS, Visit, seen, speak
from tests.registered import register_stations
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

WEEKS = 30_000  # minutes


def visit(*odd: str, connector: int = 1, gap: int = WEEKS) -> Visit:
    return Visit("A", connector, gap, 60, 5_000, 2, frozenset(odd))


def drawn(seed: int) -> list[Visit]:
    """Each oddity may come weeks before what settles it, or never be settled."""
    shuffled = random.Random(seed)
    return [
        Visit(
            station=shuffled.choice("AB"),
            connector=shuffled.choice((1, 1, 2)),
            gap=shuffled.choice((1, 200, 1_500, 4_000, 9_000, 16_000)),
            minutes=shuffled.randint(2, 300),
            energy=shuffled.randint(0, 30_000),
            readings=shuffled.randint(0, 3),
            odd=frozenset(shuffled.sample(ODDITIES, shuffled.randint(0, 2))),
        )
        for _ in range(8)
    ]


PLANS = {
    "a stop without an id, and nothing else on its connector": [
        visit("stop under no id", gap=1), visit(connector=2), visit(connector=2),
    ],
    "no stop, and the next start weeks later": [visit("no stop", gap=1), visit(connector=2), visit(), visit()],
    "an answer without an id": [
        visit("answered without an id", gap=1), visit("no stop", connector=2, gap=4_000), visit(gap=1_000), visit(),
    ],
    "no start": [visit("no start", gap=1), visit(), visit("stop under no id")],
    "drawn": drawn(7),
}  # fmt: skip


def as_they_came(wire: Wire, batches: int) -> Iterator[Wire]:
    """The frames in `batches` parts, each later than the one before."""
    kinds = ("messages", "connections", "rejected")
    times = sorted(row.get("received_at") or row["happened_at"] for kind in kinds for row in getattr(wire, kind))
    edges = [times[len(times) * part // batches] for part in range(1, batches)]
    for part in range(batches):
        own = Wire()
        for kind in kinds:
            for row in getattr(wire, kind):
                if sum((row.get("received_at") or row["happened_at"]) >= edge for edge in edges) == part:
                    getattr(own, kind).append(row)
        yield own


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_what_is_heard_weeks_later_gives_the_full_rebuild(plan: list[Visit], tmp_path: Path) -> None:
    wire = Wire()
    speak(wire, plan, 2_000)
    home = load_settings(home=tmp_path)
    register_stations(home, dict.fromkeys(STATIONS, "site"))
    with open_lake(home) as lake:
        for part in as_they_came(wire, 4):
            land(home, part)
            bring_up_to_date(lake)
        assert_as_in_a_rebuild(lake)


def first_without_id(s: Speaker) -> None:
    """A start that no answer gives an id, and a stop that names one."""
    s.start(10, 1_000, 0)
    s.stop(100, 5_000, 103)


def two_open(s: Speaker) -> None:
    """A stop without an id that fits two."""
    s.start(10, 1_000, 7)
    s.start(20, 1_000, 8, connector=2)
    s.stop(100, 5_000, -1)


def behind(s: Speaker) -> None:
    """A session of a station whose clock is two hours late."""
    s.start(10 - 120, 1_000, 8, received=10)
    for minute in (20, 40, 60):
        s.meter(minute - 120, 1_000 + minute * 10, 8, received=minute)
    s.stop(100 - 120, 2_000, 8, received=100)


def unanswered(s: Speaker) -> None:
    s.start(10, 1_000, 0)


LATER = 20 * 1_440  # minutes
AFTERWARDS: dict[str, tuple[Callable[[Speaker], object], Callable[[Speaker], object]]] = {
    "start again": (first_without_id, lambda s: s.start(10, 1_000, 0)),
    "start again from a queue": (first_without_id, lambda s: s.start(10, 1_000, 0, received=LATER)),
    "reading from a queue": (first_without_id, lambda s: s.meter(50, 3_000, 103, received=LATER)),
    "stop again from a queue": (first_without_id, lambda s: s.stop(100, 5_000, 103, received=LATER)),
    "start in between": (first_without_id, lambda s: s.start(50, 1_500, 200, received=LATER, token="T2")),
    "start after its stop": (lambda s: s.stop(100, 5_000, -1), lambda s: s.start(10, 1_000, 7, received=LATER)),
    "stop under an id": (unanswered, lambda s: s.stop(100, 5_000, 103, received=LATER)),
    "stop under no id": (unanswered, lambda s: s.stop(100, 5_000, -1, received=LATER)),
    "one of two grows": (two_open, lambda s: s.meter(60, 6_000, 7, received=LATER)),
    "one of two grew": (two_open, lambda s: s.meter(LATER, 6_000, 7)),
    "the next start": (unanswered, lambda s: s.start(LATER, 2_000, 7)),
    "a reading without an id": (unanswered, lambda s: s.meter(LATER, 9_000)),
    "available": (unanswered, lambda s: s.status(LATER, "Available")),
    "available, from a queue": (unanswered, lambda s: s.status(2_880, "Available", received=LATER)),
    "a boot": (unanswered, lambda s: s.boot(LATER)),
    "a late clock's start again": (behind, lambda s: s.start(10 - 120, 1_000, 0, received=LATER)),
}


def test_what_is_told_afterwards_finds_what_belongs_to_it(tmp_path: Path) -> None:
    """Each case is a station: what is said without an id is found again, however long ago it was."""
    parts = []
    for part in (0, 1):
        wire = Wire(collector_id=f"part {part}")
        for station, told in AFTERWARDS.items():
            told[part](Speaker(wire, station, "1.6"))
        wire.call("witness", "Heartbeat", {}, at(3 * LATER * part))
        parts.append(wire)
    home = load_settings(home=tmp_path)
    with open_lake(home) as lake:
        for wire in parts:
            land(home, wire)
            bring_up_to_date(lake)
        assert_as_in_a_rebuild(lake)
        register_stations(home, dict.fromkeys(AFTERWARDS, "site"))
        bring_up_to_date(lake)
        assert_as_in_a_rebuild(lake)
        assert lake.con.execute("SELECT DISTINCT site_id FROM core.sessions").fetchall() == [("site",)]


def assert_as_in_a_rebuild(lake: Lake) -> None:
    stepwise = seen(lake)
    bring_up_to_date(lake, full=True)
    assert seen(lake) == stepwise
