"""How a session, an invoice or a top-up is paid: each step written down before the provider is called and after it.

    hold     opening → awaiting_payer → authorised → captured | released          (a session without contract)
    charge   opening → (awaiting_payer | processing) → captured | failed          (an invoice, a top-up)

Every public method may be called again at any time, after any crash, by several processes: it looks at what is
written, asks the provider where the payment stands, takes the next step if there is one, and records what it saw.
Where the provider cannot be reached the row says so (`last_error`) and `reconcile` goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from pipelines.billing.payments import records
from pipelines.billing.payments.errors import (
    PaymentDeclined,
    PaymentError,
    PaymentMisconfigured,
    PaymentNeedsAction,
    PaymentRefused,
    PaymentUnavailable,
)
from pipelines.billing.payments.events import Tell
from pipelines.billing.payments.outcome import seen
from pipelines.billing.payments.provider import Money, Order, Payment, PaymentProvider, PaymentState
from pipelines.billing.payments.records import PaymentRecord, RefundRecord

_UNPAID = (PaymentState.AWAITING_METHOD, PaymentState.AWAITING_CONFIRMATION, PaymentState.REQUIRES_ACTION)
# The bank wants the payer: the payment stays open for the payment page.
_ASKS_PAYER = "authentication_required"
# So often another process may be faster before we leave the payment to it.
_LOOKS = 5


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What `reconcile` found: payments and refunds asked about, those settled now, and why others are not."""

    looked_at: int
    settled: int
    problems: dict[str, str]

    def __str__(self) -> str:
        lines = [f"{self.looked_at} unfinished payment(s) and refund(s) looked at, {self.settled} settled."]
        return "\n".join(lines + [f"  {key}: {why}" for key, why in self.problems.items()])


def _now() -> datetime:
    return datetime.now(UTC)


