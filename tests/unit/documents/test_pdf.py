"""The PDF as a reader sees it: its text, its attachment, its metadata; and that it is the same each time."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import facturx
import pypdf
import pytest
from lxml import etree
from PIL import Image

from pipelines.billing.documents import xmp
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.faults import DocumentIncomplete
from pipelines.billing.documents.model import Document, Line, Payment, Tax, arranged, totalled
from pipelines.billing.documents.page import breakable, draft_page_of, page_of
from pipelines.billing.documents.pdf import Look, Unprintable, to_draft, to_pdf, to_pngs
from pipelines.billing.documents.texts import TEXTS
from tests.documents_made import BUYER, DEBIT, INDIAN_BUYER, SELLER, TRANSFER, credited, document, indian, line

pytestmark = pytest.mark.fast


def reader(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf), strict=True)


def text_of(pdf: bytes) -> str:
    """All text, white space as single spaces."""
    return " ".join(" ".join(page.extract_text() for page in reader(pdf).pages).split())


def at_sites(count: int) -> tuple[Line, ...]:
    return arranged(line(number, quantity=f"{number}.5", site=f"Site {number % 3}") for number in range(1, count + 1))


def test_a_page_says_what_the_law_wants() -> None:
    text = text_of(to_pdf(document(contract_id="C-17")))
    for wanted in (
        "Invoice R-2026-000417",
        "Isarstrom Ladenetz GmbH",
        "Hofmann Logistik KG",
        "85055 Ingolstadt",
        "VAT id DE136695976",
        "1 December 2026",
        "1 Nov 2026 – 30 Nov 2026",
        "24.318",
        "VAT 19% on 15.84",
        "€18.85",
        "Please transfer €18.85 by 15 December 2026",
        "DE89 3704 0044 0532 0130 00",
        "Page 1 of 1",
        "snapshot 4711",
    ):
        assert wanted in text


def test_the_same_document_is_the_same_file() -> None:
    assert to_pdf(document()) == to_pdf(document())
    assert to_pdf(document()) != to_pdf(document(), Look(accent="#0033aa"))


def test_the_structured_invoice_is_inside() -> None:
    made = document()
    pdf = to_pdf(made)
    name, xml = facturx.get_xml_from_pdf(pdf, check_xsd=True)
    assert (name, xml) == ("factur-x.xml", to_cii(made))
    root = reader(pdf).root_object
    attached = root["/AF"][0].get_object()
    assert (attached["/AFRelationship"], attached["/UF"]) == ("/Alternative", "factur-x.xml")


def test_metadata_name_profile_and_conformance(caplog: pytest.LogCaptureFixture) -> None:
    pdf = to_pdf(document())
    packet = reader(pdf).root_object["/Metadata"].get_object()
    assert "/Filter" not in packet
    root = etree.fromstring(packet.get_data())
    names = {
        "fx": "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
        "pdfaid": "http://www.aiim.org/pdfa/ns/id/",
        "pdfaSchema": "http://www.aiim.org/pdfa/ns/schema#",
        "pdfaExtension": "http://www.aiim.org/pdfa/ns/extension/",
        "pdfaProperty": "http://www.aiim.org/pdfa/ns/property#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "xmp": "http://ns.adobe.com/xap/1.0/",
    }

    def values(path: str) -> list[str]:
        return [str(value) for value in root.xpath(f"//{path}/text()", namespaces=names)]

    assert (values("pdfaid:part"), values("pdfaid:conformance")) == (["3"], ["B"])
    assert values("fx:ConformanceLevel") == ["EN 16931"]
    assert values("fx:DocumentFileName") == ["factur-x.xml"]
    assert (values("fx:DocumentType"), values("fx:Version")) == (["INVOICE"], ["1.0"])
    assert caplog.records == []  # the reader has nothing to remark on
    # PDF/A allows one list of extension schemas, which describes every property used.
    assert len(root.findall(".//pdfaExtension:schemas", names)) == 1
    described = root.xpath("//rdf:li[pdfaSchema:prefix='fx']//pdfaProperty:name/text()", namespaces=names)
    assert sorted(described) == ["ConformanceLevel", "DocumentFileName", "DocumentType", "Version"]
    assert values("xmp:CreateDate") == ["2026-12-01T00:00:00+00:00"]
    assert reader(pdf).metadata["/CreationDate"] == "D:20261201000000Z"  # type: ignore[index]


def test_what_typst_wrote_stays_and_is_referred_to() -> None:
    pdf = to_pdf(document())
    assert pdf.count(b"%%EOF") == 2
    last = int(re.findall(rb"startxref\n(\d+)\n", pdf)[-1])
    assert pdf[last : last + 5] == b"xref\n"
    section = re.search(rb"(\d+) 1\n(\d{10}) 00000 n", pdf[last:])
    assert section is not None
    assert pdf[int(section[2]) :].startswith(section[1] + b" 0 obj\n")


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"])
def test_another_layout_is_not_guessed_at(pdf: bytes) -> None:
    with pytest.raises(xmp.PdfUnexpected):
        xmp.with_factur_x(pdf, "factur-x.xml")


def test_a_credit_note_names_its_invoice() -> None:
    text = text_of(to_pdf(credited(document())))
    assert "Credit note G-2026-000031" in text
    assert "Corrects invoice R-2026-000417 of 1 December 2026" in text
    assert "Amount credited" in text
    assert "Please transfer" not in text


def test_german() -> None:
    text = text_of(to_pdf(document(language="de", lines=[line(quantity="1224.318")])))
    for wanted in (
        "Rechnung R-2026-000417",
        "1.224,318",
        "599,92",
        "USt 19 % auf 599,92",
        "Seite 1 von 1",
        "1. Dezember 2026",
    ):
        assert wanted in text
    korrektur = text_of(to_pdf(credited(document(language="de"))))
    assert "Korrektur der Rechnung R-2026-000417 vom 1. Dezember 2026" in korrektur


def test_languages_have_the_same_texts() -> None:
    assert TEXTS["de"].keys() == TEXTS["en"].keys()
    fields = re.compile(r"{\w+}")
    for key, english in TEXTS["en"].items():
        assert sorted(fields.findall(english)) == sorted(fields.findall(TEXTS["de"][key])), key
    assert len(TEXTS["en"]["months"].split()) == len(TEXTS["de"]["months"].split()) == 12


def test_a_direct_debit_is_announced_without_the_whole_account() -> None:
    text = text_of(to_pdf(document(payment=DEBIT)))
    assert "We collect €18.85 by SEPA direct debit on 15 December 2026" in text
    assert "M-2025-0017" in text
    assert "DE98ZZZ09999999999" in text
    assert "DE … 2051" in text
    assert DEBIT.debtor_iban not in text.replace(" ", "")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (document(payment=Payment(means="card", card_last4="4242"), paid=Decimal("18.85")), "card that ends in 4242"),
        (document(payment=Payment(means="prepaid"), paid=Decimal("18.85")), "Paid from your prepaid balance"),
        (document(paid=Decimal("18.85")), "Nothing is left to pay"),
    ],
)
def test_what_is_paid_is_not_asked_for(made: Document, said: str) -> None:
    assert said in text_of(to_pdf(made))
    assert page_of(made)["payment"]["code"] == ""


def test_india() -> None:
    made = totalled(indian(lines=[line(quantity="120000.5", unit_price="18.5", currency="INR", sac_code="998714")]))
    pdf = to_pdf(made)
    text = text_of(pdf)
    for wanted in ("Tax invoice MC/26-27/00042", "GSTIN 36AABCM1234K1ZN", "Andhra Pradesh (37)", "SAC 998714"):
        assert wanted in text
    for wanted in ("IGST 18% on 22,20,009.25", "₹26,19,610.92", "Reverse charge No", "musicharge@okbank"):
        assert wanted in text
    # Set in the Telugu font: nothing else has its glyphs.
    fonts = {font["/BaseFont"] for font in reader(pdf).pages[0]["/Resources"]["/Font"].values()}
    assert any("NotoSansTelugu" in name for name in fonts)
    assert all("Noto" in name for name in fonts)


def test_a_reverse_charge_is_said() -> None:
    assert ("Reverse charge", "No") in page_of(indian())["facts"]
    lines = tuple(replace(each, tax_category="AE", taxes=(Tax("IGST", Decimal(0)),)) for each in indian().lines)
    assert ("Reverse charge", "Yes") in page_of(totalled(replace(indian(), lines=lines)))["facts"]
    austrian = replace(BUYER, country_code="AT", vat_id="ATU13585627")
    across = document([line(taxes=(Tax("VAT", Decimal(0)),), tax_category="AE")], buyer=austrian)
    assert "Reverse charge: the buyer owes the VAT." in text_of(to_pdf(across))


def test_three_decimals_are_printed_without_structured_data() -> None:
    pdf = to_pdf(document([line(currency="KWD", unit_price="0.0495")], currency="KWD"))
    assert "KWD 1.433" in text_of(pdf)
    assert "/AF" not in reader(pdf).root_object


def test_taxes_of_one_state_are_shown_apart_and_nothing_is_attached() -> None:
    pdf = to_pdf(indian(replace(INDIAN_BUYER, state_code="36")))
    assert "CGST 9% on 22,209.25" in text_of(pdf)
    assert "SGST 9% on 22,209.25" in text_of(pdf)
    assert "/AF" not in reader(pdf).root_object
    assert b"fx:ConformanceLevel" not in pdf


def test_sites_have_subtotals() -> None:
    page = page_of(document(at_sites(7)))
    assert [(group["name"], len(group["rows"]), group["subtotal"]) for group in page["groups"]] == [
        ("Site 0", 2, "4.91"),  # 3.5 × 0.49 = 1.715 → 1.72, 6.5 × 0.49 = 3.185 → 3.19
        ("Site 1", 3, "6.63"),  # 0.74, 2.21, 3.68
        ("Site 2", 2, "3.93"),  # 1.23, 2.70
    ]


def test_cost_centres_go_before_sites() -> None:
    lines = arranged([line(1, cost_centre="B", site="X"), line(2, cost_centre="A", site="Y"), line(3, site="X")])
    page = page_of(document(lines))
    assert [group["name"] for group in page["groups"]] == ["Cost centre A", "Cost centre B", "Other"]
    assert page["groups"][0]["rows"][0]["detail"].startswith("Y\u00a0· ")
    assert [row["line_no"] for group in page["groups"] for row in group["rows"]] == ["1", "2", "3"]


def test_one_place_needs_no_subtotal() -> None:
    assert [group["name"] for group in page_of(document([line(1, site="X"), line(2, site="X")]))["groups"]] == [""]


def test_decimal_marks_stand_below_each_other() -> None:
    lines = [line(1), line(2, quantity="-1", unit="session", unit_price="3.4117"), line(3, quantity="0.25", unit="h")]
    rows = page_of(document(lines))["groups"][0]["rows"]
    for column in ("quantity", "price"):
        after = {len(f"{row[column]}{row[column + '_pad']}".partition(".")[2]) for row in rows}
        assert len(after) == 1


def test_a_long_invoice_is_whole() -> None:
    made = document(at_sites(120))
    pages = reader(to_pdf(made)).pages
    texts = [page.extract_text() for page in pages]
    assert len(pages) > 5
    for number, text in enumerate(texts, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Invoice R-2026-000417" in text
    numbers = [int(found) for text in texts for found in re.findall(r"^(\d+)\s+Charging", text, re.MULTILINE)]
    assert numbers == list(range(1, 121))
    # The name of a site is repeated where its lines go on.
    for text in texts:
        on_page = [int(found) for found in re.findall(r"^(\d+)\s+Charging", text, re.MULTILINE)]
        assert {f"Site {(number - 1) // 40}" for number in on_page} <= set(re.findall(r"^Site \d", text, re.MULTILINE))


def inked(picture: bytes) -> tuple[int, int, int, int]:
    """Least box (left, top, right, bottom in pixels) with all that is not white."""
    image = Image.open(io.BytesIO(picture)).convert("L").point(lambda value: 255 if value < 250 else 0)
    box = image.getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize(
    "lines",
    [
        [line(description="Ladevorgang " * 30, detail="DE*ISA*E" + "1234567890" * 12)],
        [line(quantity="123456789.123", unit_price="0.411765", description="A")],
    ],
)
def test_nothing_runs_out_of_the_margins(lines: Sequence[Line]) -> None:
    # A4 at 72 ppi: 595 × 842; margins of 25 and 20 mm are 71 and 57 points.
    long_name = replace(BUYER, name="Gesellschaft zur Förderung der Elektromobilität im ländlichen Raum mbH & Co. KG")
    made = document(
        lines,
        buyer=long_name,
        contract_id="C" * 60,
        buyer_reference="0123456789-" * 9,
        notes=("x" * 300,),
        payment=replace(TRANSFER, reference="R" * 100, terms="y" * 200),
        number="R" * 30,
    )
    for picture in to_pngs(made, ppi=72):
        left, _, right, _ = inked(picture)
        assert (left >= 69, right <= 595 - 55) == (True, True)


def test_breaks_are_offered_in_long_runs_only() -> None:
    assert breakable("DE*ISA*E10001*1 on Monday") == "DE*ISA*E10001*1 on Monday"
    parts = breakable("x" * 30).split("\u200b")
    assert [len(part) for part in parts] == [8, 8, 8, 6]
    assert all(len(first) == 8 for first, _ in pairwise(parts))


def test_a_script_without_font_is_named_with_its_mend() -> None:
    with pytest.raises(Unprintable, match="fontpkg-noto-sans-") as caught:
        to_pdf(document(buyer=replace(BUYER, name="漢字 GmbH")))
    assert caught.value.characters == ("漢", "字")


def test_an_incomplete_document_is_not_printed() -> None:
    with pytest.raises(DocumentIncomplete):
        to_pdf(document(number=""))


def test_a_draft_says_so_and_asks_for_no_money() -> None:
    made = document(due_date=None)
    pdf = to_draft(made)
    text = text_of(pdf)
    assert "Invoice (Draft)" in text
    assert text.count("Draft: not an invoice, nothing is to be paid on it.") == 2, "at its head and where one would pay"
    assert "Please transfer" in text_of(to_pdf(document()))
    assert "Please transfer" not in text
    assert "IBAN" not in text
    assert made.number not in text
    assert "/AF" not in reader(pdf).root_object
    assert draft_page_of(document(number=""))["payment"]["code"] == ""
    assert to_draft(made) == pdf
    with pytest.raises(DocumentIncomplete, match=r"seller\.vat_id"):
        to_draft(document(seller=replace(SELLER, vat_id="")))


def test_a_draft_for_india_has_no_number_to_fault() -> None:
    assert "Tax invoice (Draft)" in text_of(to_draft(indian()))


def test_markup_in_texts_stays_text() -> None:
    made = document(buyer=replace(BUYER, name="#panic() *Stern* $x$ <a> \\ Co"), notes=("= no heading",))
    text = text_of(to_pdf(made))
    assert "#panic() *Stern* $x$ <a> \\ Co" in text
    assert "= no heading" in text


def test_a_buyer_abroad_has_a_country() -> None:
    assert page_of(document(buyer=replace(BUYER, country_code="AT")))["buyer"][-1] == "AUSTRIA"
    assert page_of(document())["buyer"][-1] == "85055 Ingolstadt"


def test_a_logo_stands_for_the_name() -> None:
    logo = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 10"><rect width="30" height="10" fill="#c00"/></svg>'
    )
    assert to_pdf(document(), Look(logo=logo)) != to_pdf(document())
