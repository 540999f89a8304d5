"""Whether a document may be issued: everything on it that does not add up or is missing, each with its mend."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal

from pipelines.billing.documents import gst, simplified
from pipelines.billing.documents.faults import DocumentIncomplete, Fault
from pipelines.billing.documents.identifiers import EU, bic_fault, iban_fault, vat_id_fault
from pipelines.billing.documents.model import (
    ZERO,
    Document,
    Line,
    Party,
    TaxUnknown,
    half_up,
    product,
    taxes_of,
    totals_of,
)
from pipelines.billing.documents.upi import reference_fault, vpa_fault
from warehouse.money import MINOR_UNITS

CATEGORIES = ("S", "Z", "E", "AE", "O")
# Numbers of a document go into XML, file names and bank references.
_NUMBER_LENGTH = 30
_REFERENCE_LENGTH = 140  # unstructured remittance information of SEPA and of EPC codes


def check(document: Document) -> tuple[Fault, ...]:
    """Every fault of `document`; none: it may be issued."""
    if document.currency not in MINOR_UNITS:
        return (Fault("currency", f"{document.currency!r} is not in ISO 4217", "Set the contract's currency"),)
    groups: list[Callable[[Document], Iterator[Fault]]] = [
        _texts,
        _head,
        _parties,
        simplified.faults,
        _lines,
        _sums,
        _payment,
    ]
    if document.seller.country_code == "IN" and document.form != "statement":
        groups.append(gst.faults)
    return tuple(fault for faults in groups for fault in faults(document))


def require(document: Document) -> None:
    """Raises `DocumentIncomplete` where `check` finds something."""
    if faults := check(document):
        raise DocumentIncomplete(document.number, faults)


def _texts(value: object, place: str = "") -> Iterator[Fault]:
    """Control characters stand in no XML and no font; they come from badly imported data."""
    if isinstance(value, str):
        if any(unicodedata.category(character) in ("Cc", "Cs") and character != "\n" for character in value):
            yield Fault(place, f"{value!r} holds control characters", "Take them out where the text comes from")
    elif isinstance(value, tuple):
        for number, item in enumerate(value, start=1):
            yield from _texts(item, f"{place}[{number}]")
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{place}.{field.name}".lstrip("."))


def _head(document: Document) -> Iterator[Fault]:
    if not document.number or len(document.number) > _NUMBER_LENGTH:
        yield Fault("number", f"must have 1 to {_NUMBER_LENGTH} characters", "Take it from the series when issuing")
    if document.period_to < document.period_from:
        yield Fault("period_to", "is before period_from", "Give the first and the last local day that is billed")
    if document.kind == "credit_note" and document.corrects is None:
        yield Fault("corrects", "a credit note names no invoice", "Give number and date of the invoice it credits")
    if document.kind == "invoice" and document.corrects is not None:
        yield Fault("corrects", "an invoice corrects nothing", "Issue a credit note, then a new invoice")
    if document.corrects is not None and document.corrects.issue_date > document.issue_date:
        yield Fault("corrects.issue_date", "is after the credit note's own date", "Date the credit note later")
    if document.due_date is not None and document.due_date < document.issue_date:
        yield Fault("due_date", "is before the date of issue", "Give a later day")
    if document.kind == "invoice" and document.due_date is None and document.totals.due > ZERO:
        yield Fault("due_date", "is missing, and there is an amount due", "Give the day on which it falls due")


def _parties(document: Document) -> Iterator[Fault]:
    for role, party in (("seller", document.seller), ("buyer", document.buyer)):
        yield from _party(role, party, document)
    if document.form == "statement":
        return
    categories = {line.tax_category for line in document.lines}
    seller = document.seller
    # Who has no VAT identifier names the number at its tax office, as small enterprises do (BR-S-02, BR-E-02).
    may_lack = bool(seller.tax_number) and seller.country_code != "IN" and "AE" not in categories
    if not seller.vat_id and not may_lack and categories != {"O"}:
        what = "vat_id (or tax_number)" if document.form == "invoice" else "vat_id"
        mend = f"Set {what} of {_whose('seller', document)} in the registry"
        yield Fault("seller.vat_id", "is missing", mend)
    if categories == {"O"} and not seller.legal_id:
        yield Fault("seller.legal_id", "is missing, and no VAT is charged", "Set the seller's register number")
    if "AE" in categories:
        yield from _reverse_charge(document)


def _reverse_charge(document: Document) -> Iterator[Fault]:
    """The buyer owes the VAT where it is established: in another member state (VAT Directive, Articles 38 and 195), at
    home only by that country's law (Article 199a (1) (e))."""
    seller, buyer = document.seller, document.buyer
    if not buyer.vat_id:
        yield Fault("buyer.vat_id", "is missing, and the buyer owes the VAT", "Ask the buyer for the VAT number")
    for role, party in (("seller", seller), ("buyer", buyer)):
        if party.country_code not in EU:
            mend = "Correct the country, or take AE from the contract"
            yield Fault(f"{role}.country_code", "is not in the EU, and the buyer owes the VAT", mend)
    if buyer.country_code == seller.country_code and not document.exemption_reason:
        mend = "Name the law that says so in a row AE of tax_rates, or take AE from the contract"
        yield Fault("buyer.country_code", "is the seller's, and the buyer owes the VAT", mend)