class Payments:
    """Payments through one provider, kept in the state database behind `engine`.

    `tell` gets every fact inside the transaction that records it (`events.py`).
    """

    def __init__(
        self, engine: sa.Engine, provider: PaymentProvider, tell: Tell, now: Callable[[], datetime] = _now
    ) -> None:
        self._engine, self._provider, self._tell, self._now = engine, provider, tell, now

    @property
    def engine(self) -> sa.Engine:
        return self._engine

    @property
    def provider(self) -> PaymentProvider:
        return self._provider

    def authorise(
        self,
        amount: Money,
        *,
        operator_id: str,
        session_id: str | None = None,
        start_id: str | None = None,
        attempt: int = 1,
        payer_email: str | None = None,
        customer_id: str | None = None,
        method_id: str | None = None,
    ) -> PaymentRecord:
        """Ask for `amount` to be held for a session. The payer confirms on the page with the record's `pay_token`;
        a stored method is used at once.

        `session_id`: the session; or `start_id`: what is to become one, whose session is named later
        (`records.name_session`). `operator_id`: whose session it is, so whose ledger the money goes to; `payer_email`:
        where its receipt goes.
        Amounts that the provider cannot spell are rounded up to its next step, so that the final cost fits.
        """
        step = self._provider.step(amount.currency)
        asked = Money(amount.currency, -(-amount.minor // step) * step)
        if (session_id is None) == (start_id is None):
            raise ValueError("a hold is for a session, or for a start that becomes one")
        held_for = f"start-{start_id}" if session_id is None else f"session-{session_id}"
        key = f"{held_for}-hold-{attempt}"
        paid = {"session_id": session_id, "operator_id": operator_id, "payer_email": payer_email}
        return self._begin("hold", "session", key, asked, paid, customer_id, method_id)

    def charge(
        self,
        amount: Money,
        *,
        document_id: str,
        purpose: str = "invoice",
        attempt: int = 1,
        customer_id: str | None = None,
        method_id: str | None = None,
    ) -> PaymentRecord:
        """Take `amount` for an invoice or a top-up: off-session with a stored method, or by the payer on the page.

        `attempt`: a later try after a decline is another payment with the next number.
        """
        key = f"{purpose}-{document_id}-charge-{attempt}"
        return self._begin("charge", purpose, key, amount, {"document_id": document_id}, customer_id, method_id)

    def finish(self, payment_id: str, cost: Money) -> PaymentRecord:
        """A session has ended and cost `cost`: take that, at most what is held, and release the rest.

        What could not be taken is the record's `open_minor`, told as `LeftOpen`. A hold that the payer never confirmed
        is given up. Raises `PaymentRefused` for another cost than was given before: a correction is a refund, or a
        charge of its own.
        """
        while True:
            record = records.get(self._engine, payment_id)
            if record.kind != "hold" or cost.currency != record.currency or cost.minor < 0:
                raise PaymentRefused(
                    f"a {record.kind} of {record.amount} cannot be finished with {cost}", "invalid_cost"
                )
            if record.cost_minor == cost.minor:
                break
            if record.cost_minor is not None:
                given = record.money(record.cost_minor)
                raise PaymentRefused(f"{payment_id} was finished with {given}, not {cost}", "already_finished")
            if records.changed(self._engine, record, {"cost_minor": cost.minor}, self._now()):
                break
        return self.advance(payment_id)

    def release(self, payment_id: str) -> PaymentRecord:
        """Give a hold back whole: no session came of it."""
        record = records.get(self._engine, payment_id)
        return self.finish(payment_id, record.money(0))

    def give_up(self, payment_id: str) -> PaymentRecord:
        """Give up a charge that nobody has paid yet. One that was paid meanwhile stays: its record says so."""
        record = records.get(self._engine, payment_id)
        if record.kind != "charge" or record.state not in ("opening", "awaiting_payer"):
            return record
        if record.provider_id is None:  # without its id nobody can pay it
            records.changed(self._engine, record, {"state": "failed"}, self._now())
            return records.get(self._engine, payment_id)
        with suppress(PaymentRefused):  # paid, or under way: asked below
            self._provider.cancel(record.provider_id, key=f"{record.idempotency_key}-cancel")
        return self.refresh(payment_id)

    def refund(self, payment_id: str, amount: Money, *, reason: str, number: int = 1) -> RefundRecord:
        """Give back `amount` of what was taken. `number` counts the refunds of this payment: the same one again is
        the same refund. Raises `PaymentRefused` for more than is left."""
        record = records.get(self._engine, payment_id)
        key = f"{record.idempotency_key}-refund-{number}"
        asked = records.refund_asked(self._engine, record, key, amount, reason, self._now())
        return self._give_back(asked)

    def refresh(self, payment_id: str) -> PaymentRecord:
        """Ask the provider where a payment stands, settled or not, and record it. Raises what it answers instead."""
        try:
            return self._step(payment_id, even_settled=True)
        except PaymentError as error:
            self._note(payment_id, error)
            raise

    def advance(self, payment_id: str) -> PaymentRecord:
        """Take whatever step a payment is waiting for. What stands against it is the record's `last_error`."""
        try:
            return self._step(payment_id, even_settled=False)
        except PaymentError as error:
            self._note(payment_id, error)
            if isinstance(error, PaymentMisconfigured):
                raise
            return records.get(self._engine, payment_id)

    def reconcile(self) -> ReconcileReport:
        """Ask the provider about everything unfinished and go on with it. Run it at start and every few minutes."""
        problems: dict[str, str] = {}
        settled = 0
        waiting = records.unsettled(self._engine, self._provider.name)
        for payment in waiting:
            try:
                after = self.advance(payment.payment_id)
            except PaymentError as error:
                problems[payment.payment_id] = str(error)
                continue
            settled += after.settled
            if after.last_error:
                problems[payment.payment_id] = after.last_error
        refunds = records.unfinished_refunds(self._engine)
        for refund in refunds:
            try:
                after_refund = self._give_back(refund)
            except PaymentError as error:
                problems[refund.refund_id] = str(error)
                continue
            settled += after_refund.state in ("done", "failed")
            if after_refund.last_error:
                problems[refund.refund_id] = after_refund.last_error
        return ReconcileReport(len(waiting) + len(refunds), settled, problems)

    def _begin(
        self,
        kind: str,
        purpose: str,
        key: str,
        amount: Money,
        paid: dict[str, str | None],
        customer_id: str | None,
        method_id: str | None,
    ) -> PaymentRecord:
        if amount.minor <= 0:
            raise PaymentRefused(f"{amount} is nothing to pay", "invalid_amount")
        values = {
            "provider": self._provider.name,
            "idempotency_key": key,
            "kind": kind,
            "purpose": purpose,
            **dict.fromkeys(("session_id", "document_id", "operator_id", "payer_email")),
            **paid,
            "customer_id": customer_id,
            "method_id": method_id,
            "currency": amount.currency,
            "amount_minor": amount.minor,
        }
        return self.advance(records.opened(self._engine, values, self._now()).payment_id)

    def _step(self, payment_id: str, *, even_settled: bool) -> PaymentRecord:
        for _ in range(_LOOKS):
            record = records.get(self._engine, payment_id)
            if record.settled and not even_settled:
                return record
            # The row is read before the provider is asked: what is written below is never older than it.
            payment = self._act(record, self._opened(record))
            values, facts = seen(record, payment, self._now())
            written = records.changed(self._engine, record, values, self._now(), self._tell, facts)
            if written and record.provider_id is not None:
                break
        return records.get(self._engine, payment_id)

    def _opened(self, record: PaymentRecord) -> Payment:
        if record.provider_id is not None:
            return self._provider.payment(record.provider_id)
        order = Order(record.amount, record.payment_id, record.customer_id, record.method_id)
        key = f"{record.idempotency_key}-open"
        ask = self._provider.authorise if record.kind == "hold" else self._provider.charge
        return ask(order, key=key)

    def _act(self, record: PaymentRecord, payment: Payment) -> Payment:
        """Do what this payment waits for; gives it as it stands afterwards."""
        if record.provider_id is None:
            return payment  # its id has to be stored first; the next look goes on
        if record.kind == "hold" and record.cost_minor is not None:
            return self._settle(record, payment, record.cost_minor)
        if record.method_id is None:
            return payment
        key = record.idempotency_key
        if payment.state is PaymentState.AWAITING_CONFIRMATION:
            try:
                payment = self._provider.confirm(payment.provider_id, key=f"{key}-confirm")
            except (PaymentDeclined, PaymentNeedsAction):
                payment = self._provider.payment(payment.provider_id)
        if payment.state is PaymentState.AWAITING_METHOD and payment.declined not in (None, _ASKS_PAYER):
            return self._provider.cancel(payment.provider_id, key=f"{key}-cancel")
        return payment

    def _settle(self, record: PaymentRecord, payment: Payment, cost_minor: int) -> Payment:
        step = self._provider.step(record.currency)
        take = min(cost_minor, payment.amount.minor) // step * step
        key = record.idempotency_key
        if payment.state is PaymentState.AUTHORISED and take > 0:
            try:
                return self._provider.capture(payment.provider_id, record.money(take), key=f"{key}-capture-1")
            except PaymentRefused as error:
                # Less than the provider takes at all: nothing can be taken, and the cost stays open.
                if error.code != "amount_too_small":
                    return self._unless_held(payment, error)
            except PaymentDeclined as error:
                return self._unless_held(payment, error)
        if payment.state is PaymentState.AUTHORISED or payment.state in _UNPAID:
            return self._provider.cancel(payment.provider_id, key=f"{key}-cancel")
        return payment

    def _unless_held(self, payment: Payment, error: PaymentError) -> Payment:
        """The payment as it is now, e.g. with its hold expired; `error` where it is still held."""
        now = self._provider.payment(payment.provider_id)
        if now.state is PaymentState.AUTHORISED:
            raise error
        return now

    def _give_back(self, refund: RefundRecord) -> RefundRecord:
        payment = records.get(self._engine, refund.payment_id)
        if payment.provider_id is None or refund.state in ("done", "failed"):
            return refund
        amount = Money(refund.currency, refund.amount_minor)
        try:
            answer = self._provider.refund(payment.provider_id, amount, key=refund.idempotency_key)
            # The payment first: a refund that is done is not looked at again, so its fact has to be told before.
            self.refresh(refund.payment_id)
        except (PaymentUnavailable, PaymentMisconfigured) as error:
            noted = records.refund_changed(self._engine, refund.refund_id, {"last_error": str(error)}, self._now())
            if isinstance(error, PaymentMisconfigured):
                raise
            return noted
        except PaymentError as error:
            failed = {"state": "failed", "last_error": str(error)}
            records.refund_changed(self._engine, refund.refund_id, failed, self._now())
            raise
        values: dict[str, str | None] = {
            "provider_id": answer.refund_id,
            "state": "failed" if answer.failed else "done" if answer.done else "under_way",
            "last_error": "the payer's bank did not take it" if answer.failed else None,
        }
        return records.refund_changed(self._engine, refund.refund_id, values, self._now())

    def _note(self, payment_id: str, error: PaymentError) -> None:
        for _ in range(_LOOKS):
            record = records.get(self._engine, payment_id)
            if records.changed(self._engine, record, {"last_error": str(error)}, self._now()):
                return
