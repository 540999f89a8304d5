"""The document as UN/CEFACT Cross Industry Invoice, Factur-X 1.0 profile EN 16931 ("comfort").

Source: EN 16931-1:2017 and CEN/TS 16931-3-3 (syntax binding to CII D16B), Factur-X 1.08 technical appendix. Elements
stand in the order of the schema; numbers of business terms are at the right.
"""

from __future__ import annotations

from datetime import date
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

_RSM = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
_RAM = "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
_UDT = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
_QDT = "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"
_NAMESPACES = {"rsm": _RSM, "ram": _RAM, "udt": _UDT, "qdt": _QDT}


def to_cii(document: Document) -> bytes:
    """UTF-8 XML, the same bytes for the same document. Raises `DocumentIncomplete`."""
    require_structured(document)
    document = without_vat_ids(document)
    root = etree.Element(f"{{{_RSM}}}CrossIndustryInvoice", nsmap=_NAMESPACES)
    context = _rsm(root, "ExchangedDocumentContext")
    _ram(_ram(context, "GuidelineSpecifiedDocumentContextParameter"), "ID", SPECIFICATION)  # BT-24
    _header(_rsm(root, "ExchangedDocument"), document)
    transaction = _rsm(root, "SupplyChainTradeTransaction")
    for line in document.lines:
        _line(_ram(transaction, "IncludedSupplyChainTradeLineItem"), line, document.currency)
    _agreement(_ram(transaction, "ApplicableHeaderTradeAgreement"), document)
    delivered = _ram(_ram(transaction, "ApplicableHeaderTradeDelivery"), "ActualDeliverySupplyChainEvent")
    _date(delivered, "OccurrenceDateTime", document.period_to)  # BT-72
    _settlement(_ram(transaction, "ApplicableHeaderTradeSettlement"), document)
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def _rsm(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_RSM}}}{name}")


def _ram(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_RAM}}}{name}", attributes)
    element.text = text
    return element


