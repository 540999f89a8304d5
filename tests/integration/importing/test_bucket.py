"""Imports from a bucket, over the S3 protocol."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest.importing.frames import import_frames
from ingest.importing.sessions import import_sessions
from tests.imported import rows
from tests.integration.s3_server import s3_server
from warehouse.errors import InputError
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    root = tmp_path_factory.mktemp("s3")
    (root / "logs" / "2026" / "01").mkdir(parents=True)
    with s3_server(root) as variables:
        yield root / "logs", variables


@pytest.fixture
def reachable(bucket: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Path:
    folder, variables = bucket
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return folder


def line(station: str, number: int) -> bytes:
    return f'2026-01-01T00:00:{number:02d}Z {station} -> [2,"{number}","StartTransaction",{{}}]\n'.encode()


def test_frames_of_all_objects_that_a_pattern_names(reachable: Path, tmp_path: Path) -> None:
    for day in (1, 2):
        lines = b"".join(line(f"D{day}", second) for second in range(10))
        (reachable / "2026" / "01" / f"{day:02d}.log.gz").write_bytes(gzip.compress(lines))
    (reachable / "2026" / "01" / "notes.txt").write_text("not this one")
    settings = Settings(home=tmp_path)
    report = import_frames(settings, ["s3://logs/2026/*/*.gz"])
    assert (report.taken, report.exit_status, dict(report.stations)) == (20, 0, {"D1": 10, "D2": 10})
    again = import_frames(settings, ["s3://logs/2026/01/02.log.gz"])
    assert again.already_imported == ["s3://logs/2026/01/02.log.gz"]


def test_sessions_in_parquet(reachable: Path, tmp_path: Path) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    pl.DataFrame(
        {"site_id": ["s"], "station_id": ["A"], "connector_id": [1], "started_at": [begin],
         "ended_at": [begin.replace(hour=1)], "energy_kwh": [1.5]}
    ).write_parquet(reachable / "sessions.parquet")  # fmt: skip
    settings = Settings(home=tmp_path)
    assert import_sessions(settings, ["s3://logs/sessions.parquet"]).taken == 1
    assert rows(settings, "session_records")[0]["source"] == "s3://logs/sessions.parquet:1"


def test_what_cannot_be_reached_is_said(reachable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(InputError, match="names no object"):
        import_frames(settings, ["s3://logs/nothing*.gz"])
    assert "cannot be read" in import_frames(settings, ["s3://logs/nothing.gz"]).unreadable["s3://logs/nothing.gz"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(InputError, match="AWS_"):
        import_frames(settings, ["s3://logs/2026/*/*.gz"])
