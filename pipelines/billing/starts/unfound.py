"""Charges that ended and whose session is not found: their holds wait for a person, before the bank lets them go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from pipelines.billing.payments import records as payments_kept
from pipelines.billing.payments.errors import PaymentRefused
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.records import PaymentRecord
from pipelines.billing.starts import records
from warehouse.state import table

# Frames land within minutes; a collector that was cut off may bring them the next day. Banks keep a hold for a week.
FOUND_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unfound:
    """A charge that ended at `ended_at` without a session; `held`: what is still held for it."""

    payment_id: str
    station_id: str
    evse_id: int
    ended_at: datetime
    held: Money

    @property
    def reason(self) -> str:
        """Why it waits, in words."""
        return (
            f"the charge at {self.station_id}, EVSE {self.evse_id}, ended at {self.ended_at:%Y-%m-%d %H:%M} UTC, "
            "and no session of it is known"
        )


def unfound(connection: sa.Connection, now: datetime) -> list[Unfound]:
    """Charges that ended a day ago and more, have no session, and whose money is held; the oldest first."""
    starts, payments = table("access", "starts"), table("billing", "provider_payments")
    query = (
        sa.select(starts.c.payment_id, starts.c.station_id, starts.c.evse_id, starts.c.over_at)
        .add_columns(payments.c.currency, payments.c.authorised_minor)
        .join(payments, payments.c.payment_id == starts.c.payment_id)
        .where(starts.c.state == "ended", starts.c.session_id.is_(None), payments.c.state == "authorised")
        .where(starts.c.over_at <= now - FOUND_WITHIN)
        .order_by(starts.c.over_at)
    )
    return [
        Unfound(row.payment_id, row.station_id, row.evse_id, row.over_at, Money(row.currency, row.authorised_minor))
        for row in connection.execute(query)
    ]


def release(payments: Payments, payment_id: str) -> PaymentRecord:
    """Give a hold back whole that no session came of. Again: nothing happens twice.

    Raises `PaymentRefused` where its session is known, or its charge may go on: then what it costs is taken by itself.
    """
    record = payments_kept.get(payments.engine, payment_id)
    start = records.find(payments.engine, payment_id=payment_id)
    if record.kind != "hold" or record.session_id is not None:
        raise PaymentRefused(f"{payment_id} is no hold without a session", "session_known")
    if start is not None and start.state in records.UNFINISHED:
        raise PaymentRefused(f"the charge of {payment_id} goes on at {start.station_id}", "goes_on")
    return payments.release(payment_id)