def _whose(role: str, document: Document) -> str:
    if document.form == "invoice":
        return "the operator" if role == "seller" else "the contract's holder" if document.contract_id else "the buyer"
    return "the owner (site_owners)" if role == "seller" else "the operator"


def _party(role: str, party: Party, document: Document) -> Iterator[Fault]:
    where = _whose(role, document)
    # A statement goes to whom it concerns; an invoice names both, but for one of a small amount.
    addressed = party == document.writer or not (document.simplified or document.form == "statement")
    if not party.name.strip():
        yield Fault(f"{role}.name", "is missing", f"Give {where} a name")
    if len(party.country_code) != 2 or not party.country_code.isupper():
        yield Fault(f"{role}.country_code", "must be two letters (ISO 3166-1)", f"Give {where} a country")
    if addressed:
        for field in ("street", "city", "post_code"):
            if not getattr(party, field).strip():
                yield Fault(f"{role}.{field}", "is missing", f"Complete the address of {where}")
    if party.vat_id and (reason := vat_id_fault(party.country_code, party.vat_id)):
        yield Fault(f"{role}.vat_id", f"{party.vat_id} cannot be right: {reason}", f"Correct it for {where}")


def _lines(document: Document) -> Iterator[Fault]:
    if not document.lines:
        yield Fault("lines", "there are none", "Issue nothing for a period without sessions or fees")
    if [line.line_no for line in document.lines] != list(range(1, len(document.lines) + 1)):
        yield Fault("lines", "are not numbered 1, 2, 3, …", "Number them in the order they are printed in")
    for line in document.lines:
        yield from _line(line, document)
    categories = {line.tax_category for line in document.lines}
    if document.form != "statement" and "O" in categories and len(categories) > 1:
        yield Fault("lines", "some are outside the scope of VAT, others not", "Issue two documents")
    if "E" in categories and not document.exemption_reason:
        yield Fault(
            "exemption_reason",
            "is missing, and a line is exempt",
            "Name the law that exempts it in a row E of tax_rates",
        )


def _line(line: Line, document: Document) -> Iterator[Fault]:
    place, currency = f"lines[{line.line_no}]", document.currency
    minor = Decimal(1).scaleb(-MINOR_UNITS[currency])
    if not line.description.strip():
        yield Fault(f"{place}.description", "is missing", "Say what is billed")
    if line.unit_price < ZERO:
        yield Fault(f"{place}.unit_price", "is negative", "Make the quantity negative instead")
    if line.amount_excl_tax != half_up(line.amount_excl_tax, currency):
        yield Fault(f"{place}.amount_excl_tax", f"has parts of {currency} {minor}", "Round it half-up, once per line")
    # Price and quantity are themselves rounded to six decimals, so the product may round to the neighbour.
    if abs(product(line.quantity, line.unit_price) - line.amount_excl_tax) > minor:
        yield Fault(
            f"{place}.amount_excl_tax",
            f"{line.amount_excl_tax} is not {line.quantity} {line.unit} × {line.unit_price}",
            "Take quantity, price and amount from the same CDR line",
        )
    if line.taxes is None:
        yield Fault(f"{place}.taxes", "the VAT is not known", str(TaxUnknown(line.line_no, line.price_source)))
    else:
        yield from _line_taxes(place, line)


