"""The VAT of what is billed: the tariff's, else the country's; none where the buyer owes it or the seller is exempt."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.stored import from_json
from pipelines.billing.documents.ubl import to_ubl
from pipelines.billing.explaining import explain_session, in_words
from tests.einvoice import validated
from tests.integration.billing_world import OPEN, energy
from tests.integration.issuing.issuing_world import IssuingWorld, issuing_world
from warehouse.extracts import extract_bytes
from warehouse.state import table

JULY, JANUARY = "2020-07-01T00:00:00+02:00", "2021-01-01T00:00:00+01:00"
ACCOUNTS = """operators:
  O:
    receivables: "10000"
    revenue:
      - {vat_percent: 0, tax_category: AE, account: "8336", vat_account: "1776"}
      - {vat_percent: 0, account: "8200", vat_account: "1776"}
"""
MAY = (date(2019, 5, 1), date(2019, 6, 1))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[IssuingWorld]:
    accounts = tmp_path / "accounts.yaml"
    accounts.write_text(ACCOUNTS)
    with issuing_world(tmp_path, accounts=accounts) as world:
        world.people("C1").basic()
        world.tariff("T", 1, energy("0.30", vat=None))
        yield world


def rate(world: IssuingWorld, percent: str, begin: str = OPEN, end: str | None = None) -> None:
    """The VAT of Germany."""
    key: list[object] = ["DE", "S", begin]
    world.set("tax_rates", key, name="VAT", rate_percent=percent, valid_to=end)


def costs(world: IssuingWorld) -> list[tuple[Any, ...]]:
    return world.rows("SELECT session_id, total_excl_vat, total_incl_vat FROM billing.cdrs ORDER BY started_at")


def amounts(*values: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, values))


def test_a_price_without_vat_bears_that_of_the_country_and_the_day(world: IssuingWorld) -> None:
    for name, day in (("before", "2020-06-30"), ("lower", "2020-07-01"), ("after", "2021-01-01")):
        world.session(name, start=f"{day}T12:00:00+00:00")
    world.run()
    assert costs(world) == [(name, Decimal(3), None) for name in ("before", "lower", "after")]
    # Germany's rate of the second half of 2020.
    rate(world, "19", OPEN, JULY)
    rate(world, "16", JULY, JANUARY)
    rate(world, "19", JANUARY)
    world.run()
    assert costs(world) == [
        ("before", *amounts("3", "3.57")),
        ("lower", *amounts("3", "3.48")),
        ("after", *amounts("3", "3.57")),
    ]
    told = in_words(explain_session(world.lake, "lower"))
    assert "VAT 16 %" in told
    assert "The CDR says the same." in told
    # What prices include is the rate of the day, too; what a tariff gives itself holds.
    world.set(
        "tariffs",
        ["T", 1],
        currency="EUR",
        ocpi_version="2.3.0",
        elements=energy("0.348", vat=None),
        tax_included="YES",
        valid_from=OPEN,
    )
    world.tariff("T", 2, energy("0.30", vat="7"), valid_from=JANUARY)
    world.run()
    assert costs(world) == [
        ("before", *amounts("2.9244", "3.48")),
        ("lower", *amounts("3", "3.48")),
        ("after", *amounts("3", "3.21")),
    ]
    before = world.tables()
    world.run(full=True)
    assert world.tables() == before


def test_a_fee_without_vat_bears_that_of_the_operators_country(world: IssuingWorld) -> None:
    rate(world, "19")
    world.plan(vat_percent=None, included_kwh=0)
    world.subscribe(valid_from="2019-05-01T00:00:00+00:00")
    world.session()
    world.run()
    rows = "SELECT kind, vat_percent, amount_excl_vat FROM billing.invoice_draft_lines ORDER BY line_no"
    assert world.rows(rows) == [("session", *amounts("19", "3")), ("fee", *amounts("19", "10"))]
    assert world.rows("SELECT total_incl_vat FROM billing.invoice_drafts") == [(Decimal("15.47"),)]


def test_who_sells_the_energy_on_owes_the_vat_itself(world: IssuingWorld) -> None:
    rate(world, "19")
    world.tariff(
        "T", 1, energy("0.357", vat="19").replace("}]}]", '}, {"type": "FLAT", "price": 1, "step_size": 1}]}]')
    )
    world.set("contracts", ["C1"], operator_id="O", currency="EUR", valid_from=OPEN, tax_category="AE")
    world.plan(included_kwh=0)
    world.subscribe(valid_from="2019-05-01T00:00:00+00:00")
    world.session()
    world.run()
    assert costs(world) == [("s1", *amounts("4.57", "4.57"))]
    assert world.rows("SELECT total_excl_vat, total_vat FROM billing.invoice_drafts") == [amounts("14.57", "0")]
    told = in_words(explain_session(world.lake, "s1"))
    assert "The holder of the contract owes the VAT (reverse charge): none is charged." in told
    assert "The CDR says the same." in told
    # What was declared since the draft was made is not on it.
    [refused] = world.issue().refused
    assert "tax_category of contract or operator is not given now, and was AE" in refused.reason
    holder = {"country_code": "AT", "company": "Roaming GmbH", "vat_id": "ATU13585627"}
    with world.engine.begin() as connection:
        connection.execute(sa.update(table("registry", "contracts")).values(tax_category="AE"))
    [refused] = world.issue().refused
    assert "buyer.vat_id: is missing, and the buyer owes the VAT" in refused.reason
    with world.engine.begin() as connection:
        connection.execute(sa.update(table("registry", "drivers")).values(holder))
    assert world.issue().refused == ()
    [(content,)] = world.rows("SELECT content FROM billing.documents")
    document = from_json(content.encode())
    assert [(line.tax_category, line.quantity, line.unit) for line in document.lines] == [
        ("AE", Decimal(1), "session"),
        ("AE", Decimal(1), "month"),
    ]
    for xml in (to_cii(document), to_ubl(document)):
        assert validated(xml).passed, xml.decode()
        assert b"VATEX-EU-AE" in xml
        assert b"ATU13585627" in xml
    summary = extract_bytes(world.lake, "vat_summary", *MAY, "csv").decode().splitlines()
    assert summary[1].startswith("O,2019-05-01,DE,AE,0")
    assert [row[5] for row in csv.reader(extract_bytes(world.lake, "journal", *MAY, "csv").decode().splitlines())] == [
        "account",
        "10000",
        "8336",
    ]


def test_an_exempt_seller_charges_none_and_says_by_which_law(world: IssuingWorld) -> None:
    rate(world, "19")
    seller = {"country_code": "DE", "party_id": "KWH", "name": "kWhouse GmbH", "tax_category": "E"}
    law = "Steuerbefreit als Kleinunternehmer (§ 19 UStG)"
    world.set("operators", ["O"], **seller)
    world.declare(
        "tax_rates",
        country_code="DE",
        tax_code="E",
        name="USt",
        rate_percent=Decimal(0),
        exemption_reason=law,
        valid_from=datetime.fromisoformat(OPEN),
    )
    with world.engine.begin() as connection:
        changed = {"tax_category": "E", "vat_id": None, "tax_number": "37/123/45678"}
        connection.execute(sa.update(table("registry", "operators")).values(changed))
    world.session()
    world.run()
    assert costs(world) == [("s1", *amounts("3", "3"))]
    assert world.issue().refused == ()
    [(content,)] = world.rows("SELECT content FROM billing.documents")
    document = from_json(content.encode())
    assert (document.exemption_reason, document.totals.tax) == (law, 0)
    assert all(validated(written(document)).passed for written in (to_cii, to_ubl))
    # A price that names a VAT contradicts that.
    world.tariff("T", 1, energy("0.30", vat="19"))
    world.session("s2", start="2019-06-10T12:00:00+00:00")
    world.run()
    refused = world.issue(datetime(2019, 7, 3, 9, tzinfo=UTC)).refused
    assert [("the operator charges none (tax_category E)" in one.reason) for one in refused] == [True, True]


def test_another_reason_for_no_vat_is_another_document(world: IssuingWorld) -> None:
    world.tariff("T", 1, energy("0.30", vat="0"))
    world.session()
    world.run()
    world.issue()
    due = "SELECT due, tax_category FROM billing.due_documents"
    assert world.rows(due) == []
    seller = {"country_code": "DE", "party_id": "KWH", "name": "kWhouse GmbH"}
    world.set("operators", ["O"], **seller, tax_category="E")
    world.run()
    assert world.rows(due) == [("changed", "E")]
    world.set("operators", ["O"], **seller)
    world.run()
    assert world.rows(due) == []
