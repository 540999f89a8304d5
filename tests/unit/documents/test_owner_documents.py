"""A statement of an owner is composed by what registry and agreement say; what may not be self-billed is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from pipelines.billing.documents.check import check
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.model import Document, Party, Payment, credit_note_of
from pipelines.billing.documents.pdf import to_pdf
from pipelines.billing.documents.stored import from_json, to_json
from pipelines.billing.documents.structured import possible
from pipelines.billing.documents.ubl import to_ubl
from pipelines.billing.owners.compose import NotSelfBilled, compose
from pipelines.billing.owners.dues import Agreement, Due
from pipelines.billing.owners.parties import Terms
from tests.documents_made import SELLER
from tests.einvoice import validated

pytestmark = pytest.mark.fast

D = Decimal
OWNER = Party(
    name="Erbengemeinschaft Wald",
    street="Waldweg 3",
    post_code="14193",
    city="Berlin",
    country_code="DE",
    vat_id="DE129273398",
    email="wald@example.org",
)
TERMS = Terms(
    owner=OWNER,
    operator=SELLER,
    payment=Payment(means="bank_transfer", iban="DE89370400440532013000", account_name=OWNER.name),
    form="self_billed",
    vat_exemption="",
    series="KWHO",
    payment_days=14,
    language="de",
)
HARBOUR = Agreement(
    owner_contract_id="OC",
    site="Am Hafen",
    sessions=41,
    energy_wh=D(1_234_567),
    revenue_excl_vat=D("543.21"),
    share_percent=D("7.5"),
    share=D("40.74"),
    rent=D("20.31"),
    rent_per_month=D(31),
    rent_days=19,
    days_of_month=29,
    vat_percent=D(19),
)


def made(*agreements: Agreement, standing: str | None = None, **terms: object) -> Document:
    due = Due("O", "W", date(2020, 2, 1), "EUR", "hash", standing, agreements or (HARBOUR,))
    chosen = replace(TERMS, **terms)  # type: ignore[arg-type]
    return compose(due, chosen, number="KWHO2020-000007", series="KWHO2020", issue_date=date(2020, 3, 3), snapshot=9)


def text_of(document: Document) -> str:
    pages = PdfReader(BytesIO(to_pdf(document))).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split()).replace("\u00a0", " ")


EXEMPT = replace(HARBOUR, owner_contract_id="OC2", site="Bahnhof", vat_percent=None)
DOCUMENTS = {
    "with VAT": made(),
    "exempt": made(EXEMPT, vat_exemption="§ 4 Nr. 12 UStG"),
    "both": made(HARBOUR, EXEMPT, vat_exemption="§ 4 Nr. 12 UStG", standing="KWHO2020-000003"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("is_credit", [False, True], ids=["389", "261"])
def test_self_billed_documents_pass_the_published_rules(name: str, is_credit: bool) -> None:
    document = DOCUMENTS[name]
    if is_credit:
        document = credit_note_of(document, number="KWHOC2020-1", series="KWHOC2020", issue_date=date(2020, 4, 1))
    code = b">261<" if is_credit else b">389<"
    for written in (to_cii, to_ubl):
        xml = written(document)
        report = validated(xml)
        assert report.passed, report
        assert code in xml
    assert from_json(to_json(document)) == document


def test_in_german_it_says_what_the_law_wants() -> None:
    text = text_of(DOCUMENTS["both"])
    for words in (
        "Gutschrift KWHO2020-000007",  # § 14 (4) no. 10 UStG
        "Ihre USt-IdNr. DE129273398",
        "Isarstrom Ladenetz GmbH",
        "Anteil am Ladeumsatz, 7,5 %",
        "von 543,21 € netto · 41 Ladevorgänge · 1.234,567 kWh",
        "19 von 29 Tagen zu 31,00 € im Monat",
        "§ 4 Nr. 12 UStG",
        "§ 14 Abs. 2 UStG",
        "Auszahlungsbetrag 133,70 €",  # 61.05 and 19 % of it, and 61.05
        "Tritt an die Stelle von KWHO2020-000003.",
    ):
        assert words in text, words
    credit = credit_note_of(DOCUMENTS["both"], number="C-1", series="C", issue_date=date(2020, 4, 1))
    text = text_of(credit)
    for words in ("Korrektur der Gutschrift C-1", "Korrektur zu KWHO2020-000007", "nächsten Auszahlung"):
        assert words in text, words


def test_a_statement_is_no_invoice_and_needs_less() -> None:
    mixed = made(
        HARBOUR, EXEMPT, form="statement", owner=Party(name="W", country_code="DE", street="a", city="b", post_code="c")
    )
    assert check(mixed) == ()
    assert not possible(mixed)
    assert "Diese Abrechnung ist keine Rechnung" in text_of(mixed)


@pytest.mark.parametrize(
    ("agreement", "terms", "why"),
    [
        (EXEMPT, {}, "no vat_percent"),
        (HARBOUR, {"owner": replace(OWNER, country_code="IN", vat_id="")}, "Indian GST"),
    ],
)
def test_what_may_not_be_self_billed_is_refused(agreement: Agreement, terms: dict[str, object], why: str) -> None:
    with pytest.raises(NotSelfBilled, match=why):
        made(agreement, **terms)
    assert made(agreement, **{**terms, "form": "statement"}).lines


def test_an_owner_without_vat_id_or_account_is_told_where_to_mend_it() -> None:
    faults = {
        fault.place: fault.mend
        for fault in check(made(owner=replace(OWNER, vat_id=""), payment=Payment(means="bank_transfer")))
    }
    assert faults.keys() == {"seller.vat_id", "payment.iban"}
    assert all("owner" in mend or "account" in mend for mend in faults.values())


cents = st.integers(0, 10_000_000).map(lambda n: D(n) / 100)


@given(st.lists(st.tuples(cents, cents, st.sampled_from([None, D(0), D(7), D("19")])), min_size=1, max_size=6))
def test_totals_are_the_agreements_and_vat_is_on_their_sum(rows: list[tuple[D, D, D | None]]) -> None:
    agreements = [
        replace(HARBOUR, owner_contract_id=f"OC{n}", site=f"S{n % 3}", share=share, rent=rent, vat_percent=vat)
        for n, (share, rent, vat) in enumerate(rows)
    ]
    document = made(*agreements, form="statement")
    assert document.totals.excl_tax == sum(share + rent for share, rent, _ in rows)
    by_rate = {vat: sum(s + r for s, r, v in rows if v == vat) for _, _, vat in rows if vat}
    assert document.totals.tax == sum(
        (D(base) * rate / 100).quantize(D("0.01"), "ROUND_HALF_UP") for rate, base in by_rate.items()
    )
    assert [line.line_no for line in document.lines] == list(range(1, len(document.lines) + 1))
