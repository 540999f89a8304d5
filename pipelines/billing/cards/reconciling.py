"""What no webhook told: the provider is asked about everything unfinished, and the ledger told what it lacked."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from pipelines.billing.cards import booking
from pipelines.billing.ledger import store
from pipelines.billing.payments.flow import Payments
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was asked and settled, what the ledger took now, and what stands against the rest."""

    looked_at: int
    settled: int
    booked: int
    unbooked: int
    problems: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.looked_at} unfinished payment(s) and refund(s) looked at, {self.settled} settled."]
        if self.booked or self.unbooked:
            lines.append(f"{self.booked} written to the ledger now, {self.unbooked} it cannot take.")
        return "\n".join(lines + [f"  {key}: {why}" for key, why in self.problems.items()])


def reconcile(payments: Payments) -> Reconciled:
    """Ask the provider about every unfinished payment and refund and go on with it. Run it every few minutes."""
    report = payments.reconcile()
    with store.writing(payments.engine) as connection:
        booked = booking.book_waiting(connection)
        rows = table("billing", "unbooked_facts")
        left = connection.execute(sa.select(rows.c.payment_id, rows.c.reason)).all()
    problems = {**report.problems, **{row.payment_id: f"not in the ledger: {row.reason}" for row in left}}
    return Reconciled(report.looked_at, report.settled, booked, len(left), problems)
