"""The demo: real sessions told over real sockets, from an empty folder to a checked warehouse.

Registry, refresh and store are handed in as functions; here is only the order of things and what a person is told.
"""

from __future__ import annotations

import queue
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.progress import shown_progress
from ingest.replay.check import SessionCheck, compare_sessions, session_frame
from ingest.replay.dataset import TIME_ZONE
from ingest.replay.demo_registry import refuse_other_registry, write_demo_registry
from ingest.replay.made_up import demo_workload
from ingest.replay.runner import WORDS, ReplayReport, replay
from warehouse.errors import KwhouseError
from warehouse.settings import Settings
from warehouse.supervisor import Program, running

if TYPE_CHECKING:
    import polars as pl

    from ingest.replay.workload import Workload

_READY = re.compile(r"Stations connect to (ws://\S+?)/?<station_id>")
_START_SECONDS = 60.0


class CollectorSilent(KwhouseError):
    """The collector did not come up."""

    def __init__(self, lines: list[str]) -> None:
        said = "\n  ".join(lines[-10:]) or "(nothing)"
        super().__init__(f"The collector did not start. Run `kwhouse doctor`; it said:\n  {said}")
        self.lines = tuple(lines)


def run_demo(
    settings: Settings,
    *,
    apply_registry: Callable[[Settings, Path], object],
    refresh: Callable[[Settings], object],
    read_sessions: Callable[[Settings], pl.DataFrame],
    say: Callable[[str], None],
) -> SessionCheck:
    """Tell what was not yet told, refresh, and compare `core.sessions` with the files.

    `read_sessions` gives station_id, started_at, energy_wh of `core.sessions`.
    """
    started = time.perf_counter()
    say("1/4  Reading the session files and declaring the stations (drivers, contracts and prices are made up)")
    refuse_other_registry(settings)
    workload = demo_workload()
    with tempfile.TemporaryDirectory() as folder:
        write_demo_registry(Path(folder), workload)
        apply_registry(settings, Path(folder))

    say("2/4  Telling the sessions over OCPP: caltech as 1.6J, jpl as 2.0.1, one WebSocket a station")
    with _collector(settings) as url:
        report = _replayed(settings, workload, url)
    say(f"     {_told(report)}")

    say("3/4  Making the warehouse with the Dagster job")
    refresh(settings)

    say("4/4  Comparing core.sessions with the files")
    file = session_frame(s for shifts in workload.shifts.values() for shift in shifts for s, _ in shift.sessions)
    check = compare_sessions(file, read_sessions(settings), TIME_ZONE)
    say(_table(check, settings.home))
    say(f"     Done in {time.perf_counter() - started:.0f} s.")
    return check


@contextmanager
def _collector(settings: Settings) -> Iterator[str]:
    """A collector of its own on a free port, which lets the replay drive its clock; gives its address."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    environment = {
        "KWHOUSE_HOME": str(settings.home),
        "KWHOUSE_ALLOW_REPLAY": "true",
        "KWHOUSE_COLLECT_HOST": "127.0.0.1",
        "KWHOUSE_COLLECT_PORT": "0",
        "KWHOUSE_METRICS_PORT": "0",
    }
    program = Program("collector", [sys.executable, "-m", "kwhouse", "collect"], environment)
    with running(program, lines.put) as collector:
        said: list[str] = []
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            try:
                said.append(lines.get(timeout=0.1))
            except queue.Empty:
                if collector.process.poll() is not None:
                    break
                continue
            if ready := _READY.search(said[-1]):
                yield ready[1]
                return
        raise CollectorSilent(said)


def _replayed(settings: Settings, workload: Workload, url: str) -> ReplayReport:
    with shown_progress(WORDS) as progress:
        return replay(settings, workload, url, progress)


def _told(report: ReplayReport) -> str:
    if not report.calls:
        return f"Nothing to tell: all {report.sessions_before:,} sessions were acknowledged before."
    text = (
        f"{report.sessions:,} sessions of {report.stations} stations in {report.calls:,} calls, each answered, "
        f"{report.pace}."
    )
    if report.sessions_before:
        text += f" {report.sessions_before:,} sessions were acknowledged before."
    return text


def _table(check: SessionCheck, home: Path) -> str:
    head = f"     {'site':<8} {'month':<8} {'sessions':>9} {'kWh of the files':>18} {'kWh in core.sessions':>21}"
    rows = [
        f"     {row['site_id']:<8} {row['month']:%Y-%m}  {row['warehouse_sessions']:>9,} "
        f"{row['file_kwh']:>18,.3f} {row['warehouse_kwh']:>21,.3f}  {'=' if not row['difference_wh'] else '≠'}"
        for row in check.table.iter_rows(named=True)
    ]
    files, kept = check.table["file_sessions"].sum(), check.table["warehouse_sessions"].sum()
    verdict = (
        f"     The same: {kept:,} sessions, and per site and month the same kWh to the Wh."
        if check.ok
        else f"     NOT the same: {kept:,} of {files:,} sessions; {check.wrong.height} site-months differ."
    )
    if kept < files:
        verdict += (
            f"\n     {home / 'replay'} says which sessions were told. If the lake, the journal or landed files were "
            "removed\n     by hand since then, they are not told again: start from an empty KWHOUSE_HOME."
        )
    return "\n".join([head, *rows, verdict])
