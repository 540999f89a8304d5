"""Whatever a card network does in any order: the ledger keeps what the provider keeps, and adds up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import event, given
from hypothesis import strategies as st

from pipelines.billing.cards import booking
from pipelines.billing.ledger import balance, posting, settling, store
from pipelines.billing.payments.events import DisputeClosed, Disputed, PaymentFact, Refunded, RefundFailed
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from tests.honest_provider import HonestProvider
from tests.integration.ledger_world import NOW, build, issue
from warehouse.settings import load_settings
from warehouse.state import table

INVOICE = "R-0"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    opened = build(load_settings(home=tmp_path_factory.mktemp("ledger")))
    opened.dispose()  # connections from here on do not wait for the disk
    sa.event.listen(opened, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))
    yield opened
    opened.dispose()


class Network:
    """One invoice, one card payment of it, and what happens to both."""

    def __init__(self, engine: sa.Engine, charged: int, *, paid_before: bool) -> None:
        with engine.begin() as connection:
            for name in ("allocations", "payments", "documents", "unbooked_facts", "provider_payments"):
                connection.execute(sa.delete(table("billing", name)))
        self.engine, self.kept, self.count = engine, charged, 0
        self.refunds: list[int] = []
        self.disputes: list[tuple[str, int]] = []
        issue(engine, INVOICE, "c1", str(Decimal(charged) / 100))
        if paid_before:
            self.bank_pays(charged)
        payments = Payments(engine, HonestProvider(lambda: None), booking.tell)
        self.payment_id = payments.charge(Money("EUR", charged), document_id=INVOICE, method_id="pm_1").payment_id

    def act(self, name: str, minor: int) -> None:
        """One move, where it can be made now; a fact is told twice."""
        self.count += 1
        fact = getattr(self, name.replace(" ", "_"))(minor)
        for _ in range(2 if fact else 0):
            with self.engine.begin() as connection:
                booking.tell(connection, fact)

    def refund(self, minor: int) -> PaymentFact | None:
        amount = min(minor, self.kept)
        if not amount:
            return None
        self.refunds.append(amount)
        self.kept -= amount
        return Refunded(*self._head("refunded"), Money("EUR", amount))

    def refund_fails(self, minor: int) -> PaymentFact | None:
        if not self.refunds:
            return None
        amount = self.refunds.pop(minor % len(self.refunds))
        self.kept += amount
        return RefundFailed(*self._head("refunded"), Money("EUR", amount))

    def dispute(self, minor: int) -> PaymentFact | None:
        amount = min(minor, self.kept)
        if not amount:
            return None
        self.disputes.append((f"d{self.count}", amount))
        self.kept -= amount
        key, _, at = self._head("disputed")
        return Disputed(
            f"{key.rpartition('-')[0]}-d{self.count}", self.payment_id, at, Money("EUR", amount), f"d{self.count}", "x"
        )

    def won(self, _minor: int) -> PaymentFact | None:
        return self._closed(won=True)

    def lost(self, _minor: int) -> PaymentFact | None:
        return self._closed(won=False)

    def bank_pays(self, minor: int) -> None:
        told = posting.Told("manual", f"m{self.count}", NOW.date(), self._at())
        with store.writing(self.engine) as connection:
            ledger, account = store.read(connection), store.account_of(connection, INVOICE)
            paid = posting.pay(ledger, account, told, Decimal(minor) / 100, "bank_transfer", None)
            store.write(connection, paid)

    def settle(self, _minor: int) -> None:
        with store.writing(self.engine) as connection:
            settling.settle(connection, "op", NOW.date(), NOW)

    def credit_note(self, minor: int) -> None:
        issue(self.engine, f"R-{self.count}", "c1", str(-Decimal(minor) / 100), corrects=INVOICE)

    def invoice(self, minor: int) -> None:
        issue(self.engine, f"R-{self.count}", "c1", str(Decimal(minor) / 100))

    def _closed(self, *, won: bool) -> PaymentFact | None:
        if not self.disputes:
            return None
        dispute_id, amount = self.disputes.pop()
        self.kept += amount if won else 0
        return DisputeClosed(*self._head("dispute-closed"), Money("EUR", amount), dispute_id, won)

    def _head(self, word: str) -> tuple[str, str, datetime]:
        return f"{self.payment_id}-{word}-{self.count}", self.payment_id, self._at()

    def _at(self) -> datetime:
        return NOW + timedelta(seconds=self.count)


MOVES = ["refund", "refund fails", "dispute", "won", "lost", "bank pays", "settle", "credit note", "invoice"]


@given(
    charged=st.integers(1, 9_000),
    paid_before=st.booleans(),
    moves=st.lists(st.tuples(st.sampled_from(MOVES), st.integers(1, 9_000)), max_size=10),
)
def test_the_ledger_keeps_what_the_provider_keeps(
    engine: sa.Engine, charged: int, paid_before: bool, moves: list[tuple[str, int]]
) -> None:
    network = Network(engine, charged, paid_before=paid_before)
    for name, minor in moves:
        network.act(name, minor)
    with engine.connect() as connection:
        ledger = store.read(connection)
        lacking = connection.execute(sa.select(table("billing", "unbooked_facts"))).all()
    assert balance.check(ledger) == []
    assert lacking == []
    stripe = [row for row in ledger.payments if row.source == "stripe"]
    assert sum(row.amount if row.kind == "payment" else -row.amount for row in stripe) == Decimal(network.kept) / 100
    event(f"{len(stripe)} movements")


@given(charged=st.integers(1, 9_000), back=st.integers(1, 9_000))
def test_a_refund_of_an_invoice_that_was_paid_twice_leaves_it_paid(engine: sa.Engine, charged: int, back: int) -> None:
    network = Network(engine, charged, paid_before=True)
    network.act("refund", back)
    with engine.connect() as connection:
        ledger = store.read(connection)
    assert ledger.open(INVOICE) == 0
    assert ledger.credit("c1", "EUR") == Decimal(network.kept) / 100
