"""Clocks, addresses and sub-protocols."""

from __future__ import annotations

import pytest

from ingest.clock import LiveClock, ReplayClock, iso, microseconds
from ingest.handshake import Refusal, choose, clock_for, station_of

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("path", "station"),
    [
        ("/ocpp/CP-1", "CP-1"),
        ("/ocpp/CP%201?x=y", "CP 1"),
        ("/ocpp/S%C3%A4ule", "Säule"),
        ("/ocpp/", None),
        ("/ocpp/a/b", None),
        ("/ocpp/a%2Fb", None),
        ("/ocpp/a%00b", None),
        ("/ocpp/a%0Ab", None),
        ("/", None),
        ("/other/CP-1", None),
    ],
)
def test_the_station_is_the_last_part_of_the_address(path: str, station: str | None) -> None:
    assert station_of(path) == station


def test_the_station_prefers_its_first_sub_protocol() -> None:
    assert choose(["ocpp1.5", "ocpp1.6", "ocpp2.0.1"]) == "ocpp1.6"
    assert choose(["ocpp2.0.1", "ocpp1.6"]) == "ocpp2.0.1"
    assert choose(["ocpp1.5"]) is None
    assert choose([]) is None


def test_the_replay_header_needs_loopback_and_the_setting() -> None:
    header = "replay;2019-05-01T00:00:00Z"
    clock = clock_for(header, "127.0.0.1", allow_replay=True)
    assert isinstance(clock, ReplayClock)
    assert iso(clock.now()) == "2019-05-01T00:00:00.000Z"
    for peer, allowed in (("127.0.0.1", False), ("192.0.2.7", True), (None, True)):
        refusal = clock_for(header, peer, allowed)
        assert isinstance(refusal, Refusal)
        assert refusal.status == 403
        assert "KWHOUSE_ALLOW_REPLAY" in refusal.text
    assert isinstance(clock_for(None, "192.0.2.7", allow_replay=False), LiveClock)


@pytest.mark.parametrize("header", ["", "replay", "replay;yesterday", "live;2019-05-01T00:00:00Z"])
def test_a_replay_header_that_cannot_be_read_is_refused(header: str) -> None:
    refusal = clock_for(header, "127.0.0.1", allow_replay=True)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


def test_a_replay_clock_follows_the_newest_time_and_never_goes_back() -> None:
    clock = ReplayClock(0)
    clock.observe({"timestamp": "2019-05-01T10:00:00Z"})
    assert iso(clock.now()) == "2019-05-01T10:00:00.000Z"
    clock.observe({"timestamp": "2019-05-01T09:00:00Z"})
    clock.observe({"timestamp": "soon"})
    clock.observe({"timestamp": 7, "meterValue": "x", "eventData": [3]})
    clock.observe("2020-01-01")
    assert iso(clock.now()) == "2019-05-01T10:00:00.000Z"
    clock.observe({"meterValue": [{"timestamp": "2019-05-01T12:00:00+02:00"}, {"timestamp": "2019-05-01T10:30:00Z"}]})
    assert iso(clock.now()) == "2019-05-01T10:30:00.000Z"
    clock.observe({"transactionData": [{"timestamp": "2019-05-01T10:45:00"}]})
    assert iso(clock.now()) == "2019-05-01T10:45:00.000Z"


def test_times_keep_their_microseconds() -> None:
    assert microseconds("2019-05-01T00:00:00.123456Z") == 1_556_668_800_123_456
    assert microseconds("9999-12-31T23:59:59-23:59") is None
    assert microseconds(None) is None
