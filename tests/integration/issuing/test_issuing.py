"""Drafts become documents: once each, with numbers without gaps, and corrected by a credit note."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.billing.documents.stored import from_json
from pipelines.billing.issuing.drafts import Wanted, read_drafts
from pipelines.billing.issuing.issue import issue, void
from pipelines.billing.issuing.register import Act, DocumentUnknown, IssuedMeanwhile, register
from tests.integration.billing_world import OPEN, energy
from tests.integration.issuing.issuing_world import NOW, IssuingWorld, issuing_world
from warehouse.errors import InputError
from warehouse.extracts import extract_bytes
from warehouse.state import table


@pytest.fixture
def world(tmp_path: Path) -> Iterator[IssuingWorld]:
    with issuing_world(tmp_path) as world:
        world.people("C1")
        world.basic()
        yield world


def test_a_draft_becomes_an_invoice_once(world: IssuingWorld) -> None:
    world.session()
    world.run()
    report = world.issue()
    assert [(i.document_id, i.kind, i.total_incl_vat) for i in report.issued] == [
        ("KWH2019-000001", "invoice", Decimal("3.57"))
    ]
    assert report.refused == ()
    assert world.issue().issued == ()
    assert world.rows("SELECT invoice_id, status, total_excl_vat, total_vat FROM billing.invoices") == [
        ("KWH2019-000001", "issued", Decimal("3.0000"), Decimal("0.5700"))
    ]
    assert world.rows("SELECT invoice_id, kind, session_id, energy_wh FROM billing.invoice_lines") == [
        ("KWH2019-000001", "session", "s1", Decimal(10_000))
    ]


def test_the_document_says_what_was_charged(world: IssuingWorld) -> None:
    world.session()
    world.run()
    world.issue()
    [(content,)] = world.rows("SELECT content FROM billing.documents")
    document = from_json(content.encode())
    [line] = document.lines
    assert (line.quantity, line.unit, line.unit_price, line.amount_excl_tax) == (
        Decimal("10.000000"),
        "kWh",
        Decimal("0.300000"),
        Decimal("3.0000"),
    )
    assert line.detail.replace("\u00a0", " ") == "station · 10 May 2019 14:00–15:30 · 10.000 kWh"
    assert (document.period_from, document.period_to) == (date(2019, 5, 1), date(2019, 5, 31))
    assert document.buyer.name == "Ada Example"
    assert document.due_date == date(2019, 6, 17)


def test_the_day_of_issue_is_the_operators(world: IssuingWorld) -> None:
    world.session()
    world.run()
    world.issue(datetime(2019, 12, 31, 23, 30, tzinfo=UTC))
    assert world.rows("SELECT document_id, issue_date FROM billing.documents") == [("KWH2020-000001", date(2020, 1, 1))]


def test_late_data_give_a_credit_note_and_a_new_invoice(world: IssuingWorld) -> None:
    world.session()
    world.session("s2", start="2019-05-11T12:00:00+00:00")
    world.run()
    world.issue()
    world.session("s2", start="2019-05-11T12:00:00+00:00", energy_wh=Decimal(12_000))
    world.run()
    before = world.rows("SELECT content, content_sha256 FROM billing.documents")
    # The draft waits beside what stands, and only what stands counts.
    assert world.rows("SELECT invoice_id, status, due, sessions, total_excl_vat FROM billing.invoices") == [
        ("KWH2019-000001", "issued", "changed", 2, Decimal("6.0000"))
    ]
    assert world.rows("SELECT sum(energy_wh), sum(amount_excl_vat) FROM billing.invoice_lines") == [
        (Decimal(20_000), Decimal("6.0000"))
    ]
    assert world.rows("SELECT due, standing, total_excl_vat FROM billing.due_documents") == [
        ("changed", "KWH2019-000001", Decimal("6.6000"))
    ]
    ticks = (NOW + timedelta(seconds=second) for second in count())
    issue(world.lake, world.engine, Wanted(), clock=lambda: next(ticks), by="tester")
    # The run began at NOW; each document has an instant of its own.
    assert world.rows("SELECT document_id, issued_at FROM billing.documents ORDER BY issued_at") == [
        ("KWH2019-000001", NOW),
        ("KWHC2019-000001", NOW + timedelta(seconds=1)),
        ("KWH2019-000002", NOW + timedelta(seconds=2)),
    ]
    assert world.rows("SELECT sum(sessions), sum(total_excl_vat), count(due) FROM billing.invoices") == [
        (2, Decimal("6.6000"), 0)
    ]
    assert world.documents() == [
        ("KWH2019-000001", "invoice", "credited", Decimal("7.1400"), None),
        ("KWH2019-000002", "invoice", "issued", Decimal("7.8500"), None),
        ("KWHC2019-000001", "credit_note", "issued", Decimal("-7.1400"), "KWH2019-000001"),
    ]
    kept = world.rows("SELECT content, content_sha256 FROM billing.documents WHERE document_id = 'KWH2019-000001'")
    assert kept == before
    # All that stands adds up to what is billed now: the energy once, the money once.
    assert world.rows("SELECT sum(energy_wh), sum(amount_excl_vat) FROM billing.invoice_lines") == [
        (Decimal(22_000), Decimal("6.6000"))
    ]


def test_a_cdr_that_left_the_house_never_changes(world: IssuingWorld) -> None:
    world.session()
    world.run()
    world.issue()
    issued = world.rows("SELECT * FROM billing.issued_cdrs")
    world.session(energy_wh=Decimal(12_000))
    world.run()
    world.issue()
    rows = world.rows(
        "SELECT kind, energy_wh, total_excl_vat, total_incl_vat FROM billing.issued_cdrs ORDER BY kind, energy_wh"
    )
    assert rows == [
        ("cdr", Decimal(10_000), Decimal("3.0000"), Decimal("3.5700")),
        ("cdr", Decimal(12_000), Decimal("3.6000"), Decimal("4.2840")),
        ("credit", Decimal(10_000), Decimal("-3.0000"), Decimal("-3.5700")),
    ]
    assert issued[0] in world.rows("SELECT * FROM billing.issued_cdrs")


def test_a_cdr_that_holds_again_after_its_credit_leaves_anew(world: IssuingWorld) -> None:
    for energy_wh in (10_000, 12_000, 10_000, 12_000):
        world.session(energy_wh=Decimal(energy_wh))
        world.run()
        assert world.issue().refused == ()
    rows = world.rows("SELECT issued_cdr_id, cdr_id, kind, energy_wh FROM billing.issued_cdrs")
    assert len({row[0] for row in rows}) == len(rows) == 7
    ends = sorted((int(energy_wh), kind, issued.removeprefix(cdr)) for issued, cdr, kind, energy_wh in rows)
    assert ends == [
        (10_000, "cdr", ""),
        (10_000, "cdr", "-2"),
        (10_000, "credit", "-2-C"),
        (10_000, "credit", "-C"),
        (12_000, "cdr", ""),
        (12_000, "cdr", "-2"),
        (12_000, "credit", "-C"),
    ]
    # What stands of all that left is what the session costs.
    assert world.rows("SELECT sum(total_excl_vat) FROM billing.issued_cdrs") == [(Decimal("3.6000"),)]


def test_a_session_taken_back_is_credited_without_a_new_invoice(world: IssuingWorld) -> None:
    world.session()
    world.run()
    world.issue()
    world.drop_session("s1")
    world.run()
    assert world.rows("SELECT due, standing, total_incl_vat FROM billing.due_documents") == [
        ("gone", "KWH2019-000001", Decimal(0))
    ]
    report = world.issue()
    assert [(i.kind, i.total_incl_vat) for i in report.issued] == [("credit_note", Decimal("-3.5700"))]
    assert world.rows("SELECT sum(amount_excl_vat) FROM billing.invoice_lines") == [(Decimal(0),)]
    assert world.issue().issued == ()


def test_void_takes_an_invoice_back_and_its_sessions_are_a_draft_again(world: IssuingWorld) -> None:
    world.session()
    world.run()
    world.issue()
    credit = void(world.lake, world.engine, "KWH2019-000001", reason="Wrong address", now=NOW, by="tester")
    assert (credit.document_id, credit.corrects) == ("KWHC2019-000001", "KWH2019-000001")
    [(content,)] = world.rows("SELECT content FROM billing.documents WHERE kind = 'credit_note'")
    assert from_json(content.encode()).notes == ("Wrong address",)
    assert ("draft",) in world.rows("SELECT status FROM billing.invoices")
    assert [i.document_id for i in world.issue().issued] == ["KWH2019-000002"]
    with pytest.raises(DocumentUnknown, match="taken back already"):
        void(world.lake, world.engine, "KWH2019-000001", reason="Again", now=NOW, by="tester")
    with pytest.raises(DocumentUnknown, match="never issued"):
        void(world.lake, world.engine, "KWH2019-000009", reason="No such", now=NOW, by="tester")
    with pytest.raises(InputError, match="reason"):
        void(world.lake, world.engine, "KWH2019-000002", reason=" ", now=NOW, by="tester")
    # A refused one uses no number.
    assert sorted(world.rows("SELECT series, next_serial FROM billing.number_series")) == [
        ("KWH2019", 3),
        ("KWHC2019", 2),
    ]


def test_what_may_not_be_issued_stays_a_draft_and_uses_no_number(world: IssuingWorld) -> None:
    world.tariff("T", 1, energy("0.30", vat=None))
    world.session()
    world.run()
    report = world.issue()
    assert report.issued == ()
    [refused] = report.refused
    assert "VAT of line 1 is not known" in refused.reason
    assert "tariff T (version 1)" in refused.reason
    assert world.rows("SELECT * FROM billing.number_series") == []
    assert world.rows("SELECT status FROM billing.invoices") == [("draft",)]


def test_without_a_buyer_the_reason_names_the_mend(world: IssuingWorld) -> None:
    world.set("contracts", ["C2"], operator_id="O", currency="EUR", valid_from=OPEN)
    world.set("tokens", ["pseudonym"], token_type="RFID", contract_id="C2", status="active", valid_from=OPEN)
    world.session()
    world.run()
    [refused] = world.issue().refused
    assert refused.reason.startswith("Contract C2: the registry does not know it.")


def test_a_closed_month_books_its_corrections_in_the_next_open_one(world: IssuingWorld) -> None:
    world.session()
    world.run()
    with world.engine.begin() as connection:
        for month in (5, 6):
            connection.execute(
                sa.insert(table("billing", "periods")),
                {
                    "operator_id": "O",
                    "month": date(2019, month, 1),
                    "state": "closed",
                    "changed_at": NOW,
                    "changed_by": "tester",
                },
            )
    world.issue()
    assert world.rows("SELECT month, booked_month FROM billing.documents") == [(date(2019, 5, 1), date(2019, 7, 1))]


def test_only_what_is_wanted_is_issued(world: IssuingWorld) -> None:
    world.session()
    world.session("s2", start="2019-06-01T12:00:00+00:00")
    world.run()
    report = world.issue(month=date(2019, 6, 1))
    assert [(i.month, i.document_id) for i in report.issued] == [(date(2019, 6, 1), "KWH2019-000001")]


def test_a_draft_that_another_run_has_issued_is_left_alone(world: IssuingWorld) -> None:
    world.session()
    world.run()
    [draft] = read_drafts(world.lake, Wanted())
    world.issue()
    act = Act(lambda: NOW, NOW.date(), "tester", 1)
    with pytest.raises(IssuedMeanwhile):
        register(world.engine, draft, "KWH2019", lambda _number: pytest.fail("must not be made"), act)
    assert world.rows("SELECT next_serial FROM billing.number_series") == [(2,)]


def test_prices_that_include_their_tax_and_least_prices_can_be_issued_and_read_again(world: IssuingWorld) -> None:
    elements = '[{"price_components": [{"type": "ENERGY", "price": 0.59, "vat": 19, "step_size": 1}]}]'
    terms = {"currency": "EUR", "ocpi_version": "2.3.0", "valid_from": OPEN, "elements": elements}
    world.set("tariffs", ["T", 1], **terms, tax_included="YES")
    world.set("tariffs", ["M", 1], **{**terms, "ocpi_version": "2.2.1"}, min_price='{"excl_vat": 1, "incl_vat": 1.19}')
    world.assign("B", "M", station_id="dear")
    world.session(energy_wh=Decimal(30_000))
    world.session("nothing flowed", station_id="dear", energy_wh=Decimal(0))
    world.run()
    report = world.issue()
    assert report.refused == ()
    [(content,)] = world.rows("SELECT content FROM billing.documents")
    amounts = [line.amount_excl_tax for line in from_json(content.encode()).lines]
    # 30 kWh at 0.59 are 17.70 with 19 %: 14.87 before; a least price of 1.
    assert sorted(amounts) == [Decimal("1.0000"), Decimal("14.8700")]
    assert void(world.lake, world.engine, report.issued[0].document_id, reason="Read", now=NOW, by="tester").corrects


def test_a_credit_note_is_of_who_issued_the_invoice_whatever_the_registry_says_now(world: IssuingWorld) -> None:
    world.session()
    world.run()
    world.issue()
    with world.engine.begin() as connection:
        connection.execute(sa.delete(table("registry", "contracts")))
        connection.execute(sa.update(table("registry", "operators")).values(invoice_series="OTHER"))
    credit = void(world.lake, world.engine, "KWH2019-000001", reason="Forgotten", now=NOW, by="tester")
    assert credit.document_id == "KWHC2019-000001"


def test_nothing_is_issued_for_a_locked_month(world: IssuingWorld) -> None:
    world.session()
    world.run()
    month = {"operator_id": "O", "month": date(2019, 5, 1), "state": "locked", "changed_at": NOW, "changed_by": "Ada"}
    with world.engine.begin() as connection:
        connection.execute(sa.insert(table("billing", "periods")), month)
    [refused] = world.issue().refused
    assert "2019-05 of O is locked" in refused.reason
    assert world.rows("SELECT * FROM billing.number_series") == []


def test_an_indian_invoice_bears_two_taxes_each_rounded(tmp_path: Path) -> None:
    with issuing_world(tmp_path) as world:
        world.declare(
            "operators",
            operator_id="O",
            name="Charge Pune Pvt Ltd",
            country_code="IN",
            party_id="KWH",
            vat_id="27AAPFU0939F1ZV",
            street="MG Road 1",
            post_code="411001",
            city="Pune",
            state_code="27",
            time_zone="Asia/Kolkata",
            legal_id="U1",
            upi_vpa="kwhouse@upi",
            invoice_series="KWH",
        )
        buyer = {"name": "Asha", "street": "FC Road 2", "post_code": "411004", "city": "Pune", "state_code": "27"}
        world.declare("drivers", driver_id="D", country_code="IN", **buyer)
        opened = datetime.fromisoformat(OPEN)
        world.declare(
            "contracts",
            contract_id="C1",
            operator_id="O",
            driver_id="D",
            currency="INR",
            payment_method="upi",
            valid_from=opened,
        )
        world.basic()
        world.set("operators", ["O"], country_code="IN", party_id="KWH", name="Charge Pune Pvt Ltd")
        world.set("contracts", ["C1"], operator_id="O", currency="INR", valid_from=OPEN)
        world.tariff("T", 1, energy("11.45", vat="18"), currency="INR")
        world.session(energy_wh=Decimal(7_310))
        world.run()
        report = world.issue()
        assert report.refused == ()
        [(content,)] = world.rows("SELECT content FROM billing.documents")
        document = from_json(content.encode())
        # 7.31 kWh × 11.45 = 83.70; 9 % of it is 7.533, twice 7.53.
        assert [(tax.name, tax.percent, tax.amount) for tax in document.taxes] == [
            ("CGST", Decimal(9), Decimal("7.53")),
            ("SGST", Decimal(9), Decimal("7.53")),
        ]
        assert (document.lines[0].sac_code, document.place_of_supply) == ("998714", "27")
        assert world.rows("SELECT sum(vat) FROM billing.document_vat") == [(Decimal("15.0600"),)]
        # 83.70 + 15.06 = 98.76, in whole rupees 99; numbered in the financial year from April 2019 to March 2020.
        assert (document.totals.incl_tax, document.totals.rounding, document.totals.due) == (
            Decimal("98.76"),
            Decimal("0.24"),
            Decimal("99.00"),
        )
        void(world.lake, world.engine, "KWH1920-000001", reason="Test", now=datetime(2020, 4, 1, 9, tzinfo=UTC), by="t")
        totals = "total_excl_vat, total_vat, rounding_amount, total_incl_vat"
        assert world.rows(f"SELECT document_id, {totals} FROM billing.documents ORDER BY kind DESC") == [
            ("KWH1920-000001", *map(Decimal, ("83.7", "15.06", "0.24", "99"))),
            ("KWHC2021-000001", *map(Decimal, ("-83.7", "-15.06", "-0.24", "-99"))),
        ]
        journal = json.loads(extract_bytes(world.lake, "journal", date(2019, 5, 1), date(2019, 6, 1), "json"))
        assert [
            (row["account_role"], Decimal(str(row["debit"])) - Decimal(str(row["credit"])))
            for row in journal
            if row["document"] == "KWH1920-000001"
        ] == [
            ("receivables", Decimal(99)),
            ("revenue", Decimal("-83.7")),
            ("vat", Decimal("-15.06")),
            ("rounding", Decimal("-0.24")),
        ]
        # Without a contract a card pays what the draft says: 8.906 kWh are 101.97, and 9 % of that is 9.18, twice.
        world.session("card", energy_wh=Decimal(8_906), id_token=None)
        world.run()
        [(drafted,)] = world.rows("SELECT total_incl_vat FROM billing.invoice_drafts WHERE invoice_id = 'adhoc:card'")
        [receipt] = world.issue(draft_ids=("adhoc:card",)).issued
        assert drafted == receipt.total_incl_vat == Decimal("120.33")
