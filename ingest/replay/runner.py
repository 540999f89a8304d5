"""Tell a workload to a central system: one WebSocket per station and time in service, as fast as the answers come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ingest.cyclic_gc import without_cyclic_gc
from ingest.fleet.errors import ConnectionLost
from ingest.fleet.script import Script, Station, Tally, perform
from ingest.fleet.session import Session, epoch_us
from ingest.fleet.wire import Conversation, Traffic, connect, expect_answer, loop_factory, speak
from ingest.progress import Progress, Words
from ingest.replay.marks import Marks
from ingest.replay.workload import Shift, Workload
from warehouse.settings import Settings, is_loopback
from warehouse.store.lock import file_lock

WORDS = Words("replay", "frames", "waiting for the first answer")
"""How a replay is shown: frames are those that the stations send; each has had its answer."""

_PROGRESS_SECONDS = 0.25
_RECONNECT_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits before each attempt after a lost connection; a session that gets through starts the list anew."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What one run did. Each call has had its answer."""

    stations: int
    sessions: int
    """Sessions told in this run."""
    sessions_before: int
    """Sessions that an earlier run had told already."""
    calls: int
    seconds: float
    refused: int
    """Calls answered with an error (CALLERROR)."""
    tokens_refused: int
    """Sessions whose token was not accepted; they were told nonetheless, for they did happen."""
    examples: tuple[str, ...]
    """The first refused calls in words."""

    @property
    def pace(self) -> str:
        """Time and rate in words; a rate over less than a second says nothing."""
        if self.seconds < 1:
            return "in less than a second"
        rate = self.calls / self.seconds
        return f"in {self.seconds:.0f} s, {rate:,.0f} calls/s ({2 * rate:,.0f} frames/s)"

    def __str__(self) -> str:
        before = f" {self.sessions_before:,} sessions were acknowledged before." if self.sessions_before else ""
        if not self.calls:
            return f"Nothing to tell.{before}"
        text = (
            f"Told {self.sessions:,} sessions of {self.stations} stations in {self.calls:,} calls, each answered, "
            f"{self.pace}.{before}"
        )
        if self.tokens_refused:
            text += f" {self.tokens_refused:,} tokens were refused; their sessions were told all the same."
        if self.refused:
            text += f" {self.refused:,} calls were answered with an error, the first ones:\n  " + "\n  ".join(
                self.examples
            )
        return text


def replay(
    settings: Settings, workload: Workload, url: str, progress: Progress | None = None, anew: bool = False
) -> ReplayReport:
    """Tell what has not been acknowledged yet (`anew`: everything) to the central system at `url`.

    `url` is the address before the station's identity, e.g. ws://127.0.0.1:9000/ocpp. Raises `NobodyListens`,
    `StationRefused`, `AnswerUnusable`, `ConnectionLost`, or `StoreBusy` while another replay of this data
    folder runs; what was acknowledged until then stays marked.
    """
    # The port says nothing about which collector it is: on this machine it is the one of this data folder.
    target = "" if is_loopback(urlsplit(url).hostname or "") else url
    folder = settings.home / "replay"
    # Two runs at once would throw each other's stations off the collector, which keeps the newest connection only.
    with (
        file_lock(folder / "replay.lock", 1.0),
        Marks(folder / "acknowledged.sqlite", workload.source, target) as marks,
    ):
        if anew:
            marks.clear()
        run = _Run(workload, url, marks)
        started = time.perf_counter()
        with asyncio.Runner(loop_factory=loop_factory()) as runner, without_cyclic_gc():
            runner.run(run.all_stations(progress))
        return run.report(time.perf_counter() - started)


