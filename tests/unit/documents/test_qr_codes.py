"""What payment codes say: EPC069-12 line by line, and the UPI link."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
import segno
from lxml import etree

from pipelines.billing.documents.qr_codes import payment_code, upi_link
from tests.documents_made import DEBIT, credited, document, indian

pytestmark = pytest.mark.fast


def drawn(svg: str) -> str:
    """The path of a code: which modules are black."""
    return str(etree.fromstring(svg).find("{http://www.w3.org/2000/svg}path").get("d"))


def of_code(code: segno.QRCode) -> str:
    written = io.BytesIO()
    code.save(written, kind="svg", border=0)
    return drawn(written.getvalue().decode().partition("?>")[2])


def test_an_epc_code_holds_the_transfer() -> None:
    told = "\n".join(
        [
            "BCD",
            "002",
            "1",
            "SCT",
            "COBADEFFXXX",
            "Isarstrom Ladenetz GmbH",
            "DE89370400440532013000",
            "EUR18.85",
            "",
            "",
            "R-2026-000417",
        ]
    )
    by_hand = segno.make(told.encode(), error="m", boost_error=False, micro=False, mode="byte")
    assert drawn(payment_code(document())) == of_code(by_hand)


def test_a_upi_code_holds_the_link() -> None:
    link = upi_link(indian())
    assert link.startswith("upi://pay?pa=musicharge@okbank&pn=Musi%20Charge%20Private%20Limited&tr=MC262700042&")
    assert "am=26206.92" in link
    assert drawn(payment_code(indian())) == of_code(segno.make(link, error="m"))


@pytest.mark.parametrize("made", [credited(document()), document(payment=DEBIT), document(paid=Decimal("18.85"))])
def test_no_code_where_nothing_is_to_be_transferred(made: object) -> None:
    assert payment_code(made) == ""  # type: ignore[arg-type]
