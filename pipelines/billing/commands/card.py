"""`kwhouse card …`: card payments: charge invoices, go on with unfinished ones, give money back, what waits."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.command_line import Json, day_of, print_json, print_result

if TYPE_CHECKING:
    from pipelines.billing.payments.flow import Payments
    from pipelines.billing.payments.service import PaymentService

card_app = typer.Typer(
    help="Card payments: charge invoices by stored methods, unfinished payments, refunds, what waits for a person.",
    no_args_is_help=True,
)
Reference = Annotated[str, typer.Argument(metavar="ID", help="Contract, or driver for all contracts of theirs.")]


@card_app.command("reconcile")
def reconcile(as_json: Json = False) -> None:
    """Finish the holds of ended sessions, and go on with every unfinished payment and refund.

    Charges that were begun on phones get their receipts. Dagster does all of it by itself, every five minutes.
    """
    from pipelines.billing.cards.reconciling import lake_if_any
    from pipelines.billing.cards.reconciling import reconcile as run
    from pipelines.billing.starts.receipts import issue_due
    from warehouse.settings import load_settings

    payments, settings = _payments(), load_settings()
    with lake_if_any(settings) as lake:
        report = run(payments, lake)
    receipts = issue_due(settings, payments.engine, lambda: datetime.now(UTC))
    if as_json:
        print_result({**dataclasses.asdict(report), "receipts": dataclasses.asdict(receipts)}, as_json)
        return
    print_result(report, as_json)
    for number in receipts.issued:
        print_result(f"  {number} issued", as_json)
    for thing, why in receipts.problems.items():
        print_result(f"  {thing}: {why}", as_json)


@card_app.command("collect")
def collect(
    operator: Annotated[str, typer.Option(metavar="ID", help="Operator.")],
    on: Annotated[
        date | None, typer.Option("--on", parser=day_of, metavar="DAY", help="Due by; default: today (UTC).")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Also what was declined before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be charged.")] = False,
    as_json: Json = False,
) -> None:
    """Charge invoices that are due by the stored methods of their contracts; each once, however often it is run.

    What is declined stays open and is listed by `kwhouse card work`; dunning goes on as it would.
    """
    from pipelines.billing.cards.collecting import collect as run

    now = datetime.now(UTC)
    done = run(_payments(), operator, on or now.date(), now, retry=retry, dry_run=dry_run, on_progress=_progress)
    print_result(dataclasses.asdict(done) if as_json else done, as_json)


@card_app.command("work")
def work(as_json: Json = False) -> None:
    """List what waits for a person: declined charges, payers to be asked, failed refunds, holds whose session is
    unknown, what the ledger lacks."""
    from pipelines.billing.cards.worklist import listing

    with _service().engine.connect() as connection:
        rows = listing(connection, datetime.now(UTC))
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
    else:
        sys.stdout.write("".join(f"{row}\n" for row in rows) or "Nothing waits.\n")


@card_app.command("store")
def store_method(
    reference: Reference,
    method: Annotated[str, typer.Option(metavar="KEY", help="The provider's key of the method: pm_…")],
    customer: Annotated[str, typer.Option(metavar="KEY", help="The provider's key of the payer: cus_…")],
) -> None:
    """Keep a method that the provider has already, as after a move from another system.

    What payers store themselves comes by webhook.
    """
    from pipelines.billing.cards import methods
    from pipelines.billing.payments.errors import PaymentRefused

    payments = _payments()
    if payments.provider.customer(customer) is None:
        raise PaymentRefused(f"it has no payer {customer}; look the key up on its pages", "resource_missing")
    with payments.engine.begin() as connection:
        methods.known(connection, reference)
        methods.keep(connection, methods.Method(reference, customer, method), datetime.now(UTC))
    sys.stdout.write(f"{reference}: may be charged by `kwhouse card collect`\n")


@card_app.command("forget")
def forget_method(reference: Reference) -> None:
    """Forget the stored method of a contract or driver: nothing is charged by it any more."""
    from pipelines.billing.cards import methods

    with _service().engine.begin() as connection:
        had_one = methods.forget(connection, reference)
    sys.stdout.write(f"{reference}: {'forgotten' if had_one else 'had none'}\n")


@card_app.command("show")
def show(payment_id: Annotated[str, typer.Argument(help="The payment.")]) -> None:
    """Where a payment stands, as it was last seen."""
    from pipelines.billing.payments import records
    from pipelines.billing.payments.service import shown

    record = records.get(_service().engine, payment_id)
    facts = {
        "asked": record.amount_minor,
        "held": record.authorised_minor,
        "taken": record.captured_minor,
        "released": record.released_minor,
        "refunded": record.refunded_minor,
        "open": record.open_minor,
    }
    amounts = ", ".join(f"{word} {shown(record.money(minor))}" for word, minor in facts.items() if minor is not None)
    note = f" ({record.last_error})" if record.last_error else ""
    sys.stdout.write(f"{record.payment_id}: {record.state}{note}; {amounts}\n")


@card_app.command("release")
def release(
    payment_id: Annotated[str, typer.Argument(help="The payment that holds money.")], as_json: Json = False
) -> None:
    """Give a hold back whole, of a charge that has ended and whose session is not known (`kwhouse card work`)."""
    from pipelines.billing.payments.service import shown
    from pipelines.billing.starts.unfound import release as run

    done = run(_payments(), payment_id)
    given_back = done.money(done.released_minor)
    if as_json:
        facts = {"payment_id": done.payment_id, "state": done.state, "currency": done.currency}
        print_json({**facts, "released_minor": done.released_minor, "last_error": done.last_error})
    else:
        note = f" ({done.last_error})" if done.last_error else ""
        sys.stdout.write(f"{done.payment_id}: {done.state}{note}, {shown(given_back)} given back\n")


@card_app.command("refund")
def refund(
    payment_id: Annotated[str, typer.Argument(help="The payment.")],
    minor: Annotated[int, typer.Argument(min=1, help="How much, in minor units: 1234 is 12.34 EUR.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the refund.")],
    number: Annotated[int, typer.Option(min=1, help="1 for the first refund of this payment, 2 for the next …")] = 1,
) -> None:
    """Give back a part of what was taken. The same number again is the same refund."""
    from pipelines.billing.payments import records
    from pipelines.billing.payments.provider import Money
    from pipelines.billing.payments.service import shown

    payments = _payments()
    currency = records.get(payments.engine, payment_id).currency
    made = payments.refund(payment_id, Money(currency, minor), reason=reason, number=number)
    sys.stdout.write(f"{made.refund_id}: {made.state}, {shown(Money(currency, minor))}\n")


def _progress(done: int, of_all: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{of_all}" + ("\n" if done == of_all else ""))


def _service() -> PaymentService:
    from pipelines.billing.cards.booking import tell
    from pipelines.billing.payments.service import payment_service
    from warehouse.settings import load_settings

    return payment_service(load_settings(), tell)


def _payments() -> Payments:
    from pipelines.billing.payments.errors import PaymentMisconfigured

    payments = _service().payments
    if payments is None:
        raise PaymentMisconfigured("KWHOUSE_STRIPE_KEY", "is not set, so there is nobody to ask")
    return payments
