"""The document as UBL 2.1 Invoice or CreditNote (OASIS; ISO/IEC 19845:2015), as Peppol and many public buyers take it.

Source: EN 16931-1:2017 and CEN/TS 16931-3-2 (syntax binding to UBL). Elements stand in the order of the schema; numbers
of business terms are at the right.
"""

from __future__ import annotations

from decimal import Decimal

from lxml import etree

from pipelines.billing.documents.model import Document, Line, Party
from pipelines.billing.documents.structured import (
    SPECIFICATION,
    TYPE_CODES,
    UNIT_CODES,
    exemption_of,
    means_of,
    money,
    percent_of,
    plain,
    require_structured,
    terms_of,
    without_vat_ids,
)

_URN = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC, _CBC = f"{_URN}CommonAggregateComponents-2", f"{_URN}CommonBasicComponents-2"


def to_ubl(document: Document) -> bytes:
    """UTF-8 XML, the same bytes for the same document. Raises `DocumentIncomplete`."""
    require_structured(document)
    document = without_vat_ids(document)
    kind = "Invoice" if document.kind == "invoice" else "CreditNote"
    namespace = f"{_URN}{kind}-2"
    root = etree.Element(f"{{{namespace}}}{kind}", nsmap={None: namespace, "cac": _CAC, "cbc": _CBC})
    _header(root, document, kind)
    seller, buyer = _cac(root, "AccountingSupplierParty"), _cac(root, "AccountingCustomerParty")
    _party(_cac(seller, "Party"), document.seller, seller=True, creditor_id=document.payment.creditor_id)  # BG-4
    _party(_cac(buyer, "Party"), document.buyer, seller=False)  # BG-7
    _cbc(_cac(root, "Delivery"), "ActualDeliveryDate", document.period_to.isoformat())  # BT-72
    _means(_cac(root, "PaymentMeans"), document)
    _cbc(_cac(root, "PaymentTerms"), "Note", terms_of(document))  # BT-20
    _taxes(_cac(root, "TaxTotal"), document)
    _totals(_cac(root, "LegalMonetaryTotal"), document)
    for line in document.lines:
        _line(_cac(root, f"{kind}Line"), line, kind, document.currency)
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def _cac(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_CAC}}}{name}")


