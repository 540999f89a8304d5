"""Stage `invoices`: one draft per contract, local month and currency, from its CDRs.

Rounding: each line half-up to the currency's minor unit, one line per CDR and VAT rate; VAT per rate on the sum of the
lines (EN 16931 BR-CO-17). CDRs of sessions graded suspect stand on no invoice unless a person released the
session or `bill_suspect` is set, CDRs without a contract (ad hoc) on none at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.billing.registry import load_registry
from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse import money
from warehouse.contract import billing, ops
from warehouse.store import Lake
from warehouse.store.changes import Window

_HERE = Path(__file__).parent


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    """Draft the touched invoices into `made_invoices` and `made_invoice_lines`."""
    money.prepare(lake.con)
    load_registry(lake, "contracts", "tokens")
    temp_table(lake, "invoice_touched", sql(_HERE / "touched_invoices.sql"))
    temp_table(lake, "made_invoice_lines", sql(_HERE / "invoice_lines.sql"), {"suspect": lake.settings.bill_suspect})
    temp_table(lake, "made_invoices", sql(_HERE / "invoices.sql"))
    touched = "invoice_id IN (SELECT invoice_id FROM invoice_touched)"
    return (
        Replacement(billing.INVOICE_DRAFTS, "made_invoices", touched),
        Replacement(billing.INVOICE_DRAFT_LINES, "made_invoice_lines", touched),
    )


STAGE = Stage(
    "invoices",
    (billing.CDRS, billing.CDR_LINES, ops.REGISTRY_HISTORY),
    (billing.INVOICE_DRAFTS, billing.INVOICE_DRAFT_LINES),
    compute,
)
