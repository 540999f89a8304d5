"""What site owners are paid for a month: one payout per owner and currency, to the account of the state database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from pipelines.billing.bank.errors import BankDataRefused
from pipelines.billing.bank.iban import checked_iban
from pipelines.stages import sql
from warehouse.errors import InputError
from warehouse.store import Lake

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Payout:
    """One transfer to an owner: `amount` with VAT, in `currency`, for the agreements `statements` and `month`.

    `iban` is written without spaces. Name and account are personal data: they go to the bank's file and nowhere else.
    """

    owner_id: str
    name: str
    iban: str
    currency: str
    amount: Decimal
    month: date
    statements: tuple[str, ...]


class PayoutsRefused(InputError):
    """Some owners of a month cannot be paid; nobody is, so that no file goes out in part. `reasons` is by owner."""

    def __init__(self, month: date, reasons: Mapping[str, str]) -> None:
        listing = "\n".join(f"  {owner}: {reason}" for owner, reason in reasons.items())
        super().__init__(
            f"The payouts of {month:%Y-%m} cannot be made. Mend these rows of site_owners and apply the registry "
            f"again:\n{listing}"
        )
        self.month, self.reasons = month, dict(reasons)


def payouts(lake: Lake, operator_id: str, month: date) -> list[Payout]:
    """Payouts to the owners of the operator's sites for the month that `month` lies in, by owner and currency.

    Owners who get nothing are left out. Raises `PayoutsRefused` where an owner is not declared, lacks a name or an
    IBAN, or the IBAN is wrong (ISO 13616: country's length and structure, check digits).
    """
    month = month.replace(day=1)
    cursor = lake.cursor()
    try:
        rows = cursor.execute(sql(_HERE / "owner_payouts.sql"), {"operator_id": operator_id, "month": month}).fetchall()
    finally:
        cursor.close()
    found: list[Payout] = []
    reasons: dict[str, str] = {}
    for owner_id, currency, is_known, name, iban, statements, amount in rows:
        if reason := _refusal(bool(is_known), name, iban, amount):
            reasons[owner_id] = reason
            continue
        try:
            account = checked_iban(iban, sepa=False)
        except BankDataRefused as refused:
            # The number itself is personal and stays out of the message.
            reasons[owner_id] = f"its IBAN {refused.why}"
            continue
        found.append(Payout(owner_id, name, account, currency, amount, month, tuple(statements)))
    if reasons:
        raise PayoutsRefused(month, reasons)
    return found


def _refusal(is_known: bool, name: str | None, iban: str | None, amount: Decimal) -> str | None:
    if not is_known:
        return "is not declared"
    if amount < 0:
        return f"would get {amount}, less than nothing: look at the agreement's terms"
    if not name:
        return "has no name"
    if not iban:
        return "has no IBAN"
    return None
