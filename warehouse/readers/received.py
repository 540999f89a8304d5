"""CDRs of other parties beside what they cost by their own tariff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def received_cdrs(lake: Lake, verdicts: Sequence[str] | None = None) -> pl.DataFrame:
    """Rows of `billing.received_cdrs` (of `verdicts`; None: of all), the refused and the differing first."""
    return frame(lake, "received_cdrs", verdicts=None if verdicts is None else list(verdicts))


def received_verdicts(lake: Lake) -> pl.DataFrame:
    """`verdict, currency, cdrs, sent_excl_vat, priced_excl_vat, difference_excl_vat`."""
    return frame(lake, "received_verdicts")
