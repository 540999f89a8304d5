"""Our rows on payments, refunds and events (`warehouse/contract/payments.py`): read, made, and changed once.

A change names the revision that it was made from: where somebody else was faster, nothing is written and the caller
looks again. So an older answer of the provider never overwrites a newer one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines.billing.payments.errors import PaymentRefused, PaymentUnknown
from pipelines.billing.payments.events import MethodReady, PaymentFact, Tell
from pipelines.billing.payments.provider import Money
from warehouse.state import table

NOBODY = "none"  # the provider of payments that are asked of none
FINAL = frozenset({"captured", "released", "failed"})


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """A row of `billing.provider_payments`."""

    payment_id: str
    provider: str
    provider_id: str | None
    idempotency_key: str
    kind: str
    purpose: str
    session_id: str | None
    document_id: str | None
    operator_id: str | None
    payer_email: str | None
    customer_id: str | None
    method_id: str | None
    pay_token: str
    currency: str
    amount_minor: int
    authorised_minor: int
    captured_minor: int
    released_minor: int
    refunded_minor: int
    cost_minor: int | None
    open_minor: int | None
    state: str
    revision: int
    created_at: datetime
    updated_at: datetime
    last_error: str | None

    @property
    def amount(self) -> Money:
        return self.money(self.amount_minor)

    @property
    def settled(self) -> bool:
        """Nothing is left to do here: final, and what stays open of a session's cost is known."""
        return self.state in FINAL and (self.cost_minor is None or self.open_minor is not None)

    def money(self, minor: int) -> Money:
        return Money(self.currency, minor)


@dataclass(frozen=True, slots=True)
class RefundRecord:
    """A row of `billing.provider_refunds`."""

    refund_id: str
    payment_id: str
    provider_id: str | None
    idempotency_key: str
    currency: str
    amount_minor: int
    reason: str
    state: str
    created_at: datetime
    updated_at: datetime
    last_error: str | None


def payment_id(idempotency_key: str) -> str:
    """Our id of a payment: the same key, the same payment."""
    return "pay_" + hashlib.sha256(idempotency_key.encode()).hexdigest()[:24]


def opened(engine: sa.Engine, values: dict[str, Any], now: datetime) -> PaymentRecord:
    """The payment with that idempotency key, made where it is new.

    Raises `PaymentRefused` where the key stands for another amount, payer or purpose already.
    """
    key = values["idempotency_key"]
    row = {
        "payment_id": payment_id(key),
        "pay_token": secrets.token_urlsafe(24),
        **dict.fromkeys(("authorised_minor", "captured_minor", "released_minor", "refunded_minor", "revision"), 0),
        "state": "opening",
        "created_at": now,
        "updated_at": now,
        **values,
    }
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(table("billing", "provider_payments")), row)
    except sa.exc.IntegrityError:
        found = get(engine, row["payment_id"])
        if any(getattr(found, name) != value for name, value in values.items()):
            raise PaymentRefused(f"{key} is already another payment", "idempotency") from None
        return found
    return get(engine, row["payment_id"])


def get(engine: sa.Engine, wanted: str) -> PaymentRecord:
    """The payment with that id. Raises `PaymentUnknown`."""
    found = find(engine, payment_id=wanted)
    if found is None:
        raise PaymentUnknown(wanted)
    return found


def find(engine: sa.Engine, **where: str) -> PaymentRecord | None:
    """The payment that has these values (of unique columns); None where there is none."""
    with engine.connect() as connection:
        row = connection.execute(sa.select(table("billing", "provider_payments")).filter_by(**where)).mappings().first()
    return None if row is None else PaymentRecord(**row)


def opened_nowhere(engine: sa.Engine, document_id: str, amount: Money, attempt: int, now: datetime) -> PaymentRecord:
    """A payment for a page without a provider, which offers UPI and a bank transfer: its money comes by the bank."""
    values = {
        "provider": NOBODY,
        "idempotency_key": f"invoice-{document_id}-charge-{attempt}",
        "kind": "charge",
        "purpose": "invoice",
        "document_id": document_id,
        "currency": amount.currency,
        "amount_minor": amount.minor,
    }
    return opened(engine, values, now)


