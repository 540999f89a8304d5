"""Billing: OCPI tariffs, sessions priced into CDRs, monthly invoice drafts, revenue per site and day.

`tariffs.py` reads OCPI objects, `rate.py` prices usage, the other modules are the stages, in the order of `STAGES`.
"""

from pipelines.billing import cdrs, invoices, revenue_days
from pipelines.stages import Stage

STAGES: tuple[Stage, ...] = (cdrs.STAGE, invoices.STAGE, revenue_days.STAGE)
