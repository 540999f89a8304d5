"""Any document adds up, is stored exactly, and passes the published rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.billing.documents.check import check
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.model import Document, Line, Tax, arranged, credit_note_of, half_up, totalled
from pipelines.billing.documents.stored import from_json, to_json
from pipelines.billing.documents.ubl import to_ubl
from tests.documents_made import document, line
from tests.einvoice import validated

pytestmark = pytest.mark.fast

RATES = st.sampled_from([("S", "19"), ("S", "7"), ("S", "5.5"), ("S", "21.0000"), ("Z", "0"), ("E", "0")])
UNITS = st.sampled_from(["kWh", "h", "min", "session", "month", "day", "piece"])
# What XML and fonts have: letters and marks of Latin, Telugu and others, but no control characters.
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    quantity = draw(st.decimals(Decimal("0.001"), Decimal(5000), places=3))
    price = draw(st.decimals(0, Decimal(20), places=6))
    category, rate = draw(RATES)
    return replace(
        line(quantity=str(quantity), unit_price=str(price), taxes=(Tax("VAT", Decimal(rate)),)),
        tax_category=category,
        unit=draw(UNITS),
        description=draw(TEXTS),
        detail=draw(st.just("") | TEXTS),
        site=draw(st.sampled_from(["", "A", "B"])),
        cost_centre=draw(st.sampled_from(["", "4711", "4712"])),
    )


@st.composite
def documents(draw: st.DrawFn) -> Document:
    drawn = arranged(draw(st.lists(lines(), min_size=1, max_size=8)))
    if draw(st.booleans()):
        # What a plan gives back: part of the first line, so that the sum stays at 0 or above.
        first = drawn[0]
        back = line(len(drawn) + 1, quantity=f"-{first.quantity}", unit_price=str(first.unit_price), taxes=first.taxes)
        drawn = (*drawn, replace(back, tax_category=first.tax_category, description="Included in the plan"))
    made = document(drawn, exemption_reason="A law", notes=tuple(draw(st.lists(TEXTS, max_size=2))))
    if draw(st.booleans()):
        made = totalled(made, paid=half_up(made.totals.incl_tax / 2, "EUR"), rounding=Decimal("0.01"))
    if draw(st.booleans()):
        return credit_note_of(made, number="G-1", series="G", issue_date=date(2026, 12, 2))
    return made


@given(documents())
def test_a_document_adds_up(made: Document) -> None:
    assert check(made) == ()
    totals = made.totals
    assert sum(each.amount_excl_tax for each in made.lines) == totals.excl_tax
    assert sum(tax.basis for tax in made.taxes) == totals.excl_tax
    assert totals.due == totals.excl_tax + totals.tax - totals.paid + totals.rounding
    for tax in made.taxes:
        of_rate = [
            Fraction(each.amount_excl_tax)
            for each in made.lines
            if (each.tax_category, each.taxes) == (tax.category, (Tax("VAT", tax.percent),))
        ]
        exact = sum(of_rate, Fraction()) * Fraction(tax.percent) / 100
        cents = exact * 100
        rounded = Decimal((2 * abs(cents.numerator) + cents.denominator) // (2 * cents.denominator)).scaleb(-2)
        assert abs(tax.amount) == rounded
        assert abs(Fraction(tax.amount) - exact) <= Fraction(1, 200)


@given(documents())
def test_a_document_is_stored_exactly(made: Document) -> None:
    stored = to_json(made)
    assert from_json(stored) == made
    assert to_json(from_json(stored)) == stored


@settings(max_examples=25)
@given(documents())
def test_the_published_rules_pass(made: Document) -> None:
    for written in (to_cii, to_ubl):
        report = validated(written(made))
        assert report.passed, str(report)


@given(st.decimals(-(10**9), 10**9, places=6), st.sampled_from(["JPY", "EUR", "KWD"]))
def test_rounding_is_symmetric(value: Decimal, currency: str) -> None:
    assert half_up(-value, currency) == -half_up(value, currency)
    digits = {"JPY": 0, "EUR": 2, "KWD": 3}[currency]
    assert half_up(value, currency) == value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
