"""Stage `revenue_days`: what was rated, what is billed and what has no price, per site, currency and local day."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.billing.registry import load_registry, load_standing_decisions
from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import billing, core, mart, ops
from warehouse.store import Lake
from warehouse.store.changes import Window

_HERE = Path(__file__).parent


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    """Sum the touched days into `made_revenue_days`."""
    load_registry(lake, "sites", "session_decisions")
    load_standing_decisions(lake)
    temp_table(lake, "revenue_sites", sql(_HERE / "revenue_sites.sql"))
    temp_table(lake, "revenue_touched", sql(_HERE / "touched_revenue_days.sql"))
    temp_table(lake, "made_revenue_days", sql(_HERE / "revenue_days.sql"))
    return (Replacement(mart.REVENUE_DAYS, "made_revenue_days", "(site_id, local_date) IN (FROM revenue_touched)"),)


STAGE = Stage(
    "revenue_days",
    (core.SESSIONS, billing.CDRS, billing.INVOICE_DRAFT_LINES, ops.REGISTRY_HISTORY),
    (mart.REVENUE_DAYS,),
    compute,
)
