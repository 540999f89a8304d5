"""Stored documents: exact, stable, and refused where they are not what was written."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from pipelines.billing.documents.model import Document
from pipelines.billing.documents.stored import DocumentUnreadable, from_json, to_json
from tests.documents_made import DEBIT, credited, document, indian, line

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    "made",
    [document(), credited(document(payment=DEBIT)), indian(), document([line(taxes=(), tax_category="O")])],
)
def test_a_document_comes_back_as_it_was(made: Document) -> None:
    stored = to_json(made)
    assert from_json(stored) == made
    assert to_json(from_json(stored)) == stored


def test_decimals_keep_every_digit() -> None:
    made = document([line(quantity="24.318000", unit_price="0.490000")])
    plain = json.loads(to_json(made))
    assert (plain["lines"][0]["quantity"], plain["totals"]["due"]) == ("24.318000", "14.18")
    assert plain["format"] == "kwhouse-document-1"


def test_an_exponent_is_written_as_digits() -> None:
    assert json.loads(to_json(document([line(unit_price="1E+1")])))["lines"][0]["unit_price"] == "10"


def test_a_field_that_an_older_document_lacks_takes_its_default() -> None:
    plain = json.loads(to_json(document()))
    del plain["simplified"]
    assert from_json(json.dumps(plain).encode()) == document()


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("format", {"format": "kwhouse-document-2"}),
        ("colour", {"colour": "green"}),
        ("kind", {"kind": "offer"}),
        ("issue_date", {"issue_date": "2026-13-01"}),
        ("lines", {"lines": "none"}),
        ("seller", {"seller": None}),
        ("seller", {"seller": {"name": "A"}}),
        ("number", {"number": 7}),
        ("totals.due", {"totals": {"due": 1.5}}),
        ("totals.due", {"totals": {"due": "much"}}),
    ],
)
def test_what_was_not_written_so_is_refused(place: str, change: dict[str, object]) -> None:
    plain = json.loads(to_json(document())) | change
    with pytest.raises(DocumentUnreadable) as caught:
        from_json(json.dumps(plain).encode())
    assert caught.value.place == place


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"format":"kwhouse-document-1","format":"kwhouse-document-1"}'])
def test_what_is_no_document_is_refused(text: bytes) -> None:
    with pytest.raises(DocumentUnreadable):
        from_json(text)


def test_equal_decimals_of_different_length_are_equal_documents() -> None:
    assert replace(document(), snapshot_id=None) != document()
    assert document([line(quantity="1.0", unit_price="1")]).lines[0].quantity == Decimal(1)
