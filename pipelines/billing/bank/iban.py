"""Checks of what banks check: IBAN (ISO 13616), BIC (ISO 9362), creditor identifier (EPC262-08), mandate reference."""

from __future__ import annotations

import re

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from pipelines.billing.bank.errors import BankDataRefused
from pipelines.billing.bank.sepa_text import ALLOWED

# SEPA countries outside the EEA (EPC409-09): payments to and from them need the other side's BIC and address.
# Territories of the United Kingdom have IBANs and codes of their own.
OUTSIDE_EEA = frozenset({"AD", "AL", "CH", "GB", "GG", "GI", "IM", "JE", "MC", "MD", "ME", "MK", "RS", "SM", "VA"})

_CREDITOR_ID = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_MANDATE = re.compile(rf"{ALLOWED.removesuffix('*').replace(' ', '')}{{1,35}}")
# Reasons in the reader's words, by schwifty's classes.
_WHY = {
    "InvalidLength": "has the wrong length for its country",
    "InvalidStructure": "has letters or digits where its country has none",
    "InvalidChecksumDigits": "has a wrong check digit: a digit is mistyped",
    "InvalidCountryCode": "begins with no country that has IBANs",
}


def checked_iban(text: str, *, sepa: bool = True) -> str:
    """The IBAN without spaces; `BankDataRefused` says what is wrong with it."""
    try:
        # Country, structure and check digits: what banks check. A list of bank codes ages, and would refuse good ones.
        iban = IBAN(text)
    except SchwiftyException as error:
        raise BankDataRefused("IBAN", _masked(text), _WHY.get(type(error).__name__, str(error))) from None
    # schwifty does not know those who joined since 2024 (AL, MD, ME, MK, RS).
    if sepa and not iban.in_sepa_zone and iban.country_code not in OUTSIDE_EEA:
        raise BankDataRefused("IBAN", _masked(text), f"{iban.country_code} is outside SEPA")
    return iban.compact


def checked_bic(text: str, iban: str | None = None) -> str:
    """The BIC in capitals; with `iban`, of the same country."""
    try:
        bic = BIC(text)
    except SchwiftyException as error:
        raise BankDataRefused("BIC", text, _WHY.get(type(error).__name__, str(error))) from None
    # Banks of a few places use the BIC of the country whose payment system they are in.
    related = {"GG": "GB", "IM": "GB", "JE": "GB", "SM": "IT", "VA": "IT", "MC": "FR"}
    if iban is not None and bic.country_code not in (iban[:2], related.get(iban[:2])):
        raise BankDataRefused("BIC", text, f"is of {bic.country_code}, the account of {iban[:2]}")
    return bic.compact


def bic_of(iban: str) -> str | None:
    """The BIC of the account's bank as the registry of its country says; None where it does not."""
    found = IBAN(iban).bic
    return None if found is None else found.compact


def checked_creditor_id(text: str) -> str:
    """The SEPA creditor identifier in capitals without spaces (country, check digits, business code, national id)."""
    value = re.sub(r"\s", "", text).upper()
    if not _CREDITOR_ID.fullmatch(value):
        raise BankDataRefused("Creditor identifier", text, "is written like DE98ZZZ09999999999")
    # ISO 7064 mod 97-10 over the national id and the country; the business code (4 to 6) does not count.
    digits = "".join(str(int(char, 36)) for char in value[7:] + value[:4])
    if int(digits) % 97 != 1:
        raise BankDataRefused("Creditor identifier", text, "has a wrong check digit: a digit is mistyped")
    return value


def checked_mandate_id(text: str) -> str:
    """The mandate reference: 1 to 35 characters of the SEPA set, no blanks; compared without case."""
    if not _MANDATE.fullmatch(text):
        raise BankDataRefused("Mandate reference", text, "has 1 to 35 letters, digits or /-?:().,'+, and no blanks")
    if text[0] == "/" or text[-1] == "/" or "//" in text:
        raise BankDataRefused("Mandate reference", text, "may not begin or end with a slash or have two in a row")
    return text


def _masked(text: str) -> str:
    # Enough to find it, not enough to use it: messages land in logs.
    value = re.sub(r"\s", "", text)
    return value if len(value) < 9 else f"{value[:4]}…{value[-4:]}"
