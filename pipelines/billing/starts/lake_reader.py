"""What phones ask of the lake, which is read in a process of its own (`LakeApart`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from pipelines.billing.ledger import ad_hoc
from pipelines.billing.pricing.running import RunningCost, RunningLine, running_costs
from pipelines.billing.starts.costs import EndedCost
from pipelines.billing.starts.finding import Found, found_sessions
from pipelines.billing.starts.prices import Spot, tariff_at
from pipelines.billing.tariffs.model import Tariff
from pipelines.stages import sql
from warehouse.errors import StoreMissing
from warehouse.store import Lake
from warehouse.store.apart import LakeApart
from warehouse.store.sight import WHOLE

_HERE = Path(__file__).parent
_MOST_CHARGES: Final = 50


class LakeReader:
    """The questions, one method each. Raises `ReaderFailed`."""

    def __init__(self, lake: LakeApart) -> None:
        self._lake = lake

    def snapshot(self) -> int | None:
        """The newest snapshot; None while there is no lake."""
        try:
            return self._lake.ask(WHOLE, Lake.snapshot)
        except StoreMissing:
            return None

    def found_sessions(self) -> list[Found]:
        """Sessions of starts that have none yet."""
        return self._lake.ask(WHOLE, found_sessions)

    def running(self) -> list[RunningCost]:
        """What the sessions that go on cost so far."""
        return self._lake.ask(WHOLE, running_costs)

    def ended(self, sessions: Sequence[str], contracts: Sequence[str]) -> list[EndedCost]:
        """What these sessions, and all of these contracts, cost; those that are priced, the newest first."""
        return self._lake.ask(WHOLE, ended, list(sessions), list(contracts))

    def tariff(self, spot: Spot, at: datetime) -> Tariff | str:
        """The tariff that holds there and then; else why none does."""
        return self._lake.ask(WHOLE, tariff_at, spot, at)


def ended(lake: Lake, sessions: list[str], contracts: list[str]) -> list[EndedCost]:
    """As `LakeReader.ended`."""
    asked = {"sessions": sessions, "contracts": contracts, "ad_hoc": ad_hoc.PREFIX, "most": _MOST_CHARGES}
    rows = lake.con.execute(sql(_HERE / "ended_costs.sql"), asked).fetchall()
    return [EndedCost(*(*row, tuple(RunningLine(**line) for line in lines or ()))) for *row, lines in rows]
