"""The lake read in a process of its own, for a process that has the state database open all the time.

DuckDB brings its own SQLite. Two copies of SQLite in one process that open the same file take each other's locks away
(sqlite.org/howtocorrupt.html, 2.2.1), and the next process that opens the file may cut its shared memory under us. So
the lake, whose scanner opens the state database, stays out of the HTTP API's process.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from pipelines.billing.ledger import ad_hoc
from pipelines.billing.pricing.running import RunningCost, RunningLine, running_costs
from pipelines.billing.starts.costs import EndedCost
from pipelines.billing.starts.finding import Found, found_sessions
from pipelines.billing.starts.prices import Spot, tariff_at
from pipelines.billing.tariffs.model import Tariff
from pipelines.stages import sql
from warehouse.errors import StoreError, StoreMissing
from warehouse.settings import Settings
from warehouse.store import Lake, open_lake

_HERE = Path(__file__).parent
_ANSWER_SECONDS: Final = 60.0
_MOST_CHARGES: Final = 50


class ReaderFailed(StoreError):
    """The process that reads the lake could not answer; the next question may be answered."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(f"The lake cannot be read at the moment ({reason}). Try again.")
        self.reason = reason


class LakeReader:
    """What phones ask of the lake, asked of a process that is started with the first question.

    One question at a time: whoever calls keeps others out meanwhile. Raises `ReaderFailed`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pipe: Connection | None = None
        self._process: Any = None

    def snapshot(self) -> int | None:
        """The newest snapshot; None while there is no lake."""
        found: int | None = self._ask("snapshot")
        return found

    def found_sessions(self) -> list[Found]:
        """Sessions of starts that have none yet."""
        found: list[Found] = self._ask("found_sessions")
        return found

    def running(self) -> list[RunningCost]:
        """What the sessions that go on cost so far."""
        found: list[RunningCost] = self._ask("running")
        return found

    def ended(self, sessions: Sequence[str], contracts: Sequence[str]) -> list[EndedCost]:
        """What these sessions, and all of these contracts, cost; those that are priced, the newest first."""
        found: list[EndedCost] = self._ask("ended", list(sessions), list(contracts))
        return found

    def tariff(self, spot: Spot, at: datetime) -> Tariff | str:
        """The tariff that holds there and then; else why none does."""
        found: Tariff | str = self._ask("tariff", spot, at)
        return found

    def close(self) -> None:
        """End the process; another question starts a new one."""
        if self._pipe is not None:
            self._pipe.close()
            self._process.join(5)
            if self._process.is_alive():
                self._process.kill()
        self._pipe = self._process = None

    def _ask(self, name: str, *about: object) -> Any:
        try:
            if self._pipe is None:
                self._pipe = self._started()
            self._pipe.send((name, about))
            if not self._pipe.poll(_ANSWER_SECONDS):
                raise EOFError("no answer")
            is_good, answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise ReaderFailed(str(error) or "it has ended") from None
        if not is_good:
            raise ReaderFailed(answer)
        return answer

    def _started(self) -> Connection:
        # spawn: a fork would have the state database's connections of this process.
        apart = multiprocessing.get_context("spawn")
        ours, theirs = apart.Pipe()
        self._process = apart.Process(target=_serve, args=(self._settings, theirs), daemon=True, name="lake reader")
        self._process.start()
        theirs.close()
        return ours


class _Desk:
    """The other end: answers by the names of its methods."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lake: Lake | None = None

    def snapshot(self) -> int | None:
        if self._lake is None:
            try:
                self._lake = open_lake(self._settings, read_only=True)
            except StoreMissing:
                return None
        return self._lake.snapshot()

    def found_sessions(self) -> list[Found]:
        return found_sessions(self._there())

    def running(self) -> list[RunningCost]:
        with self._apart() as apart:
            return running_costs(apart)

    def ended(self, sessions: list[str], contracts: list[str]) -> list[EndedCost]:
        asked = {"sessions": sessions, "contracts": contracts, "ad_hoc": ad_hoc.PREFIX, "most": _MOST_CHARGES}
        rows = self._there().con.execute(sql(_HERE / "ended_costs.sql"), asked).fetchall()
        return [EndedCost(*(*row, tuple(RunningLine(**line) for line in lines or ()))) for *row, lines in rows]

    def tariff(self, spot: Spot, at: datetime) -> Tariff | str:
        with self._apart() as apart:
            return tariff_at(apart, spot, at)

    def _there(self) -> Lake:
        if self._lake is None:
            raise StoreMissing(f"The warehouse in {self._settings.home}")
        return self._lake

    def _apart(self) -> Lake:
        """The same lake with a connection of its own: temporary tables of one question are no other's."""
        lake = self._there()
        return Lake(lake.settings, lake.cursor(), lake.read_only)


def _serve(settings: Settings, pipe: Connection) -> None:
    """Answer until the asking process closes its end, or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asking process
    desk = _Desk(settings)
    with suppress(EOFError, OSError):
        while True:
            name, about = pipe.recv()
            try:
                answer = (True, getattr(desk, name)(*about))
            except Exception as error:
                answer = (False, f"{type(error).__name__}: {error}")
            pipe.send(answer)
