"""Billing: OCPI tariffs, sessions priced into CDRs, drafts of invoices, owners' statements, revenue per site and day.

`tariffs.py` reads OCPI objects, `rate.py` prices usage, `proration.py` shares monthly amounts by the day, `owners.py`
says what site owners are paid; the other modules are the stages, in the order of `STAGES`.
"""

from pipelines.billing import cdrs, invoices, owner_statements, revenue_days
from pipelines.stages import Stage

STAGES: tuple[Stage, ...] = (cdrs.STAGE, invoices.STAGE, owner_statements.STAGE, revenue_days.STAGE)
