"""Statements of site owners: issued with numbers, corrected, sent, and paid once, all on the real parts."""

from __future__ import annotations

import email
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.policy import default
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree
from pypdf import PdfReader
from typer.testing import CliRunner

from pipelines.billing.bank.errors import BankError, NothingToSend
from pipelines.billing.bank.schema import checked
from pipelines.billing.closing.chain import reconcile
from pipelines.billing.closing.close import status
from pipelines.billing.closing.periods import move
from pipelines.billing.commands.owner import owner_app
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.pdf import to_pdf
from pipelines.billing.documents.structured import possible
from pipelines.billing.documents.ubl import to_ubl
from pipelines.billing.issuing.archive import issued_document
from pipelines.billing.issuing.register import DocumentUnknown
from pipelines.billing.issuing.sending import send_documents, unsent
from pipelines.billing.owners.dues import Wanted
from pipelines.billing.owners.issue import IssueReport, issue, void
from pipelines.billing.owners.payouts import file_of, pay, take_back
from pipelines.billing.owners.telling import told
from tests.einvoice import validated
from tests.integration.issuing.issuing_world import IssuingWorld, issuing_world
from tests.mail_server import Mailbox, started
from warehouse.errors import InputError
from warehouse.extracts import extract_bytes, extract_content
from warehouse.readers import owners as readers
from warehouse.settings import Settings
from warehouse.state import table

APRIL, MAY = date(2019, 4, 1), date(2019, 5, 1)
NOW = datetime(2019, 6, 3, 9, tzinfo=UTC)
D = Decimal
WILMA = {
    "owner_id": "W",
    "name": "Wilma Wald",
    "email": "wilma@example.org",
    "street": "Waldweg 3",
    "post_code": "14193",
    "city": "Berlin",
    "country_code": "DE",
    "vat_id": "DE129273398",
    "iban": "DE02 1203 0000 0000 2020 51",
    "invoicing": "self_billed",
}
VERA = {"owner_id": "V", "name": "Vera Vogel", "iban": "NL91ABNA0417164300", "email": "vera@example.org"}


class OwnersWorld(IssuingWorld):
    """One session of 3.00 in May 2019; `W` and `V` have agreements about its site, and April and May are closed."""

    def begin(self) -> OwnersWorld:
        self.people("C1").basic()
        self.declare("site_owners", **WILMA)
        self.declare("site_owners", **VERA)
        self.rent("OC", "2019-04-30T22:00:00Z", owner_id="W")
        self.rent("OC2", "2019-05-15T22:00:00Z", owner_id="V", vat_percent=None, revenue_share_percent=0)
        self.session("s1", "2019-05-10T12:00:00+00:00")
        self.run()
        self.close(MAY)
        return self

    def close(self, month: date) -> None:
        with self.engine.begin() as connection:
            move(connection, "O", month, "locked", at=NOW, by="Ada")
            move(connection, "O", month, "closed", at=NOW, by="Ada")

    def owner(self, owner_id: str, **values: Any) -> None:
        owners = table("registry", "site_owners")
        with self.engine.begin() as connection:
            connection.execute(sa.update(owners).where(owners.c.owner_id == owner_id).values(**values))

    def state_owners(self, now: datetime = NOW, **wanted: Any) -> IssueReport:
        return issue(self.lake, self.engine, Wanted(**wanted), now=now, by="Ada")

    def statements(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT document_id, status, owner_id, total_incl_vat, corrects FROM billing.owner_documents "
            "ORDER BY issued_at, kind, document_id"
        )

    def dues(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT owner_id, month, status FROM billing.owner_dues ORDER BY ALL")


@contextmanager
def owners_world(home: Path) -> Iterator[OwnersWorld]:
    with issuing_world(home) as plain:
        world = OwnersWorld(plain.lake)
        world.engine = plain.engine
        yield world.begin()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[OwnersWorld]:
    with owners_world(tmp_path) as world:
        yield world


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnersWorld]:
    """May as it is stated; tests only read it and send it."""
    with owners_world(tmp_path_factory.mktemp("stated")) as world:
        assert world.state_owners().refused == ()
        yield world


