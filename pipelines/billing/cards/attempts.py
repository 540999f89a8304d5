"""The payments that were asked of the provider for one invoice, and the next one: each try is a payment of its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from pipelines.billing.ledger.model import Due, Ledger
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.records import PaymentRecord
from warehouse.money import MINOR_UNITS
from warehouse.state import table

PURPOSE = "invoice"
OPEN = ("opening", "awaiting_payer")
UNDER_WAY = ("processing", "authorised")


@dataclass(frozen=True, slots=True)
class Attempts:
    """The tries of one invoice, the oldest first."""

    records: tuple[PaymentRecord, ...] = ()

    @property
    def next_number(self) -> int:
        """What the next try is counted as."""
        return len(self.records) + 1

    def last(self, *states: str) -> PaymentRecord | None:
        """The newest try that stands in one of these states."""
        return next((row for row in reversed(self.records) if row.state in states), None)

    @property
    def declined(self) -> PaymentRecord | None:
        """The newest try that was declined. Those given up, as their amount had changed, are none."""
        return next((row for row in reversed(self.records) if row.state == "failed" and row.last_error), None)

    def number_of(self, record: PaymentRecord) -> int:
        """What a try was counted as."""
        return self.records.index(record) + 1


def attempts(connection: sa.Connection, document_ids: list[str] | None = None) -> dict[str, Attempts]:
    """The tries of these documents, or of all; those without any are not among them."""
    rows = table("billing", "provider_payments")
    query = sa.select(rows).where(rows.c.purpose == PURPOSE, rows.c.document_id.is_not(None))
    if document_ids is not None:
        query = query.where(rows.c.document_id.in_(document_ids))
    found: dict[str, list[PaymentRecord]] = defaultdict(list)
    for row in connection.execute(query.order_by(rows.c.created_at, rows.c.payment_id)).mappings():
        found[row["document_id"]].append(PaymentRecord(**row))
    return {document_id: Attempts(tuple(records)) for document_id, records in found.items()}


def open_amount(ledger: Ledger, due: Due) -> Money:
    """What is open on a document, as the provider takes it."""
    return Money(due.currency, int(ledger.open(due.document_id).scaleb(MINOR_UNITS[due.currency])))
