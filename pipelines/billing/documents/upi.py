"""UPI payment links (`upi://pay?…`), which Indian payment apps open, also from a QR code.

Source: NPCI, UPI Linking Specifications 1.6: pa payee address, pn payee name, am amount, cu currency, tr reference of
the merchant, tn note.
"""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import quote, urlencode

from warehouse.errors import InputError

_VPA = re.compile(r"[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9.-]{1,63}")
_REFERENCE_LENGTH, _NOTE_LENGTH = 35, 50


class UpiRefused(InputError):
    """No payment link can be made of what was given."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"No UPI link: {field} {reason}.")
        self.field, self.reason = field, reason


def vpa_fault(vpa: str) -> str | None:
    """Why `vpa` is no UPI address (name@provider); None where it is one."""
    return None if _VPA.fullmatch(vpa) else "must look like name@provider"


def reference_fault(reference: str) -> str | None:
    """Why `reference` cannot go with a payment; None where it can."""
    if 1 <= len(_plain(reference)) <= _REFERENCE_LENGTH:
        return None
    return f"must have 1 to {_REFERENCE_LENGTH} letters or digits"


def _plain(reference: str) -> str:
    # The specification asks for letters and digits; apps also take - and /, but some cut a reference off there.
    return re.sub(r"[^A-Za-z0-9]", "", reference)


def link(*, vpa: str, name: str, amount: Decimal, reference: str, note: str = "") -> str:
    """A link that pays `amount` rupees to `vpa`. Raises `UpiRefused`."""
    if reason := vpa_fault(vpa):
        raise UpiRefused("vpa", reason)
    if not amount.is_finite() or amount <= 0 or amount != round(amount, 2):
        raise UpiRefused("amount", "must be rupees above 0, to the paisa")
    if reason := reference_fault(reference):
        raise UpiRefused("reference", reason)
    plain = _plain(reference)
    parameters = {"pa": vpa, "pn": name, "tr": plain, "tn": note[:_NOTE_LENGTH], "am": f"{amount:.2f}", "cu": "INR"}
    given = {key: value for key, value in parameters.items() if value}
    # Apps read %20, not all of them +; the @ of the address is left as it is.
    return "upi://pay?" + urlencode(given, quote_via=quote, safe="@")
