"""Whatever fails at whatever call: nothing is taken twice, every held minor unit is accounted for, told once."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import event, given
from hypothesis import strategies as st

from pipelines.billing.payments import records
from pipelines.billing.payments.errors import PaymentError, PaymentRefused
from pipelines.billing.payments.events import (
    Authorised,
    Captured,
    Failed,
    LeftOpen,
    MethodReady,
    PaymentFact,
    Refunded,
    Released,
)
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from tests.honest_provider import Crash, HonestProvider
from warehouse.settings import load_settings
from warehouse.state import open_state, table

# Without `fast`: each example writes some fifty transactions.
TROUBLE = st.lists(st.sampled_from([None, None, None, "unavailable", "crash"]), max_size=40)
CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    opened = open_state(load_settings(home=tmp_path_factory.mktemp("payments")))
    opened.dispose()  # connections from here on do not wait for the disk: processes die here, machines do not
    sa.event.listen(opened, "connect", lambda raw, _record: raw.execute("PRAGMA synchronous=OFF"))
    yield opened
    opened.dispose()


class Told:
    """The facts, as a ledger would get them; the transaction that tells may still be rolled back."""

    def __init__(self) -> None:
        self.facts: list[PaymentFact | MethodReady] = []

    def __call__(self, connection: sa.Connection, fact: PaymentFact | MethodReady) -> None:
        self.facts.append(fact)

    def sums(self) -> dict[type, int]:
        found: dict[type, int] = defaultdict(int)
        for fact in self.facts:
            assert not isinstance(fact, MethodReady)
            found[type(fact)] += fact.amount.minor  # type: ignore[attr-defined]
        return found


class World:
    """One database, one provider, and trouble as drawn until it runs out."""

    def __init__(self, engine: sa.Engine, trouble: list[str | None], *, forgets_keys: bool) -> None:
        with engine.begin() as connection:
            for name in ("provider_refunds", "provider_payments", "provider_events"):
                connection.execute(sa.delete(table("billing", name)))
        self.engine, self.told, self.trouble = engine, Told(), list(trouble)
        self.provider = HonestProvider(lambda: self.trouble.pop(0) if self.trouble else None, forgets_keys=forgets_keys)

    def process(self) -> Payments:
        """A process that was just started."""
        return Payments(self.engine, self.provider, self.told)

    @contextmanager
    def may_die(self) -> Iterator[Payments]:
        """One process; a crash or an error ends its work."""
        try:
            yield self.process()
        except (Crash, PaymentError) as trouble:
            event(type(trouble).__name__)

    def come_to_rest(self) -> None:
        """Reconcile until the drawn trouble is over, then once more."""
        for _ in range(30):
            if not self.trouble:
                break
            with self.may_die() as payments:
                payments.reconcile()
        last = self.process().reconcile()
        assert [why for why in last.problems.values() if "drawn by the test" in why] == []


@given(
    trouble=TROUBLE,
    later_trouble=TROUBLE,
    currency=CURRENCIES,
    held=st.integers(1, 9_000),
    cost=st.integers(0, 12_000),
    refunds=st.lists(st.integers(1, 5_000), max_size=3),
    payer=st.sampled_from(["confirms", "leaves", "confirms and it expires", "has a stored card", "has a bad card"]),
    forgets_keys=st.booleans(),
)
def test_a_session_is_never_taken_twice_and_adds_up(
    engine: sa.Engine,
    trouble: list[str | None],
    later_trouble: list[str | None],
    currency: str,
    held: int,
    cost: int,
    refunds: list[int],
    payer: str,
    forgets_keys: bool,
) -> None:
    world = World(engine, trouble, forgets_keys=forgets_keys)
    method = {"has a stored card": "pm_good", "has a bad card": "pm_bad"}.get(payer)
    key = records.payment_id("session-s1-hold-1")

    with world.may_die() as payments:
        payments.authorise(Money(currency, held), session_id="s1", operator_id="O", method_id=method)
    for _ in range(60):  # until its id is stored: nobody can pay before
        if (row := records.find(engine, payment_id=key)) and row.provider_id:
            break
        with world.may_die() as payments:
            payments.authorise(Money(currency, held), session_id="s1", operator_id="O", method_id=method)
    row = records.get(engine, key)
    assert row.provider_id is not None
    if payer.startswith("confirms"):
        world.provider.payer_confirms(row.provider_id)
    if payer.endswith("expires"):
        world.provider.expires(row.provider_id)
    with world.may_die() as payments:
        payments.refresh(key)

    for _ in range(60):  # the end of the session is told until it is written down
        with world.may_die() as payments:
            payments.finish(key, Money(currency, cost))
        if records.get(engine, key).cost_minor is not None:
            break
    world.come_to_rest()
    world.trouble += later_trouble
    for number, amount in enumerate(refunds, 1):
        with world.may_die() as payments:
            payments.refund(key, Money(currency, amount), reason="too much", number=number)
    world.come_to_rest()

    row = records.get(engine, key)
    books = [book for book in world.provider.books.values() if book.captures or book.refunds]
    taken = sum(sum(book.captures) for book in books)
    given_back = sum(sum(book.refunds.values()) for book in books)
    assert sum(len(book.captures) for book in books) <= 1
    assert taken <= cost
    assert row.settled
    assert (row.captured_minor, row.refunded_minor) == (taken, given_back)
    kept = row.captured_minor - row.refunded_minor
    assert kept + row.refunded_minor + row.released_minor == row.authorised_minor
    assert row.open_minor == cost - taken
    sums = world.told.sums()
    assert sums[Authorised] == row.authorised_minor
    assert sums[Captured] == taken
    assert sums[Refunded] == given_back
    assert sums[Released] == row.released_minor
    assert sums[LeftOpen] == row.open_minor
    event(f"{payer}: {row.state}")


@given(trouble=TROUBLE, amount=st.integers(1, 9_000), good=st.booleans(), forgets_keys=st.booleans())
def test_an_invoice_is_charged_once_or_fails_once(
    engine: sa.Engine, trouble: list[str | None], amount: int, good: bool, forgets_keys: bool
) -> None:
    world = World(engine, trouble, forgets_keys=forgets_keys)
    method = "pm_good" if good else "pm_bad"
    for _ in range(60):
        with world.may_die() as payments:
            payments.charge(Money("EUR", amount), document_id="D1", customer_id="cus_1", method_id=method)
        if records.find(engine, payment_id=records.payment_id("invoice-D1-charge-1")):
            break
    world.come_to_rest()
    row = records.get(engine, records.payment_id("invoice-D1-charge-1"))
    captures = [minor for book in world.provider.books.values() for minor in book.captures]
    assert captures == ([amount] if good else [])
    assert row.state == ("captured" if good else "failed")
    assert row.captured_minor == sum(captures)
    assert [type(fact) for fact in world.told.facts] == ([Captured] if good else [Failed])


def test_a_session_with_another_cost_is_refused(engine: sa.Engine) -> None:
    world = World(engine, [], forgets_keys=False)
    payments = world.process()
    row = payments.authorise(Money("EUR", 6000), session_id="s1", operator_id="O", method_id="pm_good")
    assert row.state == "authorised"
    assert payments.finish(row.payment_id, Money("EUR", 1234)).captured_minor == 1234
    assert payments.finish(row.payment_id, Money("EUR", 1234)).captured_minor == 1234
    with pytest.raises(PaymentRefused, match=r"was finished with 12\.34 EUR, not 12\.35 EUR"):
        payments.finish(row.payment_id, Money("EUR", 1235))


def test_what_the_ledger_refuses_is_not_recorded(engine: sa.Engine) -> None:
    world = World(engine, [], forgets_keys=False)

    def refuses(connection: sa.Connection, fact: PaymentFact | MethodReady) -> None:
        raise RuntimeError("the ledger says no")

    payments = Payments(engine, world.provider, refuses)
    with pytest.raises(RuntimeError, match="the ledger says no"):
        payments.charge(Money("EUR", 500), document_id="D1", method_id="pm_good")
    row = records.get(engine, records.payment_id("invoice-D1-charge-1"))
    assert row.captured_minor == 0
    world.process().reconcile()
    assert world.told.sums()[Captured] == 500


def test_the_same_key_for_another_amount_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_state(load_settings(home=Path(folder)))
        payments = Payments(engine, HonestProvider(lambda: None), Told())
        payments.charge(Money("EUR", 500), document_id="D1")
        with pytest.raises(PaymentRefused, match="invoice-D1-charge-1 is already another payment"):
            payments.charge(Money("EUR", 501), document_id="D1")
        engine.dispose()
