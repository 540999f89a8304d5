"""What the two XML forms of a document (CII and UBL) share: code lists, what both need of a document, decimals as text.

Both follow EN 16931-1:2017 ("core invoice usage specification" without a national one).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from pipelines.billing.documents.check import check
from pipelines.billing.documents.faults import DocumentIncomplete, Fault
from pipelines.billing.documents.model import ZERO, Document, Line, Payment, TaxTotal
from pipelines.billing.documents.texts import TEXTS
from warehouse.money import MINOR_UNITS

SPECIFICATION = "urn:cen.eu:en16931:2017"
TYPE_CODES = {  # UNTDID 1001, by form and kind
    ("invoice", "invoice"): "380",
    ("invoice", "credit_note"): "381",
    ("self_billed", "invoice"): "389",
    ("self_billed", "credit_note"): "261",
}
UNIT_CODES = {  # UN/ECE Recommendation 20
    "kWh": "KWH",
    "h": "HUR",
    "min": "MIN",
    "session": "C62",
    "month": "MON",
    "day": "DAY",
    "piece": "C62",
}
# VATEX code list of the CEF; E names its law in words.
EXEMPTION_CODES = {"AE": "VATEX-EU-AE", "O": "VATEX-EU-O"}


@dataclass(frozen=True, slots=True)
class Means:
    """UNTDID 4461 code of a means of payment and what it is called."""

    code: str
    name: str


def means_of(payment: Payment) -> Means:
    """The code list has no entry for a balance paid in advance, nor for UPI, which is an online payment service."""
    if payment.means == "bank_transfer":
        return Means("58", "SEPA credit transfer") if payment.iban else Means("30", "Credit transfer")
    return {
        "sepa_direct_debit": Means("59", "SEPA direct debit"),
        "card": Means("48", "Bank card"),
        "upi": Means("68", "Online payment service"),
        "prepaid": Means("1", "Prepaid balance"),
    }[payment.means]


def structured_faults(document: Document) -> Iterator[Fault]:
    """What EN 16931 cannot say of a document that is otherwise complete."""
    if document.form == "statement":
        yield Fault("form", "a statement is no invoice", "Send the PDF without structured data")
    if MINOR_UNITS[document.currency] > 2:
        yield Fault("currency", "EN 16931 allows two decimals (BR-DEC)", "Send the PDF without structured data")
    for role, party in (("seller", document.seller), ("buyer", document.buyer)):
        prefixes = {"GR": ("EL",), "GB": ("GB", "XI")}.get(party.country_code, (party.country_code,))
        if party.vat_id and not party.vat_id.startswith(prefixes):
            yield Fault(
                f"{role}.vat_id",
                "does not begin with its country, as EN 16931 wants (BR-CO-09)",
                "Send the PDF without structured data (India has a form of its own)",
            )
    names: dict[tuple[str, Decimal], set[str]] = {}
    for line in document.lines:
        if len(line.taxes or ()) > 1:
            yield Fault(
                f"lines[{line.line_no}].taxes",
                "EN 16931 knows one tax a line",
                "Send the PDF without structured data (India has a form of its own)",
            )
            return
        for tax in line.taxes or ():
            names.setdefault((line.tax_category, tax.percent), set()).add(tax.name)
    for (category, percent), found in names.items():
        if len(found) > 1:
            yield Fault(
                "taxes", f"{category} {percent} % bears the names {', '.join(sorted(found))}", "Name one rate one way"
            )


def possible(document: Document) -> bool:
    """Whether a complete document can be said in EN 16931."""
    return next(structured_faults(document), None) is None


def require_structured(document: Document) -> None:
    """Raises `DocumentIncomplete` where a document has faults, or cannot be said in EN 16931."""
    if faults := check(document) or tuple(structured_faults(document)):
        raise DocumentIncomplete(document.number, faults)


def plain(value: Decimal) -> str:
    """Plain digits without needless zeros at the end, for quantities, prices and rates."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(value: Decimal, currency: str) -> str:
    """An amount with the digits of its currency; no negative zero."""
    return format((value or ZERO).quantize(Decimal(1).scaleb(-MINOR_UNITS[currency])), "f")


def exemption_of(document: Document, tax: TaxTotal) -> tuple[str, str]:
    """Reason in words (BT-120) and code (BT-121) why no VAT is charged; empty for categories S and Z."""
    if tax.category == "E":
        return document.exemption_reason, ""
    if tax.category in EXEMPTION_CODES:
        reason = document.exemption_reason or TEXTS[document.language][f"exempt_{tax.category}"]
        return reason, EXEMPTION_CODES[tax.category]
    return "", ""


def percent_of(line: Line) -> Decimal | None:
    """The rate of a line's one tax; None outside the scope of VAT."""
    return line.taxes[0].percent if line.taxes else None


def without_vat_ids(document: Document) -> Document:
    """Outside the scope of VAT no VAT number may be named (BR-O-02, BR-O-03)."""
    if all(line.tax_category == "O" for line in document.lines):
        return replace(document, seller=replace(document.seller, vat_id=""), buyer=replace(document.buyer, vat_id=""))
    return document


def terms_of(document: Document) -> str:
    """Payment terms in words (BT-20)."""
    return document.payment.terms or TEXTS[document.language][f"terms_{document.payment.means}"]
