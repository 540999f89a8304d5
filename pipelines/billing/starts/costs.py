"""What an ended session cost, as the lake says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pipelines.billing.pricing.running import RunningLine


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
