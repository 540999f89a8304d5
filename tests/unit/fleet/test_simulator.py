"""A simulated fleet is the same for the same seed, and its registry files can be applied."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise

import pytest

from ingest.fleet import wire
from ingest.fleet.errors import NobodyListens, StationRefused
from ingest.fleet.script import Hardware
from ingest.fleet.session import epoch_us, micro_wh
from ingest.fleet.simulated_registry import write_registry
from ingest.fleet.simulator import Fleet, _with_heartbeats, _with_mend, card, simulate, station_sessions
from ingest.fleet.station16 import Station16
from warehouse.registry import apply
from warehouse.settings import load_settings

pytestmark = pytest.mark.fast

BEGIN = epoch_us(datetime(2026, 3, 1, tzinfo=UTC))


def test_versions_share_the_fleet():
    versions = Counter(version for _, version in Fleet(stations=20, share_201=0.25).hardware())
    assert versions == {"1.6": 15, "2.0.1": 5}


def test_sessions_are_stable_ordered_and_fit_the_connector():
    fleet = Fleet(stations=5, sessions_per_hour=30, seed=7)
    for hardware, _ in fleet.hardware():
        sessions = list(station_sessions(fleet, hardware, BEGIN, 48))
        assert sessions
        assert sessions == list(station_sessions(fleet, hardware, BEGIN, 48))
        assert sessions != list(station_sessions(Fleet(stations=5, sessions_per_hour=30, seed=8), hardware, BEGIN, 48))
        for place, watts in hardware.connectors.items():
            own = [(s, register) for s, register in sessions if (s.evse_id, s.connector_id) == place]
            for (a, a_register), (b, b_register) in pairwise(own):
                assert a.ended_at + timedelta(seconds=60) < b.started_at
                assert b_register == a_register + micro_wh(a.energy_wh)
            for session, _ in own:
                hours = Decimal((session.ended_at - session.started_at).total_seconds()) / 3600
                assert session.energy_wh <= hours * watts
                assert session.ended_at <= datetime(2026, 3, 3, tzinfo=UTC)


def test_without_an_end_it_goes_on():
    fleet = Fleet(stations=1)
    hardware, _ = next(fleet.hardware())
    assert len(list(islice(station_sessions(fleet, hardware, BEGIN, None), 500))) == 500


def test_silent_stations_send_heartbeats():
    station = Station16(Hardware("SIM-1", "v", "m", {(1, 1): 7200}), heartbeat_seconds=60)

    def script():
        answer = yield BEGIN + 200_000_000, '"StatusNotification",{}'
        assert answer == "the answer"

    beats = _with_heartbeats(script(), station, BEGIN, BEGIN + 330_000_000)
    heard = [next(beats) for _ in range(4)]
    heard.append(beats.send("the answer"))
    heard.extend(beats)
    seconds = [((when - BEGIN) // 1_000_000, call.split(",")[0]) for when, call in heard]
    beat, status = '"Heartbeat"', '"StatusNotification"'
    assert seconds == [(60, beat), (120, beat), (180, beat), (200, status), (260, beat), (320, beat)]


def test_a_fleet_without_arrivals_only_beats():
    fleet = Fleet(stations=1, sessions_per_hour=0)
    hardware, _ = next(fleet.hardware())
    assert not list(station_sessions(fleet, hardware, BEGIN, None))


def test_registry_files_can_be_applied(tmp_path):
    fleet = Fleet(stations=11)
    write_registry(tmp_path / "registry", fleet, datetime(2026, 3, 31, 17, 5, tzinfo=UTC))
    report = apply(load_settings(home=tmp_path / "home"), tmp_path / "registry")
    assert report.tables["stations"].added == 11
    assert report.tables["connectors"].added == sum(len(hardware.connectors) for hardware, _ in fleet.hardware())
    assert len({card(number) for number in range(200)}) == report.tables["tokens"].added
    with (tmp_path / "registry" / "connectors.csv").open() as file:
        assert {row["in_service_from"] for row in csv.DictReader(file)} == {"2026-03-01T00:00:00Z"}


def test_an_unknown_fleet_and_a_silent_address_name_the_mend(monkeypatch):
    told = str(_with_mend(StationRefused("SIM-0001", "It is not in the registry.", 404)))
    assert told.startswith(
        "SIM-0001 was refused: It is not in the registry. For this fleet: run with `--write-registry"
    )
    forbidden = StationRefused("SIM-0001", "Set KWHOUSE_ALLOW_REPLAY=true.", 403)
    assert _with_mend(forbidden) is forbidden
    monkeypatch.setattr(wire, "_FIRST_ANSWER_SECONDS", 0.05)
    with pytest.raises(NobodyListens, match="kwhouse collect"):
        simulate(Fleet(stations=2), "ws://127.0.0.1:9/ocpp", hours=1, speed=60)
