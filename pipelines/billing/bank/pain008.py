"""SEPA direct debits: a customer direct debit initiation, pain.008.001.08, core scheme (EPC130-08). Pure.

`collect` leaves out what the bank would refuse, each with its reason, and writes the rest into one file, a batch for
each sequence type. The XML is made by `sepaxml` and checked against the schema that it ships (`schema.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from lxml import etree
from sepaxml import SepaDD

from pipelines.billing.bank import target
from pipelines.billing.bank.errors import BankDataRefused, NothingToSend
from pipelines.billing.bank.iban import (
    OUTSIDE_EEA,
    bic_of,
    checked_bic,
    checked_creditor_id,
    checked_iban,
    checked_mandate_id,
)
from pipelines.billing.bank.schema import checked
from pipelines.billing.bank.sepa_text import sepa_text

SCHEMA = "pain.008.001.08"
# EPC130-08, 4.3.4: a mandate that has collected nothing for 36 months is no longer valid.
MANDATE_MONTHS = 36
# EPC130-08, 4.3.1: the creditor's bank has it a business day before the due date at the latest.
LEAD_BUSINESS_DAYS = 1
LARGEST = Decimal("999999999.99")  # EPC130-08, AT-06
SequenceType = Literal["FRST", "RCUR", "OOFF"]


@dataclass(frozen=True, slots=True)
class Creditor:
    """Who collects, on which account."""

    name: str
    iban: str
    creditor_id: str
    bic: str | None = None


@dataclass(frozen=True, slots=True)
class Mandate:
    """A debtor's consent. `last_used`: day of its last collection that did not come back; None: never."""

    mandate_id: str
    iban: str
    holder: str
    signed_on: date
    bic: str | None = None
    town: str | None = None
    country_code: str | None = None
    last_used: date | None = None
    one_off: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """One document to collect: what is open on it, in euros."""

    document_id: str
    contract_id: str
    amount: Decimal
    currency: str
    remittance: str
    mandate: Mandate | None


@dataclass(frozen=True, slots=True)
class Debit:
    """One transaction of the file."""

    claim: Claim
    mandate: Mandate
    end_to_end_id: str
    sequence_type: SequenceType


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One document that is not in the file, and why."""

    document_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class DirectDebits:
    """The file and what is in it. `message_id` is the file's MsgId; `total` its control sum."""

    message_id: str
    collection_date: date
    debits: tuple[Debit, ...]
    left_out: tuple[LeftOut, ...]
    total: Decimal
    xml: bytes

    @property
    def transactions(self) -> int:
        return len(self.debits)


def collection_date(wanted: date, today: date) -> date:
    """The day of collection: `wanted`, or the first TARGET business day on which the bank can still do it."""
    return target.on_or_after(max(wanted, target.after(today, LEAD_BUSINESS_DAYS)))


def collect(creditor: Creditor, claims: Sequence[Claim], message_id: str, wanted: date, today: date) -> DirectDebits:
    """One file that collects `claims` for the creditor on the first possible day from `wanted` on.

    Raises `BankDataRefused` for what is wrong with the creditor, `NothingToSend` where no claim is left.
    """
    config = _config(creditor)
    day = collection_date(wanted, today)
    debits: list[Debit] = []
    left_out: list[LeftOut] = []
    used: set[str] = set()
    for claim in claims:
        try:
            debit = _debit(claim, message_id, day, used)
        except BankDataRefused as error:
            left_out.append(LeftOut(claim.document_id, str(error)))
            continue
        used.add(debit.mandate.mandate_id.upper())
        debits.append(debit)
    if not debits:
        raise NothingToSend("collect", [f"{row.document_id}: {row.reason}" for row in left_out])
    document = SepaDD(config, schema=SCHEMA, clean=False)
    _rename(document, message_id)
    for debit in debits:
        document.add_payment(_transaction(debit, day))
    total = sum((debit.claim.amount for debit in debits), Decimal(0))
    xml = checked(_named_batches(document.export(validate=False), message_id), SCHEMA)
    return DirectDebits(message_id, day, tuple(debits), tuple(left_out), total, xml)


def end_to_end_id(message_id: str, document_id: str) -> str:
    """The debit's EndToEndId: another one for each attempt, so that a return names the attempt it takes back."""
    return "KW" + hashlib.sha256(f"{message_id}\n{document_id}".encode()).hexdigest()[:28].upper()