def _line_taxes(place: str, line: Line) -> Iterator[Fault]:
    category, taxes = line.tax_category, line.taxes or ()
    source = line.price_source or "its tariff"
    if category not in CATEGORIES:
        yield Fault(f"{place}.tax_category", f"{category!r} is not known", f"Use one of {', '.join(CATEGORIES)}")
    elif category == "O" and taxes:
        yield Fault(f"{place}.taxes", "a tax outside the scope of VAT", "Leave the taxes out, or take category S")
    elif category == "S" and (not taxes or any(tax.percent <= 0 for tax in taxes)):
        yield Fault(f"{place}.taxes", "category S without a rate above 0 %", f"Take Z or E, or correct {source}")
    elif category in ("Z", "E", "AE") and (not taxes or any(tax.percent != 0 for tax in taxes)):
        yield Fault(f"{place}.taxes", f"category {category} needs a tax of 0 %", f"Take S, or correct {source}")


def _sums(document: Document) -> Iterator[Fault]:
    if any(line.taxes is None for line in document.lines):
        return
    taxes = taxes_of(document.lines, document.currency)
    if document.taxes != taxes:
        yield Fault("taxes", "are not those of the lines", "Make the document with model.totalled")
    given = document.totals
    right = totals_of(document.lines, taxes, document.currency, paid=given.paid, rounding=given.rounding)
    for field in ("excl_tax", "tax", "incl_tax", "paid", "rounding", "due"):
        told, sums_to = getattr(given, field), getattr(right, field)
        if told != sums_to:
            yield Fault(f"totals.{field}", f"{told} does not add up to {sums_to}", "Make it with model.totalled")
    if document.kind == "credit_note" and right.incl_tax < ZERO:
        yield Fault("totals.incl_tax", "a credit note below 0", "Its lines are positive: they are what is given back")
    if document.kind == "invoice" and right.incl_tax < ZERO:
        yield Fault("totals.incl_tax", "an invoice below 0", "Issue a credit note for what the buyer gets back")


def _payment(document: Document) -> Iterator[Fault]:
    if len(document.payment.reference) > _REFERENCE_LENGTH:
        yield Fault("payment.reference", f"has over {_REFERENCE_LENGTH} characters", "Shorten what payers write down")
    yield from _BY_MEANS[document.payment.means](document)
    if document.payment.bic and (reason := bic_fault(document.payment.bic)):
        yield Fault("payment.bic", reason, "Correct it, or leave it out")


def _bank_transfer(document: Document) -> Iterator[Fault]:
    iban = document.payment.iban
    # Countries without IBANs (India, the USA) name the account in the terms.
    if not iban and (document.seller.country_code in EU or not document.payment.terms):
        yield Fault("payment.iban", "is missing", "Set the account that transfers go to")
    elif iban and (reason := iban_fault(iban)):
        yield Fault("payment.iban", reason, "Correct the account that transfers go to")


def _sepa_direct_debit(document: Document) -> Iterator[Fault]:
    payment = document.payment
    if document.currency != "EUR":
        yield Fault("payment.means", "SEPA moves euros only", "Choose another means, or bill in EUR")
    for field, mend in (
        ("mandate_id", "Take it from the buyer's signed mandate"),
        ("creditor_id", "Set the seller's creditor identifier"),
        ("debtor_iban", "Take it from the buyer's signed mandate"),
    ):
        if not getattr(payment, field):
            yield Fault(f"payment.{field}", "is missing for a direct debit", mend)
    if payment.debtor_iban and (reason := iban_fault(payment.debtor_iban)):
        yield Fault("payment.debtor_iban", reason, "Take it from the buyer's signed mandate")


def _upi(document: Document) -> Iterator[Fault]:
    if document.currency != "INR":
        yield Fault("payment.means", "UPI moves rupees only", "Choose another means, or bill in INR")
    if reason := vpa_fault(document.payment.upi_vpa):
        yield Fault("payment.upi_vpa", reason, "Set the seller's UPI address")
    if document.payment.reference and (reason := reference_fault(document.payment.reference)):
        yield Fault("payment.reference", reason, "Leave it out: then it is the document's number")


def _settled(document: Document) -> Iterator[Fault]:
    if document.kind == "invoice" and document.totals.due > ZERO:
        yield Fault("totals.paid", "card or balance, but not all is paid", "Give what was paid to model.totalled")


_BY_MEANS: dict[str, Callable[[Document], Iterator[Fault]]] = {
    "bank_transfer": _bank_transfer,
    "sepa_direct_debit": _sepa_direct_debit,
    "upi": _upi,
    "card": _settled,
    "prepaid": _settled,
}
