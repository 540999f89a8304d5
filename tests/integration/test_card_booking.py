"""What a card provider did is a movement on the document that it was for, once; or the reason why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.billing.cards.booking import book_waiting, tell
from pipelines.billing.cards.booking import check as check_cards
from pipelines.billing.closing.claims import claims_to_open
from pipelines.billing.ledger import store
from pipelines.billing.ledger.balance import check
from pipelines.billing.payments.events import Captured, DisputeClosed, Disputed, PaymentFact, Refunded, RefundFailed
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


def test_what_the_ledger_cannot_take_is_kept_and_holds_nothing_up(world: IssuingWorld) -> None:
    payment_id = paid_by_card(world)
    told(world, Refunded(f"{payment_id}-refunded-9", payment_id, AT, Money("EUR", 357)))
    told(world, Refunded(f"{payment_id}-refunded-10", payment_id, AT, Money("EUR", 357)))
    told(world, Disputed(f"{payment_id}-disputed-d", payment_id, AT, Money("EUR", 357), "d", "fraudulent"))
    with world.engine.connect() as connection:
        facts = table("billing", "unbooked_facts")
        kept = connection.execute(sa.select(facts.c.fact, facts.c.reason).order_by(facts.c.fact)).all()
    assert [fact for fact, _ in kept] == ["disputed", "refunded"]
    assert all("0.00 EUR there" in reason for _, reason in kept)
    assert nothing_differs(world)


def test_money_of_a_session_waits_on_its_own_account_for_the_receipt(world: IssuingWorld) -> None:
    payments = Payments(world.engine, HonestProvider(lambda: None), tell)
    row = payments.authorise(Money("EUR", 6000), session_id="ad hoc", operator_id="O")
    told(world, Captured(f"{row.payment_id}-captured-1", row.payment_id, AT, Money("EUR", 100)))
    assert movements(world) == [("payment", Decimal("1.0000"))]
    with world.engine.connect() as connection:
        assert store.read(connection).credit("adhoc:ad hoc", "EUR") == Decimal("1.00")
    assert nothing_differs(world)


def still_open(world: IssuingWorld) -> Decimal:
    with world.engine.connect() as connection:
        return store.read(connection).open(INVOICE)


def test_a_dispute_that_is_won_and_a_refund_that_comes_back_pay_it_again(world: IssuingWorld) -> None:
    payment_id = paid_by_card(world)
    told(world, Disputed(f"{payment_id}-disputed-d", payment_id, AT, Money("EUR", 357), "d", "fraudulent"))
    assert still_open(world) == Decimal("3.57")
    told(world, DisputeClosed(f"{payment_id}-dispute-closed-d", payment_id, AT, Money("EUR", 357), "d", won=True))
    assert still_open(world) == 0
    told(world, Refunded(f"{payment_id}-refunded-1", payment_id, AT, Money("EUR", 100)))
    told(world, Refunded(f"{payment_id}-refunded-2", payment_id, AT, Money("EUR", 57)))
    assert still_open(world) == Decimal("1.57")
    told(world, RefundFailed(f"{payment_id}-refunded-3", payment_id, AT, Money("EUR", 157)))
    assert still_open(world) == 0
    assert len(movements(world)) == 7, "two refunds came back at once: a movement for each"
    assert nothing_differs(world)


def test_what_the_ledger_lacks_is_named_and_written_when_it_can_be(world: IssuingWorld) -> None:
    payment_id = paid_by_card(world)
    told(world, DisputeClosed(f"{payment_id}-dispute-closed-d", payment_id, AT, Money("EUR", 357), "d", won=True))
    with world.engine.connect() as connection:
        (lacking,) = check_cards(connection)
    assert f"card payment {payment_id}: dispute_won and is not in the ledger" in str(lacking)
    (kept_open,) = [row for row in claims_to_open(world.engine, "O") if not row["explained"]]
    assert (kept_open["reason"], kept_open["ids"]) == ("ledger_differs", [str(lacking)])
    assert claims_to_open(world.engine, "another") == [], "no business of another operator's month"
    with world.engine.begin() as connection:
        assert book_waiting(connection) == 0
    told(world, Disputed(f"{payment_id}-disputed-d", payment_id, AT, Money("EUR", 357), "d", "fraudulent"))
    with world.engine.begin() as connection:
        assert book_waiting(connection) == 1
        assert list(check_cards(connection)) == []
    assert still_open(world) == 0
    told(world, Refunded(f"{payment_id}-refunded-9", payment_id, AT, Money("EUR", 100)))
    with world.engine.connect() as connection:
        (differs,) = check_cards(connection)
    assert str(differs).endswith("the provider kept 3.57 of it, the ledger 2.57 (by 1.00 EUR)")
