"""Scheduled extracts, run by Dagster in this process: to a folder, and to a real bucket."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.defs.extracts import daily_extracts, monthly_extracts
from pipelines.instance import open_instance
from pipelines.scheduled_extracts import Bucket, folder_of, last_month, place_of
from tests.integration.priced_warehouse import build
from tests.integration.s3_server import s3_server
from warehouse.errors import SettingsError
from warehouse.extracts import extract_bytes
from warehouse.settings import load_settings
from warehouse.store import open_lake

ON_THE_SECOND = datetime(2026, 7, 2, 4, 30, tzinfo=UTC)


def run(moment: datetime = ON_THE_SECOND, schedule: dg.ScheduleDefinition = monthly_extracts) -> None:
    """What Dagster's daemon does at that moment."""
    context = dg.build_schedule_context(scheduled_execution_time=moment)
    (request,) = schedule.evaluate_tick(context).run_requests or ()
    with open_instance(load_settings()) as instance:
        job = defs().resolve_job_def("scheduled_extracts")
        assert job.execute_in_process(run_config=request.run_config, instance=instance).success


def check(folder: Path) -> None:
    """The files are those of the manifest, and can be made again from it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["date_from"], manifest["date_to"]) == ("2026-06-01", "2026-07-01")
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *(file["file"] for file in manifest["files"])}
    assert {file["extract"]: file["rows"] for file in manifest["files"]} == {"cdrs": 2, "cdrs_ocpi": 0}
    for file in manifest["files"]:
        content = (folder / file["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        with open_lake(load_settings(), read_only=True) as lake:
            days = (date(2026, 6, 1), date(2026, 7, 1))
            again = extract_bytes(
                lake, file["extract"], *days, file["file"].rpartition(".")[2], snapshot=manifest["snapshot"]
            )
        assert again == content


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build(tmp_path / "home")
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KWHOUSE_EXTRACT_NAMES", "cdrs, cdrs_ocpi")
    monkeypatch.setenv("KWHOUSE_EXTRACT_FORMAT", "xlsx")
    return tmp_path


def test_the_last_month_is_written_to_a_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_EXTRACT_TO", str(home / "out"))
    run()
    check(home / "out" / "2026-06")
    assert {path.name for path in (home / "out" / "2026-06").iterdir()} == {
        "cdrs.xlsx",
        "cdrs_ocpi.json",
        "manifest.json",
    }
    run(datetime(2026, 6, 3, 5, 30, tzinfo=UTC), daily_extracts)
    assert (home / "out" / "2026-06-01" / "cdrs.xlsx").exists()


def test_the_last_month_is_written_to_a_bucket(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "served" / "bucket").mkdir(parents=True)
    with s3_server(home / "served") as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("KWHOUSE_EXTRACT_TO", "s3://bucket/finance/")
        run()
        check(home / "served" / "bucket" / "finance" / "2026-06")


def test_without_a_place_nothing_is_started(home: Path) -> None:
    assert place_of(load_settings()) is None
    context = dg.build_schedule_context(scheduled_execution_time=ON_THE_SECOND)
    answer = monthly_extracts.evaluate_tick(context)
    assert not answer.run_requests
    assert "KWHOUSE_EXTRACT_TO" in (answer.skip_message or "")


def test_places_and_days() -> None:
    assert place_of(load_settings(extract_to="s3://b/x")) == Bucket("s3://b/x")
    with pytest.raises(SettingsError, match="neither a folder nor s3"):
        place_of(load_settings(extract_to="ftp://b/x"))
    assert last_month(date(2026, 1, 2)) == (date(2025, 12, 1), date(2026, 1, 1))
    assert folder_of(date(2025, 12, 1), date(2026, 1, 1)) == "2025-12"
    assert folder_of(date(2026, 2, 1), date(2026, 2, 11)) == "2026-02-01--2026-02-10"
