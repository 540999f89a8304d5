"""Stored methods of payers: a card or an account that may be charged without them. Kept under the provider's keys.

A provider tells of a method when the payer has stored it (`MethodReady`), with the reference that its setup was given:
a contract or a driver. The newest one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.billing.ledger.errors import LedgerError
from pipelines.billing.payments.events import MethodReady
from warehouse.state import table

PROVIDER = "stripe"


@dataclass(frozen=True, slots=True)
class Method:
    """A stored method. Its keys stand in no log and no message."""

    reference: str
    customer_id: str | None
    method_id: str


def remember(connection: sa.Connection, told: MethodReady) -> None:
    """Keep a method that was stored; nothing where its setup had no reference of ours."""
    if told.reference is not None:
        keep(connection, Method(told.reference, told.customer_id, told.method_id), told.at)


def keep(connection: sa.Connection, method: Method, at: datetime) -> None:
    """Keep a method, in place of an older one; what was stored later stays."""
    rows = table("billing", "payment_methods")
    mine = sa.and_(rows.c.provider == PROVIDER, rows.c.reference == method.reference)
    stored_at = connection.execute(sa.select(rows.c.stored_at).where(mine)).scalar()
    if stored_at is not None and stored_at > at:
        return
    connection.execute(sa.delete(rows).where(mine))
    connection.execute(
        sa.insert(rows).values(
            provider=PROVIDER,
            reference=method.reference,
            customer_id=method.customer_id,
            method_id=method.method_id,
            stored_at=at,
        )
    )


def known(connection: sa.Connection, reference: str) -> None:
    """Raises `LedgerError` where the registry has neither a contract nor a driver of that name."""
    contracts, drivers = table("registry", "contracts"), table("registry", "drivers")
    for rows, name in ((contracts, "contract_id"), (drivers, "driver_id")):
        if connection.execute(sa.select(rows.c[name]).where(rows.c[name] == reference)).first():
            return
    raise LedgerError(f"No contract and no driver has the id {reference!r}. `kwhouse registry export DIR` lists them.")


def forget(connection: sa.Connection, reference: str) -> bool:
    """Forget the method of a contract or driver; False where there was none."""
    rows = table("billing", "payment_methods")
    mine = sa.and_(rows.c.provider == PROVIDER, rows.c.reference == reference)
    return connection.execute(sa.delete(rows).where(mine)).rowcount > 0


def by_contract(connection: sa.Connection) -> dict[str, Method]:
    """The method of each contract that has one: its own, else its driver's."""
    rows, contracts = table("billing", "payment_methods"), table("registry", "contracts")
    mine = sa.select(rows).where(rows.c.provider == PROVIDER)
    known = {
        row["reference"]: Method(row["reference"], row["customer_id"], row["method_id"])
        for row in connection.execute(mine).mappings()
    }
    found = {}
    for row in connection.execute(sa.select(contracts.c.contract_id, contracts.c.driver_id)):
        method = known.get(row.contract_id) or known.get(row.driver_id or "")
        if method is not None:
            found[row.contract_id] = method
    return found
