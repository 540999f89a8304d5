"""Numbers of parties and accounts, checked offline: VAT ids by each country's form and check digit, GSTIN, IBAN.

That a number is well formed does not say that it was given out: for that there is VIES, and the GST portal.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

from pipelines.billing.bank.errors import BankDataRefused
from pipelines.billing.bank.iban import checked_bic, checked_iban

# Member states of the EU, whose VAT numbers begin with the country (Greece: EL, BR-CO-09).
# fmt: off
EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))
# fmt: on

_GSTIN = re.compile(r"\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]")
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def vat_id_fault(country_code: str, vat_id: str) -> str | None:
    """Why `vat_id` cannot be a VAT number (in India: a GSTIN) of that country; None where it can be one.

    Of countries whose form is not known, any number can be one.
    """
    if country_code == "IN":
        return gstin_fault(vat_id)
    prefix = "EL" if country_code == "GR" else country_code
    if country_code in EU and not vat_id.startswith(prefix):
        return f"must begin with {prefix}"
    module = get_cc_module(country_code.lower(), "vat")
    if module is None:
        return None
    try:
        module.validate(vat_id)
    except ValidationError as error:
        return str(error).rstrip(".").lower()
    return None


def gstin_fault(gstin: str) -> str | None:
    """Why `gstin` cannot be a GSTIN; None where it can.

    Two digits of the state, ten of the PAN, one for the registrations under it, Z, and a check character: Luhn's
    algorithm in base 36 over the first fourteen. Not python-stdnum's, which refuses states above 37 (Ladakh).
    """
    if not _GSTIN.fullmatch(gstin):
        return "must be 2 digits of the state, the PAN, a character, Z and a check character"
    total = 0
    for place, character in enumerate(gstin[:14]):
        doubled = _BASE36.index(character) * (1 + place % 2)
        total += doubled // 36 + doubled % 36
    if _BASE36[-total % 36] != gstin[14]:
        return "its check character is wrong: a character was mistyped"
    return None


def iban_fault(iban: str) -> str | None:
    """Why `iban` is none; None where it is one."""
    return _refusal(lambda: checked_iban(iban, sepa=False))


def bic_fault(bic: str) -> str | None:
    """Why `bic` is none; None where it is one."""
    return _refusal(lambda: checked_bic(bic))


def _refusal(checked: Callable[[], str]) -> str | None:
    try:
        checked()
    except BankDataRefused as refused:
        return refused.why
    return None
