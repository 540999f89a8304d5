"""What sessions teach about the model and firmware of their station, worked out by hand."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.landed import Wire, at, land
from tests.pipeline import bring_up_to_date, rows
from warehouse.contract import stations
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

DAY = 24 * 60


def boot(wire: Wire, station: str, model: str, when: datetime, firmware: str = "1.0") -> None:
    body = {"chargePointVendor": "Volt", "chargePointModel": model, "firmwareVersion": firmware}
    wire.call(station, "BootNotification", body, when)


def sessions(wire: Wire, station: str, days: list[int], registers: list[tuple[int, int]]) -> None:
    """An hour on each day from 10:00, with readings every quarter of an hour."""
    for day, (begin, end) in zip(days, registers, strict=True):
        start = day * DAY + 120
        number = wire.start(station, at(start), begin)
        for minute in (15, 30, 45):
            wire.meter(station, number, at(start + minute), str(begin + (end - begin) * minute // 60))
        wire.stop(station, number, at(start + 60), end)


def lifetime(wire: Wire) -> None:
    boot(wire, "lifetime", "lifetime", at(0))
    sessions(wire, "lifetime", [0, 1, 2], [(5_000, 8_000), (8_000, 9_000), (9_500, 12_000)])
    boot(wire, "lifetime", "lifetime", at(3 * DAY))
    sessions(wire, "lifetime", [3], [(12_000, 13_000)])


def per_transaction(wire: Wire) -> None:
    boot(wire, "per", "per_transaction", at(0))
    sessions(wire, "per", [0, 1, 2, 3], [(0, 8_000), (0, 9_000), (0, 7_000), (0, 9_500)])


def at_boot(wire: Wire) -> None:
    boot(wire, "reset", "at_boot", at(0))
    sessions(wire, "reset", [0, 1], [(70_000, 80_000), (80_000, 90_000)])
    boot(wire, "reset", "at_boot", at(2 * DAY))
    sessions(wire, "reset", [2, 3], [(10, 6_000), (6_000, 9_000)])


def mixed(wire: Wire) -> None:
    boot(wire, "mixed", "mixed", at(0))
    sessions(wire, "mixed", [0, 1, 2, 3], [(0, 8_000), (8_000, 9_000), (0, 7_000), (3_000, 9_500)])


def too_little(wire: Wire) -> None:
    boot(wire, "new", "new", at(0))
    sessions(wire, "new", [0, 1], [(0, 8_000), (8_000, 9_000)])


def other_firmware(wire: Wire) -> None:
    """The register begins anew with another firmware: that says nothing of either."""
    sessions(wire, "updated", [-1], [(1, 2)])
    boot(wire, "updated", "updated", at(0), "1.0")
    sessions(wire, "updated", [0, 1, 2, 3], [(100, 8_000), (8_000, 9_000), (9_000, 9_100), (9_100, 9_200)])
    boot(wire, "updated", "updated", at(4 * DAY), "2.0")
    sessions(wire, "updated", [4], [(0, 500)])
    boot(wire, "twin", "updated", at(5 * DAY), "2.0")


CASES = (lifetime, per_transaction, at_boot, mixed, too_little, other_firmware)


def everything() -> Wire:
    wire = Wire()
    for case in CASES:
        case(wire)
    return wire


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        land(settings, everything())
        with open_lake(settings) as opened:
            bring_up_to_date(opened)
            yield opened


def learned(lake: Lake, model: str, firmware: str = "1.0") -> dict[str, Any]:
    query = "SELECT * FROM core.station_profiles WHERE model = $model AND firmware = $firmware"
    cursor = lake.con.execute(query, {"model": model, "firmware": firmware})
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchone() or (), strict=True))


@pytest.mark.parametrize(
    ("model", "behaviour"),
    [
        ("lifetime", "lifetime"),
        ("per_transaction", "per_transaction"),
        ("at_boot", "at_boot"),
        ("mixed", "mixed"),
        ("new", None),
    ],
)
def test_how_registers_behave(lake: Lake, model: str, behaviour: str | None) -> None:
    assert learned(lake, model)["register_behaviour"] == behaviour


def test_sessions_teach_about_the_firmware_that_ran_at_their_start(lake: Lake) -> None:
    old, new = learned(lake, "updated", "1.0"), learned(lake, "updated", "2.0")
    assert (old["stations"], old["sessions"], old["register_behaviour"]) == (1, 4, "lifetime")
    assert (new["stations"], new["sessions"], new["register_behaviour"]) == (2, 1, None)
    assert (old["first_seen_at"], old["last_seen_at"]) == (at(0), at(3 * DAY + 180))
    assert (new["first_seen_at"], new["last_seen_at"]) == (at(4 * DAY), at(5 * DAY))
    assert lake.con.execute("SELECT count(*) FROM core.station_profiles").fetchall() == [(7,)]


def test_any_order_and_batching_teaches_the_same(lake: Lake) -> None:
    shuffled = random.Random(7)
    wire = everything()
    parts: list[list[dict[str, Any]]] = [[], [], []]
    for message in wire.messages:
        shuffled.choice(parts).append(message)
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        with open_lake(settings) as other:
            for part in parts:
                land(settings, wire, messages=part)
                bring_up_to_date(other)
            assert rows(other, stations.STATION_PROFILES) == rows(lake, stations.STATION_PROFILES)
            bring_up_to_date(other, full=True)
            assert rows(other, stations.STATION_PROFILES) == rows(lake, stations.STATION_PROFILES)


def test_clocks_intervals_and_units_are_medians_and_counts_of_the_sessions(lake: Lake) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        wire = Wire()
        per_transaction(wire)
        land(settings, wire)
        with open_lake(settings) as other:
            bring_up_to_date(other)
            with other.write("as the engine may find them") as con:
                con.execute(
                    "UPDATE lake.core.sessions SET readings = 5, flags = ['unit_mismatch'],"
                    " clock_offset_seconds = CASE WHEN started_at < ? THEN NULL ELSE 3600 END",
                    [at(DAY)],
                )
            bring_up_to_date(other)
            found = learned(other, "per_transaction")
    assert (found["clock_offset_seconds"], found["sampling_seconds"], found["unit_mismatches"]) == (3600, 900, 4)
