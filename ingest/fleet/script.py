"""The order in which a station speaks: pure generators, no socket and no clock.

A `Script` yields calls, each with the instant at which the station makes it, and is sent the text of the answer. Who
drives it may do so as fast as the answers come (replay) or wait until each instant has come (live fleet).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import orjson

from ingest.fleet.errors import AnswerUnusable, StationRefused
from ingest.fleet.session import Curve, Session, epoch_us

Script = Generator[tuple[int, str], str, None]
"""Yields (microseconds since 1970, `"Action",{payload}`), receives the frame that answers it."""

Connector = tuple[int, int]
"""EVSE number and connector number."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a station tells about itself when it boots, and what its connectors can do (rated W)."""

    station_id: str
    vendor: str
    model: str
    connectors: Mapping[Connector, int]
    firmware: str = "1.0.0"


@dataclass(slots=True)
class Tally:
    """What the central system did not grant; the sessions were told nonetheless, unless `heed` says otherwise."""

    tokens_refused: int = 0


class Station(Protocol):
    """A station of one OCPP version."""

    hardware: Hardware
    subprotocol: ClassVar[str]

    @property
    def frame_calls(self) -> int:
        """Number of calls of opening and closing together."""

    def session_calls(self, session: Session) -> int:
        """Number of calls of one session whose token is accepted or not heeded."""

    def opening(self, when: int) -> Script:
        """The calls after connecting: boot, and the state of each connector."""

    def charge(self, session: Session, register: int) -> Script:
        """All calls of one session; `register` is the connector's lifetime register at its begin, in µWh."""

    def closing(self, when: int) -> Script:
        """The calls before the station is taken out of service."""

    def heartbeat(self) -> str:
        """One sign of life."""


@dataclass(slots=True)
class StationState:
    """What stations of both versions keep in mind between their calls."""

    hardware: Hardware
    tally: Tally = field(default_factory=Tally)
    heed: bool = False
    """Whether a refused token ends the session before it starts. A replay tells what has happened: it does not."""
    occupied: dict[Connector, int] = field(default_factory=dict)
    heartbeat_seconds: int = 300

    def curve(self, session: Session) -> Curve:
        """How the session's energy flows at its connector's rated power."""
        return Curve.of(session, self.hardware.connectors[session.evse_id, session.connector_id])

    def plug_in(self, session: Session) -> None:
        place = (session.evse_id, session.connector_id)
        self.occupied[place] = self.occupied.get(place, 0) + 1

    def plug_out(self, session: Session) -> bool:
        """Count the vehicle out; True when the connector is free now (odd files hold sessions that overlap)."""
        place = (session.evse_id, session.connector_id)
        self.occupied[place] -= 1
        return self.occupied[place] == 0

    def booted(self, answer: str) -> None:
        """Take the heartbeat interval from a boot's answer. Raises `StationRefused` unless it says Accepted."""
        payload = result(self.hardware.station_id, "BootNotification", answer)
        if payload.get("status") != "Accepted":
            raise StationRefused(
                self.hardware.station_id,
                f"its boot was answered {payload.get('status')}. Is it in the registry (`kwhouse registry apply DIR`)?",
            )
        interval = payload.get("interval")
        if isinstance(interval, int) and interval > 0:
            self.heartbeat_seconds = interval


def result(station_id: str, action: str, answer: str) -> dict[str, object]:
    """The payload of a CALLRESULT. Raises `AnswerUnusable` where the answer is none."""
    try:
        frame = orjson.loads(answer)
        if frame[0] == 3 and isinstance(frame[2], dict):
            return frame[2]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        pass
    raise AnswerUnusable(station_id, action, answer)


def quoted(text: str) -> str:
    """`text` as a JSON string with its quotes."""
    return orjson.dumps(text).decode()


def perform(
    station: Station, sessions: Iterable[tuple[Session, int]], finished: Callable[[Session], object] = lambda _: None
) -> Script:
    """Tell `sessions` (in order of their begin, with their registers), interleaved by time where they overlap.

    `finished` is called when the answer to a session's last call has arrived.
    """
    upcoming: Iterator[tuple[Session, int]] = iter(sessions)
    following = next(upcoming, None)
    # (instant, number of the session, call, session, its script): numbers are unique, so nothing further is compared
    running: list[tuple[int, int, str, Session, Script]] = []
    number = 0
    while running or following:
        while following and (not running or epoch_us(following[0].started_at) <= running[0][0]):
            session, register = following
            script = station.charge(session, register)
            when, call = next(script)
            heapq.heappush(running, (when, number, call, session, script))
            number += 1
            following = next(upcoming, None)
        when, turn, call, session, script = running[0]
        answer = yield when, call
        try:
            when, call = script.send(answer)
        except StopIteration:
            heapq.heappop(running)
            finished(session)
        else:
            heapq.heapreplace(running, (when, turn, call, session, script))
