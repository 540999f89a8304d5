"""Holds of sessions that have ended: what each session costs is taken, and the rest is free again.

The cost is what the receipt of the session claims, so the receipt is paid to the cent. A hold is given back where the
session costs less than the smallest coin, where its token got a contract meanwhile (which pays), and where there is no
evidence of its energy. A session in doubt is not billed before a person decides on it, so its hold goes on.
Run it after each refresh: a hold that has its cost already is left alone.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.billing.documents.model import ZERO, half_up
from pipelines.billing.ledger import ad_hoc
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.records import PaymentRecord
from pipelines.stages import sql
from warehouse.money import MINOR_UNITS
from warehouse.store import Lake

_HERE = Path(__file__).parent


def ended_holds(lake: Lake) -> dict[str, Money]:
    """What each open hold of an ended session is to take, by payment id, the oldest first; 0: nothing.

    A session that was held twice is taken once.
    """
    found: dict[str, Money] = {}
    rows = lake.cursor().execute(sql(_HERE / "ended_holds.sql"), {"ad_hoc": ad_hoc.PREFIX}).fetchall()
    for payment_id, currency, turn, receipt, priced, is_nothing_due in rows:
        if is_nothing_due:
            cost = ZERO
        elif receipt is not None:
            cost = receipt if turn == 1 else ZERO
        elif priced is not None and half_up(priced, currency) == ZERO:
            cost = ZERO
        else:
            continue
        found[payment_id] = Money(currency, int(cost.scaleb(MINOR_UNITS[currency])))
    return found


def finish_ended(lake: Lake, payments: Payments) -> list[PaymentRecord]:
    """Finish every hold whose session has ended and has a price; what stands against one is in its `last_error`."""
    return [payments.finish(payment_id, cost) for payment_id, cost in ended_holds(lake).items()]
