"""The document of a session without a contract, mostly paid already: a simplified invoice to somebody without a name,
or a whole one where a person named the buyer.

Pure, as `compose`. Which sums need no buyer's name and address is `documents.simplified`'s to say.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from pipelines.billing.documents.model import ZERO, Document, Payment, totalled
from pipelines.billing.issuing.drafts import Draft


def as_receipt(document: Document, draft: Draft, received: Decimal, *, is_named: bool) -> Document:
    """The composed `document` of an ad hoc `draft` on which `received` was paid by card before it was issued.

    It bills the local days of its session, names no contract, and claims what is left; more than it claims was not
    paid on it. Its sum is not rounded to whole rupees or the like: a card pays it to the cent. `is_named`: the buyer
    has a name and an address.
    """
    paid = max(min(received, document.totals.incl_tax), ZERO)
    begins = [line.local_start.date() for line in draft.lines if line.local_start is not None]
    ends = [line.local_end.date() for line in draft.lines if line.local_end is not None]
    receipt = totalled(
        replace(
            document,
            contract_id="",
            simplified=not is_named,
            period_from=min(begins, default=document.period_from),
            period_to=max(ends, default=document.period_to),
        ),
        paid=paid,
    )
    if receipt.totals.due > ZERO:
        return receipt
    return replace(receipt, payment=Payment(means="card"), due_date=None)
