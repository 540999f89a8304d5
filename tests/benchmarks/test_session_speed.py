"""Sessions from frames, against a query that only parses the same frames: ratios in one run, no times judged.

    make bench ARGS="-k session_speed"                     2 million frames, about two minutes
    KWHOUSE_BENCH_FRAMES=50000000 make bench ARGS="-k session_speed"
    make bench ARGS="-k 'session_speed and parse'"         one part; the parts: parse, from_raw, from_stored, live_end,
                                                           late_stations, side_by_side

The log is made up but exact (`fleet_log.py`), so each part also checks what came out. Two threads, and 3 GB for DuckDB,
so that the process stays below 4; what does not fit spills into the temporary folder, which needs about 25 GB at 50
million frames.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks import side_by_side
from tests.benchmarks.fleet_log import FleetLog
from tests.benchmarks.measuring import Measured, Report, measure
from tests.benchmarks.session_bench import HERE, SessionBench, stages_to_sessions
from warehouse.contract import stations

FRAMES = int(os.environ.get("KWHOUSE_BENCH_FRAMES", "2_000_000"))
pytestmark = pytest.mark.timeout(0)  # 50 million frames take their time


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    report = Report(f"Sessions, {FRAMES:,} frames")
    yield report
    report.show()


@pytest.fixture(scope="module")
def bench(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SessionBench]:
    """The log up to the live end, landed and registered. Removed at the end: it may be large."""
    bench = SessionBench(tmp_path_factory.mktemp("home"), FleetLog.of_size(FRAMES), report)
    with measure() as making:
        bench.land()
    report.add("(make the log)", making, bench.landed.frames)
    with bench.lake:
        with measure() as registering:
            bench.register()
        report.add("register the landed files", registering, bench.landed.frames)
        yield bench
    shutil.rmtree(bench.home)


@pytest.fixture(scope="module")
def parse(bench: SessionBench, report: Report) -> Measured:
    """The yardstick: the faster of two runs."""
    query = (HERE / "parse_only.sql").read_text(encoding="utf-8")
    runs = []
    for _ in range(2):
        with measure() as parsing:
            counted = bench.lake.con.execute(query).fetchall()[0]
        assert counted == (bench.landed.samples,) * 3
        runs.append(parsing)
    best = min(runs, key=lambda run: run.seconds)
    report.add("parse only", best, bench.landed.frames, faster_than=best)
    return best


@pytest.fixture(scope="module")
def built(bench: SessionBench, parse: Measured, report: Report) -> Measured:
    """All stages from raw: the full rebuild that the increments are held against."""
    taken = bench.run(full=True)
    whole = sum(taken.values(), Measured())
    frames = bench.landed.frames
    for name, one in taken.items():
        report.add(f"  stage {name}", one, frames, faster_than=parse)
    report.add("sessions from raw", whole, frames, faster_than=parse, target="≥ 0.33")
    bench.check()
    return whole


def test_parse(parse: Measured) -> None:
    """Frames into readings, counted: both versions, no sample missed."""


def test_from_raw(built: Measured) -> None:
    """Events, meter values and sessions of all frames."""


def test_from_stored(bench: SessionBench, parse: Measured, built: Measured, report: Report) -> None:
    """All sessions again from stored meter values."""
    before = bench.contents()
    taken = bench.run_one(stages_to_sessions()[-1], full=True)
    report.add("sessions from stored values", taken, bench.landed.frames, faster_than=parse, target="≥ 2.00")
    assert bench.contents() == before


def test_live_end(bench: SessionBench, built: Measured, report: Report) -> None:
    """The newest frames, with sessions going on."""
    landed = bench.land(live=True)
    measure_increment(bench, built, report, f"the newest {share(landed.frames)} of frames", landed.frames, "≤ 3 %")


def test_late_stations(bench: SessionBench, built: Measured, report: Report) -> None:
    """Stations whose whole history comes at once."""
    landed = bench.land(late=True)
    measure_increment(bench, built, report, f"{share(landed.frames)} of frames, late stations", landed.frames, "≤ 8 %")


def share(frames: int) -> str:
    return f"{100 * frames / FRAMES:.1f} %"


def measure_increment(
    bench: SessionBench, built: Measured, report: Report, what: str, frames: int, target: str
) -> None:
    """Register and run what is new; then the same must come of a full rebuild."""
    with measure() as taken:
        bench.register()
        steps = bench.run(full=False)
    told = ", ".join(f"{name} {one.seconds:.2f}" for name, one in steps.items())
    report.add(what, taken, frames, share_of=built, target=target)
    report.notes.append(f"{what}: {told} s")
    bench.check()
    incremental = bench.contents()
    again = bench.run(full=True)
    assert bench.contents() == incremental
    report.add("  full rebuild after it", sum(again.values(), Measured()), bench.landed.frames)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Removed at the end: the log as text is large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_side_by_side(report: Report, folder: Path) -> None:
    """ocpp-lens and ours on one log of OCPP 1.6 without faults, whose message and transaction ids are all different.

    It runs on one thread, ours on two.
    """
    python = side_by_side.environment(folder)
    if python is None:
        pytest.skip(f"{side_by_side.PACKAGE} cannot be installed; name a Python that has it in {side_by_side.VARIABLE}")
    bench = SessionBench(folder / "home", FleetLog.of_size(480_000, v2_percent=0, faults=False), report)
    for part in ({}, {"live": True}, {"late": True}):
        bench.land(**part)
    frames = bench.landed.frames
    # Without times each line is read faster; with them it also tells from when to when.
    told, plain = (
        side_by_side.run(
            python, side_by_side.write_log(bench.log.con, bench.settings.landing, folder / name, timed=timed)
        )
        for name, timed in (("timed.log", True), ("plain.log", False))
    )
    with bench.lake:
        with measure() as building:
            bench.register()
            for stage in stages_to_sessions(stations.BOOTS):
                bench.run_one(stage, full=False)
        with measure() as reading:
            facts = side_by_side.our_facts(bench.lake)
        bench.check()
    side_by_side.require_same(told, facts)
    best = Measured(*min((run["seconds"], run["processor_seconds"]) for run in (told, plain)))
    report.add(f"ocpp-lens 0.2, {frames:,} frames as text", best, frames, faster_than=best)
    report.add("  ours, from landed files to sessions", building, frames, faster_than=best, target="≥ 8.00")
    report.add("  ours, with all its facts read", building + reading, frames, faster_than=best, target="≥ 8.00")
