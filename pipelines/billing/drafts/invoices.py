"""Stage `invoices`: drafts per contract, local month and currency, from its CDRs and its subscriptions to plans.

Rounding: each line half-up to the currency's minor unit, one line per CDR and VAT rate; VAT per rate on the sum of the
lines (EN 16931 BR-CO-17). CDRs of sessions graded suspect stand on no draft unless a person released the
session or `bill_suspect` is set. A CDR without a contract (ad hoc) has a draft of its own, of the site's operator.

A contract billed `per_session` has a draft per session, and one a month for fees. Fees are due from the begin of a
subscription until the month of the newest data, with sessions or without.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.billing.drafts import proration
from pipelines.billing.drafts.included import take_included
from pipelines.billing.ledger import ad_hoc
from pipelines.billing.registry import load_registry
from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import billing, core, ops
from warehouse.store import Lake
from warehouse.store.changes import Window

_HERE = Path(__file__).parent


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    """Draft the touched invoices into `made_invoices` and `made_invoice_lines`."""
    proration.prepare(lake.con)
    load_registry(lake, "operators", "sites", "contracts", "tokens", "plans", "subscriptions", "tax_rates")
    _load_plan_months(lake)
    temp_table(lake, "invoice_touched", sql(_HERE / "touched_invoices.sql"), {"ad_hoc": ad_hoc.PREFIX})
    policy = {"suspect": lake.settings.bill_suspect, "ad_hoc": ad_hoc.PREFIX}
    temp_table(lake, "session_lines", sql(_HERE / "session_lines.sql"), policy)
    take_included(lake.con)
    temp_table(lake, "made_invoice_lines", sql(_HERE / "invoice_lines.sql"))
    temp_table(lake, "made_invoices", sql(_HERE / "invoices.sql"))
    # Lines have no contract: which ones go is found before their drafts do.
    temp_table(
        lake,
        "invoice_old",
        "SELECT invoice_id FROM billing.invoice_drafts SEMI JOIN invoice_touched USING (contract_id, month, currency)",
    )
    touched = "invoice_id IN (FROM invoice_old)"
    return (
        Replacement(billing.INVOICE_DRAFTS, "made_invoices", touched),
        Replacement(billing.INVOICE_DRAFT_LINES, "made_invoice_lines", touched),
    )


def _load_plan_months(lake: Lake) -> None:
    """Make `plan_months`: fee and included energy of each subscription and month."""
    proration.load_newest_data(lake)
    temp_table(lake, "agreements", sql(_HERE / "subscriptions.sql"))
    proration.load_months(lake.con)
    temp_table(lake, "plan_months", sql(_HERE / "plan_months.sql"))


STAGE = Stage(
    "invoices",
    (core.SESSIONS, billing.CDRS, billing.CDR_LINES, ops.REGISTRY_HISTORY),
    (billing.INVOICE_DRAFTS, billing.INVOICE_DRAFT_LINES),
    compute,
)
