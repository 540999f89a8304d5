"""What owners get and no statement says yet, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.stages import sql
from warehouse.store import Lake

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement's month (`billing.owner_statements`); amounts before VAT, energy in Wh."""

    owner_contract_id: str
    site: str
    sessions: int
    energy_wh: Decimal
    revenue_excl_vat: Decimal
    share_percent: Decimal
    share: Decimal
    rent: Decimal
    rent_per_month: Decimal | None
    rent_days: int | None
    days_of_month: int | None
    vat_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Due:
    """What a statement would say now. `standing`: number of the one that says something else.

    Without agreements nothing is due any more, and the standing statement is only taken back.
    """

    operator_id: str
    owner_id: str
    month: date
    currency: str
    lines_hash: str
    standing: str | None
    agreements: tuple[Agreement, ...]

    def __str__(self) -> str:
        return f"{self.owner_id} {self.month:%Y-%m} {self.currency}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose dues: None means any."""

    operator_id: str | None = None
    month: date | None = None
    owner_id: str | None = None


def read_dues(lake: Lake, wanted: Wanted) -> tuple[Due, ...]:
    """Dues to state, by month and owner. Read them within `lake.read()`, so that all are of one snapshot."""
    found = []
    for head in _rows(lake, "due_heads", asdict(wanted)):
        key = {name: head[name] for name in ("operator_id", "owner_id", "month", "currency")}
        rows = _rows(lake, "due_lines", key) if head["lines_hash"] else []
        found.append(Due(**head, agreements=tuple(Agreement(**row) for row in rows)))
    return tuple(found)


def _rows(lake: Lake, name: str, parameters: dict[str, object]) -> list[dict[str, Any]]:
    found = lake.con.execute(sql(_HERE / f"{name}.sql"), parameters)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
