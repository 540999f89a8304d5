"""A synthetic fleet that speaks OCPP live: `kwhouse simulate`.

Its stations have to be in the registry first; `simulated_registry` writes the files for
`kwhouse registry apply`. Arrivals,
stays and energies are random, and the same for the same seed.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ingest.fleet.errors import ConnectionLost, StationRefused
from ingest.fleet.script import INTERRUPTED, NOTHING, Connector, Hardware, Script, Tally, perform
from ingest.fleet.session import Session, from_epoch_us, with_registers
from ingest.fleet.station16 import Station16
from ingest.fleet.station201 import Station201
from ingest.fleet.wire import Conversation, Obey, Traffic, connect, expect_answer, loop_factory, speak

SITE_ID = "simulated"
MAX_AC_POWER_W = 22_000
DC_POWER_W = 150_000
CARDS = 200

_GAP = timedelta(seconds=90)  # the least time between two vehicles at one connector
_MEAN_STAY_HOURS = 1.5
_SHORTEST_STAY = timedelta(minutes=10)
_HANDSHAKES_AT_ONCE = 50
_RECONNECT_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_TELL_SECONDS = 60.0
_FOREVER = 1 << 62
_REGISTER_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_REGISTER_WH_PER_SECOND = 45
"""A connector's register starts each run at 45 Wh for each second since 2025: more than a 150 kW connector can have
delivered (42 Wh/s), so the register never goes back from one run to the next."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """What to simulate. Every fifth station is a DC one; of the others every second has two connectors."""

    stations: int = 10
    sessions_per_hour: float = 20.0
    """Arrivals at the whole fleet while its connectors are free."""
    share_201: float = 0.5
    """Share of the stations that speak OCPP 2.0.1; the others speak 1.6."""
    seed: int = 1

    def hardware(self) -> Iterator[tuple[Hardware, str]]:
        """Each station with its OCPP version."""
        for number in range(1, self.stations + 1):
            # the versions take turns as evenly as their shares allow
            is_201 = int(number * self.share_201) > int((number - 1) * self.share_201)
            version = "2.0.1" if is_201 else "1.6"
            yield Hardware(f"SIM-{number:04d}", "kwhouse", "simulated station", _connectors(number, version)), version


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What one run did."""

    stations: int
    sessions: int
    calls: int
    refused: int
    tokens_refused: int
    seconds: float
    """By the wall clock."""

    def __str__(self) -> str:
        return (
            f"{self.stations} stations ended {self.sessions:,} sessions in {self.seconds:.0f} s: {self.calls:,} calls, "
            f"{self.refused:,} answered with an error, {self.tokens_refused:,} tokens refused."
        )


def simulate(
    fleet: Fleet,
    url: str,
    *,
    hours: float | None = None,
    speed: float = 1.0,
    now: Callable[[], float] = time.time,
    say: Callable[[str], None] | None = None,
) -> SimulationReport:
    """Let the fleet live for `hours` of its own time (None: until interrupted) against the central system at `url`.

    `say` hears once a minute how far it is.

    At `speed` 1 the stations live by the wall clock. At another speed their own times drive the collector's clock, as
    a replay's do, and end at the present; this needs `hours`. Raises `NobodyListens`, `StationRefused`,
    `AnswerUnusable`, or `ConnectionLost` where the central system went away and stayed away.
    """
    if speed != 1.0 and hours is None:
        raise ValueError("another speed than 1 needs the number of hours to simulate")
    begin = now() if speed == 1.0 else now() - (hours or 0) * 3600
    run = _Run(fleet, url, int(begin * 1_000_000), hours, speed, say)
    started = time.perf_counter()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(run.all_stations())
    except KeyboardInterrupt:
        pass  # how a run without end is ended
    except BaseExceptionGroup as errors:
        raise _with_mend(errors.exceptions[0]) from None
    return SimulationReport(
        stations=fleet.stations,
        sessions=run.ended,
        calls=run.traffic.calls,
        refused=run.traffic.refused,
        tokens_refused=run.tally.tokens_refused,
        seconds=time.perf_counter() - started,
    )


