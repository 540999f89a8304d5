"""Which of India's taxes a supply bears, and where it is supplied."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.documents import gst
from pipelines.billing.documents.model import Tax
from tests.documents_made import BUYER, GST, INDIAN_BUYER, INDIAN_SELLER, indian

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("seller_state", "place", "names"),
    [
        ("36", "36", ["CGST", "SGST"]),
        ("36", "37", ["IGST"]),
        ("04", "04", ["CGST", "UTGST"]),  # Chandigarh
        ("07", "07", ["CGST", "SGST"]),  # Delhi has a legislature
        ("38", "36", ["IGST"]),
    ],
)
def test_taxes_follow_the_states(seller_state: str, place: str, names: list[str]) -> None:
    taxes = gst.taxes(seller_state, place, GST)
    assert [tax.name for tax in taxes] == names
    assert sum(tax.percent for tax in taxes) == 18


def test_within_a_state_each_tax_is_half_of_the_rate() -> None:
    assert gst.taxes("36", "29", Decimal(5)) == (Tax("IGST", Decimal(5)),)
    assert gst.taxes("36", "36", Decimal(5)) == (Tax("CGST", Decimal("2.5")), Tax("SGST", Decimal("2.5")))


@pytest.mark.parametrize(
    ("payable", "rounding"),
    [("999.49", "-0.49"), ("999.50", "0.50"), ("999.51", "0.49"), ("1000", "0"), ("0.49", "-0.49")],
)
def test_the_amount_due_is_whole_rupees(payable: str, rounding: str) -> None:
    assert gst.rounding(Decimal(payable)) == Decimal(rounding)


@given(st.decimals(0, 10**12, places=2))
def test_what_is_due_is_the_nearest_rupee(payable: Decimal) -> None:
    rounding = gst.rounding(payable)
    assert (payable + rounding) % 1 == 0
    assert Decimal("-0.5") < rounding <= Decimal("0.5")


def test_the_place_of_supply() -> None:
    registered = replace(INDIAN_BUYER, vat_id="29AAGCB7383J1Z4", state_code="36")
    assert gst.place_of_supply(INDIAN_SELLER, registered) == "29"
    assert gst.place_of_supply(INDIAN_SELLER, INDIAN_BUYER) == "37"
    assert gst.place_of_supply(INDIAN_SELLER, replace(INDIAN_BUYER, state_code="")) == "36"
    assert gst.place_of_supply(INDIAN_SELLER, replace(BUYER, state_code="BY")) == "36"


def test_numbers_longer_than_sixteen_characters_are_refused() -> None:
    assert list(gst.faults(indian())) == []
    assert [fault.place for fault in gst.faults(replace(indian(), number="MUSI/2026-27/0042"))] == ["number"]
