"""Documents for tests: a German charge point operator and its customers, and an Indian one. All parties are made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from pipelines.billing.documents import gst
from pipelines.billing.documents.model import (
    ZERO,
    Document,
    Line,
    Party,
    Payment,
    PriceSource,
    Tax,
    credit_note_of,
    half_up,
    totalled,
)

VAT_19, VAT_7 = (Tax("VAT", Decimal(19)),), (Tax("VAT", Decimal(7)),)

SELLER = Party(
    name="Isarstrom Ladenetz GmbH",
    street="Lindwurmstraße 88",
    post_code="80337",
    city="München",
    country_code="DE",
    vat_id="DE136695976",
    legal_id="HRB 190001",
    legal_note="Amtsgericht München, HRB 190001 · Geschäftsführung: Anna Grün",
    email="rechnung@isarstrom.example",
    phone="+49 89 1234560",
)
BUYER = Party(
    name="Hofmann Logistik KG",
    street="Industriering 4",
    post_code="85055",
    city="Ingolstadt",
    country_code="DE",
    email="buchhaltung@hofmann.example",
)
TRANSFER = Payment(means="bank_transfer", iban="DE89370400440532013000", bic="COBADEFFXXX")
DEBIT = Payment(
    means="sepa_direct_debit",
    mandate_id="M-2025-0017",
    creditor_id="DE98ZZZ09999999999",
    debtor_iban="DE02120300000000202051",
)

INDIAN_SELLER = Party(
    name="Musi Charge Private Limited",
    street="8-2-120 Road No. 2, Banjara Hills",
    post_code="500034",
    city="Hyderabad",
    state_code="36",
    country_code="IN",
    vat_id="36AABCM1234K1ZN",
    email="billing@musi.example",
)
INDIAN_BUYER = Party(
    name="విజయవాడ ఛార్జింగ్ సంఘం",
    street="Bandar Road 12",
    post_code="520010",
    city="Vijayawada",
    state_code="37",
    country_code="IN",
)
UPI = Payment(means="upi", upi_vpa="musicharge@okbank")
GST = Decimal(18)


def line(
    line_no: int = 1,
    *,
    quantity: str = "24.318",
    unit_price: str = "0.49",
    currency: str = "EUR",
    taxes: tuple[Tax, ...] | None = VAT_19,
    **others: object,
) -> Line:
    """A line of energy whose amount is the product, rounded."""
    amount = half_up(Decimal(quantity) * Decimal(unit_price), currency)
    made = Line(
        line_no=line_no,
        description="Charging",
        detail="HN-04 · 3 Nov 2026 18:02–19:10 · 24.318 kWh · 1:08 h",
        quantity=Decimal(quantity),
        unit="kWh",
        unit_price=Decimal(unit_price),
        amount_excl_tax=amount,
        taxes=taxes,
        session_id=f"s-{line_no:04}",
        price_source=PriceSource("AC-49", 3, 0, "ENERGY"),
    )
    return replace(made, **others)  # type: ignore[arg-type]


def document(
    lines: Sequence[Line] = (), *, paid: Decimal = ZERO, rounding: Decimal = ZERO, **others: object
) -> Document:
    """An invoice that `check` has nothing against."""
    made = Document(
        kind="invoice",
        number="R-2026-000417",
        series="R-2026",
        issue_date=date(2026, 12, 1),
        due_date=date(2026, 12, 15),
        currency="EUR",
        period_from=date(2026, 11, 1),
        period_to=date(2026, 11, 30),
        seller=SELLER,
        buyer=BUYER,
        lines=tuple(lines) or (line(1), line(2, quantity="8.001")),
        payment=TRANSFER,
        snapshot_id=4711,
    )
    return totalled(replace(made, **others), paid=paid, rounding=rounding)  # type: ignore[arg-type]


def indian(buyer: Party = INDIAN_BUYER, lines: Sequence[Line] | None = None, **others: object) -> Document:
    """A GST invoice between two states, or within one, as the buyer's place says."""
    place = gst.place_of_supply(INDIAN_SELLER, buyer)
    taxes = gst.taxes(INDIAN_SELLER.state_code, place, GST)
    made = lines or [line(1, quantity="1200.5", unit_price="18.5", currency="INR", sac_code=gst.SAC_CHARGING)]
    return document(
        [replace(each, taxes=taxes) for each in made],
        number="MC/26-27/00042",
        series="MC/26-27",
        currency="INR",
        seller=INDIAN_SELLER,
        buyer=buyer,
        payment=UPI,
        place_of_supply=place,
        **others,
    )


def credited(invoice: Document) -> Document:
    """The whole of `invoice` credited, ten days later."""
    return credit_note_of(invoice, number="G-2026-000031", series="G-2026", issue_date=date(2026, 12, 11))
