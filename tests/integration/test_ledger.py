"""The ledger in a real state database: each movement once, whoever else writes; balances add up."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.billing.ledger import balance, dunning_book, posting, store
from pipelines.billing.ledger.dunning import PolicyStep
from pipelines.billing.ledger.errors import DocumentUnknown, LedgerError, MovementConflict, NotEnough
from pipelines.billing.ledger.posting import Account, Told
from tests.integration.ledger_world import DAY, NOW, build, issue
from tests.integration.postgres_server import MISSING, binaries, postgres_server
from warehouse.settings import Settings
from warehouse.state import open_state, table

ACCOUNT = Account("op", "c1", "EUR")
D = Decimal


def told(ref: str) -> Told:
    return Told("manual", ref, DAY, NOW)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = build(Settings(home=tmp_path))
    yield engine
    engine.dispose()


def top_up(engine: sa.Engine, ref: str, amount: str) -> None:
    store.record(
        engine, ACCOUNT, told(ref), "topup", D(amount), lambda _: posting.top_up(ACCOUNT, told(ref), D(amount), "upi")
    )


def pay(engine: sa.Engine, ref: str, amount: str, documents: list[str]) -> store.Recorded:
    def make(ledger: posting.Ledger) -> posting.Posting:
        return posting.pay(ledger, ACCOUNT, told(ref), D(amount), "bank_transfer", documents)

    return store.record(engine, ACCOUNT, told(ref), "payment", D(amount), make)


def _one_use(here: Told, amount: Decimal, ledger: posting.Ledger) -> posting.Posting:
    return posting.use_prepaid(ledger, ACCOUNT, here, amount)


def _use(home: str, catalog: str | None, refs: list[str], amount: str) -> None:
    engine = open_state(Settings(home=Path(home), catalog=catalog))
    for ref in refs:
        here = Told("kwhouse", ref, DAY, NOW)
        with contextlib.suppress(NotEnough):
            store.record(engine, ACCOUNT, here, "prepaid_use", D(amount), partial(_one_use, here, D(amount)))
    engine.dispose()


def _compete(settings: Settings, engine: sa.Engine) -> None:
    """Two processes use the same prepaid balance, partly for the same sessions; there is enough for four uses."""
    top_up(engine, "t1", "10.00")
    refs = [[f"session {n}" for n in range(6)], [f"session {n}" for n in range(5, -1, -1)]]
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_use, args=(str(settings.home), settings.catalog, some, "2.40")) for some in refs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    with engine.connect() as connection:
        ledger = store.read(connection)
    uses = [row for row in ledger.payments if row.kind == "prepaid_use"]
    assert len(uses) == 4
    assert ledger.prepaid("c1", "EUR") == D("0.40")
    assert balance.check(ledger) == []


def test_two_processes_use_a_prepaid_balance_once_and_never_below_zero(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    engine = build(settings)
    _compete(settings, engine)
    engine.dispose()


@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_the_same_in_postgresql(tmp_path: Path) -> None:
    with postgres_server(tmp_path) as conninfo:
        settings = Settings(home=tmp_path / "home", catalog=f"postgres:{conninfo}")
        (tmp_path / "home").mkdir()
        engine = build(settings)
        _compete(settings, engine)
        engine.dispose()


def test_a_movement_told_again_is_the_same_and_with_other_facts_refused(engine: sa.Engine) -> None:
    issue(engine, "R-1", "c1", "100.00")
    first = pay(engine, "a", "60.00", ["R-1"])
    again = pay(engine, "a", "60.00", ["R-1"])
    assert (first.repeated, again.repeated, again.payment) == (False, True, first.payment)
    with pytest.raises(MovementConflict, match=r"amount 60\.00, now 61"):
        pay(engine, "a", "61.00", ["R-1"])
    with engine.connect() as connection:
        (row,) = balance.documents(store.read(connection, contracts=["c1"]))
    assert (row.claim, row.paid, row.open) == (D("100"), D("60"), D("40"))


def test_the_keys_hold_without_the_lock_too(engine: sa.Engine) -> None:
    issue(engine, "R-1", "c1", "100.00")
    done = pay(engine, "a", "60.00", ["R-1"])
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        store.write(connection, posting.Posting(replace(done.payment, payment_id="another")))


def test_a_credit_note_is_set_off_and_the_rest_given_back(engine: sa.Engine) -> None:
    issue(engine, "R-1", "c1", "100.00")
    issue(engine, "R-2", "c1", "30.00")
    issue(engine, "R-3", "c2", "9.00")
    pay(engine, "a", "100.00", ["R-1"])
    issue(engine, "G-4", "c1", "-100.00", corrects="R-1")

    def make(ledger: posting.Ledger) -> posting.Posting:
        done = posting.set_off(ledger, ACCOUNT, told("s"))
        assert done is not None
        return done

    store.record(engine, ACCOUNT, told("s"), "set_off", None, make)
    back = store.record(
        engine,
        ACCOUNT,
        told("r"),
        "refund",
        D(70),
        lambda ledger: posting.refund(ledger, ACCOUNT, told("r"), D(70), "bank_transfer"),
    )
    assert [(it.document_id, it.amount) for it in back.allocations] == [("G-4", D(-70))]
    with engine.connect() as connection:
        ledger = store.read(connection)
    assert {row.document_id: row.open for row in balance.documents(ledger)} == {"G-4": 0, "R-1": 0, "R-2": 0, "R-3": 9}
    with pytest.raises(NotEnough, match=r"To give back: 0\.01 EUR wanted, 0\.00 EUR there"):
        posting.refund(ledger, ACCOUNT, told("x"), D("0.01"), "bank_transfer")
    assert balance.check(ledger) == []


def test_check_names_what_does_not_add_up(engine: sa.Engine) -> None:
    issue(engine, "R-1", "c1", "100.00")
    pay(engine, "a", "60.00", ["R-1"])
    with engine.begin() as connection:
        rows = table("billing", "allocations")
        connection.execute(sa.update(rows).values(amount=D("160.00")))
    with engine.connect() as connection:
        found = balance.check(store.read(connection))
    assert {(row.what, row.id, row.difference) for row in found} == {
        ("document", "R-1", D(60)),
        ("movement", posting.payment_id_of("manual", "a"), D(100)),
        ("contract", "op/c1", D(100)),
    }


def test_an_unknown_document_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(DocumentUnknown, match="'R-9'"):
        pay(engine, "a", "1.00", ["R-9"])
    with engine.connect() as connection, pytest.raises(DocumentUnknown):
        store.account_of(connection, "R-9")


def test_dunning_takes_each_step_once_and_its_fee_is_owed(engine: sa.Engine) -> None:
    issue(engine, "R-1", "c1", "1234.50")
    issue(engine, "R-2", "c2", "10.00")
    issue(engine, "G-3", "c2", "-10.00")
    due = DAY + timedelta(days=14)
    dunning_book.set_policy(
        engine, "op", "EUR", (PolicyStep("reminder_1", 7, 10), PolicyStep("reminder_2", 14, 10, D("5.00")))
    )
    assert dunning_book.take(engine, due + timedelta(days=6)) == []
    (first,) = dunning_book.take(engine, due + timedelta(days=7))
    assert first.letter.subject == "Zahlungserinnerung: Rechnung R-1"
    assert "1.234,50 EUR" in first.letter.body
    assert dunning_book.take(engine, due + timedelta(days=7)) == []
    dunning_book.mark(engine, "R-1", due + timedelta(days=8), paused=True, note="meter doubted")
    with pytest.raises(LedgerError, match="paused already"):
        dunning_book.mark(engine, "R-1", due + timedelta(days=8), paused=True, note="again")
    assert dunning_book.take(engine, due + timedelta(days=60)) == []
    dunning_book.mark(engine, "R-1", due + timedelta(days=60), paused=False, note="meter is right")
    (second,) = dunning_book.take(engine, due + timedelta(days=74))
    assert (second.action.step, second.action.step_no, second.action.fee) == ("reminder_2", 4, D(5))
    assert "1.239,50 EUR" in second.letter.body
    with engine.connect() as connection:
        assert store.account_of(connection, "R-1/dunning-4") == ACCOUNT
    pay(engine, "a", "1239.50", ["R-1", "R-1/dunning-4"])
    with engine.connect() as connection:
        ledger = store.read(connection)
    assert [row.open for row in balance.documents(ledger) if row.contract_id == "c1"] == [0, 0]
    assert balance.check(ledger) == []
    assert dunning_book.take(engine, due + timedelta(days=200)) == []
