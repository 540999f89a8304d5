"""Imports against real parts: the landing folder, the lake that registers it, a killed process, packed files."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.importing.frames import import_frames
from ingest.importing.sessions import import_sessions
from tests.imported import landed, rows
from tests.registered import register_stations
from warehouse.settings import Settings
from warehouse.store import open_lake
from warehouse.store.landing import register_landed

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def frame_lines(count: int) -> str:
    """JSON lines: calls, their answers, and now and then a text that is no frame."""
    lines = []
    for number in range(count):
        at = (BEGIN + timedelta(seconds=number)).isoformat()
        frame: object = (
            [2, str(number), "Heartbeat", {}] if number % 2 == 0 else [3, str(number - 1), {"currentTime": at}]
        )
        if number % 100 == 98:
            frame = '[2,"broken'
        direction = "in" if number % 2 == 0 else "out"
        told = {"station_id": f"S{number // 2 % 7}", "received_at": at, "direction": direction, "ocpp_version": "1.6"}
        lines.append(json.dumps({**told, "frame": frame}))
    return "\n".join(lines) + "\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def in_lake(settings: Settings) -> tuple[int, int, int]:
    """Messages, distinct (collector_id, seq) of them, and rejected texts, once all is registered."""
    with open_lake(settings) as lake:
        assert register_landed(lake).set_aside == {}
        texts = "(SELECT count(*) FROM raw.rejected)"
        row = lake.con.execute(
            f"SELECT count(*), count(DISTINCT (collector_id, seq)), {texts} FROM raw.messages"
        ).fetchone()
    assert row is not None
    return row


def test_a_content_is_imported_once_however_it_is_packed_or_called(settings: Settings, tmp_path: Path) -> None:
    text = frame_lines(1_000)
    (tmp_path / "a.jsonl").write_text(text)
    (tmp_path / "b.gz").write_bytes(gzip.compress(text[:5_000].encode()) + gzip.compress(text[5_000:].encode()))
    (tmp_path / "c.bz2").write_bytes(bz2.compress(text.encode()))
    with pa.CompressedOutputStream(str(tmp_path / "d.jsonl"), "zstd") as packed:
        packed.write(text.encode())
    first = import_frames(settings, [str(tmp_path / "a.jsonl")], rows_a_file=300)
    assert (first.taken, first.exit_status) == (990, 0)
    assert {reason: met.count for reason, met in first.kept_as_text.items()} == {"unparsable": 10}
    assert first.unregistered == [f"S{number}" for number in range(7)]
    before = landed(settings)
    assert len(before) == 8
    again = import_frames(settings, [str(tmp_path / name) for name in ("b.gz", "c.bz2", "d.jsonl")], rows_a_file=300)
    assert (again.taken, again.already_imported, again.exit_status) == (0, ["b.gz", "c.bz2", "d.jsonl"], 0)
    assert landed(settings) == before
    assert in_lake(settings) == (990, 990, 10)
    # Now the files belong to the lake, which may merge them away.
    for path in settings.landing.glob("*.parquet"):
        path.rename(tmp_path / path.name)
    assert import_frames(settings, [str(tmp_path / "a.jsonl")], rows_a_file=300).taken == 0
    assert landed(settings) == {}


def test_an_import_goes_on_with_what_is_missing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(frame_lines(1_000))
    import_frames(settings, [str(tmp_path / "a.jsonl")], rows_a_file=100)
    before = landed(settings)
    gone = sorted(name for name in before if "000000000301-" in name or "000000000901-" in name)
    assert len(gone) == 4
    for name in gone:
        (settings.landing / name).unlink()
    report = import_frames(settings, [str(tmp_path / "a.jsonl")], rows_a_file=100)
    assert (report.taken, report.there_already) == (198, 792)
    assert rows(settings, "messages")[350]["action"] == "Heartbeat", "answers know the calls of files that were there"
    assert set(landed(settings)) == set(before)
    assert in_lake(settings) == (990, 990, 10)


def test_a_killed_import_loses_and_doubles_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(frame_lines(60_000))
    program = (
        "import sys; from ingest.importing.frames import import_frames; from warehouse.settings import Settings\n"
        "import_frames(Settings(home=sys.argv[1]), [sys.argv[2]], rows_a_file=2_000)"
    )
    for files_before_kill in (1, 4):
        process = subprocess.Popen([sys.executable, "-c", program, str(settings.home), str(tmp_path / "a.jsonl")])
        already = len(list(settings.landing.glob("messages-*.parquet"))) if settings.landing.is_dir() else 0
        while (
            process.poll() is None
            and len(list(settings.landing.glob("messages-*.parquet"))) < already + files_before_kill
        ):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    report = import_frames(settings, [str(tmp_path / "a.jsonl")], rows_a_file=2_000)
    assert report.taken + report.there_already in (59_400, 0)  # 0: all of it was there before the last kill
    assert in_lake(settings) == (59_400, 59_400, 600)
    assert not [name for name in landed(settings) if name.endswith(".tmp")]


def test_a_full_disk_is_told_and_the_import_goes_on_later(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(frame_lines(30_000))
    program = (
        "import resource, sys; from ingest.importing.frames import import_frames\n"
        "from warehouse.settings import Settings; from warehouse.errors import StoreError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, 80_000))\n"
        "try: import_frames(Settings(home=sys.argv[1]), [sys.argv[2]])\n"
        "except StoreError as error: print(error)"
    )
    # The state database is larger than that.
    import_frames(settings, [_written(tmp_path / "small.jsonl", frame_lines(10))])
    command = [sys.executable, "-c", program, str(settings.home), str(tmp_path / "a.jsonl")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "landing folder cannot be written" in said
    assert not [name for name in landed(settings) if name.endswith(".tmp")]
    assert import_frames(settings, [str(tmp_path / "a.jsonl")]).taken == 29_700


def _written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_landed_files_are_registered_while_an_import_goes_on(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(frame_lines(20_000))
    done = threading.Event()
    set_aside: dict[str, str] = {}

    def register() -> None:
        while not done.is_set():
            with open_lake(settings) as lake:
                set_aside.update(register_landed(lake).set_aside)

    other = threading.Thread(target=register)
    other.start()
    try:
        assert import_frames(settings, [str(tmp_path / "a.jsonl")], rows_a_file=500).taken == 19_800
    finally:
        done.set()
        other.join()
    assert set_aside == {}
    assert import_frames(settings, [str(tmp_path / "a.jsonl")], rows_a_file=500).taken == 0
    assert in_lake(settings) == (19_800, 19_800, 200)


def test_a_file_cut_off_in_the_middle_is_not_taken_and_the_others_are(settings: Settings, tmp_path: Path) -> None:
    text = frame_lines(2_000).encode()
    (tmp_path / "cut.gz").write_bytes(gzip.compress(text)[:-500])
    (tmp_path / "good.jsonl").write_bytes(text[: text.index(b"\n") + 1])
    report = import_frames(settings, [str(tmp_path / "cut.gz"), str(tmp_path / "good.jsonl")])
    assert (report.taken, report.exit_status) == (1, 1)
    assert "cut off" in report.unreadable["cut.gz"]


def test_the_command_says_what_it_did_and_ends_with_a_status(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text('2026-01-01T00:00:00Z X1 -> [2,"1","StartTransaction",{}]\nhello\n[2,"1","A",{}]\n')
    environment = {**os.environ, "KWHOUSE_HOME": str(settings.home)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kwhouse", "import", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    first = run("frames", str(tmp_path / "a.log"))
    assert first.returncode == 1
    assert "Imported 1 frame of 1 station." in first.stdout
    assert "Refused: 1, no station" in first.stdout
    assert "kwhouse refresh" in first.stdout
    (tmp_path / "b.log").write_text('2026-01-01T00:00:00Z X2 -> [2,"1","StartTransaction",{}]\n')
    assert json.loads(run("frames", str(tmp_path / "b.log"), "--json").stdout)["stations"] == {"X2": 1}
    again = run("frames", str(tmp_path / "a.log"), "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["already_imported"] == ["a.log"]
    assert "is not a file" in run("cdrs", str(tmp_path / "nothing.json")).stderr


def test_a_starting_registry_holds_what_is_known_and_marks_the_rest(settings: Settings, tmp_path: Path) -> None:
    from pipelines.billing.tariffs.model import why_refused
    from warehouse.errors import RegistryError
    from warehouse.registry import apply

    register_operator(settings)
    register_stations(settings, {"OLD": "old site"})
    (tmp_path / "s.csv").write_text(
        "site_id,station_id,connector_id,started_at,ended_at,energy_kwh,time_zone\n"
        "new site,N1,2,2026-01-01 01:00:00,2026-01-01 02:00:00,1,Europe/Berlin\n"
        "old site,OLD,1,2026-01-01 01:00:00,2026-01-01 02:00:00,1,Europe/Berlin\n"
    )
    report = import_sessions(settings, [str(tmp_path / "s.csv")], registry_folder=tmp_path / "reg")
    assert (report.unregistered, report.starting_registry) == (["N1"], str(tmp_path / "reg"))
    with pytest.raises(RegistryError) as refused:
        apply(settings, tmp_path / "reg", why_refused)
    assert sorted({problem.field for problem in refused.value.problems}) == [
        "country_code", "currency", "name", "operator_id", "power_type", "rated_power_w",
    ]  # fmt: skip
    given = {"country_code": "DE", "currency": "EUR", "name": "New", "operator_id": "op", "power_type": "DC",
             "rated_power_w": "50000"}  # fmt: skip
    for path in (tmp_path / "reg").iterdir():
        lines = [
            f"{line.split(':')[0]}: {given[line.split(':')[0].strip()]}" if "# to be completed" in line else line
            for line in path.read_text().splitlines()
        ]
        path.write_text("\n".join(lines) + "\n")
    changes = apply(settings, tmp_path / "reg", why_refused).tables
    assert {name: (t.added, t.changed, t.removed) for name, t in changes.items()} == {
        "operators": (0, 0, 0), "sites": (1, 0, 0), "stations": (1, 0, 0), "connectors": (1, 0, 0),
    }  # fmt: skip
    assert import_sessions(settings, [str(tmp_path / "s.csv")]).unregistered == []


def register_operator(settings: Settings) -> None:
    from tests.registered import register

    settings.home.mkdir(parents=True)
    register(settings, operators=[{"operator_id": "op", "name": "Op", "country_code": "DE", "party_id": "ABC"}])