def text_of(pdf: bytes) -> str:
    return " ".join("\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_a_self_billed_invoice_and_a_plain_statement(stated: OwnersWorld) -> None:
    # W: 10 % of 3.00 and a rent of 31.00, with 19 %. V: 16 of 31 days, no VAT.
    assert stated.statements() == [
        ("KWHO2019-000001", "issued", "V", D(16), None),
        ("KWHO2019-000002", "issued", "W", D("37.25"), None),
    ]
    assert stated.state_owners() == IssueReport((), ())
    document = issued_document(stated.engine, "KWHO2019-000002")
    for written in (to_cii, to_ubl):
        xml = written(document)
        judged = validated(xml)
        assert judged.passed, judged
        assert b">389<" in xml
    text = text_of(to_pdf(document))
    for words in (
        "Self-billed invoice KWHO2019-000002",
        "kWhouse GmbH",
        "Waldweg 3",
        "Your VAT id DE129273398",
        "Share of the charging revenue, 10%",
        "of €3.00 billed before VAT · 1 session · 10.000 kWh",
        "We transfer €37.25 by 17 June 2019",
        "DE02 1203 0000 0000 2020 51",
        "self-billing",
    ):
        assert words in text.replace("\u00a0", " "), words
    plain = issued_document(stated.engine, "KWHO2019-000001")
    assert not possible(plain)
    text = text_of(to_pdf(plain)).replace("\u00a0", " ")
    assert "Statement KWHO2019-000001" in text
    assert "16 of 31 days of €31.00 a month" in text
    assert "This is a statement, not an invoice" in text
    assert "Rent" in told(plain)
    assert "€16.00" in told(plain)


def test_late_data_take_a_statement_back_and_write_a_new_one(world: OwnersWorld) -> None:
    world.state_owners()
    world.session("late", "2019-05-20T12:00:00+00:00")
    world.run()
    assert world.dues() == [("V", MAY, "issued"), ("W", MAY, "changed")]
    later = NOW + timedelta(days=30)
    world.state_owners(now=later)
    # 10 % of 6.00 and 31.00, with 19 %: 37.60; V has no share, so nothing changes for him.
    assert world.statements()[2:] == [
        ("KWHOC2019-000001", "issued", "W", D("-37.25"), "KWHO2019-000002"),
        ("KWHO2019-000003", "issued", "W", D("37.60"), None),
    ]
    assert issued_document(world.engine, "KWHO2019-000003").notes == ("Takes the place of KWHO2019-000002.",)
    world.remove("owner_contracts", ["OC"])
    world.run()
    assert ("W", MAY, "gone") in world.dues()
    [credit] = world.state_owners(now=later + timedelta(days=1)).issued
    assert (credit.kind, credit.corrects) == ("credit_note", "KWHO2019-000003")
    assert world.dues() == [("V", MAY, "issued")]
    assert sum(row[3] for row in world.statements() if row[2] == "W") == 0
    # The customers' numbers are a chain of their own.
    numbers = [
        step for step in reconcile(world.lake, world.engine, "O", MAY).steps if step.step == "numbers_to_documents"
    ]
    assert all(step.adds_up for step in numbers)
    # What is taken back after the mark of an extract stood when it was made.
    asked = (world.lake, "owner_documents", MAY, date(2019, 6, 1), "csv")
    content, _, mark = extract_content(*asked)
    today = datetime.now(UTC) + timedelta(seconds=5)
    void(world.lake, world.engine, "KWHO2019-000001", reason="Wrong address", now=today, by="Ada")
    assert world.dues() == [("V", MAY, "draft")]
    assert extract_bytes(*asked, snapshot=mark) == content != extract_bytes(*asked)
    with pytest.raises(DocumentUnknown, match="taken back already"):
        void(world.lake, world.engine, "KWHO2019-000001", reason="Again", now=later, by="Ada")


def test_what_cannot_be_stated_says_why_and_takes_no_number(world: OwnersWorld) -> None:
    world.rent("OC3", "2019-04-30T22:00:00Z", owner_id="X")
    world.owner("W", vat_id=None)
    world.session("june", "2019-06-10T12:00:00+00:00")
    world.run()
    [refused] = world.state_owners(month=date(2019, 6, 1), owner_id="V").refused
    assert "kwhouse close 2019-06" in refused.reason
    assert status(world.lake, "O", MAY).chain.owners == ("V", "W", "X")
    assert "(`kwhouse owner issue`): V, W, X" in str(status(world.lake, "O", MAY))
    report = world.state_owners()
    reasons = {one.owner_id: one.reason for one in report.refused}
    assert set(reasons) == {"W", "X"}
    assert "seller.vat_id: is missing. Set vat_id of the owner" in reasons["W"]
    assert "no site owner 'X'" in reasons["X"]
    assert [one.document_id for one in report.issued] == ["KWHO2019-000001"]
    world.owner("W", vat_id=WILMA["vat_id"])
    world.rent("OC", "2019-04-30T22:00:00Z", owner_id="W", vat_percent=None)
    world.run()
    [refused] = world.state_owners(month=MAY, owner_id="W").refused
    assert "agreement OC has no vat_percent" in refused.reason
    with pytest.raises(InputError, match="never issued"):
        issued_document(world.engine, "KWHO2019-000002")


def test_each_statement_is_paid_once_and_corrections_go_into_the_next_file(world: OwnersWorld) -> None:
    world.state_owners()
    world.owner("V", iban="NL91ABNA0417164301")
    first = pay(world.engine, "O", on=date(2019, 6, 8), now=NOW, by="Ada")
    assert (first.total, first.transfers, first.statements) == (D("37.25"), 1, ("KWHO2019-000002",))
    assert first.execution_date == date(2019, 6, 10)  # asked for on a Saturday
    [left] = first.carried
    assert (left.owner_id, left.amount, left.is_fault) == ("V", D(16), True)
    assert "check digit" in left.reason
    assert "NL91ABNA0417164301" not in left.reason
    xml = file_of(world.engine, first.payout_id)
    assert checked(xml, "pain.001.001.09") == xml
    root = etree.fromstring(xml)
    assert [e.text for e in root.iter("{*}Ustrd")] == ["kWhouse GmbH KWHO2019-000002"]
    assert [e.text for e in root.iter("{*}InstdAmt")] == ["37.25"]
    with pytest.raises(NothingToSend, match="V"):
        pay(world.engine, "O", on=NOW.date(), now=NOW, by="Ada", minimum=D("20"))

    # Less revenue than was paid for: the correction is carried until more is due.
    world.session("s1", "2019-05-10T12:00:00+00:00", energy_wh=D(1_000))
    world.run()
    world.state_owners(now=NOW + timedelta(days=1))
    world.owner("V", iban=VERA["iban"])
    second = pay(world.engine, "O", on=NOW.date(), now=NOW, by="Ada")
    assert second.statements == ("KWHO2019-000001",)
    assert [(one.owner_id, one.amount) for one in second.carried] == [("W", D("-0.32"))]
    with pytest.raises(NothingToSend, match=r"W, -0\.32"):
        pay(world.engine, "O", on=NOW.date(), now=NOW, by="Ada")

    # The first transfer came back: statement, credit note and the new statement are one transfer.
    with pytest.raises(BankError, match="no transfer to V"):
        take_back(world.engine, first.payout_id, NOW.date(), "V")
    assert take_back(world.engine, first.payout_id, NOW.date()) == ("KWHO2019-000002",)
    third = pay(world.engine, "O", on=NOW.date(), now=NOW, by="Ada")
    assert third.total == D("36.93")
    assert third.statements == ("KWHO2019-000002", "KWHOC2019-000001", "KWHO2019-000003")
    listed = readers.payouts(world.lake)
    assert sorted(listed["returned"].to_list()) == [0, 0, 1]
    assert set(readers.listing(world.lake, month=MAY)["payout_id"]) == {second.payout_id, third.payout_id}
    assert readers.payout_items(world.lake, third.payout_id)["amount"].sum() == D("36.93")


def test_statements_go_to_their_owners_by_mail(stated: OwnersWorld) -> None:
    box, seconds = Mailbox(), count()
    controller = started(box)
    try:
        settings = Settings(
            home=stated.lake.settings.home, mail_host="127.0.0.1", mail_port=controller.port, mail_encryption="none"
        )
        numbers = unsent(stated.engine, month=MAY, kept_in="owner_documents")
        sent = send_documents(stated.engine, settings, numbers, clock=lambda: NOW + timedelta(seconds=next(seconds)))
    finally:
        controller.stop()
    assert [one.outcome for one in sent] == ["accepted", "accepted"]
    assert unsent(stated.engine, month=MAY, kept_in="owner_documents") == []
    vera, wilma = (email.message_from_bytes(one.content or b"", policy=default) for one in box.taken)
    assert (wilma["To"].addresses[0].addr_spec, wilma["From"].addresses[0].addr_spec) == (
        "wilma@example.org",
        "billing@kwhouse.example",
    )
    assert "self-billed invoice KWHO2019-000002 of 3 June 2019 over €37.25" in " ".join(
        wilma.get_body().get_content().split()
    )
    assert [part.get_filename() for part in wilma.iter_attachments()] == ["KWHO2019-000002.pdf", "KWHO2019-000002.xml"]
    assert [part.get_filename() for part in vera.iter_attachments()] == ["KWHO2019-000001.pdf"]
    assert stated.rows("SELECT document_id, outcome FROM billing.deliveries ORDER BY sent_at") == [
        ("KWHO2019-000001", "accepted"),
        ("KWHO2019-000002", "accepted"),
    ]


def test_the_extract_holds_the_documents_and_no_name(stated: OwnersWorld) -> None:
    text = extract_bytes(stated.lake, "owner_documents", MAY, date(2019, 6, 1), "csv").decode()
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["KWHO2019-000001", "KWHO2019-000002"]
    assert "Wilma" not in text


def test_the_commands(stated: OwnersWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(stated.lake.settings.home))

    def run(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(owner_app, list(arguments))
        assert done.exit_code == status, (done.output, done.exception)
        return done.stdout

    rows = json.loads(run("list", "--month", "2019-05", "--json"))
    assert [(row["owner_id"], row["status"]) for row in rows] == [("V", "issued"), ("W", "issued")]
    assert "Nothing to issue" in run("issue")
    assert "Wilma Wald" in run("show", "KWHO2019-000002")
    target = tmp_path / "statement.xml"
    run("write", "KWHO2019-000002", "-o", str(target), "--format", "cii")
    assert b">389<" in target.read_bytes()
    run("write", "KWHO2019-000001", "-o", str(target), "--format", "cii", status=1)

    file = tmp_path / "payout.xml"
    made = json.loads(run("payout", "--operator", "O", "-o", str(file), "--minimum", "20", "--json"))
    assert (made["total"], made["carried"][0]["owner_id"]) == ("37.25", "V")
    [listed] = json.loads(run("payouts", "--json"))
    assert (listed["payout_id"], listed["transfers"]) == (made["payout_id"], 1)
    assert "KWHO2019-000002" in run("payouts", made["payout_id"])
    again = tmp_path / "again.xml"
    run("payouts", made["payout_id"], "-o", str(again))
    assert again.read_bytes() == file.read_bytes()
    assert "KWHO2019-000002" in run("returned", made["payout_id"], "--owner", "W")
    run("payout", "--operator", "O", "-o", str(file), "--minimum", "-1", status=2)
