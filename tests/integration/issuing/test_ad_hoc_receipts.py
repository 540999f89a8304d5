"""Sessions without a contract: from the CDR and the captured payment to the receipt, and to the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.billing.cards import pages
from pipelines.billing.cards.booking import tell
from pipelines.billing.cards.reconciling import reconcile
from pipelines.billing.documents.en16931 import to_cii
from pipelines.billing.documents.mail import message_of
from pipelines.billing.documents.model import Document
from pipelines.billing.documents.pdf import to_pdf
from pipelines.billing.drafts import invoices
from pipelines.billing.issuing.archive import issued_document
from pipelines.billing.issuing.buyers import BuyerRefused, name_buyer
from pipelines.billing.issuing.issue import IssueReport, void
from pipelines.billing.issuing.sending import unsent
from pipelines.billing.ledger import dunning_book, store
from pipelines.billing.ledger.ad_hoc import account_of_session
from pipelines.billing.ledger.balance import ContractBalance, check, contracts
from pipelines.billing.payments import records
from pipelines.billing.payments.events import Disputed
from pipelines.billing.payments.finishing import finish_ended
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.service import PaymentService
from pipelines.billing.pricing import cdrs
from tests.einvoice import validated
from tests.honest_provider import HonestProvider
from tests.integration.billing_world import OPEN
from tests.integration.issuing.issuing_world import NOW, IssuingWorld, issuing_world

D = Decimal
MAY = date(2019, 5, 1)
PRICED = (cdrs.STAGE, invoices.STAGE)
# Each test has sessions of its own: 10 kWh at 0.30 and 19 % VAT, 3.57 EUR with it.
SESSIONS = (
    *("first", "later", "short", "late 12000", "late 8000", "back", "void", "twice"),
    *("mailed", "nobody asked", "unpaid"),
)


class Counter(IssuingWorld):
    """An issuing world with a card provider."""

    payments: Payments

    def hold(self, session_id: str, minor: int = 6000, **more: Any) -> str:
        held = self.payments.authorise(
            Money("EUR", minor), session_id=session_id, operator_id="O", method_id="pm_good", **more
        )
        assert held.state == "authorised"
        return held.payment_id

    def receipt(self, session_id: str) -> IssueReport:
        return self.issue(draft_ids=(account_of_session(session_id),))

    def page(self, payment_id: str) -> dict[str, Any]:
        """The payment page of a hold, where no card can be taken."""
        service = PaymentService(self.lake.settings, self.engine, tell)
        page = pages.page(service, records.get(self.engine, payment_id).pay_token)
        assert page is not None
        return page

    def document(self, session_id: str) -> Document:
        """The document that stands for a session."""
        [(number,)] = self.rows(
            "SELECT document_id FROM billing.documents WHERE status = 'issued' AND kind = 'invoice' "
            f"AND contract_id = '{account_of_session(session_id)}'"
        )
        return issued_document(self.engine, number)

    def account(self, session_id: str) -> ContractBalance:
        """The session's account; the whole ledger adds up whenever it is asked."""
        with self.engine.connect() as connection:
            ledger = store.read(connection)
        assert check(ledger) == []
        [found] = [row for row in contracts(ledger) if row.contract_id == account_of_session(session_id)]
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with issuing_world(tmp_path_factory.mktemp("ad hoc")) as made:
        world = Counter(made.lake)
        world.engine = made.engine
        world.people("C1").basic()
        for session_id in SESSIONS:
            world.session(session_id, id_token=None)
        world.session("empty", id_token=None, energy_wh=D(0))
        world.session("large", id_token=None, energy_wh=D(900_000))
        world.session("found", id_token="unknown yet")
        world.session("dark", id_token=None, energy_wh=None, grade="unbillable")
        world.run(*PRICED)
        world.payments = Payments(world.engine, HonestProvider(lambda: None), tell)
        yield world


def test_what_was_taken_before_pays_the_receipt_when_it_is_issued(world: Counter) -> None:
    payment_id = world.hold("first")
    [done] = [it for it in finish_ended(world.lake, world.payments) if it.payment_id == payment_id]
    assert (done.captured_minor, done.released_minor, done.open_minor) == (357, 5643, 0)
    assert (world.account("first").credit, world.account("first").owed) == (D("3.57"), 0)
    assert all(it.payment_id != payment_id for it in finish_ended(world.lake, world.payments))

    [issued] = world.receipt("first").issued
    document = world.document("first")
    assert issued.document_id == document.number
    assert document.number.startswith("KWH2019-")
    assert (document.seller.name, document.buyer.name, document.contract_id) == ("kWhouse GmbH", "Ad hoc customer", "")
    assert (document.period_from, document.period_to) == (date(2019, 5, 10), date(2019, 5, 10))
    assert (document.totals.incl_tax, document.totals.paid, document.totals.due) == (D("3.57"), D("3.57"), 0)
    assert (document.payment.means, document.due_date, document.simplified) == ("card", None, True)
    assert (world.account("first").credit, world.account("first").owed) == (0, 0)
    assert world.receipt("first").issued == ()