def _with_mend(error: BaseException) -> BaseException:
    """The error; where a station is unknown, with the way to declare this fleet."""
    if isinstance(error, StationRefused) and error.status == 404:
        mend = "For this fleet: run with `--write-registry DIR` and the same `--stations`, and apply that folder."
        return StationRefused(error.station_id, f"{error.reason} {mend}", error.status)
    return error


@dataclass(slots=True)
class _Run:
    """The state of one run; its clock shows `begin` (µs since 1970) when it starts."""

    fleet: Fleet
    url: str
    begin: int
    hours: float | None
    speed: float
    say: Callable[[str], None] | None = None
    started: float = field(default_factory=time.monotonic)
    traffic: Traffic = field(default_factory=Traffic)
    tally: Tally = field(default_factory=Tally)
    ended: int = 0
    handshakes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_HANDSHAKES_AT_ONCE))

    async def all_stations(self) -> None:
        telling = asyncio.create_task(self._tell())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(expect_answer(self.url, self.traffic))
                for hardware, version in self.fleet.hardware():
                    kind = Station201 if version == "2.0.1" else Station16
                    group.create_task(self._live(kind(hardware, self.tally, heed=True)))
        finally:
            telling.cancel()

    async def _tell(self) -> None:
        """Say how far it is, now and then."""
        while self.say is not None:
            await asyncio.sleep(_TELL_SECONDS)
            at = from_epoch_us(self._now()).strftime("%Y-%m-%d %H:%M")
            self.say(f"Their clock shows {at} UTC: {self.ended:,} sessions ended, {self.traffic.calls:,} calls.")

    def seconds_until(self, instant: int) -> float:
        """Seconds by the wall clock until the fleet's clock shows `instant`."""
        return (instant - self.begin) / 1_000_000 / self.speed - (time.monotonic() - self.started)

    def _now(self) -> int:
        return self.begin + int((time.monotonic() - self.started) * self.speed * 1_000_000)

    async def _live(self, station: Station16 | Station201) -> None:
        """Boot, live, and after a lost connection boot again and go on with what was to be said."""
        from websockets.exceptions import WebSocketException

        station_id = station.hardware.station_id
        life = Conversation(self._life(station), None, self._obey(station), lambda: station.has_orders)
        waits = iter(_RECONNECT_SECONDS)
        while True:
            calls_before = self.traffic.calls
            try:
                await self._one_connection(station, life)
                return
            except (OSError, WebSocketException) as error:
                if self.traffic.calls > calls_before:
                    waits = iter(_RECONNECT_SECONDS)
                wait = next(waits, None)
                if wait is None:
                    raise ConnectionLost(station_id, self.url, str(error) or type(error).__name__) from error
                await asyncio.sleep(wait)

    async def _one_connection(self, station: Station16 | Station201, life: Conversation) -> None:
        station_id = station.hardware.station_id
        async with self.handshakes:
            socket = await connect(self.url, station, self.traffic, None if self.speed == 1.0 else self._now())
        try:
            opening = Conversation(station.opening(self._now()), None, self._obey(station))
            await speak(socket, station_id, opening, self.traffic)
            await speak(socket, station_id, life, self.traffic, self.seconds_until)
        finally:
            await socket.close()

    def _life(self, station: Station16 | Station201) -> Script:
        """All that a station says after its first boot."""

        def finished(_: Session) -> None:
            self.ended += 1

        station.registers.update(dict.fromkeys(station.hardware.connectors, _first_register(self.begin)))
        sessions = station_sessions(self.fleet, station.hardware, self.begin, self.hours)
        end = _FOREVER if self.hours is None else self.begin + int(self.hours * 3_600_000_000)
        return _with_heartbeats(perform(station, sessions, finished, end), station, self.begin, end)

    def _obey(self, station: Station16 | Station201) -> Obey:
        return lambda action, payload: station.obey(action, payload, self._now())


