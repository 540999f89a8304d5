"""Receipts of sessions without a contract: what they say of the buyer, of the tax, and of what is paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from pipelines.billing.documents.check import check
from pipelines.billing.documents.model import Document, Party, Payment, Tax
from pipelines.billing.documents.simplified import faults, limit_of
from pipelines.billing.issuing.compose import compose
from pipelines.billing.issuing.drafts import Component, Draft, DraftLine
from pipelines.billing.issuing.parties import Terms
from tests.documents_made import INDIAN_SELLER, SELLER, document

pytestmark = pytest.mark.fast

D = Decimal
LINE = DraftLine(
    line_no=1,
    kind="session",
    cdr_id="c1",
    session_id="s1",
    site_id="site",
    started_at=None,
    subscription_id=None,
    cost_centre=None,
    energy_wh=D(10_000),
    vat_percent=D(18),
    amount_excl_vat=D("180.00"),
    site="Banjara Hills",
    station_id="BH-01",
    local_start=datetime.fromisoformat("2026-10-31T23:30"),
    local_end=datetime.fromisoformat("2026-11-01T00:40"),
    tariff_id="T",
    tariff_version=1,
    plan=None,
    components=(Component("ENERGY", D(10), "kWh", D(18), 0),),
)
DRAFT = Draft("adhoc:s1", "adhoc:s1", "O", date(2026, 10, 1), "INR", 1, D(10_000), "h", None, (LINE,))


def receipt(received: str, draft: Draft = DRAFT, seller: Party = INDIAN_SELLER) -> Document:
    terms = Terms(
        seller=seller,
        buyer=Party(name="Ad hoc customer", country_code=seller.country_code),
        is_named=False,
        payment=Payment(means="upi", upi_vpa="musi@okbank"),
        series="MC",
        payment_days=14,
        language="en",
        sac_code="",
        received=D(received),
    )
    return compose(draft, terms, number="MC2026-000001", series="MC2026", issue_date=date(2026, 11, 2), snapshot=1)


def test_a_gst_receipt_is_taxed_where_the_seller_is_and_paid_by_card() -> None:
    made = receipt("212.40")
    assert check(made) == ()
    assert made.lines[0].taxes == (Tax("CGST", D(9)), Tax("SGST", D(9)))
    assert (made.place_of_supply, made.contract_id, made.simplified) == ("36", "", True)
    assert (made.period_from, made.period_to) == (date(2026, 10, 31), date(2026, 11, 1))
    assert (made.totals.paid, made.totals.due, made.payment, made.due_date) == (
        D("212.40"),
        0,
        Payment(means="card"),
        None,
    )


@pytest.mark.parametrize(("received", "paid", "due"), [("0", "0", "212.40"), ("200", "200", "12.40")])
def test_what_is_left_is_asked_for(received: str, paid: str, due: str) -> None:
    made = receipt(received)
    assert check(made) == ()
    assert (made.totals.paid, made.totals.due, made.payment.means) == (D(paid), D(due), "upi")
    assert made.due_date == date(2026, 11, 16)


def test_more_than_it_claims_was_not_paid_on_it() -> None:
    assert (receipt("500").totals.paid, receipt("500").totals.due) == (D("212.40"), 0)


def test_each_country_has_its_limit() -> None:
    told = {code: limit_of(code) for code in ("DE", "AT", "FR", "IN", "US")}
    assert {code: limit and (limit.amount, limit.currency) for code, limit in told.items()} == {
        "DE": (D(250), "EUR"),
        "AT": (D(400), "EUR"),
        "FR": (D(100), "EUR"),
        "IN": (D("49999.99"), "INR"),
        "US": None,
    }


def test_the_limit_counts_with_tax_in_germany_and_before_tax_in_india() -> None:
    small = document(simplified=True)
    totals = replace(small.totals, excl_tax=D("210.08"), incl_tax=D("250.00"))
    assert list(faults(replace(small, totals=totals))) == []
    [fault] = faults(replace(small, totals=replace(totals, incl_tax=D("250.01"))))
    assert "250 EUR is the most for an invoice without it (§ 33 UStDV)" in str(fault)
    assert list(faults(replace(small, simplified=False, totals=replace(totals, incl_tax=D(999))))) == []
    rupees = replace(receipt("0"), totals=replace(totals, excl_tax=D("49999.99"), incl_tax=D("58999.99")))
    assert list(faults(rupees)) == []
    assert len(list(faults(replace(rupees, totals=replace(totals, excl_tax=D(50_000)))))) == 1


def test_a_limit_in_another_currency_is_not_guessed() -> None:
    [fault] = faults(document(simplified=True, currency="CHF", seller=SELLER))
    assert "none is known in CHF" in str(fault)
