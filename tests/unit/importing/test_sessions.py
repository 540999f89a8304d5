"""Session rows, maps of other systems' columns, and tables whatever their dialect."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.importing.session_map import read_map
from ingest.importing.session_rows import BadRow, read_row
from ingest.importing.sessions import import_sessions
from tests.imported import landed, rows
from warehouse.errors import InputError
from warehouse.settings import Settings

pytestmark = pytest.mark.fast

HEAD = "site_id,station_id,connector_id,started_at,ended_at,energy_kwh,id_token,session_id,time_zone\n"
PORTAL = """\
Charge Point;Plug;Start;End Date;End Time;Energy (Wh);Peak (kW);Duration;Card
P-1;2;25/10/2026 01:30;25/10/2026;01:10;1.234,5;7,4;0:40;ä-1
P-2;1;31/12/2026 23:00;01/01/2027;00:15;0;;1:15:30;
P-3;1;2026-12-31 23:00;01/01/2027;00:15;0;;1:15:30;
"""
MAP = """\
station_id: Charge Point
connector_id: Plug
site_id: {value: depot}
started_at: {column: Start, format: "%d/%m/%Y %H:%M"}
ended_at: {columns: [End Date, End Time], format: "%d/%m/%Y %H:%M"}
energy_kwh: {column: Energy (Wh), unit: Wh, decimal: ","}
max_power_w: {column: Peak (kW), unit: kW, decimal: ","}
charging_seconds: Duration
id_token: Card
time_zone: {value: Europe/London}
encoding: cp1252
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> str:
    (folder / name).write_text(text, encoding=encoding)
    return str(folder / name)