def _cbc(parent: etree._Element, element: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{{{_CBC}}}{element}", attributes).text = text


def _optional(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    if text:
        _cbc(parent, name, text, **attributes)


def _amount(parent: etree._Element, name: str, value: Decimal, currency: str) -> None:
    _cbc(parent, name, money(value, currency), currencyID=currency)


def _header(root: etree._Element, document: Document, kind: str) -> None:
    _cbc(root, "CustomizationID", SPECIFICATION)  # BT-24
    _cbc(root, "ID", document.number)  # BT-1
    _cbc(root, "IssueDate", document.issue_date.isoformat())  # BT-2
    if kind == "Invoice" and document.due_date is not None:
        _cbc(root, "DueDate", document.due_date.isoformat())  # BT-9
    _cbc(root, f"{kind}TypeCode", TYPE_CODES[document.form, document.kind])  # BT-3
    if document.notes:
        _cbc(root, "Note", "\n".join(document.notes))  # BT-22; UBL binds one
    _cbc(root, "DocumentCurrencyCode", document.currency)  # BT-5
    _optional(root, "BuyerReference", document.buyer_reference)  # BT-10
    period = _cac(root, "InvoicePeriod")
    _cbc(period, "StartDate", document.period_from.isoformat())  # BT-73
    _cbc(period, "EndDate", document.period_to.isoformat())  # BT-74
    if document.corrects is not None:
        corrected = _cac(_cac(root, "BillingReference"), "InvoiceDocumentReference")  # BG-3
        _cbc(corrected, "ID", document.corrects.number)  # BT-25
        _cbc(corrected, "IssueDate", document.corrects.issue_date.isoformat())  # BT-26
    if document.contract_id:
        _cbc(_cac(root, "ContractDocumentReference"), "ID", document.contract_id)  # BT-12


def _party(parent: etree._Element, party: Party, *, seller: bool, creditor_id: str = "") -> None:
    _optional(parent, "EndpointID", party.email, schemeID="EM")  # BT-34, BT-49
    if creditor_id:
        _cbc(_cac(parent, "PartyIdentification"), "ID", creditor_id, schemeID="SEPA")  # BT-90
    address = _cac(parent, "PostalAddress")  # BG-5, BG-8
    _optional(address, "StreetName", party.street)
    _optional(address, "CityName", party.city)
    _optional(address, "PostalZone", party.post_code)
    _optional(address, "CountrySubentity", party.state_code)
    _cbc(_cac(address, "Country"), "IdentificationCode", party.country_code)
    for number, kind in ((party.vat_id, "VAT"), (party.tax_number, "FC")):
        if number:
            scheme = _cac(parent, "PartyTaxScheme")
            _cbc(scheme, "CompanyID", number)  # BT-31, BT-48; BT-32
            _cbc(_cac(scheme, "TaxScheme"), "ID", kind)
    entity = _cac(parent, "PartyLegalEntity")
    _cbc(entity, "RegistrationName", party.name)  # BT-27, BT-44
    _optional(entity, "CompanyID", party.legal_id)  # BT-30, BT-47
    if not seller:
        return
    _optional(entity, "CompanyLegalForm", party.legal_note)  # BT-33
    if party.phone or party.email:
        contact = _cac(parent, "Contact")  # BG-6
        _cbc(contact, "Name", party.name)  # BT-41
        _optional(contact, "Telephone", party.phone)  # BT-42
        _optional(contact, "ElectronicMail", party.email)  # BT-43


def _means(parent: etree._Element, document: Document) -> None:
    payment, means = document.payment, means_of(document.payment)
    _cbc(parent, "PaymentMeansCode", means.code, name=means.name)  # BT-81, BT-82
    if document.kind == "credit_note" and document.due_date is not None:
        _cbc(parent, "PaymentDueDate", document.due_date.isoformat())  # BT-9: a UBL CreditNote has no DueDate
    _cbc(parent, "PaymentID", payment.reference or document.number)  # BT-83
    if payment.means == "card" and payment.card_last4:
        card = _cac(parent, "CardAccount")
        _cbc(card, "PrimaryAccountNumberID", payment.card_last4)  # BT-87
        _cbc(card, "NetworkID", "card")  # the schema wants one; EN 16931 does not know it
    if payment.means == "bank_transfer" and payment.iban:
        account = _cac(parent, "PayeeFinancialAccount")
        _cbc(account, "ID", payment.iban)  # BT-84
        _cbc(account, "Name", payment.account_name or document.seller.name)  # BT-85
        if payment.bic:
            _cbc(_cac(account, "FinancialInstitutionBranch"), "ID", payment.bic)  # BT-86
    if payment.means == "sepa_direct_debit":
        mandate = _cac(parent, "PaymentMandate")
        _cbc(mandate, "ID", payment.mandate_id)  # BT-89
        _cbc(_cac(mandate, "PayerFinancialAccount"), "ID", payment.debtor_iban)  # BT-91


def _taxes(parent: etree._Element, document: Document) -> None:
    _amount(parent, "TaxAmount", document.totals.tax, document.currency)  # BT-110
    for total in document.taxes:  # BG-23
        subtotal = _cac(parent, "TaxSubtotal")
        _amount(subtotal, "TaxableAmount", total.basis, document.currency)  # BT-116
        _amount(subtotal, "TaxAmount", total.amount, document.currency)  # BT-117
        percent = None if total.category == "O" else total.percent
        _category(_cac(subtotal, "TaxCategory"), total.category, percent, *exemption_of(document, total))


def _category(
    parent: etree._Element, code: str, percent: Decimal | None, reason: str = "", reason_code: str = ""
) -> None:
    _cbc(parent, "ID", code)  # BT-118, BT-151
    if percent is not None:
        _cbc(parent, "Percent", plain(percent))  # BT-119, BT-152
    _optional(parent, "TaxExemptionReasonCode", reason_code)  # BT-121
    _optional(parent, "TaxExemptionReason", reason)  # BT-120
    _cbc(_cac(parent, "TaxScheme"), "ID", "VAT")


def _totals(parent: etree._Element, document: Document) -> None:
    totals, currency = document.totals, document.currency
    _amount(parent, "LineExtensionAmount", totals.excl_tax, currency)  # BT-106
    _amount(parent, "TaxExclusiveAmount", totals.excl_tax, currency)  # BT-109
    _amount(parent, "TaxInclusiveAmount", totals.incl_tax, currency)  # BT-112
    if totals.paid:
        _amount(parent, "PrepaidAmount", totals.paid, currency)  # BT-113
    if totals.rounding:
        _amount(parent, "PayableRoundingAmount", totals.rounding, currency)  # BT-114
    _amount(parent, "PayableAmount", totals.due, currency)  # BT-115


def _line(parent: etree._Element, line: Line, kind: str, currency: str) -> None:
    _cbc(parent, "ID", str(line.line_no))  # BT-126
    quantity = "InvoicedQuantity" if kind == "Invoice" else "CreditedQuantity"
    _cbc(parent, quantity, plain(line.quantity), unitCode=UNIT_CODES[line.unit])  # BT-129, BT-130
    _amount(parent, "LineExtensionAmount", line.amount_excl_tax, currency)  # BT-131
    _optional(parent, "AccountingCost", line.cost_centre)  # BT-133
    if line.session_id:
        reference = _cac(parent, "DocumentReference")
        _cbc(reference, "ID", line.session_id)  # BT-128
        _cbc(reference, "DocumentTypeCode", "130")
    item = _cac(parent, "Item")
    _optional(item, "Description", line.detail)  # BT-154
    _cbc(item, "Name", line.description)  # BT-153
    _category(_cac(item, "ClassifiedTaxCategory"), line.tax_category, percent_of(line))
    _amount_of_price(_cac(parent, "Price"), line.unit_price, currency)


def _amount_of_price(parent: etree._Element, price: Decimal, currency: str) -> None:
    # A price may have more digits than an amount.
    _cbc(parent, "PriceAmount", plain(price), currencyID=currency)  # BT-146
