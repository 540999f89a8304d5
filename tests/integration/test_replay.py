"""The replay against the real collector: everything once, whatever is killed in between."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import orjson
import pytest

from ingest.access.directory import Registry
from ingest.access.known import Known, Place, Token
from ingest.collector import run as run_collector
from ingest.fleet import wire
from ingest.fleet.errors import ConnectionLost, NobodyListens, StationRefused
from ingest.fleet.session import Session
from ingest.fleet.simulated_registry import write_registry
from ingest.fleet.simulator import Fleet, simulate
from ingest.replay import runner
from ingest.replay.file_replay import replay_file
from ingest.replay.runner import replay
from ingest.replay.workload import plan
from warehouse.errors import InputError, StoreBusy
from warehouse.registry import apply
from warehouse.settings import load_settings
from warehouse.state import open_state
from warehouse.store.lock import file_lock

BEGIN = datetime(2020, 2, 3, 17, 2, 11, tzinfo=UTC)
VERSIONS = {"CA-1": "1.6", "CA-2": "1.6", "AG-1": "2.0.1", "AG-2": "2.0.1"}


def workload(per_station=12):
    sessions = [
        Session("depot", station, 1, 1, BEGIN + timedelta(hours=9 * n), BEGIN + timedelta(hours=9 * n + 7),
                Decimal("15000.123456") + n, "0A1B2C3D4E5F60", f"{station} / {n}")
        for station in VERSIONS
        for n in range(per_station)
    ]  # fmt: skip
    return plan(sessions, VERSIONS)


class Everyone:
    """A registry that knows the stations of the workload and its card."""

    def load(self):
        return Known(dict.fromkeys(VERSIONS, Place("depot", "UTC")), {"0a1b2c3d4e5f60": Token()})


@contextmanager
def collector(home: Path, port: int = 0, allow_replay: bool = True, directory=None):
    """The real collector in a thread; yields the address before the station's identity."""
    settings = load_settings(
        home=home, collect_port=port, metrics_port=0, allow_replay=allow_replay, collector_id="test"
    )
    urls: list[str] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def ready(where):
        urls.append(where.url)
        started.set()

    def work():
        loop.run_until_complete(run_collector(settings, directory or Everyone(), ready, stop))
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert started.wait(20)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)


def landed(home: Path) -> duckdb.DuckDBPyRelation:
    return duckdb.read_parquet(str(home / "landing" / "messages-*.parquet"))


def sessions_told(home: Path) -> dict[str, tuple[set[str], set[Decimal]]]:
    """External id → its transaction ids and its energies, from the frames that name both."""
    frames = landed(home).filter("direction = 'in'").select("station_id, action, payload").fetchall()
    name, energies = {}, {}
    for station, action, text in frames:
        payload = orjson.loads(text)
        if action == "DataTransfer":
            label = orjson.loads(payload["data"])
            name.setdefault(label["sessionId"], set()).add(f"{station}#{label['transactionId']}")
        elif payload.get("eventType") == "Started":
            name.setdefault(payload["customData"]["sessionId"], set()).add(payload["transactionInfo"]["transactionId"])
        elif action == "StopTransaction":
            begin, end = (Decimal(entry["sampledValue"][0]["value"]) for entry in payload["transactionData"])
            energies.setdefault(f"{station}#{payload['transactionId']}", set()).add(end - begin)
    return {external: (ids, set().union(*(energies.get(i, set()) for i in ids))) for external, ids in name.items()}


def test_everything_is_told_once_and_a_second_run_sends_nothing(tmp_path):
    work = workload()
    settings = load_settings(home=tmp_path)
    seen = []
    with collector(tmp_path) as url:
        report = replay(settings, work, url, lambda done, total: seen.append((done, total)))
        again = replay(settings, work, url)
    assert (report.sessions, report.sessions_before, report.refused, report.tokens_refused) == (48, 0, 0, 0)
    assert (again.calls, again.sessions, again.sessions_before) == (0, 0, 48)
    assert seen[-1] == (report.calls, report.calls)
    assert landed(tmp_path).count("*").fetchone() == (2 * report.calls,)
    assert landed(tmp_path).filter("schema_error IS NOT NULL OR message_type = 4").count("*").fetchone() == (0,)
    told = sessions_told(tmp_path)
    assert len(told) == 48
    assert all(len(ids) == 1 for ids, _ in told.values())
    assert {energy for _, energies in told.values() for energy in energies} == {
        Decimal("15000.123456") + n for n in range(12)
    }


def test_the_stations_time_is_the_collectors_time(tmp_path):
    with collector(tmp_path) as url:
        replay(load_settings(home=tmp_path), workload(2), url)
    opened, closed = (
        duckdb.read_parquet(str(tmp_path / "landing" / "connections-*.parquet"))
        .filter("station_id = 'AG-1'")
        .order("seq")
        .select("happened_at AT TIME ZONE 'UTC', clock")
        .fetchall()
    )
    assert opened == ((BEGIN - timedelta(minutes=1)).replace(tzinfo=None), "replay")
    assert closed == ((BEGIN + timedelta(hours=16, minutes=1)).replace(tzinfo=None), "replay")


