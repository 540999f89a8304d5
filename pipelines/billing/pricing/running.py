"""What active sessions cost so far: the very functions that price ended ones, on the energy and the time until now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from pipelines.billing.pricing.cdrs import load_terms, price_touched
from pipelines.stages import sql, temp_view
from warehouse.store import Lake

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class RunningLine:
    """One price component of a session: amounts in its currency, to twelve decimals; None: not known."""

    dimension: str
    quantity: Decimal
    quantity_unit: str
    amount_excl_vat: Decimal | None
    amount_incl_vat: Decimal | None


@dataclass(frozen=True, slots=True)
class RunningCost:
    """An active session as far as it is known.

    `total_excl_vat`, `total_incl_vat` in `currency`, four decimals; None where not known (no VAT given), or where
    `reason` says why there is no price. `energy_wh` in Wh, `until` the newest that the station has said, `power_w` the
    mean power of the newest step in which energy flowed, in W.
    """

    session_id: str
    station_id: str
    started_at: datetime
    until: datetime
    energy_wh: Decimal | None
    tariff_id: str | None
    tariff_version: int | None
    currency: str | None
    total_excl_vat: Decimal | None
    total_incl_vat: Decimal | None
    reason: str | None
    power_w: Decimal | None = None
    lines: tuple[RunningLine, ...] = ()

    def __str__(self) -> str:
        energy = "energy not known" if self.energy_wh is None else f"{self.energy_wh / 1000:.3f} kWh"
        gross = "" if self.total_incl_vat is None else f", {self.total_incl_vat} {self.currency} with VAT"
        net = "no price" if self.total_excl_vat is None else f"{self.total_excl_vat} {self.currency} before VAT"
        cost = self.reason or net + gross
        return f"{self.session_id}  {self.station_id}  since {self.started_at:%Y-%m-%d %H:%M} UTC  {energy}  {cost}"


def running_costs(lake: Lake, session_id: str | None = None) -> list[RunningCost]:
    """Active sessions (or the one named) with their cost so far, the newest first.

    Needs a connection of its own that may make temporary tables; nothing of it is kept in the lake.
    """
    for view in ("energy_steps", "registry_history", "signed_sessions"):
        schema = "ops" if view == "registry_history" else "core"
        temp_view(lake, f"all_{view}", f"SELECT * FROM {schema}.{view}")  # noqa: S608 (names from above)
    temp_view(lake, "all_sessions", sql(_HERE / "running_sessions.sql"))
    load_terms(lake)
    query = "CREATE OR REPLACE TEMP TABLE billing_touched AS SELECT session_id FROM all_sessions"
    lake.con.execute(query + " WHERE $id::VARCHAR IS NULL OR session_id = $id", {"id": session_id})
    price_touched(lake)
    lines: dict[str, list[RunningLine]] = defaultdict(list)
    for told, *line in lake.con.execute(sql(_HERE / "running_lines.sql")).fetchall():
        lines[told].append(RunningLine(*line))
    rows = lake.con.execute(sql(_HERE / "running_costs.sql")).fetchall()
    return [RunningCost(*(*row, tuple(lines[row[0]]))) for row in rows]