def _with_heartbeats(script: Script, station: Station16 | Station201, begin: int, end: int) -> Script:
    """The script's calls, and a heartbeat wherever the station would be silent for longer than it may be."""
    last = begin
    pending = next(script, None)
    while True:
        until = pending[0] if pending else end
        beat = station.heartbeat_seconds * 1_000_000
        if until - last > beat:
            answer = yield last + beat, station.heartbeat()
            if answer != INTERRUPTED:
                last += beat
                continue
        elif pending is None:
            return
        else:
            answer = yield pending
            if answer not in (INTERRUPTED, NOTHING):
                last = until
        try:
            pending = script.send(answer)
        except StopIteration:
            pending = None


def station_sessions(
    fleet: Fleet, hardware: Hardware, begin: int, hours: float | None
) -> Iterator[tuple[Session, int]]:
    """Random sessions of one station from `begin` (µs since 1970) on, each with the register at its begin."""
    start = from_epoch_us(begin).replace(microsecond=0)
    register = _first_register(begin)
    end = None if hours is None else start + timedelta(hours=hours)
    by_connector = [
        with_registers(_connector_sessions(fleet, hardware, place, start, end), register)
        for place in hardware.connectors
    ]
    return heapq.merge(*by_connector, key=lambda pair: pair[0].order)


def _first_register(begin: int) -> int:
    """What each connector's register shows when a run begins, µWh."""
    seconds = int((from_epoch_us(begin).replace(microsecond=0) - _REGISTER_EPOCH).total_seconds())
    return max(0, seconds * _REGISTER_WH_PER_SECOND * 1_000_000)


def _connector_sessions(
    fleet: Fleet, hardware: Hardware, place: Connector, start: datetime, end: datetime | None
) -> Iterator[Session]:
    station_id, (evse, connector), rating = hardware.station_id, place, hardware.connectors[place]
    chance = random.Random(f"{fleet.seed}/{station_id}/{evse}/{connector}")  # noqa: S311 (a simulation, no secret)
    if fleet.sessions_per_hour <= 0:
        return
    mean_gap_hours = sum(len(other.connectors) for other, _ in fleet.hardware()) / fleet.sessions_per_hour
    mean_stay_hours = _MEAN_STAY_HOURS / 3 if rating > MAX_AC_POWER_W else _MEAN_STAY_HOURS
    begin = start
    while True:
        begin += timedelta(seconds=int(chance.expovariate(1 / mean_gap_hours) * 3600))
        leave = begin + max(_SHORTEST_STAY, timedelta(seconds=int(chance.expovariate(1 / mean_stay_hours) * 3600)))
        leave = leave if end is None else min(leave, end)
        if leave - begin < _SHORTEST_STAY:
            return
        most_wh = rating * (leave - begin).total_seconds() / 3600
        yield Session(
            site_id=SITE_ID,
            station_id=station_id,
            evse_id=evse,
            connector_id=connector,
            started_at=begin,
            ended_at=leave,
            # at most 95 % of what fits, so that most vehicles are done before they leave
            energy_wh=Decimal(int(min(chance.triangular(3_000, 60_000, 14_000), 0.95 * most_wh))),
            id_token=card(chance.randrange(CARDS)),
            external_session_id=f"{station_id}/{evse}-{connector}/{begin:%Y-%m-%dT%H:%M:%SZ}",
        )
        begin = leave + _GAP


def card(number: int) -> str:
    """A made-up card of the simulated drivers: 14 hexadecimal digits."""
    return hashlib.sha256(f"card/{SITE_ID}/{number}".encode()).hexdigest()[:14].upper()


def _connectors(number: int, version: str) -> dict[Connector, int]:
    if number % 5 == 0:
        return {(1, 1): DC_POWER_W}
    if number % 2 == 0:
        return {(1, 1): MAX_AC_POWER_W}
    # OCPP 1.6 knows connectors only, so their number stands for both; in 2.x each cable is an EVSE of its own
    return {(1, 1): MAX_AC_POWER_W, (2, 2 if version == "1.6" else 1): MAX_AC_POWER_W}
