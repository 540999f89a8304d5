"""What site owners are paid: statements with what is still to be stated, and payouts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def listing(
    lake: Lake, *, month: date | None = None, operator_id: str | None = None, owner_id: str | None = None
) -> pl.DataFrame:
    """One row a statement, credit note, or due that no statement says; the newest month first.

    Of dues only the amount before VAT is known. `payout_id`: payout that pays it; NULL: none does.
    """
    return frame(lake, "owner_documents", month=month, operator_id=operator_id, owner_id=owner_id)


def payouts(lake: Lake) -> pl.DataFrame:
    """One row a payout, the newest first; `returned` counts transfers that came back."""
    return frame(lake, "owner_payouts")


def payout_items(lake: Lake, payout_id: str) -> pl.DataFrame:
    """The statements that a payout pays, by owner."""
    return frame(lake, "owner_payout_items", payout_id=payout_id)
