"""The stages of billing, in the order in which they run."""

from __future__ import annotations

from pipelines.billing import cdrs, invoices, owner_statements, revenue_days
from pipelines.stages import Stage

STAGES: tuple[Stage, ...] = (cdrs.STAGE, invoices.STAGE, owner_statements.STAGE, revenue_days.STAGE)