def test_what_is_taken_after_issuing_pays_the_receipt_too(world: Counter) -> None:
    payment_id = world.hold("later")
    world.receipt("later")
    document = world.document("later")
    assert (document.payment.means, document.totals.due) == ("bank_transfer", D("3.57"))
    assert document.due_date == date(2019, 6, 17)
    assert world.account("later").owed == D("3.57")
    world.payments.finish(payment_id, Money("EUR", 357))
    assert (world.account("later").credit, world.account("later").owed) == (0, 0)


def test_less_than_the_cost_leaves_the_rest_open_and_is_said_so(world: Counter) -> None:
    payment_id = world.hold("short", 300)
    assert reconcile(world.payments, world.lake).finished >= 1
    before = world.page(payment_id)
    assert (before["state"], before["amount"], "bank" in before) == ("open", "0.57 EUR", False)
    assert "The receipt follows" in before["note"]
    world.receipt("short")
    after = world.page(payment_id)
    number = world.document("short").number
    assert (after["state"], after["amount"], after["reference"]) == ("open", "0.57 EUR", number)
    assert (after["bank"]["name"], after["bank"]["reference"]) == ("kWhouse GmbH", number)
    totals = world.document("short").totals
    assert (totals.paid, totals.due) == (D("3.00"), D("0.57"))
    assert world.account("short").owed == D("0.57")
    again = world.payments.charge(Money("EUR", 57), document_id=number, method_id="pm_good", attempt=2)
    assert again.payment_id != payment_id
    paid = world.page(payment_id)
    assert (paid["state"], paid["reference"], paid["note"]) == ("paid", number, None)
    assert (world.account("short").owed, world.account("short").credit) == (0, 0)


@pytest.mark.parametrize(("energy_wh", "left"), [(12_000, D("-0.71")), (8_000, D("0.71"))])
def test_late_data_give_a_credit_note_and_a_new_receipt(world: Counter, energy_wh: int, left: Decimal) -> None:
    session_id = f"late {energy_wh}"
    world.hold(session_id)
    finish_ended(world.lake, world.payments)
    world.receipt(session_id)
    world.session(session_id, id_token=None, energy_wh=D(energy_wh))
    world.run(*PRICED)
    note, invoice = world.receipt(session_id).issued
    assert (note.kind, note.total_incl_vat, invoice.total_incl_vat) == ("credit_note", D("-3.57"), D("3.57") - left)
    account = world.account(session_id)
    assert account.credit - account.owed == left
    assert world.document(session_id).totals.due == max(-left, 0)


def test_money_that_goes_back_opens_the_receipt_again(world: Counter) -> None:
    payment_id = world.hold("back")
    finish_ended(world.lake, world.payments)
    world.receipt("back")
    world.payments.refund(payment_id, Money("EUR", 100), reason="the cable was broken")
    assert world.account("back").owed == D("1.00")
    fact = Disputed(f"{payment_id}-disputed-d", payment_id, NOW, Money("EUR", 257), "d", "fraudulent")
    with world.engine.begin() as connection:
        tell(connection, fact)
    assert world.account("back").owed == D("3.57")


def test_a_receipt_taken_back_leaves_the_money_to_its_payer(world: Counter) -> None:
    world.hold("void")
    finish_ended(world.lake, world.payments)
    [issued] = world.receipt("void").issued
    void(world.lake, world.engine, issued.document_id, reason="No energy came", now=NOW, by="tester")
    account = world.account("void")
    assert (account.owed, account.money_in) == (D("-3.57"), D("3.57"))


