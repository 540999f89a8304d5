"""Invoices charged by stored methods, and paid on their page: on `localstripe`, over one state database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from pipelines.billing.cards import booking, methods, pages
from pipelines.billing.cards.pages import NothingToPay
from pipelines.billing.commands.card import card_app
from pipelines.billing.commands.payment import payment_app
from pipelines.billing.ledger import balance, posting, store
from pipelines.billing.payments import records
from pipelines.billing.payments.errors import PaymentRefused
from pipelines.billing.payments.events import MethodReady
from pipelines.billing.payments.service import PaymentService, payment_service
from pipelines.defs.payments import payments_every_five_minutes, reconcile_payments
from pipelines.instance import open_instance
from tests.integration.ledger_world import build, issue
from tests.stripe_server import DECLINED, GOOD, KEY, SECURE, StripeServer
from warehouse.settings import Settings, load_settings
from warehouse.state import table

AT = datetime(2026, 11, 20, tzinfo=UTC)
Run = Callable[..., Any]


@pytest.fixture
def world(tmp_path: Path, server: StripeServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    values = {
        "HOME": str(tmp_path / "home"),
        "STRIPE_KEY": KEY,
        "STRIPE_API_BASE": server.url,
        "STRIPE_PUBLISHABLE_KEY": "pk_test_of_the_tests",
        "PUBLIC_URL": "https://pay.example.org",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"KWHOUSE_{name}", value)
    monkeypatch.chdir(tmp_path)
    engine = build(Settings(home=tmp_path / "home"))
    with engine.begin() as connection:
        connection.execute(sa.update(table("registry", "contracts")).values(payment_method="card"))
    yield engine
    engine.dispose()


@pytest.fixture
def service(world: sa.Engine) -> Iterator[PaymentService]:
    made = payment_service(load_settings(), booking.tell)
    yield made
    made.engine.dispose()


def stores(world: sa.Engine, server: StripeServer, reference: str, method_id: str) -> str:
    """A payer stores a method, and the provider tells of it."""
    customer = server.post("/v1/customers", name=reference)["id"]
    server.post(f"/v1/payment_methods/{method_id}/attach", customer=customer)
    with world.begin() as connection:
        booking.tell(connection, MethodReady(f"method-{method_id}", reference, AT, customer, method_id))
    return str(customer)


def call(app: Any, *arguments: str) -> Any:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None:
        raise done.exception
    return json.loads(done.stdout)


def card(*arguments: str) -> Any:
    return call(card_app, *arguments, "--json")


def transferred(world: sa.Engine, number: str, amount: str) -> None:
    told = posting.Told("manual", f"{number} {amount}", AT.date(), AT)
    with store.writing(world) as connection:
        ledger, account = store.read(connection), store.account_of(connection, number)
        store.write(connection, posting.pay(ledger, account, told, Decimal(amount), "bank_transfer", [number]))


def opens(world: sa.Engine) -> dict[str, Decimal]:
    with world.connect() as connection:
        ledger = store.read(connection)
        assert balance.check(ledger) == []
        assert list(booking.check(connection)) == []
    return {due.document_id: ledger.open(due.document_id) for due in ledger.dues}


def intents(server: StripeServer) -> int:
    return sum(it.method == "POST" and it.path == "/v1/payment_intents" for it in server.seen)


def test_each_due_invoice_is_charged_once_by_what_its_contract_has_stored(
    world: sa.Engine, server: StripeServer
) -> None:
    stores(world, server, "c1", server.method(GOOD))
    stores(world, server, "d2", server.method(DECLINED))
    stores(world, server, "c3", server.method(SECURE))
    for contract, number in (("c1", "R-1"), ("c2", "R-2"), ("c3", "R-3"), ("c4", "R-4")):
        issue(world, number, contract, "12.34")
    issue(world, "R-5", "c1", "-2.34", corrects="R-1")
    issue(world, "R-6", "c1", "1.00", issued=date(2027, 1, 1))

    planned = card("collect", "--operator", "op", "--on", "2026-12-01", "--dry-run")
    assert [(row["document_id"], row["amount"], row["state"]) for row in planned["charges"]] == [
        ("R-1", "12.34", "due"), ("R-2", "12.34", "due"), ("R-3", "12.34", "due")
    ]  # fmt: skip
    assert (intents(server), opens(world)["R-1"]) == (0, Decimal("12.34"))

    done = card("collect", "--operator", "op", "--on", "2026-12-01")
    assert [(row["document_id"], row["amount"], row["state"]) for row in done["charges"]] == [
        ("R-1", "10.00", "captured"), ("R-2", "12.34", "failed"), ("R-3", "12.34", "awaiting_payer")
    ]  # fmt: skip
    assert [row["document_id"] for row in done["left_out"]] == ["R-4"]
    assert "has no stored method" in done["left_out"][0]["reason"]
    assert opens(world) == {
        "R-1": 0, "R-2": Decimal("12.34"), "R-3": Decimal("12.34"), "R-4": Decimal("12.34"), "R-5": 0,
        "R-6": Decimal("1.00"),
    }  # fmt: skip
    waiting = {row["document_id"]: row["what"] for row in card("work")}
    assert waiting == {"R-2": "declined", "R-3": "payer wanted"}

    asked = intents(server)
    again = card("collect", "--operator", "op", "--on", "2026-12-01")
    assert [(row["document_id"], row["state"]) for row in again["charges"]] == [("R-3", "awaiting_payer")]
    assert "collect again with --retry" in again["left_out"][0]["reason"]
    assert intents(server) == asked, "nothing new is asked"
    with world.connect() as connection:
        assert connection.execute(sa.select(table("billing", "dunning"))).all() == []

    stores(world, server, "c2", server.method(GOOD))
    more = card("collect", "--operator", "op", "--on", "2026-12-01", "--retry")
    assert ("R-2", "captured") in [(row["document_id"], row["state"]) for row in more["charges"]]
    assert opens(world)["R-2"] == 0
    assert {row["document_id"] for row in card("work")} == {"R-3"}


def test_a_run_that_broke_off_is_gone_on_with(world: sa.Engine, server: StripeServer) -> None:
    stores(world, server, "c1", server.method(GOOD))
    issue(world, "R-1", "c1", "12.34")
    server.trouble += ["pass"] + ["503"] * 3  # opened, then Stripe is away
    (first,) = card("collect", "--operator", "op", "--on", "2026-12-01")["charges"]
    assert first["state"] != "captured"
    assert opens(world)["R-1"] == Decimal("12.34")
    report = card("reconcile")
    assert (report["looked_at"], report["settled"], report["unbooked"]) == (1, 1, 0)
    assert opens(world)["R-1"] == 0
    assert card("collect", "--operator", "op", "--on", "2026-12-01")["charges"] == []
    assert intents(server) == 1


def test_an_amount_that_changed_before_the_charge_was_made_is_charged_as_it_is_now(
    world: sa.Engine, server: StripeServer
) -> None:
    stores(world, server, "c1", server.method(GOOD))
    issue(world, "R-1", "c1", "12.34")
    server.trouble += ["pass"] + ["503"] * 3
    card("collect", "--operator", "op", "--on", "2026-12-01")
    transferred(world, "R-1", "2.34")
    (charge,) = card("collect", "--operator", "op", "--on", "2026-12-01")["charges"]
    assert (charge["amount"], charge["state"]) == ("10.00", "captured")
    assert opens(world)["R-1"] == 0
    old = records.get(world, records.payment_id("invoice-R-1-charge-1"))
    assert (old.state, old.captured_minor) == ("failed", 0)


def test_what_is_paid_through_the_provider_is_in_no_direct_debit_file(world: sa.Engine, tmp_path: Path) -> None:
    with world.begin() as connection:
        connection.execute(sa.update(table("registry", "contracts")).values(payment_method="sepa_debit"))
    for number, contract in (("R-1", "c1"), ("R-2", "c2")):
        issue(world, number, contract, "12.34")
    call(payment_app, "page", "R-1", "--json")
    with world.begin() as connection:
        connection.execute(sa.update(table("billing", "provider_payments")).values(state="processing"))
    file = tmp_path / "debits.xml"
    made = call(payment_app, "collect", "--operator", "op", "--on", "2026-12-01", "-o", str(file), "--json")
    assert [row["document_id"] for row in made["left_out"]] == ["R-1"]
    assert made["documents"] == ["R-2"]


def test_dagster_asks_the_provider_about_what_no_webhook_told(world: sa.Engine, server: StripeServer) -> None:
    stores(world, server, "c1", server.method(GOOD))
    issue(world, "R-1", "c1", "12.34")
    server.trouble += ["pass"] + ["503"] * 3
    card("collect", "--operator", "op", "--on", "2026-12-01")
    with open_instance(load_settings()) as instance:
        tick = payments_every_five_minutes.evaluate_tick(dg.build_schedule_context(instance))
        assert len(tick.run_requests or ()) == 1
        done = reconcile_payments.execute_in_process(instance=instance)
    (output,) = (it for it in done.events_for_node("ask_provider") if it.is_successful_output)
    metadata = output.step_output_data.metadata
    assert {name: value.value for name, value in metadata.items()} == {
        "finished": 0, "looked_at": 1, "settled": 1, "booked": 0, "unbooked": 0, "receipts": 0, "problems": {}
    }  # fmt: skip
    assert opens(world)["R-1"] == 0


def test_dagster_asks_nobody_where_no_provider_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path))
    with dg.DagsterInstance.ephemeral() as instance:
        tick = payments_every_five_minutes.evaluate_tick(dg.build_schedule_context(instance))
    assert not tick.run_requests
    assert "KWHOUSE_STRIPE_KEY" in str(tick.skip_message)


def test_what_is_disputed_or_debited_by_a_file_is_not_charged(world: sa.Engine, server: StripeServer) -> None:
    stores(world, server, "c1", server.method(GOOD))
    stores(world, server, "c2", server.method(GOOD))
    issue(world, "R-1", "c1", "12.34")
    issue(world, "R-2", "c2", "12.34")
    call_plain(payment_app, "dispute", "R-1", "--reason", "meter doubted")
    with world.begin() as connection:
        mine = table("registry", "contracts").c.contract_id == "c2"
        connection.execute(sa.update(table("registry", "contracts")).where(mine).values(payment_method="sepa_debit"))
    done = card("collect", "--operator", "op", "--on", "2026-12-01")
    assert done["charges"] == []
    assert [(row["document_id"], row["reason"]) for row in done["left_out"]] == [
        ("R-1", "is disputed: dunning is paused")
    ], "c2 has a mandate: its file collects"


def call_plain(app: Any, *arguments: str) -> str:
    done = CliRunner().invoke(app, list(arguments))
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_method_that_the_provider_has_is_kept_and_forgotten(world: sa.Engine, server: StripeServer) -> None:
    method_id = server.method(GOOD)
    customer = server.post("/v1/customers", name="c1")["id"]
    server.post(f"/v1/payment_methods/{method_id}/attach", customer=customer)
    call_plain(card_app, "store", "c1", "--method", method_id, "--customer", customer)
    issue(world, "R-1", "c1", "5.00")
    assert card("collect", "--operator", "op", "--on", "2026-12-01")["charges"][0]["state"] == "captured"
    assert "forgotten" in call_plain(card_app, "forget", "c1")
    assert "had none" in call_plain(card_app, "forget", "c1")
    with pytest.raises(PaymentRefused, match="has no payer cus_nobody"):
        call_plain(card_app, "store", "c1", "--method", method_id, "--customer", "cus_nobody")
    with world.connect() as connection:
        assert methods.by_contract(connection) == {}


def test_a_page_takes_what_is_open_and_stays_good(
    world: sa.Engine, server: StripeServer, service: PaymentService, tmp_path: Path
) -> None:
    issue(world, "R-1", "c1", "12.34")
    code = tmp_path / "code.png"
    made = call(payment_app, "page", "R-1", "--qr", str(code), "--json")
    assert made == call(payment_app, "page", "R-1", "--json"), "the same page as long as it is open"
    assert code.read_bytes().startswith(b"\x89PNG")
    assert code.stat().st_mode & 0o077 == 0
    address, _, token = made["url"].rpartition("/")
    assert address == "https://pay.example.org/pay"
    shown = pages.page(service, token)
    assert shown is not None
    assert (shown["amount"], shown["state"], "card" in shown) == ("12.34 EUR", "open", True)

    transferred(world, "R-1", "2.34")
    after = pages.page(service, token)
    assert after is not None
    assert after["amount"] == "10.00 EUR", "the link that was sent shows what is open now"
    first, second = (records.payment_id(f"invoice-R-1-charge-{n}") for n in (1, 2))
    old = server.get(f"/v1/payment_intents/{records.get(world, first).provider_id}")
    assert old["status"] == "canceled", "what it was can not be paid any more"

    provider_id = records.get(world, second).provider_id
    assert provider_id is not None
    server.payer_pays(provider_id, GOOD)
    newest = records.get(world, second).pay_token
    assert [(pages.page(service, each) or {})["state"] for each in (newest, token)] == ["paid", "paid"]
    assert opens(world)["R-1"] == 0
    with pytest.raises(NothingToPay, match="nothing is open on it"):
        call(payment_app, "page", "R-1")


def test_a_page_without_a_provider_offers_the_operators_account(
    world: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KWHOUSE_STRIPE_KEY")
    monkeypatch.delenv("KWHOUSE_PUBLIC_URL")
    issue(world, "R-1", "c1", "12.34")
    shown = call_plain(payment_app, "page", "R-1", "--show")
    assert "http://127.0.0.1:9080/pay/" in shown
    assert "set KWHOUSE_PUBLIC_URL" in shown
    token = shown.splitlines()[1].rpartition("/")[2]
    service = payment_service(load_settings(), booking.tell)
    page = pages.page(service, token)
    assert page is not None
    assert page["bank"]["iban"] == "DE89370400440532013000"
    transferred(world, "R-1", "12.34")
    page = pages.page(service, token)
    assert page is not None
    assert page["state"] == "paid"
    assert pages.page(service, "nobody's") is None
    service.engine.dispose()
