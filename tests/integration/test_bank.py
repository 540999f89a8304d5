"""The bank and the ledger together: collect, read the statement, and every cent is somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.billing.bank import collecting, importing, worklist
from pipelines.billing.bank.errors import BankError, NothingToSend, StatementConflict, StatementRefused
from pipelines.billing.ledger import balance, store
from tests.bank_statements import Entry, Part, Statement, document
from tests.integration.ledger_world import DAY, IBANS, NOW, build, issue
from tests.integration.postgres_server import MISSING, binaries, postgres_server
from warehouse.settings import Settings
from warehouse.state import table

D = Decimal
ON = DAY + timedelta(days=30)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = build(Settings(home=tmp_path))
    yield engine
    engine.dispose()


def read(engine: sa.Engine, tmp_path: Path, *statements: Statement) -> list[importing.StatementReport]:
    path = tmp_path / f"{statements[0].number}.xml"
    path.write_bytes(document(*statements))
    return importing.import_files(engine, [path], NOW)


def opened(engine: sa.Engine) -> dict[str, Decimal]:
    with engine.connect() as connection:
        ledger = store.read(connection)
        assert balance.check(ledger) == []
        assert worklist.check(connection) == []
    return {row.document_id: row.open for row in balance.documents(ledger)}


def items(engine: sa.Engine) -> dict[str, tuple[str, str]]:
    rows = table("billing", "collection_items")
    with engine.connect() as connection:
        found = connection.execute(sa.select(rows).order_by(rows.c.collection_id)).mappings()
        return {row["document_id"]: (row["end_to_end_id"], row["state"]) for row in found}


@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_the_same_in_postgresql(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with postgres_server(tmp_path) as conninfo:
        engine = build(Settings(home=tmp_path / "home", catalog=f"postgres:{conninfo}"))
        test_invoices_are_collected_booked_and_come_back(engine, tmp_path)
        engine.dispose()


def test_invoices_are_collected_booked_and_come_back(engine: sa.Engine, tmp_path: Path) -> None:
    for number, contract, amount in (
        ("KWH-1001", "c1", "100.00"),
        ("KWH-1002", "c2", "50.00"),
        ("KWH-1003", "c3", "9.99"),
    ):
        issue(engine, number, contract, amount)
    issue(engine, "KWH-1004", "c1", "-40.00", corrects="KWH-1001")
    with engine.begin() as connection:
        drivers = table("registry", "drivers")
        connection.execute(sa.update(drivers).where(drivers.c.driver_id == "d3").values(iban="BE68539007547035"))
    made = collecting.collect(engine, "op", ON, NOW)
    assert (made.transactions, made.total, made.documents) == (2, D("110.00"), ("KWH-1001", "KWH-1002"))
    assert [(row.document_id, row.reason) for row in made.left_out] == [
        ("KWH-1003", "IBAN 'BE68…7035': has a wrong check digit: a digit is mistyped")
    ]
    assert b"<CtrlSum>110.00</CtrlSum>" in collecting.file_of(engine, made.collection_id)
    with pytest.raises(NothingToSend):
        collecting.collect(engine, "op", ON, NOW)

    (report,) = read(
        engine, tmp_path, Statement("1", [Entry("110.00", [], batch=f"{made.collection_id}-FRST", count=2)])
    )
    assert (report.booked, report.work) == (D(110), 0)
    assert opened(engine) == {"KWH-1001": 0, "KWH-1002": 0, "KWH-1003": D("9.99"), "KWH-1004": 0}
    name = items(engine)["KWH-1002"][0]
    back = Entry("-53.00", [Part("53.00", name, reason="AC04", iban=IBANS["c2"])])
    (report,) = read(engine, tmp_path, Statement("2", [back], opening="1110.00"))
    assert (report.booked, report.work_amount, report.gap) == (D(-50), D(-3), None)
    assert opened(engine)["KWH-1002"] == 50
    assert items(engine)["KWH-1002"] == (name, "returned")
    with pytest.raises(NothingToSend, match="KWH-1003"):
        collecting.collect(engine, "op", ON, NOW)
    again = collecting.collect(engine, "op", ON, NOW, retry=True)
    assert again.documents == ("KWH-1002",)
    assert items(engine)["KWH-1002"][0] != name
    with engine.connect() as connection:
        (work,) = worklist.listing(connection)
    worklist.close(engine, work.entry, "the bank's charge for the return")
    assert collecting.cancel(engine, again.collection_id, ON) == 1
    with pytest.raises(BankError, match="it stays as it is"):
        collecting.cancel(engine, made.collection_id, ON)
    assert collecting.collect(engine, "op", ON, NOW, retry=True).documents == ("KWH-1002",)
    assert opened(engine)["KWH-1002"] == 50


def test_a_document_is_in_one_collection_that_has_not_come_back(engine: sa.Engine) -> None:
    issue(engine, "KWH-1001", "c1", "100.00")
    collecting.collect(engine, "op", ON, NOW)
    rows = table("billing", "collection_items")
    with engine.connect() as connection:
        row = dict(connection.execute(sa.select(rows)).mappings().one())
    second = row | {"collection_id": "KW-2", "end_to_end_id": "another"}
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.insert(rows), [second])


def test_the_same_statement_is_read_once_and_another_with_its_id_refused(engine: sa.Engine, tmp_path: Path) -> None:
    issue(engine, "KWH-1001", "c1", "100.00")
    statement = Statement("1", [Entry("60.00", [Part(text="KWH-1001")]), Entry("5.00", [Part(text="?")])])
    (first,) = read(engine, tmp_path, statement)
    (again,) = read(engine, tmp_path, statement)
    assert (first.booked, first.work, again.repeated) == (D(60), 1, True)
    with pytest.raises(StatementConflict, match="statement 1 of account …3000"):
        read(engine, tmp_path, replace(statement, entries=statement.entries[:1]))
    assert opened(engine) == {"KWH-1001": 40}
    (later,) = read(engine, tmp_path, Statement("3", [], opening="1070.00"))
    assert later.gap == (
        "It begins with 1070.00 EUR, statement 1 ended with 1065.00: a statement between them is missing."
    )
    with pytest.raises(StatementRefused, match="is of no operator"):
        read(engine, tmp_path, replace(statement, number="9", iban="DE02120300000000202051"))


def test_a_file_is_kept_whole_or_not_at_all(engine: sa.Engine, tmp_path: Path) -> None:
    issue(engine, "KWH-1001", "c1", "100.00")
    good = Statement("1", [Entry("60.00", [Part(text="KWH-1001")])])
    with pytest.raises(StatementRefused, match="does not add up"):
        read(engine, tmp_path, good, replace(good, number="2", closing="1.00"))
    with pytest.raises(StatementRefused, match="is of no operator"):
        read(engine, tmp_path, good, replace(good, number="2", iban="DE02120300000000202051"))
    assert opened(engine) == {"KWH-1001": 100}
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(table("billing", "statements"))).scalar() == 0


def test_a_person_says_what_the_money_is_for(engine: sa.Engine, tmp_path: Path) -> None:
    issue(engine, "KWH-1001", "c1", "100.00")
    entries = [
        Entry("120.00", [Part(text="thanks", iban="FR1420041010050500013M02606")]),
        Entry("8.00", [Part(text="for charging")]),
        Entry("-20.00", [Part(text="sent back")]),
    ]
    read(engine, tmp_path, Statement("1", entries))
    with engine.connect() as connection:
        first, second, third = worklist.listing(connection)
    done = worklist.assign(engine, first.entry, NOW, documents=["KWH-1001"], contract=None)
    assert [(row.document_id, row.amount) for row in done.allocations] == [("KWH-1001", D(100))]
    worklist.assign(engine, second.entry, NOW, documents=[], contract="c2", prepaid=True)
    with pytest.raises(BankError, match="money that went out"):
        worklist.assign(engine, third.entry, NOW, documents=["KWH-1001"], contract=None)
    worklist.take_back(engine, third.entry, done.payment.payment_id, NOW)
    with pytest.raises(BankError, match="is on the work list"):
        worklist.close(engine, third.entry, "twice")
    assert opened(engine) == {"KWH-1001": 0}
    with engine.connect() as connection:
        ledger = store.read(connection)
    assert (ledger.credit("c1", "EUR"), ledger.prepaid("c2", "EUR")) == (0, 8)
    # The account is known now: the same payer's next money of a fitting amount needs no person.
    issue(engine, "KWH-1002", "c1", "33.00")
    entry = Entry("33.00", [Part(text="again", iban="FR1420041010050500013M02606")], booked_on=date(2026, 11, 21))
    (report,) = read(engine, tmp_path, Statement("2", [entry], opening="1108.00"))
    assert (report.booked, report.gap) == (D(33), None)
