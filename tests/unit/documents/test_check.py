"""What may not be issued: each fault is found, named by its place, and told with its mend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pipelines.billing.documents.check import check, require
from pipelines.billing.documents.faults import DocumentIncomplete
from pipelines.billing.documents.model import Document, Payment, Tax, totalled
from tests.documents_made import (
    BUYER,
    DEBIT,
    INDIAN_BUYER,
    INDIAN_SELLER,
    SELLER,
    TRANSFER,
    credited,
    document,
    indian,
    line,
)

pytestmark = pytest.mark.fast

ZERO_RATED = (Tax("VAT", Decimal(0)),)


@pytest.mark.parametrize(
    "made",
    [
        document,
        lambda: credited(document()),
        lambda: document(payment=DEBIT),
        lambda: document(payment=Payment(means="card", card_last4="4242"), paid=Decimal("18.85"), due_date=None),
        lambda: document(buyer=replace(BUYER, street="", city="", post_code=""), simplified=True),
        lambda: document([line(taxes=(), tax_category="O")], seller=replace(SELLER, vat_id="")),
        lambda: document([line(1), line(2, quantity="-1", unit="session", unit_price="3.5")]),
        lambda: document(seller=replace(SELLER, vat_id="", tax_number="143/815/08154")),
        indian,
        lambda: indian(replace(INDIAN_BUYER, state_code="36")),
        lambda: credited(indian()),
    ],
)
def test_complete_documents_have_no_fault(made: Callable[[], Document]) -> None:
    made_document = replace(made(), number="K-1") if made().seller == INDIAN_SELLER else made()
    assert check(made_document) == ()


FAULTY: dict[str, Callable[[], Document]] = {
    "number": lambda: document(number=""),
    "buyer.name": lambda: document(buyer=replace(BUYER, name="Hof\x07mann")),
    "notes[2]": lambda: document(notes=("two\nlines", "\ud800")),
    "currency": lambda: replace(document(), currency="XXX"),
    "period_to": lambda: document(period_to=date(2026, 10, 1)),
    "due_date": lambda: document(due_date=None),
    "corrects": lambda: replace(credited(document()), corrects=None),
    "corrects.issue_date": lambda: replace(credited(document()), issue_date=date(2026, 11, 30)),
    "lines": lambda: document([line(2)]),
    "lines[1].description": lambda: document([line(description=" ")]),
    "lines[1].unit_price": lambda: document([line(quantity="-5", unit_price="-1")]),
    "lines[1].amount_excl_tax": lambda: document([line(amount_excl_tax=Decimal("11.94"))]),
    "lines[1].taxes": lambda: replace(document(), lines=(line(taxes=None),)),
    "lines[1].tax_category": lambda: document([line(tax_category="X")]),
    "exemption_reason": lambda: document([line(taxes=ZERO_RATED, tax_category="E")]),
    "seller.vat_id": lambda: document(seller=replace(SELLER, vat_id="")),
    "seller.name": lambda: document(seller=replace(SELLER, name="")),
    "seller.country_code": lambda: document(seller=replace(SELLER, country_code="Germany", vat_id="x")),
    "seller.street": lambda: document(seller=replace(SELLER, street="")),
    "seller.legal_id": lambda: document([line(taxes=(), tax_category="O")], seller=replace(SELLER, legal_id="")),
    "buyer.city": lambda: document(buyer=replace(BUYER, city="")),
    "buyer.vat_id": lambda: document([line(taxes=ZERO_RATED, tax_category="AE")]),
    "buyer.country_code": lambda: document(
        [line(taxes=ZERO_RATED, tax_category="AE")], buyer=replace(BUYER, vat_id="DE136695976")
    ),
    "taxes": lambda: replace(document(), taxes=()),
    "totals.due": lambda: replace(document(), totals=replace(document().totals, due=Decimal(1))),
    "totals.incl_tax": lambda: document([line(quantity="-1")]),
    "totals.paid": lambda: document(payment=Payment(means="card")),
    "payment.iban": lambda: document(payment=replace(TRANSFER, iban="DE89370400440532013001")),
    "payment.bic": lambda: document(payment=replace(TRANSFER, bic="COBA")),
    "payment.mandate_id": lambda: document(payment=replace(DEBIT, mandate_id="")),
    "payment.debtor_iban": lambda: document(payment=replace(DEBIT, debtor_iban="DE00")),
    "payment.upi_vpa": lambda: replace(indian(), payment=Payment(means="upi", upi_vpa="musicharge")),
    "payment.reference": lambda: document(payment=replace(TRANSFER, reference="R" * 141)),
    "payment.means": lambda: document(payment=Payment(means="upi", upi_vpa="a1@bank")),
    "place_of_supply": lambda: replace(indian(), place_of_supply="99"),
    "seller.state_code": lambda: replace(indian(), seller=replace(INDIAN_SELLER, state_code="37")),
    "lines[1].sac_code": lambda: indian(lines=[line(currency="INR")]),
}


@pytest.mark.parametrize("place", FAULTY)
def test_a_fault_is_found_where_it_is(place: str) -> None:
    found = check(FAULTY[place]())
    assert place in [fault.place for fault in found]
    assert all(fault.mend and fault.reason for fault in found)


def test_an_unknown_vat_names_the_price_component_to_mend() -> None:
    with pytest.raises(DocumentIncomplete) as caught:
        require(replace(document(), lines=(line(taxes=None),)))
    assert "Give the ENERGY price component of element 0 of tariff AC-49 (version 3) its VAT" in str(caught.value)
    assert [fault.place for fault in caught.value.faults] == ["lines[1].taxes"]


def test_reverse_charge_is_within_the_union_and_across_a_border() -> None:
    reverse = [line(taxes=ZERO_RATED, tax_category="AE")]
    british = replace(BUYER, country_code="GB", vat_id="GB980780684")
    assert [fault.place for fault in check(document(reverse, buyer=british))] == ["buyer.country_code"]
    austrian = replace(BUYER, country_code="AT", vat_id="ATU13585627")
    assert check(document(reverse, buyer=austrian)) == ()
    # The number at the tax office does not do where the buyer is to find the seller in VIES.
    unknown = replace(SELLER, vat_id="", tax_number="143/815/08154")
    assert [fault.place for fault in check(document(reverse, buyer=austrian, seller=unknown))] == ["seller.vat_id"]


def test_categories_outside_and_inside_of_vat_do_not_mix() -> None:
    faults = check(document([line(1), line(2, taxes=(), tax_category="O")]))
    assert [fault.mend for fault in faults] == ["Issue two documents"]


@pytest.mark.parametrize(
    ("category", "taxes"),
    [("S", ZERO_RATED), ("S", ()), ("Z", (Tax("VAT", Decimal(7)),)), ("AE", ()), ("O", ZERO_RATED)],
)
def test_a_rate_fits_its_category(category: str, taxes: tuple[Tax, ...]) -> None:
    buyer = replace(BUYER, country_code="AT", vat_id="ATU13585627")
    faults = check(document([line(tax_category=category, taxes=taxes)], buyer=buyer))
    assert [fault.place for fault in faults] == ["lines[1].taxes"]


def test_the_states_tax_is_not_taken_between_states() -> None:
    taxes = (Tax("CGST", Decimal(9)), Tax("SGST", Decimal(9)))
    wrong = totalled(replace(indian(), lines=tuple(replace(each, taxes=taxes) for each in indian().lines)))
    assert [str(fault) for fault in check(wrong)] == [
        "lines[1].taxes: CGST and SGST on a supply between states. It bears IGST: take the taxes from gst.taxes"
    ]


def test_a_reference_that_upi_cannot_carry_is_found_before_printing() -> None:
    faults = check(replace(indian(), payment=replace(indian().payment, reference="R" * 36)))
    assert [fault.place for fault in faults] == ["payment.reference"]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(DocumentIncomplete, match=r"Mend 3 fault\(s\)") as caught:
        require(document(number="", seller=replace(SELLER, vat_id=""), payment=replace(TRANSFER, iban="")))
    assert {fault.place for fault in caught.value.faults} == {"number", "seller.vat_id", "payment.iban"}
