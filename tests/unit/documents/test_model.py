"""Taxes and totals against sums worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pipelines.billing.documents.model import (
    Correction,
    CurrencyUnknown,
    Tax,
    TaxTotal,
    TaxUnknown,
    credit_note_of,
    half_up,
    taxes_of,
    totalled,
)
from tests.documents_made import VAT_7, credited, document, indian, line

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("value", "currency", "rounded"),
    [
        ("0.125", "EUR", "0.13"),
        ("-0.125", "EUR", "-0.13"),  # a credit mirrors its invoice
        ("0.1249999", "EUR", "0.12"),
        ("100.5", "JPY", "101"),
        ("0.0005", "KWD", "0.001"),
        ("12345678901234567890123456789.005", "EUR", "12345678901234567890123456789.01"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: str, currency: str, rounded: str) -> None:
    assert str(half_up(Decimal(value), currency)) == rounded


def test_an_unknown_currency_has_no_minor_unit() -> None:
    with pytest.raises(CurrencyUnknown, match="'XXX' is not a currency"):
        half_up(Decimal(1), "XXX")


def test_tax_is_rounded_once_on_the_sum_of_a_rate() -> None:
    # Three times 0.03 at 19 %: 0.0057 each, which rounds to 0.01; the sum of 0.09 bears 0.0171, which is 0.02.
    lines = [line(number, quantity="1", unit_price="0.03") for number in (1, 2, 3)]
    lines.append(line(4, quantity="1", unit_price="10", taxes=VAT_7))
    assert taxes_of(lines, "EUR") == (
        TaxTotal("S", "VAT", Decimal(19), Decimal("0.09"), Decimal("0.02")),
        TaxTotal("S", "VAT", Decimal(7), Decimal("10.00"), Decimal("0.70")),
    )


def test_several_taxes_of_one_line_are_each_on_its_whole_amount() -> None:
    lines = [line(1, quantity="1", unit_price="100.05", taxes=(Tax("CGST", Decimal(9)), Tax("SGST", Decimal(9))))]
    # 9 % of 100.05 is 9.0045.
    assert [(tax.name, str(tax.amount)) for tax in taxes_of(lines, "INR")] == [("CGST", "9.00"), ("SGST", "9.00")]


def test_the_same_rate_written_with_other_zeros_is_one_rate() -> None:
    lines = [line(1), line(2, taxes=(Tax("VAT", Decimal("19.0000")),))]
    assert len(taxes_of(lines, "EUR")) == 1


def test_an_unknown_tax_is_not_zero() -> None:
    with pytest.raises(TaxUnknown, match=r"ENERGY .* element 0 of tariff AC-49 \(version 3\)") as caught:
        taxes_of([line(1), line(2, taxes=None)], "EUR")
    assert caught.value.line_no == 2


def test_totals_of_an_invoice() -> None:
    # 24.318 × 0.49 = 11.91582 → 11.92; 8.001 × 0.49 = 3.92049 → 3.92; 19 % of 15.84 = 3.0096 → 3.01.
    totals = document(paid=Decimal(5)).totals
    assert [str(value) for value in (totals.excl_tax, totals.tax, totals.incl_tax, totals.paid, totals.due)] == [
        "15.84",
        "3.01",
        "18.85",
        "5.00",
        "13.85",
    ]


def test_india_rounds_the_payable_sum_to_whole_rupees() -> None:
    # 1200.5 × 18.5 = 22209.25; 18 % = 3997.665 → 3997.67; sum 26206.92.
    plain = indian()
    assert str(plain.totals.incl_tax) == "26206.92"
    assert str(totalled(plain, rounding=Decimal("0.08")).totals.due) == "26207.00"


def test_yen_have_no_minor_unit() -> None:
    made = document(
        [line(1, currency="JPY", quantity="3", unit_price="55.5", taxes=(Tax("VAT", Decimal(10)),))], currency="JPY"
    )
    assert (str(made.lines[0].amount_excl_tax), str(made.totals.tax), str(made.totals.incl_tax)) == ("167", "17", "184")


def test_a_credit_note_mirrors_its_invoice() -> None:
    invoice = document(paid=Decimal("18.85"), rounding=Decimal("0.05"))
    note = credited(invoice)
    assert note.corrects == Correction("R-2026-000417", date(2026, 12, 1))
    assert (note.kind, note.totals.incl_tax, note.totals.paid) == ("credit_note", invoice.totals.incl_tax, 0)
    assert note.totals.due == Decimal("18.90")  # with the rounding, without what was paid
    assert note.taxes == invoice.taxes
    assert note.due_date is None


def test_some_lines_can_be_credited() -> None:
    invoice = document(rounding=Decimal("0.05"))
    note = credit_note_of(
        invoice, number="G-2", series="G", issue_date=date(2026, 12, 3), lines=[invoice.lines[1]], notes=["Meter fault"]
    )
    assert [(each.line_no, each.session_id) for each in note.lines] == [(1, "s-0002")]
    assert (str(note.totals.due), note.totals.rounding, note.notes) == ("4.66", 0, ("Meter fault",))