def test_a_portals_export_becomes_sessions_through_a_map(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    file = write(tmp_path, "portal.csv", PORTAL, "cp1252")
    report = import_sessions(settings, [file], Path(write(tmp_path, "map.yaml", MAP)))
    first, second = rows(settings, "session_records")
    # 01:30 is before, 01:10 after the clocks were put back: the only reading in which the end comes last
    assert first["started_at"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert first["ended_at"] == datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert (first["energy_wh"], first["max_power_w"], first["charging_seconds"]) == (Decimal("1234.5"), 7400, 2400)
    assert (first["site_id"], first["evse_id"], first["connector_id"], first["id_token"]) == ("depot", 2, 2, "ä-1")
    assert (first["kind"], first["source"]) == ("session", "portal.csv:2")
    assert first["external_session_id"] == "P-1/2/2026-10-25T00:30:00/2026-10-25T01:10:00"
    assert json.loads(first["document"])["Charge Point"] == "P-1"
    assert (second["energy_wh"], second["max_power_w"], second["id_token"]) == (0, None, None)
    assert second["charging_seconds"] == 4530
    (met,) = report.refused.values()
    assert met.examples == ["portal.csv:4: 2026-12-31 23:00 is not written as %d/%m/%Y %H:%M"]
    assert report.exit_status == 1


def test_rows_are_refused_with_their_line_and_the_good_ones_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    file = write(
        tmp_path,
        "s.csv",
        "\ufeff" + HEAD + 'd,A,1,2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,1.5,"T\n1",one,\n'
        "d,A,1,2026-01-01T03:00:00,2026-01-01T04:00:00,1,,two,\n"
        "d,A,1,2026-01-01T03:00:00Z,2026-01-01T04:00:00Z,1,,one,\n"
        "d,A,1,2026-01-01T03:00:00Z,2026-01-01T04:00:00Z,1,,four,,too many\n"
        "\n"
        "d,A,1,2026-01-01T03:00:00Z\n",
    )
    report = import_sessions(settings, [file])
    assert [row["external_session_id"] for row in rows(settings, "session_records")] == ["one"]
    assert [example for met in report.refused.values() for example in met.examples] == [
        "s.csv:4: 2026-01-01 03:00:00 has no UTC offset and the row no time_zone",
        "s.csv:5: one stands in an earlier line already",
        "s.csv:6: has more fields than there are columns",
        "s.csv:8: is empty",
    ]
    assert import_sessions(settings, [file], time_zone="Europe/Berlin").taken == 2, "another way of reading it"


def test_the_same_content_is_imported_once_and_parquet_and_csv_are_alike(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    begin = datetime(2026, 1, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "site_id": ["d"] * 5,
            "station_id": ["A"] * 5,
            "connector_id": [1] * 5,
            "started_at": [begin.replace(hour=hour) for hour in range(5)],
            "ended_at": [begin.replace(hour=hour + 1) for hour in range(5)],
            "energy_kwh": [0.1] * 5,
        }
    )
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_csv(tmp_path / "a.csv")
    assert import_sessions(settings, [str(tmp_path / "a.parquet")], rows_a_file=2).taken == 5
    before = landed(settings)
    assert len(before) == 3
    again = import_sessions(settings, [str(tmp_path / "a.parquet")], rows_a_file=2)
    assert (again.taken, again.already_imported, again.exit_status) == (0, ["a.parquet"], 0)
    assert landed(settings) == before
    other = Settings(home=tmp_path / "other")
    import_sessions(other, [str(tmp_path / "a.csv")])
    strip = ("collector_id", "seq", "received_at", "source", "document")
    alike = [
        [{k: v for k, v in row.items() if k not in strip} for row in rows(s, "session_records")]
        for s in (settings, other)
    ]
    assert alike[0] == alike[1]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no entries"),
        ("a: [", "not YAML"),
        ("nonsense: X", "none of our columns"),
        ("station_id: S\nstarted_at: B", "says nothing of ended_at"),
        ("station_id: {}", "neither"),
        ("station_id: {column: A, value: B}", "exactly one"),
        ("station_id: {colum: A}", "colum; known are"),
        ("ended_at: {columns: A}", "list of names"),
        ("energy_kwh: {column: E, unit: J}", "Wh, kWh, MWh"),
        ("station_id: {column: E, unit: Wh}", "no unit"),
        ("energy_kwh: {column: E, format: x}", "take a format"),
        ("energy_kwh: {column: E, decimal: ';'}", "decimal is"),
        ("encoding: klingon\nstation_id: S", "klingon"),
    ],
)
def test_a_map_that_cannot_be_used_says_why(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        read_map(Path(write(tmp_path, "map.yaml", text)))


def test_files_that_cannot_be_read_say_why_and_the_others_go_on(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    good = write(tmp_path, "good.csv", HEAD + "d,A,1,2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,1.5,,one,\n")
    bad = {
        "few.csv": "station_id\nA\n",
        "twice.csv": "station_id,station_id\nA,B\n",
        "empty.csv": "",
        "no.parquet": "no",
        "latin.csv": HEAD + "d,A,1,2026-01-01T01:00:00Z,2026-01-01T02:00:00Z,1.5,,two,\ndü",
    }
    files = [write(tmp_path, name, text, "latin-1") for name, text in bad.items()]
    (tmp_path / "sixteen.csv").write_bytes("site_id".encode("utf-16"))
    (tmp_path / "packed.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "torn.parquet").write_bytes(b"PAR1 and no more")
    files += [str(tmp_path / name) for name in ("sixteen.csv", "packed.zip", "torn.parquet")]
    report = import_sessions(settings, [*files, good])
    assert report.taken == 1
    assert report.exit_status == 1
    assert sorted(report.unreadable) == sorted(Path(file).name for file in files)
    assert "lacks the column" in report.unreadable["few.csv"]
    assert "UTF-16" in report.unreadable["sixteen.csv"]
    mapped = import_sessions(settings, [good], Path(write(tmp_path, "map.yaml", MAP)))
    assert "Charge Point, Plug" in mapped.unreadable["good.csv"]


@given(
    st.fixed_dictionaries(
        {"station_id": st.text(), "started_at": st.text(), "ended_at": st.text()},
        optional={
            name: st.text() for name in ("connector_id", "energy_kwh", "time_zone", "charging_seconds", "max_power_w")
        },
    )
)
def test_any_texts_make_a_session_or_a_reason(row: dict[str, str]) -> None:
    with contextlib.suppress(BadRow):
        assert read_row(row).started_at < read_row(row).ended_at