class _Run:
    """The state of one run."""

    def __init__(self, workload: Workload, url: str, marks: Marks) -> None:
        self.workload, self.url, self.marks = workload, url, marks
        self.done = marks.read()
        self.before = sum((s.station_id, s.external_session_id) in self.done for s in self._sessions())
        self.told = 0
        self.traffic = Traffic()
        self.tally = Tally()
        self.left = {
            station_id: [shift for shift in shifts if (station_id, shift.key) not in self.done]
            for station_id, shifts in workload.shifts.items()
        }
        self.left = {station_id: shifts for station_id, shifts in self.left.items() if shifts}

    def _sessions(self) -> Iterator[Session]:
        for shifts in self.workload.shifts.values():
            for shift in shifts:
                for session, _ in shift.sessions:
                    yield session

    def report(self, seconds: float) -> ReplayReport:
        traffic = self.traffic
        return ReplayReport(
            stations=len(self.left),
            sessions=self.told,
            sessions_before=self.before,
            calls=traffic.calls,
            seconds=seconds,
            refused=traffic.refused,
            tokens_refused=self.tally.tokens_refused,
            examples=tuple(traffic.examples),
        )

    def expected_calls(self) -> int:
        """Number of calls of this run, for the time left; a reconnect adds a few."""
        calls = 0
        for station_id, shifts in self.left.items():
            station = self._station(station_id)
            for shift in shifts:
                calls += station.frame_calls
                calls += sum(station.session_calls(session) for session, _ in self._untold(shift))
        return calls

    async def all_stations(self, progress: Progress | None) -> None:
        watcher = asyncio.create_task(self._watch(progress)) if progress else None
        try:
            async with asyncio.TaskGroup() as group:
                if self.left:
                    group.create_task(expect_answer(self.url, self.traffic))
                for station_id, shifts in self.left.items():
                    group.create_task(self._one_station(station_id, shifts))
        except BaseExceptionGroup as errors:
            # all stations fail for the same reason; the first one tells it best
            raise errors.exceptions[0] from None
        finally:
            if watcher:
                watcher.cancel()
        if progress:
            progress(self.traffic.calls, self.traffic.calls)

    async def _watch(self, progress: Progress) -> None:
        total = self.expected_calls()
        while True:
            progress(self.traffic.calls, max(total, self.traffic.calls))
            await asyncio.sleep(_PROGRESS_SECONDS)

    async def _one_station(self, station_id: str, shifts: list[Shift]) -> None:
        station = self._station(station_id)
        for shift in shifts:
            await self._one_shift(station, shift)

    async def _one_shift(self, station: Station, shift: Shift) -> None:
        """Connect, tell the rest of the shift, disconnect; connect again where the connection broke."""
        from websockets.exceptions import WebSocketException

        station_id = shift.station_id
        waits = iter(_RECONNECT_SECONDS)
        while True:
            told_before = self.told
            try:
                await self._one_connection(station, shift)
            except (OSError, WebSocketException) as error:
                if self.told > told_before:
                    waits = iter(_RECONNECT_SECONDS)
                wait = next(waits, None)
                if wait is None:
                    raise ConnectionLost(station_id, self.url, str(error) or type(error).__name__) from error
                await asyncio.sleep(wait)
            else:
                self.marks.add(station_id, shift.key)
                return

    async def _one_connection(self, station: Station, shift: Shift) -> None:
        untold = self._untold(shift)
        clock = max(epoch_us(shift.begin), self._clock(shift))
        socket = await connect(self.url, station, self.traffic, replay_from=clock)
        try:
            script = self._script(station, shift, untold, clock)
            await speak(socket, shift.station_id, Conversation(script), self.traffic)
        finally:
            await socket.close()

    def _clock(self, shift: Shift) -> int:
        """Where the station's clock goes on: at what it told last, or at the end of its last marked session."""
        marked = [epoch_us(session.ended_at) for session, _ in shift.sessions if self._is_done(session)]
        latest = max(marked, default=0)
        return max(latest, self.traffic.latest.get(shift.station_id, 0))

    def _script(self, station: Station, shift: Shift, untold: list[tuple[Session, int]], clock: int) -> Script:
        def finished(session: Session) -> None:
            self.marks.add(session.station_id, session.external_session_id)
            self.done.add((session.station_id, session.external_session_id))
            self.told += 1

        yield from station.opening(clock)
        yield from perform(station, untold, finished)
        yield from station.closing(max(clock, epoch_us(shift.end)))

    def _station(self, station_id: str) -> Station:
        return self.workload.station(station_id, self.tally)

    def _untold(self, shift: Shift) -> list[tuple[Session, int]]:
        return [pair for pair in shift.sessions if not self._is_done(pair[0])]

    def _is_done(self, session: Session) -> bool:
        return (session.station_id, session.external_session_id) in self.done
