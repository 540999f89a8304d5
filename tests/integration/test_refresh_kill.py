"""A refresh that is killed at any moment: the next one goes on, and the tables are those of a full rebuild."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from pipelines.refresh import refresh
from tests.landed import Wire, at, land, reading
from tests.pipeline import bring_up_to_date, contents
from tests.registered import register_stations
from warehouse.settings import Settings, load_settings
from warehouse.store import open_lake

# Kills itself so many milliseconds after the given step: where the next one reads, computes or publishes.
PROGRAM = """
import os, signal, sys, threading, time
from pipelines.refresh import refresh
from warehouse.settings import load_settings

steps, delay = int(sys.argv[2]), float(sys.argv[3]) / 1000
done = 0

def kill():
    time.sleep(delay)
    os.kill(os.getpid(), signal.SIGKILL)

def step(result):
    global done
    done += 1
    if done == steps:
        threading.Thread(target=kill).start()

refresh(load_settings(home=sys.argv[1]), on_progress=step)
"""
MOMENTS = ((1, 0), (4, 15), (6, 60))


def a_round(settings: Settings, wire: Wire, number: int) -> None:
    """Two sessions more; the second one ends only in the next round."""
    landed = len(wire.messages)
    begin = 100.0 * number
    first = wire.start("a", at(begin), 1000 * number)
    wire.meter("a", first, at(begin + 15), 1000 * number + 300)
    wire.stop("a", first, at(begin + 60), 1000 * number + 1000)
    if number:
        wire.stop("b", 9000 + number - 1, at(begin), 1000 * number, [reading(at(begin), 1000 * number)])
    wire.start("b", at(begin + 5), 1000 * number, transaction=9000 + number)
    land(settings, wire, messages=wire.messages[landed:])


def test_killed_at_some_moments_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    register_stations(settings, {"a": "site", "b": "site"})
    wire = Wire()
    statuses = []
    for number, (steps, delay) in enumerate(MOMENTS):
        a_round(settings, wire, number)
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(steps), str(delay)]
        statuses.append(subprocess.run(command, check=False, timeout=60).returncode)
    # A fast machine may be done before a kill that comes late.
    assert statuses[0] == -signal.SIGKILL
    assert set(statuses) <= {-signal.SIGKILL, 0}
    refresh(settings)
    with open_lake(settings) as lake:
        raw = lake.con.execute("SELECT count(*), count(DISTINCT (collector_id, seq)) FROM raw.messages").fetchall()
        sessions = lake.con.execute("SELECT state, count(*) FROM core.sessions GROUP BY ALL ORDER BY ALL").fetchall()
        in_steps = contents(lake)
        bring_up_to_date(lake, full=True)
        assert contents(lake) == in_steps
    assert raw == [(len(wire.messages), len(wire.messages))]
    assert sessions == [("active", 1), ("completed", 2 * len(MOMENTS) - 1)]
