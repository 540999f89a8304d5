"""UPI payment links."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.billing.documents import upi

pytestmark = pytest.mark.fast


def test_a_link_says_what_an_app_needs() -> None:
    link = upi.link(
        vpa="musicharge@okbank",
        name="Musi Charge & Co",
        amount=Decimal(26207),
        reference="MC/26-27/00042",
        note="Invoice MC/26-27/00042",
    )
    assert link == (
        "upi://pay?pa=musicharge@okbank&pn=Musi%20Charge%20%26%20Co&tr=MC262700042"
        "&tn=Invoice%20MC%2F26-27%2F00042&am=26207.00&cu=INR"
    )
    assert parse_qs(urlsplit(link).query)["pn"] == ["Musi Charge & Co"]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("vpa", {"vpa": "musicharge"}),
        ("vpa", {"vpa": "a@b&am=1"}),
        ("amount", {"amount": Decimal(0)}),
        ("amount", {"amount": Decimal("1.005")}),
        ("amount", {"amount": Decimal("NaN")}),
        ("reference", {"reference": "//"}),
        ("reference", {"reference": "1" * 36}),
    ],
)
def test_what_apps_would_refuse_is_refused_before(field: str, change: dict[str, object]) -> None:
    given: dict[str, object] = {"vpa": "ab@bank", "name": "A", "amount": Decimal(1), "reference": "R1"}
    with pytest.raises(upi.UpiRefused) as caught:
        upi.link(**(given | change))  # type: ignore[arg-type]
    assert caught.value.field == field
