"""Closing a month: whether everything adds up from the registers to the documents, and when its sums are final.

`chain.py` compares, `periods.py` keeps the state of a month, `close.py` decides.
Issuing asks `is_open`, `is_closed` and `booking_month`.
"""

from pipelines.billing.closing.chain import Chain, Reason, Step, reconcile
from pipelines.billing.closing.close import MonthReport, close, lock, status, unlock
from pipelines.billing.closing.periods import (
    MonthDoesNotClose,
    Period,
    PeriodRefused,
    booking_month,
    is_closed,
    is_open,
)

__all__ = [
    "Chain",
    "MonthDoesNotClose",
    "MonthReport",
    "Period",
    "PeriodRefused",
    "Reason",
    "Step",
    "booking_month",
    "close",
    "is_closed",
    "is_open",
    "lock",
    "reconcile",
    "status",
    "unlock",
]
