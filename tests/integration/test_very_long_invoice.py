"""A fleet's month: 2,000 lines at three sites."""

from __future__ import annotations

import io

import pypdf

from pipelines.billing.documents import formats
from pipelines.billing.documents.model import arranged
from pipelines.billing.documents.pdf import to_pdf
from pipelines.billing.documents.stored import from_json, to_json
from pipelines.billing.documents.ubl import to_ubl
from tests.documents_made import document, line
from tests.einvoice import validated


def test_two_thousand_lines() -> None:
    made = document(
        arranged(
            line(number, quantity=f"{number % 60}.{number:04}", site=f"Site {number % 3}") for number in range(1, 2001)
        )
    )
    assert from_json(to_json(made)) == made
    assert validated(to_ubl(made)).failed == ()
    pages = pypdf.PdfReader(io.BytesIO(to_pdf(made))).pages
    last = " ".join(pages[-1].extract_text().split())
    assert formats.money(made.totals.due, "EUR", "en") in last
    assert f"Page {len(pages)} of {len(pages)}" in last
    assert "2000 Charging" in " ".join((pages[-2].extract_text() + " " + last).split())