def test_a_collector_that_goes_away_is_waited_for(tmp_path, monkeypatch):
    work = workload(25)
    settings = load_settings(home=tmp_path)
    reports = []
    with collector(tmp_path) as url:
        port = int(url.split(":")[2].split("/")[0])
        thread = threading.Thread(target=lambda: reports.append(replay(settings, work, url)))
        thread.start()
        time.sleep(0.7)
    with collector(tmp_path, port):
        thread.join(60)
    assert reports[0].sessions == 100
    told = sessions_told(tmp_path)
    assert len(told) == 100
    assert all(len(ids) == 1 for ids, _ in told.values())


KILLED = """
import sys
from pathlib import Path
from ingest.replay.runner import replay
from tests.integration.test_replay import workload
from warehouse.settings import load_settings
from warehouse.state import open_state
replay(load_settings(home=Path(sys.argv[1])), workload(25), sys.argv[2])
"""


def test_a_killed_replay_goes_on_where_it_stopped(tmp_path):
    work, settings = workload(25), load_settings(home=tmp_path)
    root = Path(runner.__file__).parents[2]
    with collector(tmp_path) as url:
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), url], cwd=root,
                                 env=os.environ | {"PYTHONPATH": str(root)})  # fmt: skip
        marks = tmp_path / "replay" / "acknowledged.sqlite"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (marks.exists() and marked(marks) > 20):
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
        child.wait()
        report = replay(settings, work, url)
    assert report.sessions_before > 20
    assert report.sessions + report.sessions_before == 100
    told = sessions_told(tmp_path)
    assert len(told) == 100
    assert all(len(ids) == 1 for ids, _ in told.values()), "told twice, but one transaction"
    extra = landed(tmp_path).filter("direction = 'in'").count("*").fetchone()[0] - report.calls
    assert extra > 0


def marked(path: Path) -> int:
    import sqlite3

    try:
        with sqlite3.connect(path) as database:
            return database.execute("SELECT count(*) FROM acknowledged").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_what_is_refused_or_missing_names_the_mend(tmp_path, monkeypatch):
    settings = load_settings(home=tmp_path)
    with collector(tmp_path, allow_replay=False) as url, pytest.raises(StationRefused, match="KWHOUSE_ALLOW_REPLAY"):
        replay(settings, workload(1), url)
    with file_lock(tmp_path / "replay" / "replay.lock"), pytest.raises(StoreBusy):
        replay(settings, workload(1), "ws://127.0.0.1:9/ocpp")
    monkeypatch.setattr(wire, "_FIRST_ANSWER_SECONDS", 0.05)
    with pytest.raises(NobodyListens, match="kwhouse collect"):
        replay(settings, workload(1), "ws://127.0.0.1:9/ocpp")


def test_a_collector_that_stays_away_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_RECONNECT_SECONDS", (0.01,))
    lost = []

    def tell():
        try:
            replay(load_settings(home=tmp_path), workload(100), url)
        except ConnectionLost as error:
            lost.append(str(error))

    with collector(tmp_path) as url:
        thread = threading.Thread(target=tell)
        thread.start()
        marks = tmp_path / "replay" / "acknowledged.sqlite"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (marks.exists() and marked(marks) > 4):
            time.sleep(0.02)
    thread.join(30)
    assert len(lost) == 1
    assert "goes on where it stopped" in lost[0]


def test_a_session_file_is_told_at_the_registrys_power(tmp_path):
    root = Path(runner.__file__).parents[2]
    settings = load_settings(home=tmp_path)
    apply(settings, root / "docs" / "tutorial" / "registry")
    file = tmp_path / "sessions.csv"
    file.write_text((root / "docs" / "tutorial" / "sessions.csv").read_text() + "town-hall,TH-01,1,no,no,1,,,\n")
    said = []
    with collector(tmp_path, directory=Registry(open_state(settings))) as url:
        report = replay_file(settings, file, ocpp_version="2.0.1", url=url, say=said.append)
    assert (report.sessions, report.tokens_refused, len(said)) == (4, 0, 1)
    assert str(report).startswith("Told 4 sessions of 2 stations")
    powers = {
        sample["value"]
        for (text,) in landed(tmp_path)
        .filter("action = 'TransactionEvent' AND direction = 'in'")
        .select("payload")
        .fetchall()
        for entry in orjson.loads(text)["meterValue"]
        for sample in entry["sampledValue"]
        if sample["measurand"] == "Power.Active.Import"
    }
    assert powers <= {22000, 0}
    with pytest.raises(InputError, match="not spoken"):
        replay_file(settings, file, ocpp_version="1.5")


@pytest.mark.parametrize("speed", [1.0, 7200.0])
def test_a_simulated_fleet_lives_at_any_speed(tmp_path, speed):
    fleet = Fleet(stations=6, sessions_per_hour=12)
    settings = load_settings(home=tmp_path)
    write_registry(tmp_path / "registry", fleet)
    apply(settings, tmp_path / "registry")
    with collector(tmp_path, directory=Registry(open_state(settings))) as url:
        report = simulate(fleet, url, hours=8 if speed > 1 else 1 / 3600, speed=speed)
    assert (report.refused, report.tokens_refused) == (0, 0)
    assert landed(tmp_path).filter("schema_error IS NOT NULL OR message_type = 4").count("*").fetchone() == (0,)
    assert landed(tmp_path).count("*").fetchone() == (2 * report.calls,)
    assert report.sessions > 10 if speed > 1 else report.sessions == 0