def test_a_contract_that_comes_late_takes_the_receipt_back(world: Counter) -> None:
    [receipt] = world.receipt("found").issued
    payment_id = world.hold("found")
    world.set("tokens", ["unknown yet"], token_type="RFID", contract_id="C1", status="active", valid_from=OPEN)
    world.run(*PRICED)
    [note] = world.receipt("found").issued
    assert (note.kind, note.corrects) == ("credit_note", receipt.document_id)
    assert world.rows("SELECT contract_id FROM billing.invoice_drafts WHERE contract_id = 'C1'") == [("C1",)]
    assert world.account("found").owed == 0
    # The contract pays: nothing is taken from the card, and nothing stays held there.
    [done] = [it for it in finish_ended(world.lake, world.payments) if it.payment_id == payment_id]
    assert (done.state, done.captured_minor, done.released_minor) == ("released", 0, 6000)
    # The CDR that left the house is taken back with it.
    assert world.rows("SELECT kind FROM billing.issued_cdrs WHERE session_id = 'found' ORDER BY kind") == [
        ("cdr",),
        ("credit",),
    ]


def test_a_session_that_was_held_twice_is_taken_once(world: Counter) -> None:
    taken, spare = world.hold("twice"), world.hold("twice", attempt=2)
    done = {it.payment_id: it for it in finish_ended(world.lake, world.payments)}
    assert (done[taken].captured_minor, done[spare].captured_minor, done[spare].state) == (357, 0, "released")
    late = world.hold("twice", attempt=3)
    [given_back] = finish_ended(world.lake, world.payments)
    assert (given_back.payment_id, given_back.state) == (late, "released")
    assert world.account("twice").money_in == D("3.57")


def test_what_costs_nothing_has_no_receipt_and_its_hold_is_given_back(world: Counter) -> None:
    payment_id = world.hold("empty")
    assert world.rows("SELECT * FROM billing.invoice_drafts WHERE contract_id = 'adhoc:empty'") == []
    [done] = [it for it in finish_ended(world.lake, world.payments) if it.payment_id == payment_id]
    assert (done.state, done.captured_minor, done.released_minor) == ("released", 0, 6000)


def test_a_session_without_evidence_gives_its_hold_back(world: Counter) -> None:
    payment_id = world.hold("dark")
    [done] = [it for it in finish_ended(world.lake, world.payments) if it.payment_id == payment_id]
    assert (done.state, done.captured_minor, done.released_minor) == ("released", 0, 6000)


def test_beyond_the_limit_of_the_law_a_buyer_must_be_named(world: Counter) -> None:
    report = world.receipt("large")
    assert report.issued == ()
    assert "250 EUR is the most for an invoice without it (§ 33 UStDV)" in report.refused[0].reason
    assert "kwhouse invoice buyer" in report.refused[0].reason

    def named(session_id: str, driver_id: str) -> str:
        return str(name_buyer(world.lake, world.engine, session_id, driver_id, now=NOW, by="tester"))

    with pytest.raises(BuyerRefused, match="declare the driver"):
        named("large", "nobody")
    world.declare("drivers", driver_id="homeless", name="Bo Example")
    named("large", "homeless")
    assert "buyer.street: is missing" in world.receipt("large").refused[0].reason
    assert named("large", "driver of C1") == "The document of session large will name driver of C1."
    [issued] = world.receipt("large").issued
    document = world.document("large")
    assert (document.buyer.name, document.buyer.city, document.simplified) == ("Ada Example", "Hamburg", False)
    assert validated(to_cii(document)).passed
    assert issued.document_id in unsent(world.engine, month=MAY)
    assert f"{issued.document_id} stands as it is" in named("large", "driver of C1")


def test_a_session_under_contract_has_its_holder_as_buyer(world: Counter) -> None:
    world.session("contracted")
    world.run(*PRICED)
    with pytest.raises(BuyerRefused, match="is billed to contract C1"):
        name_buyer(world.lake, world.engine, "contracted", "driver of C1", now=NOW, by="tester")


def test_the_receipt_is_a_valid_invoice_and_goes_where_its_payer_wants_it(world: Counter) -> None:
    world.hold("mailed", payer_email="ada@example.org")
    finish_ended(world.lake, world.payments)
    world.receipt("mailed")
    world.receipt("nobody asked")
    document = world.document("mailed")
    report = validated(to_cii(document))
    assert report.passed, report
    message = message_of(document, pdf=to_pdf(document), sent_at=NOW)
    assert message["To"] == "Ad hoc customer <ada@example.org>"
    assert message.get_body().get_content().startswith("Dear customer,")
    waiting = unsent(world.engine, month=MAY)
    assert document.number in waiting
    assert world.document("nobody asked").number not in waiting


def test_nobody_is_reminded_of_a_receipt(world: Counter) -> None:
    world.receipt("unpaid")
    number = world.document("unpaid").number
    with world.engine.connect() as connection:
        steps = dunning_book.due_steps(connection, datetime(2019, 12, 1, tzinfo=UTC).date())
    assert number not in [step.action.document_id for step in steps]
