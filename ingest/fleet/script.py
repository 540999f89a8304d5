"""The order in which a station speaks: pure generators, no socket and no clock.

A `Script` yields calls, each with the instant at which the station makes it, and is sent the text of the answer. Who
drives it may do so as fast as the answers come (replay) or wait until each instant has come (live fleet). A station
that lives takes orders meanwhile: its script is told `INTERRUPTED`, and says what comes next now.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, Protocol

import orjson

from ingest.fleet.errors import AnswerUnusable, StationRefused
from ingest.fleet.session import Curve, Session, epoch_us, from_epoch_us

Script = Generator[tuple[int, str], str, None]
"""Yields (microseconds since 1970, `"Action",{payload}`), receives the frame that answers it."""

Connector = tuple[int, int]
"""EVSE number and connector number."""

NOTHING: Final = ""
"""In place of a call: nothing is said at this instant, the script only waits for it."""
INTERRUPTED: Final = "interrupted"
"""In place of an answer: the call was not made, orders have come."""
_SECOND: Final = 1_000_000
_ORDERED_STAY: Final = timedelta(hours=2)
_ORDERED_ENERGY_WH: Final = Decimal(15_000)


class Stopped(Exception):
    """Thrown into a session's script: it is stopped from outside at `when`."""

    def __init__(self, when: int) -> None:
        super().__init__(when)
        self.when = when


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

    def take_orders(self) -> tuple[list[Session], dict[str, int]]:
        """See `StationState`."""


@dataclass(slots=True)
class StationState:
    """What stations of both versions keep in mind between their calls."""

    hardware: Hardware
    tally: Tally = field(default_factory=Tally)
    heed: bool = False
    """Whether a refused token ends the session before it starts. A replay tells what has happened: it does not."""
    occupied: dict[Connector, int] = field(default_factory=dict)
    heartbeat_seconds: int = 300
    registers: dict[Connector, int] = field(default_factory=dict)
    """Of a station that lives: what each connector's register shows (µWh). A replay has none: it tells the file's."""
    going: dict[str, Session] = field(default_factory=dict)
    """Sessions that go on, by OCPP transaction id."""
    ordered: list[Session] = field(default_factory=list)
    stopping: dict[str, int] = field(default_factory=dict)
    """Orders that the script has not heard of: sessions to begin, and by external session id when to stop one."""

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

    def arrive(self, session: Session, register: int) -> Generator[tuple[int, str], str, int | None]:
        """The vehicle comes: the register at its begin; None where the connector is taken, and it drives on."""
        place = (session.evse_id, session.connector_id)
        if self.registers:
            yield epoch_us(session.started_at), NOTHING
            if self.occupied.get(place):
                return None
            register = self.registers[place]
        self.plug_in(session)
        return register

    def drawn(self, session: Session, register: int) -> None:
        """The session is over; `register` is what its connector shows now."""
        if self.registers:
            self.registers[session.evse_id, session.connector_id] = register

    def order(self, place: Connector | None, id_token: str, now: int) -> Session | None:
        """Begin a session from outside at `place`, or at any connector that is free; None: there is none."""
        promised = {(session.evse_id, session.connector_id) for session in self.ordered}
        free = [one for one in self.hardware.connectors if not self.occupied.get(one) and one not in promised]
        chosen = next((one for one in free if place is None or one == place), None)
        if chosen is None:
            return None
        begin = from_epoch_us(-(-now // _SECOND) * _SECOND)
        name = f"{self.hardware.station_id}/{chosen[0]}-{chosen[1]}/{begin:%Y-%m-%dT%H:%M:%SZ}"
        session = Session(
            "", self.hardware.station_id, *chosen, begin, begin + _ORDERED_STAY, _ORDERED_ENERGY_WH, id_token, name
        )
        self.ordered.append(session)
        return session

    def order_stop(self, transaction_id: str, now: int) -> bool:
        """Stop a session from outside; False: none of this id goes on."""
        session = self.going.get(transaction_id)
        if session is None:
            return False
        whole = -(-now // _SECOND) * _SECOND
        self.stopping[session.external_session_id] = max(whole, epoch_us(session.started_at) + _SECOND)
        return True

    @property
    def has_orders(self) -> bool:
        return bool(self.ordered or self.stopping)

    def take_orders(self) -> tuple[list[Session], dict[str, int]]:
        """Sessions to begin, and which to stop when (by external session id): once."""
        still_going = {session.external_session_id for session in self.going.values()}
        orders = (self.ordered, {name: when for name, when in self.stopping.items() if name in still_going})
        self.ordered, self.stopping = [], {}
        return orders

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


def status(done: bool) -> dict[str, Any]:
    """The answer to a call that is done, or not."""
    return {"status": "Accepted" if done else "Rejected"}


def quoted(text: str) -> str:
    """`text` as a JSON string with its quotes."""
    return orjson.dumps(text).decode()


def perform(
    station: Station,
    sessions: Iterable[tuple[Session, int]],
    finished: Callable[[Session], object] = lambda _: None,
    until: int | None = None,
) -> Script:
    """Tell `sessions` (in order of their begin, with their registers), interleaved by time where they overlap.

    `finished` is called when the answer to a session's last call has arrived. With `until` the station takes orders
    for sessions at least until then.
    """
    upcoming: Iterator[tuple[Session, int]] = iter(sessions)
    following = next(upcoming, None)
    # (instant, number of the session, call, session, its script): numbers are unique, so nothing further is compared
    running: list[tuple[int, int, str, Session, Script]] = []
    number = 0

    def begin(session: Session, register: int) -> None:
        nonlocal number
        script = station.charge(session, register)
        when, call = next(script)
        heapq.heappush(running, (when, number, call, session, script))
        number += 1

    while running or following or until is not None:
        while following and (not running or epoch_us(following[0].started_at) <= running[0][0]):
            begin(*following)
            following = next(upcoming, None)
        answer = yield running[0][:3:2] if running else (until or 0, NOTHING)
        if answer == INTERRUPTED:
            ordered, stopping = station.take_orders()
            running = [_stopped(one, stopping) for one in running]
            heapq.heapify(running)
            for session in ordered:
                begin(session, 0)
        elif not running:
            return
        else:
            _, turn, _, session, script = running[0]
            try:
                when, call = script.send(answer)
            except StopIteration:
                heapq.heappop(running)
                finished(session)
            else:
                heapq.heapreplace(running, (when, turn, call, session, script))


def _stopped(
    running: tuple[int, int, str, Session, Script], stopping: Mapping[str, int]
) -> tuple[int, int, str, Session, Script]:
    """A running session; where it is to be stopped, with what it says then."""
    _, turn, _, session, script = running
    if session.external_session_id not in stopping:
        return running
    when, call = script.throw(Stopped(stopping[session.external_session_id]))
    return when, turn, call, session, script