def minor_units(amount: Decimal) -> int:
    """Cents of a euro amount; `BankDataRefused` for what no bank file can say."""
    cents = amount * 100
    if not amount.is_finite() or cents != cents.to_integral_value() or not 0 < amount <= LARGEST:
        raise BankDataRefused("Amount", str(amount), f"is not between 0.01 and {LARGEST} with two digits")
    return int(cents)


def _config(creditor: Creditor) -> dict[str, object]:
    iban = checked_iban(creditor.iban)
    name = sepa_text(creditor.name, 70)
    if not name:
        raise BankDataRefused("Creditor", creditor.name, "has no name that can be written in Latin letters")
    bic = checked_bic(creditor.bic, iban) if creditor.bic else bic_of(iban)
    config: dict[str, object] = {
        "name": name,
        "IBAN": iban,
        "batch": True,
        "creditor_id": checked_creditor_id(creditor.creditor_id),
        "currency": "EUR",
        "instrument": "CORE",
    }
    return config | ({"BIC": bic} if bic else {})


def _debit(claim: Claim, message_id: str, day: date, used: set[str]) -> Debit:
    mandate = claim.mandate
    if mandate is None:
        raise BankDataRefused("Contract", claim.contract_id, "has no SEPA mandate")
    if claim.currency != "EUR":
        raise BankDataRefused("Currency", claim.currency, "SEPA collects euros only")
    minor_units(claim.amount)
    checked_mandate_id(mandate.mandate_id)
    iban = checked_iban(mandate.iban)
    if mandate.bic:
        checked_bic(mandate.bic, iban)
    if not sepa_text(mandate.holder, 70):
        raise BankDataRefused("Account holder", mandate.holder, "has no name that can be written in Latin letters")
    if iban[:2] in OUTSIDE_EEA and not (
        (mandate.bic or bic_of(iban)) and sepa_text(mandate.town or "", 35) and mandate.country_code
    ):
        raise BankDataRefused("Mandate", mandate.mandate_id, f"BIC, town and country are needed for {iban[:2]}")
    if mandate.signed_on > day:
        raise BankDataRefused("Mandate", mandate.mandate_id, f"is signed on {mandate.signed_on}, after the collection")
    if _months_later(mandate.last_used or mandate.signed_on, MANDATE_MONTHS) < day:
        raise BankDataRefused("Mandate", mandate.mandate_id, f"was not used for {MANDATE_MONTHS} months: it has lapsed")
    again = mandate.last_used is not None or mandate.mandate_id.upper() in used
    if mandate.one_off and again:
        raise BankDataRefused("Mandate", mandate.mandate_id, "was for one collection, and has been used")
    sequence: SequenceType = "OOFF" if mandate.one_off else "RCUR" if again else "FRST"
    return Debit(claim, mandate, end_to_end_id(message_id, claim.document_id), sequence)


def _transaction(debit: Debit, day: date) -> dict[str, object]:
    claim, mandate = debit.claim, debit.mandate
    iban = checked_iban(mandate.iban)
    bic = checked_bic(mandate.bic, iban) if mandate.bic else bic_of(iban)
    address = {"town": sepa_text(mandate.town or "", 35), "country": (mandate.country_code or "").upper()}
    return {
        "name": sepa_text(mandate.holder, 70),
        "IBAN": iban,
        "amount": minor_units(claim.amount),
        "type": debit.sequence_type,
        "collection_date": day,
        "mandate_id": mandate.mandate_id,
        "mandate_date": mandate.signed_on,
        "description": sepa_text(claim.remittance, 140) or claim.document_id[:140],
        "endtoend_id": debit.end_to_end_id,
        **({"BIC": bic} if bic else {}),
        **({"address": address} if iban[:2] in OUTSIDE_EEA else {}),
    }


def _rename(document: SepaDD, message_id: str) -> None:
    # sepaxml makes a random MsgId; ours is the collection's id, so that the bank's answer names it.
    for node in document._xml.iter("MsgId"):
        node.text = message_id


def batch_reference(message_id: str, sequence_type: str) -> str:
    """PmtInfId of one batch of the file: banks book, and name, a batch as one sum."""
    return f"{message_id}-{sequence_type}"


def _named_batches(xml: bytes, message_id: str) -> bytes:
    root = etree.fromstring(xml)
    for batch in root.iter("{*}PmtInf"):
        batch.find("{*}PmtInfId").text = batch_reference(message_id, batch.find("{*}PmtTpInf/{*}SeqTp").text)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _months_later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    # The 31st and 29 February: the first day of the month that follows, in the debtor's disfavour by a day at most.
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        years, month = divmod(day.month + months, 12)
        return date(day.year + years, month + 1, 1)
