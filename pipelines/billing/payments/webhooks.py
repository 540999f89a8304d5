"""What the provider tells by itself, taken in once each.

An event about a payment is only a hint: where the payment stands is asked of the provider. So events may come late,
twice and in any order, and one that was held back cannot turn a payment back. What an event was, when it was taken in
and what it changed is kept in `billing.provider_events`; an event that could not be taken in (the provider did not
answer) is left unprocessed, and the provider sends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import sqlalchemy as sa

from pipelines.billing.payments import records
from pipelines.billing.payments.events import DisputeClosed, Disputed, MethodReady, PaymentFact, Tell
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import DisputeChanged, MethodStored, PaymentChanged, ProviderEvent
from pipelines.billing.payments.records import PaymentRecord
from warehouse.state import table

Taken = Literal["processed", "repeated"]
Effect = tuple[str, list[PaymentFact | MethodReady]]


class Webhooks:
    """Takes in the events of one provider. `tell` as for `Payments`."""

    def __init__(self, payments: Payments, tell: Tell, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._payments, self._tell, self._now = payments, tell, now
        self._engine = payments.engine

    def receive(self, payload: bytes, signature: str | None) -> Taken:
        """Take in one webhook: `repeated` where its event was taken in before.

        Raises `WebhookRefused` without a good and recent signature, `PaymentUnavailable` where the provider has to
        send it again.
        """
        event = self._payments.provider.event(payload, signature)
        if not self._first_seen(event):
            return "repeated"
        match event:
            case PaymentChanged():
                # Asked before the transaction begins: the provider may take its time. Twice has the effect of once.
                words = self._asked(event.provider_id)
                return self._processed(event, lambda _connection: (words, []))
            case DisputeChanged():
                return self._processed(event, lambda connection: self._dispute(connection, event))
            case MethodStored():
                return self._processed(event, lambda _connection: self._stored(event))
        return self._processed(event, lambda _connection: ("nothing to us", []))

    def _first_seen(self, event: ProviderEvent) -> bool:
        """Keep the event; False where it has been taken in already."""
        rows = table("billing", "provider_events")
        name = self._payments.provider.name
        row = {
            "provider": name,
            "event_id": event.event_id,
            "type": event.type,
            "object_id": _object_id(event),
            "received_at": self._now(),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(sa.insert(rows), row)
        except sa.exc.IntegrityError:
            with self._engine.connect() as connection:
                known = sa.select(rows.c.processed_at).filter_by(provider=name, event_id=event.event_id)
                return connection.execute(known).scalar_one() is None
        return True

    def _processed(self, event: ProviderEvent, effect: Callable[[sa.Connection], Effect]) -> Taken:
        """Carry out `effect` and mark the event, in one transaction; `repeated` where another was faster."""
        rows = table("billing", "provider_events")
        with self._engine.begin() as connection:
            marked = connection.execute(
                sa.update(rows)
                .filter_by(provider=self._payments.provider.name, event_id=event.event_id)
                .where(rows.c.processed_at.is_(None))
                .values(processed_at=self._now())
            )
            if marked.rowcount == 0:
                return "repeated"
            words, facts = effect(connection)
            for fact in facts:
                self._tell(connection, fact)
            connection.execute(
                sa.update(rows)
                .filter_by(provider=self._payments.provider.name, event_id=event.event_id)
                .values(effect=words)
            )
        return "processed"

    def _asked(self, provider_id: str) -> str:
        record = self._payment(provider_id)
        if record is None:
            return "no payment of ours"
        after = self._payments.refresh(record.payment_id)
        return after.state if after.revision != record.revision else f"nothing new: {after.state}"

    def _payment(self, provider_id: str) -> PaymentRecord | None:
        return records.find(self._engine, provider=self._payments.provider.name, provider_id=provider_id)

    def _dispute(self, connection: sa.Connection, event: DisputeChanged) -> Effect:
        """Opened and closed are told once each and in this order, whichever comes first."""
        record = self._payment(event.provider_id)
        if record is None:
            return "no payment of ours", []
        rows = table("billing", "provider_events")
        # The payment's row keeps two events of one dispute from being looked at side by side.
        payments = table("billing", "provider_payments")
        connection.execute(
            sa.update(payments)
            .filter_by(payment_id=record.payment_id)
            .values(revision=payments.c.revision + 1, updated_at=self._now())
        )
        before = set(
            connection.execute(
                sa.select(rows.c.effect).filter_by(provider=record.provider, object_id=event.dispute_id)
            ).scalars()
        )
        opened = Disputed(
            f"{record.payment_id}-disputed-{event.dispute_id}",
            record.payment_id,
            event.created_at,
            event.amount,
            event.dispute_id,
            event.reason,
        )
        known = bool(before & {"disputed", "dispute won", "dispute lost"})
        if event.outcome is None:
            return ("dispute known", []) if known else ("disputed", [opened])
        closed = DisputeClosed(
            f"{record.payment_id}-dispute-closed-{event.dispute_id}",
            record.payment_id,
            event.created_at,
            event.amount,
            event.dispute_id,
            event.outcome == "won",
        )
        return f"dispute {event.outcome}", [closed] if known else [opened, closed]

    def _stored(self, event: MethodStored) -> Effect:
        key = f"method-{event.setup_id}"
        ready = MethodReady(key, event.reference, event.created_at, event.customer_id, event.method_id)
        return "method stored", [ready]


def _object_id(event: ProviderEvent) -> str | None:
    match event:
        case DisputeChanged(dispute_id=found) | MethodStored(setup_id=found) | PaymentChanged(provider_id=found):
            return found
    return None
