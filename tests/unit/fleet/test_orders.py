"""Made-up stations that are told to begin and end sessions: what they say, and that their registers stay right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from ingest.fleet.script import INTERRUPTED, NOTHING, Hardware, Script, perform
from ingest.fleet.session import Session, epoch_us
from ingest.fleet.station16 import Station16
from ingest.fleet.station201 import Station201

pytestmark = pytest.mark.fast

NOON = epoch_us(datetime(2026, 3, 1, 12, tzinfo=UTC))
HOUR = 3_600_000_000
ANSWER = {"idTagInfo": {"status": "Accepted"}, "idTokenInfo": {"status": "Accepted"}, "transactionId": 7}
FIRST_REGISTER = 5_000_000_000  # µWh


class Life:
    """Drives a station's script as time goes on."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.pending = next(script)
        self.said: list[tuple[int, str, Any]] = []

    def until(self, when: int) -> None:
        """Say all that is due by then."""
        while self.pending[0] <= when:
            if self.pending[1] == NOTHING:
                self.pending = self._script.send(NOTHING)
            else:
                self.said.append((self.pending[0], *orjson.loads(f"[{self.pending[1]}]")))
                self.pending = self._script.send(orjson.dumps([3, "1", ANSWER]).decode())

    def interrupted(self) -> None:
        """Orders have come."""
        self.pending = self._script.send(INTERRUPTED)


def station_of(kind: type[Station16] | type[Station201]) -> Station16 | Station201:
    made = kind(Hardware("S", "v", "m", {(1, 1): 22_000}), heed=True)
    made.registers[1, 1] = FIRST_REGISTER
    return made


def planned(begin: int) -> tuple[Session, int]:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(microseconds=begin - NOON)
    return Session("s", "S", 1, 1, at, at + timedelta(hours=1), Decimal(11_000), "A1", f"planned {at}"), 0


@pytest.mark.parametrize(
    ("kind", "start", "stop"),
    [
        (Station16, ("RemoteStartTransaction", {"idTag": "B2"}), ("RemoteStopTransaction", {"transactionId": 7})),
        (
            Station201,
            ("RequestStartTransaction", {"remoteStartId": 3, "idToken": {"idToken": "B2"}, "evseId": 1}),
            ("RequestStopTransaction", {}),
        ),
    ],
)
def test_a_session_from_outside_begins_ends_and_leaves_the_register_right(
    kind: type[Station16] | type[Station201], start: tuple[str, Any], stop: tuple[str, Any]
) -> None:
    station = station_of(kind)
    arrivals = [planned(NOON + HOUR // 2), planned(NOON + 3 * HOUR)]
    life = Life(perform(station, arrivals, until=NOON + 9 * HOUR))
    assert station.obey("Reset", {}, NOON) is None
    assert station.obey(*stop, NOON) == {"status": "Rejected"}
    assert station.obey(*start, NOON + 1) == {"status": "Accepted"}
    assert station.obey(*start, NOON + 1) == {"status": "Rejected"}  # the only connector is promised
    life.interrupted()
    life.until(NOON + HOUR)  # meanwhile a vehicle came, found the connector taken and drove on
    (transaction,) = station.going
    stopping = (stop[0], {"transactionId": 7 if kind is Station16 else transaction})
    assert station.obey(*stopping, NOON + HOUR) == {"status": "Accepted"}
    life.interrupted()
    life.until(NOON + 8 * HOUR)
    actions = [action for _, action, _ in life.said]
    # 22 kW from 12:00:01 to 13:00:00 are more than the 15 kWh that it wants; then the planned one draws its 11 kWh.
    assert station.registers == {(1, 1): FIRST_REGISTER + 26_000_000_000}
    if kind is Station16:
        assert actions.count("StartTransaction") == 2
        stops = [payload for _, action, payload in life.said if action == "StopTransaction"]
        assert [(payload["reason"], payload["meterStop"]) for payload in stops] == [
            ("Remote", 20_000),
            ("EVDisconnected", 31_000),
        ]
    else:
        events = [payload for _, action, payload in life.said if action == "TransactionEvent"]
        ended = [event for event in events if event["eventType"] == "Ended"]
        assert events[0]["transactionInfo"]["remoteStartId"] == 3
        assert [event["transactionInfo"]["stoppedReason"] for event in ended] == ["Remote", "EVDisconnected"]
        first = [event["seqNo"] for event in events[: events.index(ended[0]) + 1]]
        assert first == list(range(len(first)))
    assert not station.going
    assert [when for when, *_ in life.said] == sorted(when for when, *_ in life.said)


def test_a_stop_that_comes_as_the_session_ends_by_itself_does_nothing() -> None:
    station = station_of(Station16)
    life = Life(perform(station, [planned(NOON)], until=NOON + 9 * HOUR))
    life.until(NOON)
    assert station.obey("RemoteStopTransaction", {"transactionId": 7}, NOON + HOUR) == {"status": "Accepted"}
    life.until(NOON + HOUR)  # the script had no word of the order yet
    life.interrupted()
    life.until(NOON + 2 * HOUR)
    assert [payload["reason"] for _, action, payload in life.said if action == "StopTransaction"] == ["EVDisconnected"]
