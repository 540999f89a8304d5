"""Taxes of documents as they are composed of drafts. GST cases are computed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pipelines.billing.documents.check import check
from pipelines.billing.documents.model import Document
from pipelines.billing.issuing.compose import TermsChanged, VatNotDue, compose
from pipelines.billing.issuing.drafts import Draft, DraftLine
from pipelines.billing.issuing.parties import Terms
from tests.documents_made import BUYER, INDIAN_BUYER, INDIAN_SELLER, SELLER, TRANSFER, UPI

pytestmark = pytest.mark.fast


def line(line_no: int, amount: str, percent: str | None) -> DraftLine:
    return DraftLine(
        line_no=line_no,
        kind="session",
        cdr_id=None,
        session_id=f"s-{line_no}",
        site_id="site",
        started_at=None,
        subscription_id=None,
        cost_centre=None,
        energy_wh=Decimal(1000),
        vat_percent=None if percent is None else Decimal(percent),
        amount_excl_vat=Decimal(amount),
        site="Site",
        station_id="station",
        local_start=None,
        local_end=None,
        tariff_id="T",
        tariff_version=1,
        plan=None,
        components=(),
    )


def draft(*lines: DraftLine, currency: str = "EUR", category: str | None = None) -> Draft:
    return Draft(
        draft_id="C1-2026-05",
        contract_id="C1",
        operator_id="O",
        month=date(2026, 5, 1),
        currency=currency,
        sessions=len(lines),
        energy_wh=Decimal(1000),
        lines_hash="",
        standing=None,
        lines=lines,
        tax_category=category,
    )


GERMAN = Terms(SELLER, BUYER, TRANSFER, "KWH", 14, "de", "")
INDIAN = Terms(INDIAN_SELLER, INDIAN_BUYER, UPI, "KWH", 14, "en", "")


def composed(made: Draft, terms: Terms) -> Document:
    day = date(2026, 6, 1)
    document = compose(made, terms, number="KWH2627-000001", series="KWH2627", issue_date=day, snapshot=1)
    assert check(document) == ()
    return document


@pytest.mark.parametrize(
    ("seller_state", "buyer_state", "amounts", "taxes", "incl_tax", "rounding", "due"),
    [
        # 83.70 × 9 % = 7.533, twice 7.53: 98.76
        ("36", "36", ["83.70"], [("CGST", "9", "7.53"), ("SGST", "9", "7.53")], "98.76", "0.24", "99"),
        # 83.70 × 18 % = 15.066: a paisa more than the halves
        ("36", "37", ["83.70"], [("IGST", "18", "15.07")], "98.77", "0.23", "99"),
        # a union territory; on the sum of the lines: 100.25 × 9 % = 9.0225
        ("04", "04", ["50.10", "50.15"], [("CGST", "9", "9.02"), ("UTGST", "9", "9.02")], "118.29", "-0.29", "118"),
        # nobody knows where the buyer lives: the seller's state; 1.27 × 9 % = 0.1143, 1.28 × 9 % = 0.1152
        ("36", "", ["1.27"], [("CGST", "9", "0.11"), ("SGST", "9", "0.11")], "1.49", "-0.49", "1"),
        ("36", "", ["1.28"], [("CGST", "9", "0.12"), ("SGST", "9", "0.12")], "1.52", "0.48", "2"),
        # whole rupees as they are
        ("36", "37", ["100.00"], [("IGST", "18", "18.00")], "118.00", "0.00", "118"),
    ],
)
def test_gst_golden(
    seller_state: str,
    buyer_state: str,
    amounts: list[str],
    taxes: list[tuple[str, str, str]],
    incl_tax: str,
    rounding: str,
    due: str,
) -> None:
    gstin = {"36": INDIAN_SELLER.vat_id, "04": "04AABCM1234K1ZU"}[seller_state]
    terms = replace(
        INDIAN,
        seller=replace(INDIAN_SELLER, state_code=seller_state, vat_id=gstin),
        buyer=replace(INDIAN_BUYER, state_code=buyer_state),
    )
    lines = [line(number, amount, "18") for number, amount in enumerate(amounts, start=1)]
    document = composed(draft(*lines, currency="INR"), terms)
    assert [(tax.name, tax.percent, tax.amount) for tax in document.taxes] == [
        (name, Decimal(percent), Decimal(amount)) for name, percent, amount in taxes
    ]
    totals = document.totals
    assert (totals.incl_tax, totals.rounding, totals.due) == (Decimal(incl_tax), Decimal(rounding), Decimal(due))
    assert document.place_of_supply == (buyer_state or seller_state)


def test_outside_of_vat_there_is_no_tax_and_no_rate() -> None:
    terms = replace(GERMAN, tax_category="O", exemption_reason="Nicht steuerbar (§ 2b UStG)")
    document = composed(draft(line(1, "10", "0"), category="O"), terms)
    assert [(each.tax_category, each.taxes) for each in document.lines] == [("O", ())]
    assert document.exemption_reason == "Nicht steuerbar (§ 2b UStG)"


def test_what_contradicts_the_declaration_is_not_composed() -> None:
    exempt = replace(GERMAN, tax_category="E", exemption_reason="§ 19 UStG")
    with pytest.raises(VatNotDue, match="Leave the VAT out of tariff T in a new version"):
        composed(draft(line(1, "10", "19"), category="E"), exempt)
    with pytest.raises(TermsChanged, match="is E now, and was not given when the draft was made"):
        composed(draft(line(1, "10", "0")), exempt)
    with pytest.raises(TermsChanged, match="is not given now, and was AE when the draft was made"):
        composed(draft(line(1, "10", "0"), category="AE"), GERMAN)
