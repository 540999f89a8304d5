"""The prices that somebody who begins to charge at a place now would have, chosen as sessions are priced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.billing.pricing.cdrs import choose_tariffs, load_terms, tariff_of
from pipelines.billing.tariffs.model import Tariff
from pipelines.billing.tariffs.taxed import taxed
from pipelines.stages import sql, temp_table, temp_view
from warehouse.store import Lake

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Spot:
    """A connector; `contract_id` of who is to pay there, None: ad hoc."""

    station_id: str
    site_id: str
    evse_id: int
    connector_id: int
    contract_id: str | None = None


def tariff_at(lake: Lake, spot: Spot, at: datetime) -> Tariff | str:
    """The tariff that holds at `spot`, with the VAT that the law gives where it names none; else why none does.

    As sessions are: by the registry of the newest refresh. Needs a connection of its own, as `running_costs`.
    """
    for view in ("registry_history", "signed_sessions"):
        schema = "ops" if view == "registry_history" else "core"
        temp_view(lake, f"all_{view}", f"SELECT * FROM {schema}.{view}")  # noqa: S608 (names from above)
    place = {name: getattr(spot, name) for name in ("station_id", "site_id", "evse_id", "connector_id")}
    temp_table(lake, "all_sessions", sql(_HERE / "imagined_session.sql"), {**place, "at": at})
    load_terms(lake)
    temp_table(lake, "registry_tokens", sql(_HERE / "imagined_token.sql"), {"contract_id": spot.contract_id})
    temp_table(lake, "billing_touched", "SELECT session_id FROM all_sessions")
    choose_tariffs(lake)
    rows = lake.con.execute(sql(_HERE / "imagined_price.sql")).fetchall()
    for tariff_id, version, vat_percent, is_reverse_charge, reason in rows:
        if reason is not None or tariff_id is None or version is None:
            return str(reason)
        tariff = tariff_of(lake, tariff_id, version)
        return tariff if vat_percent is None or is_reverse_charge else taxed(tariff, vat_percent)
    return "There is no price here."
