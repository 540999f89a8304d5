"""The comparison of a session file with the warehouse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ingest.fleet.session import Session
from ingest.replay.check import compare_sessions, session_frame
from ingest.replay.demo import _table

pytestmark = pytest.mark.fast

# 23:30 on 30 June in Los Angeles, which is July in UTC
BEGIN = datetime(2019, 7, 1, 6, 30, tzinfo=UTC)


def file_sessions():
    return session_frame(
        Session(
            "jpl",
            "AG-1",
            1,
            1,
            BEGIN + timedelta(hours=n),
            BEGIN + timedelta(hours=n + 1),
            Decimal("0.000001") + n,
            None,
            str(n),
        )
        for n in range(2)
    )


def test_equal_sessions_are_equal_by_local_month():
    check = compare_sessions(file_sessions(), file_sessions(), "America/Los_Angeles")
    assert check.ok
    assert check.table["month"].to_list() == [date(2019, 6, 1), date(2019, 7, 1)]
    assert check.table["file_kwh"].to_list() == [Decimal("0.000000001"), Decimal("0.001000001")]


def test_a_micro_watt_hour_or_a_missing_session_is_seen_and_other_stations_are_not():
    file = file_sessions()
    moved = file.with_columns(energy_wh=pl.col("energy_wh") + pl.lit(Decimal("0.000001"), pl.Decimal(38, 6)))
    check = compare_sessions(file, moved, "America/Los_Angeles")
    assert not check.ok
    assert check.wrong["difference_wh"].to_list() == [Decimal("0.000001")] * 2
    assert compare_sessions(file, file.head(1), "America/Los_Angeles").wrong["warehouse_sessions"].to_list() == [0]
    told = _table(compare_sessions(file, file.head(1), "America/Los_Angeles"), Path("home"))
    assert "NOT the same: 1 of 2 sessions" in told
    assert "start from an empty KWHOUSE_HOME" in told
    assert "KWHOUSE_HOME" not in _table(check, Path("home")), "nothing is missing"
    strange = file.with_columns(station_id=pl.lit("elsewhere"))
    assert compare_sessions(file, pl.concat([file, strange]), "America/Los_Angeles").ok
