"""What a card provider did is a movement on the document that it was for, once; or the reason why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.billing.card_ledger import tell
from pipelines.billing.ledger import store
from pipelines.billing.ledger.balance import check
from pipelines.billing.payments.events import Captured, Disputed, PaymentFact, Refunded
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from tests.honest_provider import HonestProvider
from tests.integration.issuing.issuing_world import IssuingWorld, issuing_world
from warehouse.state import table

AT = datetime(2019, 6, 4, tzinfo=UTC)
INVOICE = "KWH2019-000001"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[IssuingWorld]:
    with issuing_world(tmp_path) as world:
        world.people("C1").basic()
        world.session()
        world.run()
        world.issue()
        yield world


def paid_by_card(world: IssuingWorld) -> str:
    payments = Payments(world.engine, HonestProvider(lambda: None), tell)
    return payments.charge(Money("EUR", 357), document_id=INVOICE, method_id="pm_1").payment_id


def told(world: IssuingWorld, fact: PaymentFact) -> None:
    with world.engine.begin() as connection:
        tell(connection, fact)


def movements(world: IssuingWorld) -> list[tuple[str, Decimal]]:
    return world.rows("SELECT kind, amount FROM billing.payments ORDER BY kind, amount")


def nothing_differs(world: IssuingWorld) -> bool:
    with world.engine.connect() as connection:
        return check(store.read(connection)) == []


def test_a_charge_pays_its_invoice_and_a_refund_opens_it_again(world: IssuingWorld) -> None:
    payment_id = paid_by_card(world)
    assert movements(world) == [("payment", Decimal("3.5700"))]
    refund = Refunded(f"{payment_id}-refunded-9", payment_id, AT, Money("EUR", 100))
    told(world, refund)
    told(world, refund)
    assert movements(world) == [("payment", Decimal("3.5700")), ("refund", Decimal("1.0000"))]
    with world.engine.connect() as connection:
        assert store.read(connection).open(INVOICE) == Decimal("1.00")
    assert nothing_differs(world)


def test_what_the_ledger_cannot_take_is_noted_and_holds_nothing_up(world: IssuingWorld) -> None:
    payment_id = paid_by_card(world)
    told(world, Refunded(f"{payment_id}-refunded-9", payment_id, AT, Money("EUR", 357)))
    told(world, Refunded(f"{payment_id}-refunded-10", payment_id, AT, Money("EUR", 357)))
    told(world, Disputed(f"{payment_id}-disputed-d", payment_id, AT, Money("EUR", 357), "d", "fraudulent"))
    with world.engine.connect() as connection:
        error = connection.execute(sa.select(table("billing", "provider_payments").c.last_error)).scalar_one()
    assert error.startswith("not in the ledger: ")
    assert nothing_differs(world)


def test_money_of_a_session_waits_on_its_own_account_for_the_receipt(world: IssuingWorld) -> None:
    payments = Payments(world.engine, HonestProvider(lambda: None), tell)
    row = payments.authorise(Money("EUR", 6000), session_id="ad hoc", operator_id="O")
    told(world, Captured(f"{row.payment_id}-captured-1", row.payment_id, AT, Money("EUR", 100)))
    assert movements(world) == [("payment", Decimal("1.0000"))]
    with world.engine.connect() as connection:
        assert store.read(connection).credit("adhoc:ad hoc", "EUR") == Decimal("1.00")
    assert nothing_differs(world)
