"""Card payments that wait for a person, and what each of them waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from pipelines.billing.cards.attempts import Attempts, attempts
from pipelines.billing.cards.booking import check, decimal
from pipelines.billing.ledger import store
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.records import PaymentRecord
from pipelines.billing.starts.unfound import unfound
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class Waiting:
    """One payment or refund. `mend` says what a person can do."""

    what: str
    payment_id: str
    document_id: str | None
    amount: Decimal
    currency: str
    reason: str
    mend: str

    def __str__(self) -> str:
        place = f" {self.document_id}" if self.document_id else ""
        return f"{self.what}{place} ({self.payment_id}), {self.amount} {self.currency}: {self.reason}. {self.mend}"


def listing(connection: sa.Connection, now: datetime) -> list[Waiting]:
    """Declined charges of invoices that are still open, payers to be asked, failed refunds, holds without a session,
    what the ledger lacks."""
    ledger = store.read(connection)
    tries = attempts(connection)
    still_open = {due.document_id for due in ledger.dues if ledger.open(due.document_id) > 0}
    rows = [it for document, tried in tries.items() if document in still_open for it in _charges(document, tried)]
    lacking = [
        Waiting("payment", it.id, None, it.difference, it.currency, it.reason, "Look with `kwhouse payment check`.")
        for it in check(connection)
    ]
    return [*rows, *_refunds(connection), *_holds(connection, now), *lacking]


def _charges(document_id: str, tried: Attempts) -> Iterator[Waiting]:
    last = tried.records[-1]
    if last.method_id is None:
        return
    if last == tried.declined:
        mend = f"`kwhouse payment page {document_id}`, or `kwhouse card collect --retry`."
        yield _waiting("declined", document_id, last, str(last.last_error), mend)
    elif last.state == "awaiting_payer":
        mend = f"Send the page: `kwhouse payment page {document_id}`."
        yield _waiting("payer wanted", document_id, last, "the payer's bank asks for confirmation", mend)
    elif last.last_error and last.state != "captured":
        yield _waiting("unfinished", document_id, last, last.last_error, "`kwhouse card reconcile` asks again.")


def _waiting(what: str, document_id: str, record: PaymentRecord, reason: str, mend: str) -> Waiting:
    return Waiting(what, record.payment_id, document_id, decimal(record.amount), record.currency, reason, mend)


def _holds(connection: sa.Connection, now: datetime) -> Iterator[Waiting]:
    for it in unfound(connection, now):
        mend = f"Look at what the station sent; `kwhouse card release {it.payment_id}` gives the hold back."
        yield Waiting("session unknown", it.payment_id, None, decimal(it.held), it.held.currency, it.reason, mend)


def _refunds(connection: sa.Connection) -> Iterator[Waiting]:
    refunds, payments = table("billing", "provider_refunds"), table("billing", "provider_payments")
    query = sa.select(refunds, payments.c.document_id).join(payments, payments.c.payment_id == refunds.c.payment_id)
    for row in connection.execute(query.where(refunds.c.state == "failed").order_by(refunds.c.created_at)).mappings():
        amount = decimal(Money(row["currency"], row["amount_minor"]))
        reason = row["last_error"] or "failed"
        mend = "Give it back another way: `kwhouse payment refund`."
        yield Waiting("refund failed", row["payment_id"], row["document_id"], amount, row["currency"], reason, mend)
