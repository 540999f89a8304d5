"""`kwhouse card …`: look at card payments, go on with unfinished ones, give money back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipelines.billing.payments.flow import Payments
    from pipelines.billing.payments.service import PaymentService

card_app = typer.Typer(help="Card payments: where they stand, unfinished ones, refunds.", no_args_is_help=True)


@card_app.command("reconcile")
def reconcile() -> None:
    """Ask the provider about every unfinished payment and refund, and go on with it."""
    sys.stdout.write(f"{_payments().reconcile()}\n")


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
