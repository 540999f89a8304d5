"""Dagster as people meet it: definitions, metadata, checks, the landing sensor, and its home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from pipelines.catalog import STAGES
from pipelines.instance import open_instance, prepare_home
from pipelines.maintenance import maintain
from pipelines.refresh import check, dev_command, refresh
from tests.integration.test_refresh import a_session
from tests.landed import Wire, land
from tests.pipeline import contents
from warehouse.contract import core
from warehouse.settings import Settings, load_settings
from warehouse.store import open_lake


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with one session, refreshed."""
    settings = load_settings(home=tmp_path_factory.mktemp("home"))
    wire = Wire()
    a_session(wire)
    land(settings, wire)
    refresh(settings)
    return settings


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    from pipelines.definitions import defs

    return defs().get_repository_def()


def test_the_folder_holds_jobs_sensor_and_schedules(repository: dg.RepositoryDefinition) -> None:
    assert {job.name for job in repository.get_all_jobs()} >= {"refresh", "rebuild", "checks", "maintenance"}
    assert [sensor.name for sensor in repository.sensor_defs] == ["landing"]
    assert {schedule.name for schedule in repository.schedule_defs} == {
    "every_quarter_hour", "nightly_maintenance", "nightly_checks", "monthly_extracts", "daily_extracts",
        "payments_every_five_minutes",
    }  # fmt: skip


def test_every_output_is_an_asset_named_like_its_table(repository: dg.RepositoryDefinition) -> None:
    keys = {".".join(key.path) for key in repository.asset_graph.get_all_asset_keys()}
    assert {table.full_name for stage in STAGES for table in stage.outputs} <= keys
    assert {"raw.messages", "ops.registry_history", "registry.sites"} <= keys


def test_columns_and_meanings_are_visible(repository: dg.RepositoryDefinition) -> None:
    metadata = repository.asset_graph.get(dg.AssetKey(["core", "sessions"])).metadata
    columns = {column.name: column for column in metadata["dagster/column_schema"].columns}
    assert list(columns) == list(core.SESSIONS.column_names)
    assert columns["energy_wh"].type == "DECIMAL(18,6)"
    assert "unit: Wh" in (columns["energy_wh"].description or "")
    assert not columns["session_id"].constraints.nullable


def test_a_refresh_shows_in_dagsters_pages(home: Settings) -> None:
    with open_instance(home) as instance:
        runs = instance.get_runs()
        event = instance.get_latest_materialization_event(dg.AssetKey(["core", "sessions"]))
    assert runs[0].job_name == "refresh"
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/row_count"].value == 1
    assert metadata["rows_written"].value == 1
    assert metadata["snapshot"].value > 0


def test_all_checks_pass_and_find_what_is_wrong(home: Settings) -> None:
    assert check(home) == ()
    spoil = "UPDATE lake.core.energy_steps SET energy_wh = energy_wh + ?"
    with open_lake(home) as lake, lake.write("spoil a row") as con:
        con.execute(spoil, [1])
    try:
        assert "core.energy_steps: energy_conserved" in check(home)
    finally:
        with open_lake(home) as lake, lake.write("mend it") as con:
            con.execute(spoil, [-1])


def test_the_sensor_fires_once_a_landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.defs.automation import landing

    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path))
    settings = load_settings()
    with dg.DagsterInstance.ephemeral() as instance:

        def look(cursor: str | None) -> tuple[object, str | None]:
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            return landing(context), context.cursor

        answer, cursor = look(None)
        assert isinstance(answer, dg.SkipReason)
        wire = Wire()
        a_session(wire)
        land(settings, wire)
        answer, cursor = look(cursor)
        assert isinstance(answer, dg.RunRequest)
        answer, cursor = look(cursor)
        assert isinstance(answer, dg.SkipReason)


def test_a_run_started_by_dagster_opens_the_lake_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.definitions import defs

    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path))
    wire = Wire()
    a_session(wire)
    land(load_settings(), wire)
    with open_instance(load_settings()) as instance:
        assert defs().resolve_job_def("refresh").execute_in_process(instance=instance).success
        assert defs().resolve_job_def("maintenance").execute_in_process(instance=instance).success
    with open_lake(load_settings(), read_only=True) as lake:
        assert lake.con.execute("SELECT count(*) FROM core.sessions").fetchone() == (1,)


def test_maintenance_changes_no_figure(home: Settings) -> None:
    with open_lake(home) as lake:
        before = contents(lake)
        maintain(lake, [stage.name for stage in STAGES])
    refresh(home)
    refresh(home, full=True)
    with open_lake(home) as lake:
        maintain(lake, [stage.name for stage in STAGES])
    refresh(home)
    with open_lake(home) as lake:
        assert contents(lake) == before


def test_its_home_is_made_once_by_two_first_runs(tmp_path: Path) -> None:
    code = "import sys; from warehouse.settings import load_settings; from pipelines.instance import prepare_home; "
    code += "prepare_home(load_settings(home=sys.argv[1]))"
    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [run.wait(timeout=120) for run in runs] == [0, 0]
    text = (tmp_path / "dagster" / "dagster.yaml").read_text()
    assert "telemetry:\n  enabled: false" in text
    prepare_home(load_settings(home=tmp_path))


def test_dagsters_pages_listen_on_loopback_only(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    command, environment = dev_command(settings)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert environment["DAGSTER_HOME"] == str(settings.dagster_home)
    assert environment["KWHOUSE_HOME"] == str(settings.home)
    assert os.environ.get("DAGSTER_HOME") != environment["DAGSTER_HOME"]
