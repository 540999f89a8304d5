"""Stage `owner_statements`: what site owners get for each local month, a share of the revenue and a rent.

Revenue is the sum of the session lines of drafts (what is billed before VAT, under contracts and ad hoc, as the
sessions say it now; a correction of a month changes its statement).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.billing.drafts import proration
from pipelines.billing.registry import load_registry
from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import billing, core, ops
from warehouse.store import Lake
from warehouse.store.changes import Window

_HERE = Path(__file__).parent


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    """State the touched months into `made_owner_statements`."""
    proration.prepare(lake.con)
    load_registry(lake, "sites", "owner_contracts")
    proration.load_newest_data(lake)
    temp_table(lake, "agreements", sql(_HERE / "owner_agreements.sql"))
    proration.load_months(lake.con)
    temp_table(lake, "owner_touched", sql(_HERE / "touched_owner_statements.sql"))
    temp_table(lake, "made_owner_statements", sql(_HERE / "owner_statements.sql"))
    touched = "(owner_contract_id, month) IN (FROM owner_touched)"
    return (Replacement(billing.OWNER_STATEMENTS, "made_owner_statements", touched),)


STAGE = Stage(
    "owner_statements",
    (core.SESSIONS, billing.INVOICE_DRAFTS, billing.INVOICE_DRAFT_LINES, ops.REGISTRY_HISTORY),
    (billing.OWNER_STATEMENTS,),
    compute,
)