def _optional(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    if text:
        _ram(parent, name, text, **attributes)


def _date(parent: etree._Element, name: str, day: date, namespace: str = _UDT) -> None:
    element = etree.SubElement(_ram(parent, name), f"{{{namespace}}}DateTimeString", {"format": "102"})
    element.text = f"{day:%Y%m%d}"


def _header(parent: etree._Element, document: Document) -> None:
    _ram(parent, "ID", document.number)  # BT-1
    _ram(parent, "TypeCode", TYPE_CODES[document.form, document.kind])  # BT-3
    _date(parent, "IssueDateTime", document.issue_date)  # BT-2
    for note in document.notes:
        _ram(_ram(parent, "IncludedNote"), "Content", note)  # BT-22


def _line(parent: etree._Element, line: Line, currency: str) -> None:
    _ram(_ram(parent, "AssociatedDocumentLineDocument"), "LineID", str(line.line_no))  # BT-126
    product = _ram(parent, "SpecifiedTradeProduct")
    _ram(product, "Name", line.description)  # BT-153
    _optional(product, "Description", line.detail)  # BT-154
    price = _ram(_ram(parent, "SpecifiedLineTradeAgreement"), "NetPriceProductTradePrice")
    _ram(price, "ChargeAmount", plain(line.unit_price))  # BT-146
    delivery = _ram(parent, "SpecifiedLineTradeDelivery")
    _ram(delivery, "BilledQuantity", plain(line.quantity), unitCode=UNIT_CODES[line.unit])  # BT-129
    settlement = _ram(parent, "SpecifiedLineTradeSettlement")
    tax = _ram(settlement, "ApplicableTradeTax")
    _ram(tax, "TypeCode", "VAT")
    _ram(tax, "CategoryCode", line.tax_category)  # BT-151
    if (percent := percent_of(line)) is not None:
        _ram(tax, "RateApplicablePercent", plain(percent))  # BT-152
    summation = _ram(settlement, "SpecifiedTradeSettlementLineMonetarySummation")
    _ram(summation, "LineTotalAmount", money(line.amount_excl_tax, currency))  # BT-131
    if line.session_id:
        reference = _ram(settlement, "AdditionalReferencedDocument")
        _ram(reference, "IssuerAssignedID", line.session_id)  # BT-128
        _ram(reference, "TypeCode", "130")
    if line.cost_centre:
        _ram(_ram(settlement, "ReceivableSpecifiedTradeAccountingAccount"), "ID", line.cost_centre)  # BT-133


def _agreement(parent: etree._Element, document: Document) -> None:
    _optional(parent, "BuyerReference", document.buyer_reference)  # BT-10
    _party(_ram(parent, "SellerTradeParty"), document.seller, seller=True)  # BG-4
    _party(_ram(parent, "BuyerTradeParty"), document.buyer, seller=False)  # BG-7
    if document.contract_id:
        _ram(_ram(parent, "ContractReferencedDocument"), "IssuerAssignedID", document.contract_id)  # BT-12


def _party(parent: etree._Element, party: Party, *, seller: bool) -> None:
    _ram(parent, "Name", party.name)  # BT-27, BT-44
    if seller:
        _optional(parent, "Description", party.legal_note)  # BT-33
    if party.legal_id:
        _ram(_ram(parent, "SpecifiedLegalOrganization"), "ID", party.legal_id)  # BT-30, BT-47
    if seller and (party.phone or party.email):
        contact = _ram(parent, "DefinedTradeContact")  # BG-6
        _ram(contact, "PersonName", party.name)  # BT-41
        if party.phone:
            _ram(_ram(contact, "TelephoneUniversalCommunication"), "CompleteNumber", party.phone)  # BT-42
        if party.email:
            _ram(_ram(contact, "EmailURIUniversalCommunication"), "URIID", party.email)  # BT-43
    address = _ram(parent, "PostalTradeAddress")  # BG-5, BG-8
    _optional(address, "PostcodeCode", party.post_code)
    _optional(address, "LineOne", party.street)
    _optional(address, "CityName", party.city)
    _ram(address, "CountryID", party.country_code)
    _optional(address, "CountrySubDivisionName", party.state_code)
    if party.email:
        _ram(_ram(parent, "URIUniversalCommunication"), "URIID", party.email, schemeID="EM")  # BT-34, BT-49
    if party.tax_number:
        _ram(_ram(parent, "SpecifiedTaxRegistration"), "ID", party.tax_number, schemeID="FC")  # BT-32
    if party.vat_id:
        _ram(_ram(parent, "SpecifiedTaxRegistration"), "ID", party.vat_id, schemeID="VA")  # BT-31, BT-48


def _settlement(parent: etree._Element, document: Document) -> None:
    payment = document.payment
    _optional(parent, "CreditorReferenceID", payment.creditor_id)  # BT-90
    _ram(parent, "PaymentReference", payment.reference or document.number)  # BT-83
    _ram(parent, "InvoiceCurrencyCode", document.currency)  # BT-5
    _means(_ram(parent, "SpecifiedTradeSettlementPaymentMeans"), document)
    _taxes(parent, document)
    period = _ram(parent, "BillingSpecifiedPeriod")
    _date(period, "StartDateTime", document.period_from)  # BT-73
    _date(period, "EndDateTime", document.period_to)  # BT-74
    terms = _ram(parent, "SpecifiedTradePaymentTerms")
    _ram(terms, "Description", terms_of(document))  # BT-20
    if document.due_date is not None:
        _date(terms, "DueDateDateTime", document.due_date)  # BT-9
    _optional(terms, "DirectDebitMandateID", payment.mandate_id)  # BT-89
    _totals(_ram(parent, "SpecifiedTradeSettlementHeaderMonetarySummation"), document)
    if document.corrects is not None:
        corrected = _ram(parent, "InvoiceReferencedDocument")  # BG-3
        _ram(corrected, "IssuerAssignedID", document.corrects.number)  # BT-25
        _date(corrected, "FormattedIssueDateTime", document.corrects.issue_date, _QDT)  # BT-26


def _means(parent: etree._Element, document: Document) -> None:
    payment, means = document.payment, means_of(document.payment)
    _ram(parent, "TypeCode", means.code)  # BT-81
    _ram(parent, "Information", means.name)  # BT-82
    if payment.means == "card" and payment.card_last4:
        _ram(_ram(parent, "ApplicableTradeSettlementFinancialCard"), "ID", payment.card_last4)  # BT-87
    if payment.means == "sepa_direct_debit":
        _ram(_ram(parent, "PayerPartyDebtorFinancialAccount"), "IBANID", payment.debtor_iban)  # BT-91
    if payment.means == "bank_transfer" and payment.iban:
        account = _ram(parent, "PayeePartyCreditorFinancialAccount")
        _ram(account, "IBANID", payment.iban)  # BT-84
        _ram(account, "AccountName", payment.account_name or document.seller.name)  # BT-85
        if payment.bic:
            _ram(_ram(parent, "PayeeSpecifiedCreditorFinancialInstitution"), "BICID", payment.bic)  # BT-86


def _taxes(parent: etree._Element, document: Document) -> None:
    for total in document.taxes:  # BG-23
        tax = _ram(parent, "ApplicableTradeTax")
        reason, code = exemption_of(document, total)
        _ram(tax, "CalculatedAmount", money(total.amount, document.currency))  # BT-117
        _ram(tax, "TypeCode", "VAT")
        _optional(tax, "ExemptionReason", reason)  # BT-120
        _ram(tax, "BasisAmount", money(total.basis, document.currency))  # BT-116
        _ram(tax, "CategoryCode", total.category)  # BT-118
        _optional(tax, "ExemptionReasonCode", code)  # BT-121
        if total.category != "O":
            _ram(tax, "RateApplicablePercent", plain(total.percent))  # BT-119


def _totals(parent: etree._Element, document: Document) -> None:
    totals = document.totals

    def amount(name: str, value: Decimal, **attributes: str) -> None:
        _ram(parent, name, money(value, document.currency), **attributes)

    amount("LineTotalAmount", totals.excl_tax)  # BT-106
    amount("TaxBasisTotalAmount", totals.excl_tax)  # BT-109
    amount("TaxTotalAmount", totals.tax, currencyID=document.currency)  # BT-110
    if totals.rounding:
        amount("RoundingAmount", totals.rounding)  # BT-114
    amount("GrandTotalAmount", totals.incl_tax)  # BT-112
    if totals.paid:
        amount("TotalPrepaidAmount", totals.paid)  # BT-113
    amount("DuePayableAmount", totals.due)  # BT-115
