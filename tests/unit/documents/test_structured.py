"""Structured invoices pass the published schemas and EN 16931 rules; what the rules would refuse is refused before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import etree

from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.faults import DocumentIncomplete
from pipelines.billing.documents.model import Document, Payment, Tax, credit_note_of
from pipelines.billing.documents.ubl import to_ubl
from tests.documents_made import BUYER, DEBIT, SELLER, TRANSFER, VAT_7, credited, document, indian, line
from tests.einvoice import validated

pytestmark = pytest.mark.fast

ZERO_RATED = (Tax("VAT", Decimal(0)),)
REGISTERED = replace(BUYER, vat_id="ATU13585627", country_code="AT", post_code="4020", city="Linz")


def many_sites() -> Document:
    lines = [
        line(number, quantity=f"{number}.25", site=f"Site {number % 3}", cost_centre=f"CC-{number % 2}")
        for number in range(1, 13)
    ]
    return document(lines, notes=("One", "Two"), contract_id="C-17", buyer_reference="04011000-1234512345-06")


def least_and_greatest_price() -> Document:
    """A session lifted to its least price, and one cut to its greatest: each difference is a line of its own."""
    return document(
        [
            line(1, quantity="1.2"),
            line(2, description="Up to the minimum price", quantity="1", unit="session", unit_price="1.91"),
            line(3, quantity="180.5"),
            line(4, description="Down to the maximum price", quantity="-1", unit="session", unit_price="38.445"),
        ]
    )


DOCUMENTS: dict[str, Callable[[], Document]] = {
    "one rate": document,
    "several rates": lambda: document([line(1), line(2, taxes=VAT_7), line(3, taxes=ZERO_RATED, tax_category="Z")]),
    "zero-rated": lambda: document([line(1, taxes=ZERO_RATED, tax_category="Z")]),
    "exempt": lambda: document([line(1, taxes=ZERO_RATED, tax_category="E")], exemption_reason="§ 4 Nr. 12 UStG"),
    "reverse charge": lambda: document([line(1, taxes=ZERO_RATED, tax_category="AE")], buyer=REGISTERED, language="de"),
    "reverse charge at home": lambda: document(
        [line(1, taxes=ZERO_RATED, tax_category="AE")],
        buyer=replace(BUYER, vat_id="DE136695976"),
        exemption_reason="Steuerschuldnerschaft des Leistungsempfängers (§ 13b Abs. 2 Nr. 5 Buchst. b UStG)",
    ),
    "small enterprise": lambda: document(
        [line(1, taxes=ZERO_RATED, tax_category="E")],
        seller=replace(SELLER, vat_id="", tax_number="143/815/08154"),
        exemption_reason="Steuerbefreit als Kleinunternehmer (§ 19 UStG)",
    ),
    "outside the scope": lambda: document([line(1, taxes=(), tax_category="O")]),
    "direct debit": lambda: document(payment=DEBIT),
    "card, all paid": lambda: document(
        payment=Payment(means="card", card_last4="4242"), paid=Decimal("18.85"), due_date=None
    ),
    "prepaid": lambda: document(payment=Payment(means="prepaid"), paid=Decimal("18.85"), due_date=None),
    "rounded": lambda: document(rounding=Decimal("0.05"), payment=replace(TRANSFER, bic="")),
    "credit note": lambda: credited(document()),
    "credit note of a part": lambda: credit_note_of(
        document(), number="G-1", series="G", issue_date=document().issue_date, lines=document().lines[:1]
    ),
    "credit note of a debit": lambda: credited(document(payment=DEBIT)),
    "several sites and cost centres": many_sites,
    "least and greatest price": least_and_greatest_price,
    "negative line": lambda: document([line(1), line(2, quantity="-3.5", unit_price="0.10")]),
    "monthly fee and time": lambda: document(
        [line(1, quantity="1", unit="month", unit_price="9.90"), line(2, quantity="0.183333", unit="h", unit_price="6")]
    ),
    "small amount": lambda: document(buyer=replace(BUYER, street="", city="", post_code="", email=""), simplified=True),
    "yen": lambda: document([line(currency="JPY", unit_price="55.5")], currency="JPY"),
    "buyer in Greece": lambda: document(buyer=replace(BUYER, country_code="GR", vat_id="EL094259216")),
    "other script": lambda: document(buyer=replace(BUYER, name='విజయవాడ ఛార్జింగ్ <&> "Co"')),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("written", [to_cii, to_ubl], ids=["CII", "UBL"])
def test_the_published_rules_pass(written: Callable[[Document], bytes], name: str) -> None:
    xml = written(DOCUMENTS[name]())
    report = validated(xml)
    assert report.passed, f"{report}\n{xml.decode()}"
    assert xml == written(DOCUMENTS[name]())


@pytest.mark.parametrize("written", [to_cii, to_ubl], ids=["CII", "UBL"])
def test_the_rules_do_find_what_is_wrong(written: Callable[[Document], bytes]) -> None:
    xml = written(document()).replace(b">18.85<", b">18.86<")
    failed = validated(xml).failed
    assert any("BR-CO-15" in failure for failure in failed)
    assert validated(xml.replace(b"380", b"999")).failed != failed
    assert validated(xml.replace(b"380</", b"380 invoice</").replace(b">EUR<", b"><")).passed is False


def test_a_broken_schema_is_told() -> None:
    broken = to_cii(document()).replace(b"ram:DuePayableAmount", b"ram:DueAmount")
    assert "DueAmount" in validated(broken).schema_error


def test_cii_says_what_stands_on_the_document() -> None:
    root = etree.fromstring(to_cii(many_sites()))
    ram = {"ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"}
    assert root.xpath("string(//ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID)", namespaces=ram) == "CC-1"
    assert root.xpath("//ram:AdditionalReferencedDocument/ram:IssuerAssignedID/text()", namespaces=ram)[:2] == [
        "s-0001",
        "s-0002",
    ]
    assert root.xpath("//ram:IncludedNote/ram:Content/text()", namespaces=ram) == ["One", "Two"]


def test_a_ubl_credit_note_credits() -> None:
    root = etree.fromstring(to_ubl(credited(document())))
    names = {
        "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
        "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    }
    assert etree.QName(root).localname == "CreditNote"
    assert root.xpath("string(//cac:InvoiceDocumentReference/cbc:ID)", namespaces=names) == "R-2026-000417"
    assert root.xpath("//cbc:CreditedQuantity/@unitCode", namespaces=names) == ["KWH", "KWH"]


@pytest.mark.parametrize("written", [to_cii, to_ubl], ids=["CII", "UBL"])
@pytest.mark.parametrize(
    ("made", "place"),
    [
        (lambda: document(seller=replace(SELLER, vat_id="")), "seller.vat_id"),
        (lambda: indian(replace(indian().buyer, state_code="36")), "seller.vat_id"),
        (lambda: document([line(taxes=(Tax("CGST", Decimal(9)), Tax("SGST", Decimal(9))))]), "lines[1].taxes"),
        (indian, "seller.vat_id"),
        (lambda: document([line(currency="KWD")], currency="KWD"), "currency"),
        (lambda: document([line(1), line(2, taxes=(Tax("MwSt", Decimal(19)),))]), "taxes"),
    ],
)
def test_what_cannot_be_said_is_refused(
    written: Callable[[Document], bytes], made: Callable[[], Document], place: str
) -> None:
    with pytest.raises(DocumentIncomplete) as caught:
        written(made())
    assert caught.value.faults[0].place == place
