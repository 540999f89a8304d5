"""What the lake says of prices and costs, for pages that many phones ask for every few seconds.

The lake changes with each refresh only: what was computed holds until its snapshot is another. One connection, used by
one thread at a time; who finds it at work gets what was known before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Final

import sqlalchemy as sa

from pipelines.billing.ledger import ad_hoc
from pipelines.billing.pricing.running import RunningCost, RunningLine, running_costs
from pipelines.billing.starts.finding import find_sessions
from pipelines.billing.starts.prices import Spot, tariff_at
from pipelines.billing.tariffs.model import Tariff
from pipelines.stages import sql
from warehouse.errors import StoreMissing
from warehouse.settings import Settings
from warehouse.store import Lake, open_lake

_HERE = Path(__file__).parent
# A price may change with the clock (a version comes into force) without anything new in the lake.
_PRICE_HOLDS: Final = timedelta(minutes=1)
_MOST_PRICES: Final = 5_000
_MOST_CHARGES: Final = 50


@dataclass(frozen=True, slots=True)
class EndedCost:
    """What an ended session cost. Energy in Wh, amounts in `currency`; None: not known."""

    session_id: str
    station_id: str
    contract_id: str | None
    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal
    currency: str
    total_excl_vat: Decimal | None
    total_incl_vat: Decimal | None
    lines: tuple[RunningLine, ...]


def _now() -> datetime:
    return datetime.now(UTC)


class Figures:
    """The lake of `settings`, opened when it is first asked and there. `engine`: the state database."""

    def __init__(self, settings: Settings, engine: sa.Engine, now: Callable[[], datetime] = _now) -> None:
        self._settings, self._engine, self._now = settings, engine, now
        self._turn = Lock()
        self._lake: Lake | None = None
        self._snapshot: int | None = None
        self._running: dict[str, RunningCost] = {}
        self._running_of: int | None = None
        self._prices: OrderedDict[Spot, tuple[datetime, Tariff | str]] = OrderedDict()

    def find(self) -> None:
        """Name the sessions of starts that are new in the lake, if there is anything new and nobody is at it."""
        if self._turn.acquire(blocking=False):
            try:
                self._read_anew()
            finally:
                self._turn.release()

    def running(self, session_id: str) -> RunningCost | None:
        """What a session that goes on costs so far, by the newest refresh; None where the lake does not know it."""
        if self._turn.acquire(blocking=self._running_of is None):
            try:
                lake = self._read_anew()
                if lake is not None and self._running_of != self._snapshot:
                    with _apart(lake) as apart:
                        self._running = {cost.session_id: cost for cost in running_costs(apart)}
                    self._running_of = self._snapshot
            finally:
                self._turn.release()
        return self._running.get(session_id)

    def ended(self, sessions: Sequence[str], contracts: Sequence[str] = ()) -> list[EndedCost]:
        """What these sessions, and all of these contracts, cost; those that are priced, the newest first."""
        if not sessions and not contracts:
            return []
        with self._reading() as lake:
            if lake is None:
                return []
            asked = {
                "sessions": list(sessions),
                "contracts": list(contracts),
                "ad_hoc": ad_hoc.PREFIX,
                "most": _MOST_CHARGES,
            }
            rows = lake.con.execute(sql(_HERE / "ended_costs.sql"), asked).fetchall()
        return [EndedCost(*(*row, tuple(RunningLine(**line) for line in lines or ()))) for *row, lines in rows]

    def tariff(self, spot: Spot) -> Tariff | str:
        """The tariff that holds at `spot` now; else why none does."""
        now = self._now()
        with self._reading() as lake:
            known = self._prices.get(spot)
            if known is not None and now < known[0] + _PRICE_HOLDS:
                return known[1]
            if lake is None:
                return "Nothing has been computed yet."
            with _apart(lake) as apart:
                found = tariff_at(apart, spot, now)
            self._prices[spot] = (now, found)
            self._prices.move_to_end(spot)
            if len(self._prices) > _MOST_PRICES:
                self._prices.popitem(last=False)
            return found

    @contextmanager
    def _reading(self) -> Iterator[Lake | None]:
        with self._turn:
            yield self._read_anew()

    def _read_anew(self) -> Lake | None:
        """The lake; sessions of starts that are new in it are found. None where there is none yet."""
        if self._lake is None:
            try:
                self._lake = open_lake(self._settings, read_only=True)
            except StoreMissing:
                return None
        snapshot = self._lake.snapshot()
        if snapshot != self._snapshot:
            find_sessions(self._lake, self._engine)
            self._prices.clear()
            self._snapshot = snapshot
        return self._lake


def _apart(lake: Lake) -> Lake:
    """The same lake with a connection of its own: temporary tables of one question are no other's."""
    return Lake(lake.settings, lake.cursor(), lake.read_only)
