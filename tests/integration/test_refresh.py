"""The whole refresh over a real lake and a real Dagster."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.refresh import RefreshReport, refresh
from tests.landed import Wire, at, land, reading
from warehouse.settings import Settings, load_settings
from warehouse.store import open_lake


def a_session(wire: Wire, station: str = "A", begin: float = 1000.4, end: float = 3000.123456) -> None:
    wire.connect(station, at(0), clock="replay")
    transaction = wire.start(station, at(1), begin)
    wire.meter(station, transaction, at(15), "1500.25")
    data = [reading(at(1), begin, "Transaction.Begin"), reading(at(60), end, "Transaction.End")]
    wire.stop(station, transaction, at(60), end, data)


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, RefreshReport]:
    """A data folder with a session of station A after its first refresh. Who adds to it takes other stations."""
    settings = load_settings(home=tmp_path_factory.mktemp("refreshed"))
    wire = Wire()
    a_session(wire)
    land(settings, wire)
    return settings, refresh(settings)


def test_a_session_walks_from_landed_frames_to_the_table(refreshed: tuple[Settings, RefreshReport]) -> None:
    settings, report = refreshed
    assert report.files == {"messages": 1, "connections": 1}
    assert report.changed
    assert report.steps[0].rows == {"raw.messages": 6, "raw.connections": 1}
    query = "SELECT energy_wh, energy_source, origin, grade, state FROM core.sessions WHERE station_id = 'A'"
    with open_lake(settings, read_only=True) as lake:
        rows = lake.con.execute(query).fetchall()
    assert rows == [(Decimal("1999.723456"), "registers", "replay", "ok", "completed")]


def test_an_unreadable_file_is_reported_and_the_rest_goes_on(refreshed: tuple[Settings, RefreshReport]) -> None:
    settings, _ = refreshed
    wire = Wire("beside")
    a_session(wire, "B")
    land(settings, wire)
    (settings.landing / "messages-x-1-2.parquet").write_bytes(b"no parquet")
    report = refresh(settings)
    assert list(report.set_aside) == ["messages-x-1-2.parquet"]
    assert report.files == {"messages": 1, "connections": 1}


def test_a_refresh_with_nothing_new_writes_nothing(refreshed: tuple[Settings, RefreshReport]) -> None:
    settings, _ = refreshed
    first = refresh(settings)
    second = refresh(settings)
    assert not second.changed
    assert second.snapshot == first.snapshot


def test_two_refreshes_at_once_do_the_work_once(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    wire = Wire()
    a_session(wire)
    land(settings, wire)
    code = (
        "import sys; from pipelines.refresh import refresh; from warehouse.settings import load_settings; "
        "sys.exit(10 + refresh(load_settings(home=sys.argv[1])).changed)"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert sorted(run.wait(timeout=120) for run in runs) == [10, 11]
    with open_lake(settings, read_only=True) as lake:
        assert lake.con.execute("SELECT count(*) FROM core.sessions").fetchone() == (1,)
        assert lake.con.execute("SELECT count(*) FROM core.meter_values").fetchone() == (3,)
