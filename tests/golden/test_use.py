"""Use cut at UTC hours and at local midnights, against figures worked out by hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.landed import Wire, iso, land
from tests.pipeline import bring_up_to_date
from tests.registered import connector, register, site
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake

EASTER_EVE = datetime(2024, 3, 30, 0, 0, tzinfo=UTC)


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        stations = {"berlin": "Europe/Berlin", "delhi": "Asia/Kolkata", "twin": "UTC", "off": "UTC"}
        register(
            settings,
            sites=[site(name, zone) for name, zone in stations.items()],
            stations=[{"station_id": name, "site_id": name} for name in stations],
            connectors=[connector(name, in_service_from=EASTER_EVE) for name in stations],
        )
        wire = Wire()
        _over_midnight(wire, "berlin", utc(30, 22, 30), utc(31, 0, 30))
        _over_midnight(wire, "delhi", utc(30, 18, 0), utc(30, 19, 0))
        _overlapping(wire, "twin")
        _offline(wire, "off")
        _over_midnight(wire, "nobody", utc(30, 10, 0), utc(30, 10, 30))
        # The newest data is what "now" means: it closes the days before.
        _over_midnight(wire, "berlin", utc(2, 0, month=4), utc(2, 1, month=4))
        land(settings, wire)
        with open_lake(settings) as opened:
            bring_up_to_date(opened)
            yield opened


def _over_midnight(wire: Wire, station: str, begin: datetime, end: datetime) -> None:
    """One session of 3,000 Wh, a third of it in the first half."""
    number = wire.start(station, begin, 0, token="one")
    wire.meter(station, number, begin + (end - begin) / 2, "1000")
    wire.stop(station, number, end, 3000)


def _overlapping(wire: Wire, station: str) -> None:
    first = wire.start(station, utc(30, 8), 0, token="one")
    second = wire.start(station, utc(30, 8, 30), 0, token="two")
    wire.stop(station, first, utc(30, 9), 1000)
    wire.stop(station, second, utc(30, 9, 30), 500)


def _offline(wire: Wire, station: str) -> None:
    def say(status: str, when: datetime) -> None:
        body = {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": iso(when)}
        wire.call(station, "StatusNotification", body, when)

    wire.connect(station, utc(30, 8))
    wire.call(station, "StatusNotification", {"connectorId": 0, "status": "Faulted", "errorCode": "X"}, utc(30, 8))
    say("Available", utc(30, 8))
    wire.disconnect(station, utc(30, 9, 15))
    wire.connect(station, utc(30, 9, 45))
    say("Faulted", utc(30, 10))
    say("Available", utc(30, 10, 20))


def day(lake: Lake, site_id: str, local_date: date) -> dict[str, Any]:
    query = "SELECT * FROM mart.site_days WHERE site_id = $site AND local_date = $day"
    cursor = lake.con.execute(query, {"site": site_id, "day": local_date})
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchone() or (), strict=False))


def hour(lake: Lake, station: str, hour_start: datetime) -> dict[str, Any]:
    query = "SELECT * FROM mart.connector_hours WHERE station_id = $station AND hour_start = $hour"
    cursor = lake.con.execute(query, {"station": station, "hour": hour_start})
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchone() or (), strict=False))


def test_a_day_on_which_clocks_go_forward_has_23_hours(lake: Lake) -> None:
    assert day(lake, "berlin", date(2024, 3, 31))["open_seconds"] == 23 * 3600
    assert day(lake, "berlin", date(2024, 4, 1))["open_seconds"] == 24 * 3600


def test_energy_is_cut_at_local_midnight_by_the_readings(lake: Lake) -> None:
    # 22:30 to 00:30 UTC; Berlin's midnight is 23:00 UTC: half an hour of the first 1,000 Wh lies before it.
    assert day(lake, "berlin", date(2024, 3, 30))["energy_wh"] == Decimal(500)
    assert day(lake, "berlin", date(2024, 3, 31))["energy_wh"] == Decimal(2500)
    # 18:00 to 19:00 UTC; Delhi's midnight is 18:30 UTC, within an hour of UTC.
    assert day(lake, "delhi", date(2024, 3, 30))["energy_wh"] == Decimal(1000)
    assert day(lake, "delhi", date(2024, 3, 31))["energy_wh"] == Decimal(2000)
    assert day(lake, "delhi", date(2024, 3, 30))["occupied_seconds"] == 1800


def test_energy_is_cut_at_utc_hours(lake: Lake) -> None:
    hours = [hour(lake, "berlin", start) for start in (utc(30, 22), utc(30, 23), utc(31, 0))]
    assert [row["energy_wh"] for row in hours] == [Decimal(500), Decimal(1500), Decimal(1000)]
    assert [row["occupied_seconds"] for row in hours] == [1800, 3600, 1800]
    assert [row["sessions_started"] for row in hours] == [1, 0, 0]


def test_overlapping_sessions_occupy_a_connector_once_and_add_their_energy(lake: Lake) -> None:
    # Without readings, energy is laid evenly over the sessions: 1,000 Wh in 08:00–09:00, 500 Wh in 08:30–09:30.
    assert hour(lake, "twin", utc(30, 8))["occupied_seconds"] == 3600
    assert hour(lake, "twin", utc(30, 8))["energy_wh"] == Decimal(1250)
    assert hour(lake, "twin", utc(30, 9))["occupied_seconds"] == 1800
    whole = day(lake, "twin", date(2024, 3, 30))
    assert (whole["sessions_started"], whole["unique_tokens"], whole["connectors_used"]) == (2, 2, 1)
    # 08:30–09:00 both flow: 1,000 W and 500 W.
    assert whole["peak_load_w"] == Decimal(1500)


def test_hours_are_dense_and_end_with_the_newest_data(lake: Lake) -> None:
    query = "SELECT count(*), sum(open_seconds), max(hour_start) FROM mart.connector_hours WHERE station_id = 'twin'"
    assert lake.con.execute(query).fetchone() == (73, 73 * 3600, utc(2, 0, month=4))
    assert day(lake, "twin", date(2024, 3, 31))["rated_wh"] == Decimal(11_000 * 24)


def test_offline_and_faulted_time(lake: Lake) -> None:
    assert hour(lake, "off", utc(30, 7))["offline_seconds"] is None
    assert hour(lake, "off", utc(30, 9))["offline_seconds"] == 1800
    assert hour(lake, "off", utc(30, 10))["faulted_seconds"] == 1200
    states = lake.con.execute(
        "SELECT state, from_at, to_at FROM core.connector_states WHERE station_id = 'off' ORDER BY from_at"
    ).fetchall()
    assert states == [
        ("available", utc(30, 8), utc(30, 9, 15)),
        ("offline", utc(30, 9, 15), utc(30, 9, 45)),
        ("available", utc(30, 9, 45), utc(30, 10)),
        ("faulted", utc(30, 10), utc(30, 10, 20)),
        ("available", utc(30, 10, 20), None),
    ]


def test_a_station_nobody_registered_counts_but_is_never_open(lake: Lake) -> None:
    found = day(lake, "unregistered", date(2024, 3, 30))
    assert (found["open_seconds"], found["connectors"], found["connectors_used"]) == (0, 0, 1)
    assert found["energy_wh"] == Decimal(3000)