def unsettled(engine: sa.Engine, provider: str) -> list[PaymentRecord]:
    """Payments through `provider` that are not settled, the oldest first."""
    rows = table("billing", "provider_payments")
    asked = sa.select(rows).where(
        rows.c.provider == provider,
        rows.c.state.not_in(FINAL) | (rows.c.cost_minor.is_not(None) & rows.c.open_minor.is_(None)),
    )
    with engine.connect() as connection:
        return [PaymentRecord(**row) for row in connection.execute(asked.order_by(rows.c.created_at)).mappings()]


def change(connection: sa.Connection, record: PaymentRecord, values: dict[str, Any], now: datetime) -> bool:
    """Write `values` over `record`; False, and nothing written, where the row has changed since it was read."""
    rows = table("billing", "provider_payments")
    done = connection.execute(
        sa.update(rows)
        .where(rows.c.payment_id == record.payment_id, rows.c.revision == record.revision)
        .values(**values, revision=record.revision + 1, updated_at=now)
    )
    return done.rowcount == 1


def name_session(connection: sa.Connection, payment_id: str, session_id: str) -> bool:
    """Say which session a hold is for, as long as nothing was decided on its cost; False where something was."""
    rows = table("billing", "provider_payments")
    mine = rows.c.payment_id == payment_id
    named = {"session_id": session_id, "revision": rows.c.revision + 1}
    return connection.execute(sa.update(rows).where(mine, rows.c.cost_minor.is_(None)).values(named)).rowcount == 1


def changed(
    engine: sa.Engine,
    record: PaymentRecord,
    values: dict[str, Any],
    now: datetime,
    tell: Tell | None = None,
    facts: Iterable[PaymentFact | MethodReady] = (),
) -> bool:
    """`change` in a transaction of its own, which also tells `facts`: both happen or neither."""
    if all(getattr(record, name) == value for name, value in values.items()):
        return True
    with engine.begin() as connection:
        if not change(connection, record, values, now):
            return False
        for fact in facts if tell else ():
            tell(connection, fact)  # type: ignore[misc]  # not None here
    return True


def refund_asked(
    engine: sa.Engine, payment: PaymentRecord, key: str, amount: Money, reason: str, now: datetime
) -> RefundRecord:
    """The refund with that key, made where it is new.

    Raises `PaymentRefused` where the key stands for another amount, or more would be given back than was taken.
    """
    rows = table("billing", "provider_refunds")
    with engine.begin() as connection:
        # Taking a new revision of the payment first lets only one refund at a time look at what is left.
        taken = connection.execute(
            sa.update(table("billing", "provider_payments"))
            .where(table("billing", "provider_payments").c.payment_id == payment.payment_id)
            .values(revision=table("billing", "provider_payments").c.revision + 1)
            .returning(table("billing", "provider_payments").c.captured_minor)
        ).scalar_one()
        known = connection.execute(sa.select(rows).where(rows.c.payment_id == payment.payment_id)).mappings().all()
        for row in known:
            if row["idempotency_key"] == key:
                if row["amount_minor"] != amount.minor:
                    raise PaymentRefused(f"{key} is already another refund", "idempotency")
                return RefundRecord(**row)
        given = sum(row["amount_minor"] for row in known if row["state"] != "failed")
        if amount.minor <= 0 or given + amount.minor > taken:
            left = payment.money(taken - given)
            raise PaymentRefused(f"{amount} cannot be given back; {left} of what was taken is left", "amount_too_large")
        made = RefundRecord(
            "re_" + payment_id(key)[4:], payment.payment_id, None, key, amount.currency, amount.minor, reason, "asked",
            now, now, None,
        )  # fmt: skip
        connection.execute(sa.insert(rows), {each.name: getattr(made, each.name) for each in fields(made)})
    return made


def refund_changed(engine: sa.Engine, refund_id: str, values: dict[str, Any], now: datetime) -> RefundRecord:
    """Write `values` over a refund's row and give the row."""
    rows = table("billing", "provider_refunds")
    with engine.begin() as connection:
        connection.execute(sa.update(rows).where(rows.c.refund_id == refund_id).values(**values, updated_at=now))
        return RefundRecord(**connection.execute(sa.select(rows).where(rows.c.refund_id == refund_id)).mappings().one())


def unfinished_refunds(engine: sa.Engine) -> list[RefundRecord]:
    """Refunds that the provider has not carried out or refused yet, the oldest first."""
    rows = table("billing", "provider_refunds")
    asked = sa.select(rows).where(rows.c.state.in_(("asked", "under_way"))).order_by(rows.c.created_at)
    with engine.connect() as connection:
        return [RefundRecord(**row) for row in connection.execute(asked).mappings()]
