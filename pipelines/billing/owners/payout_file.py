"""The bank's file that pays site owners for a month: `owners.payouts` written as pain.001."""

from __future__ import annotations

import hashlib
from datetime import date

import sqlalchemy as sa

from pipelines.billing.bank.pain001 import Debtor, Payout, Transfers, pay_out
from pipelines.billing.closing.periods import is_closed
from pipelines.billing.owners.payouts import payouts
from warehouse.errors import InputError
from warehouse.state import table
from warehouse.store import Lake


class MonthNotClosed(InputError):
    """Owners are paid for closed months: until then their statements may still change. `month` is its first day."""

    def __init__(self, operator_id: str, month: date) -> None:
        super().__init__(
            f"{month:%Y-%m} of {operator_id} is not closed, so its statements may still change. "
            f"`kwhouse close {month:%Y-%m} --operator {operator_id}` first."
        )
        self.operator_id, self.month = operator_id, month


def payout_file(
    lake: Lake, engine: sa.Engine, operator_id: str, month: date, *, wanted: date, today: date
) -> Transfers:
    """Pay the owners for `month` (first day) on the first banking day from `wanted` on.

    The ids are made of operator, month and owner, whatever the amounts: a bank that is handed a second file refuses it.
    Raises `MonthNotClosed`, `InputError` for an operator that is
    not known, `PayoutsRefused` where an owner cannot be paid; owners of another currency than EUR are left out.
    """
    operators = table("registry", "operators")
    with engine.connect() as connection:
        chosen = sa.select(operators).where(operators.c.operator_id == operator_id)
        operator = connection.execute(chosen).mappings().one_or_none()
    if operator is None:
        raise InputError(f"No operator has the id {operator_id!r}. `kwhouse registry export DIR` lists them.")
    if not is_closed(engine, operator_id, month):
        raise MonthNotClosed(operator_id, month)
    due = [
        Payout(
            reference=f"{one.owner_id}-{month:%Y%m}",
            name=one.name,
            iban=one.iban,
            amount=one.amount,
            currency=one.currency,
            remittance=f"{operator['name']} {month:%Y-%m} {' '.join(one.statements)}",
        )
        for one in payouts(lake, operator_id, month)
    ]
    message_id = f"{month:%Y%m}-" + hashlib.sha256(operator_id.encode()).hexdigest()[:20]
    debtor = Debtor(operator["name"], operator["iban"] or "", operator["bic"])
    return pay_out(debtor, due, message_id, wanted, today)
