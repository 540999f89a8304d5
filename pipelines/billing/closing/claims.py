"""The ledger as a link of the chain: what an operator's documents claim, less what became of it, is what is open.

Payments know no month: the link is of the whole account, up to the moment of looking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from pipelines.billing.cards import booking
from pipelines.billing.ledger import balance, store
from pipelines.billing.ledger.balance import Mismatch
from pipelines.billing.ledger.model import Ledger

# What a claim becomes, and whether it makes the open amount smaller.
_BECAME: Final = {"paid": 1, "charged_back": -1, "refunded": -1, "set_off": 1, "written_off": 1}
_MOST_NAMED: Final = 20


def claims_to_open(engine: sa.Engine, operator_id: str) -> list[dict[str, Any]]:
    """Rows as the links' SQL gives them, one a currency and reason."""
    with engine.connect() as connection:
        lacking = list(booking.check_operator(connection, operator_id))
        return list(rows(store.read(connection, operator_id=operator_id), lacking))


def rows(ledger: Ledger, lacking: Sequence[Mismatch] = ()) -> Iterator[dict[str, Any]]:
    """Claims beside open amounts; between them what was paid, given back, set off, written off, and each mismatch.

    `lacking`: money of cards that the ledger lacks.
    """
    documents, mismatches = balance.documents(ledger), [*balance.check(ledger), *lacking]
    for currency in sorted({row.currency for row in documents} | {found.currency for found in mismatches}):
        here = [row for row in documents if row.currency == currency]
        open_amount, claimed = sum((row.open for row in here), Decimal(0)), sum((row.claim for row in here), Decimal(0))
        for reason, sign in _BECAME.items():
            amounts = [getattr(row, reason) for row in here]
            amount = sign * sum(amounts, Decimal(0))
            claimed -= amount
            if any(amounts):
                ids = [row.number for row, value in zip(here, amounts, strict=True) if value]
                yield _row(currency, reason, amount, Decimal(0), ids)
        wrong = [str(found) for found in mismatches if found.currency == currency]
        if wrong or claimed != open_amount:
            yield _row(currency, "ledger_differs", claimed - open_amount, Decimal(0), wrong, explained=False)
        yield _row(currency, None, open_amount, open_amount, [row.number for row in here])


def _row(
    currency: str, reason: str | None, left: Decimal, right: Decimal, ids: list[str], *, explained: bool = True
) -> dict[str, Any]:
    return {
        "site_id": None,
        "unit": currency,
        "reason": reason,
        "explained": explained,
        "left_sum": left,
        "right_sum": right,
        "entries": len(ids),
        "ids": ids[:_MOST_NAMED],
    }
