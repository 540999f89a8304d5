"""The stages of billing, in the order in which they run."""

from __future__ import annotations

from pipelines.billing.drafts import invoices
from pipelines.billing.owners import statements as owner_statements
from pipelines.billing.pricing import cdrs
from pipelines.billing.received import stage as received_cdrs
from pipelines.billing.revenue import days as revenue_days
from pipelines.stages import Stage

STAGES: tuple[Stage, ...] = (
    cdrs.STAGE,
    invoices.STAGE,
    owner_statements.STAGE,
    revenue_days.STAGE,
    received_cdrs.STAGE,
)
