"""SEPA credit transfers to site owners: a customer credit transfer initiation, pain.001.001.09 (EPC125-05). Pure.

As in `pain008.py`, what the bank would refuse is left out with its reason, and the rest goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sepaxml import SepaTransfer

from pipelines.billing.bank import target
from pipelines.billing.bank.errors import BankDataRefused, NothingToSend
from pipelines.billing.bank.iban import OUTSIDE_EEA, bic_of, checked_bic, checked_iban
from pipelines.billing.bank.pain008 import end_to_end_id, minor_units
from pipelines.billing.bank.schema import checked
from pipelines.billing.bank.sepa_text import sepa_text

SCHEMA = "pain.001.001.09"


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whose account pays."""

    name: str
    iban: str
    bic: str | None = None


@dataclass(frozen=True, slots=True)
class Payout:
    """One transfer to make; `reference` is unique for the payer, e.g. owner and month."""

    reference: str
    name: str
    iban: str
    amount: Decimal
    currency: str
    remittance: str
    bic: str | None = None
    town: str | None = None
    country_code: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transaction of the file."""

    payout: Payout
    end_to_end_id: str


@dataclass(frozen=True, slots=True)
class NotPaid:
    """One payout that is not in the file, and why."""

    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Transfers:
    """The file and what is in it. `message_id` is the file's MsgId; `total` its control sum."""

    message_id: str
    execution_date: date
    transfers: tuple[Transfer, ...]
    left_out: tuple[NotPaid, ...]
    total: Decimal
    xml: bytes

    @property
    def transactions(self) -> int:
        return len(self.transfers)


def pay_out(debtor: Debtor, payouts: Sequence[Payout], message_id: str, wanted: date, today: date) -> Transfers:
    """One file that makes the payouts on the first TARGET business day from `wanted` (and today) on.

    Raises `BankDataRefused` for what is wrong with the payer's account, `NothingToSend` where no payout is left.
    """
    iban = checked_iban(debtor.iban)
    name = sepa_text(debtor.name, 70)
    if not name:
        raise BankDataRefused("Payer", debtor.name, "has no name that can be written in Latin letters")
    bic = checked_bic(debtor.bic, iban) if debtor.bic else bic_of(iban)
    if bic is None:
        raise BankDataRefused("Payer", debtor.name, "its bank's BIC is not known; declare it with the operator")
    day = target.on_or_after(max(wanted, today))
    document = SepaTransfer(
        {"name": name, "IBAN": iban, "BIC": bic, "batch": True, "currency": "EUR"}, schema=SCHEMA, clean=False
    )
    for node in document._xml.iter("MsgId"):
        node.text = message_id
    transfers: list[Transfer] = []
    left_out: list[NotPaid] = []
    seen: set[str] = set()
    for payout in payouts:
        try:
            if payout.reference in seen:
                raise BankDataRefused("Reference", payout.reference, "stands in this file already")
            transfer = Transfer(payout, end_to_end_id(message_id, payout.reference))
            document.add_payment(_transaction(transfer, day))
        except BankDataRefused as error:
            left_out.append(NotPaid(payout.reference, str(error)))
            continue
        seen.add(payout.reference)
        transfers.append(transfer)
    if not transfers:
        raise NothingToSend("pay out", [f"{row.reference}: {row.reason}" for row in left_out])
    total = sum((row.payout.amount for row in transfers), Decimal(0))
    xml = checked(document.export(validate=False), SCHEMA)
    return Transfers(message_id, day, tuple(transfers), tuple(left_out), total, xml)


def _transaction(transfer: Transfer, day: date) -> dict[str, object]:
    payout = transfer.payout
    if payout.currency != "EUR":
        raise BankDataRefused("Currency", payout.currency, "SEPA transfers euros only")
    amount = minor_units(payout.amount)
    iban = checked_iban(payout.iban)
    bic = checked_bic(payout.bic, iban) if payout.bic else bic_of(iban)
    name = sepa_text(payout.name, 70)
    if not name:
        raise BankDataRefused("Payee", payout.name, "has no name that can be written in Latin letters")
    address = {"town": sepa_text(payout.town or "", 35), "country": (payout.country_code or "").upper()}
    if iban[:2] in OUTSIDE_EEA and not (bic and all(address.values())):
        raise BankDataRefused("Payee", payout.name, f"BIC, town and country are needed for {iban[:2]}")
    return {
        "name": name,
        "IBAN": iban,
        "amount": amount,
        "execution_date": day,
        "description": sepa_text(payout.remittance, 140) or payout.reference[:140],
        "endtoend_id": transfer.end_to_end_id,
        **({"BIC": bic} if bic else {}),
        **({"address": address} if iban[:2] in OUTSIDE_EEA else {}),
    }
