"""What the lake says of prices and costs, for pages that many phones ask for every few seconds.

The lake changes with each refresh only: what was computed holds until its snapshot is another. One question at a time;
who finds the reader at work gets what was known before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final

import sqlalchemy as sa

from pipelines.billing.pricing.running import RunningCost
from pipelines.billing.starts.costs import EndedCost
from pipelines.billing.starts.finding import name_sessions
from pipelines.billing.starts.lake_reader import LakeReader
from pipelines.billing.starts.prices import Spot
from pipelines.billing.tariffs.model import Tariff
from warehouse.store.apart import LakeApart

# A price may change with the clock (a version comes into force) without anything new in the lake.
_PRICE_HOLDS: Final = timedelta(minutes=1)
_MOST_PRICES: Final = 5_000


def _now() -> datetime:
    return datetime.now(UTC)


class Figures:
    """The lake, read when it is first asked and there. `engine`: the state database."""

    def __init__(self, lake: LakeApart, engine: sa.Engine, now: Callable[[], datetime] = _now) -> None:
        self._reader, self._engine, self._now = LakeReader(lake), engine, now
        self._turn = Lock()
        self._snapshot: int | None = None
        self._running: dict[str, RunningCost] = {}
        self._running_of: int | None = None
        self._prices: OrderedDict[Spot, tuple[datetime, Tariff | str]] = OrderedDict()

    def find(self) -> None:
        """Name the sessions of starts that are new in the lake, if there is anything new and nobody is at it."""
        if self._turn.acquire(blocking=False):
            try:
                self._is_there()
            finally:
                self._turn.release()

    def running(self, session_id: str) -> RunningCost | None:
        """What a session that goes on costs so far, by the newest refresh; None where the lake does not know it."""
        if self._turn.acquire(blocking=self._running_of is None):
            try:
                if self._is_there() and self._running_of != self._snapshot:
                    self._running = {cost.session_id: cost for cost in self._reader.running()}
                    self._running_of = self._snapshot
            finally:
                self._turn.release()
        return self._running.get(session_id)

    def ended(self, sessions: Sequence[str], contracts: Sequence[str] = ()) -> list[EndedCost]:
        """What these sessions, and all of these contracts, cost; those that are priced, the newest first."""
        if not sessions and not contracts:
            return []
        with self._asking() as is_there:
            return self._reader.ended(sessions, contracts) if is_there else []

    def tariff(self, spot: Spot) -> Tariff | str:
        """The tariff that holds at `spot` now; else why none does."""
        now = self._now()
        with self._asking() as is_there:
            known = self._prices.get(spot)
            if known is not None and now < known[0] + _PRICE_HOLDS:
                return known[1]
            if not is_there:
                return "Nothing has been computed yet."
            found = self._reader.tariff(spot, now)
            self._prices[spot] = (now, found)
            self._prices.move_to_end(spot)
            if len(self._prices) > _MOST_PRICES:
                self._prices.popitem(last=False)
            return found

    @contextmanager
    def _asking(self) -> Iterator[bool]:
        with self._turn:
            yield self._is_there()

    def _is_there(self) -> bool:
        """Whether there is a lake; sessions of starts that are new in it get their names."""
        snapshot = self._reader.snapshot()
        if snapshot is not None and snapshot != self._snapshot:
            name_sessions(self._engine, self._reader.found_sessions())
            self._prices.clear()
            self._snapshot = snapshot
        return snapshot is not None
