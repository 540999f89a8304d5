"""What goes on by itself: holds of ended sessions are taken, the provider is asked about everything unfinished, and the
ledger told what it lacked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from pipelines.billing.cards import booking
from pipelines.billing.ledger import store
from pipelines.billing.payments.finishing import finish_ended
from pipelines.billing.payments.flow import Payments
from pipelines.billing.starts.finding import found_sessions, name_sessions
from pipelines.billing.starts.flow import Starts
from pipelines.billing.starts.unfound import unfound
from warehouse.errors import StoreMissing
from warehouse.settings import Settings
from warehouse.state import table
from warehouse.store import Lake, open_lake


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Holds finished, payments and refunds asked about and settled, what the ledger took now, what is in the way."""

    finished: int
    looked_at: int
    settled: int
    booked: int
    unbooked: int
    problems: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [f"{self.finished} hold(s) of ended sessions finished."] if self.finished else []
        lines += [f"{self.looked_at} unfinished payment(s) and refund(s) looked at, {self.settled} settled."]
        if self.booked or self.unbooked:
            lines.append(f"{self.booked} written to the ledger now, {self.unbooked} it cannot take.")
        return "\n".join(lines + [f"  {key}: {why}" for key, why in self.problems.items()])


@contextmanager
def lake_if_any(settings: Settings) -> Iterator[Lake | None]:
    """The lake for `reconcile`; None where nothing has been written yet."""
    try:
        lake = open_lake(settings, read_only=True)
    except StoreMissing:
        lake = None
    with lake or nullcontext():
        yield lake


def reconcile(payments: Payments, lake: Lake | None) -> Reconciled:
    """Go on with charges that were begun on phones, finish the holds of sessions that have ended (`lake`: where they
    are; None: there are none yet), ask the provider about every unfinished payment and refund, and go on with it. Run
    it every few minutes."""
    if lake is not None:
        name_sessions(payments.engine, found_sessions(lake))
    Starts(payments.engine, payments).look_after()
    finished = len(finish_ended(lake, payments)) if lake is not None else 0
    report = payments.reconcile()
    with store.writing(payments.engine) as connection:
        booked = booking.book_waiting(connection)
        rows = table("billing", "unbooked_facts")
        left = connection.execute(sa.select(rows.c.payment_id, rows.c.reason)).all()
        waiting = {it.payment_id: f"{it.reason}: `kwhouse card work`" for it in unfound(connection, datetime.now(UTC))}
    problems = {**report.problems, **waiting, **{row.payment_id: f"not in the ledger: {row.reason}" for row in left}}
    return Reconciled(finished, report.looked_at, report.settled, booked, len(left), problems)
