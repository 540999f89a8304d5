"""The commands of `kwhouse payment`, as people call them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from pipelines.billing.commands.payment import payment_app
from pipelines.billing.ledger.errors import NotEnough
from tests.bank_statements import Entry, Part, Statement, document
from tests.integration.ledger_world import build, issue
from warehouse.settings import Settings
from warehouse.state import table

Run = Callable[..., Any]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    engine = build(Settings(home=tmp_path / "home"))
    yield engine
    engine.dispose()


@pytest.fixture
def run(engine: sa.Engine) -> Run:
    def call(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(payment_app, list(arguments))
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == status, done.output
        return done.stdout

    return call


def test_from_invoice_to_the_bank_and_back(engine: sa.Engine, run: Run, tmp_path: Path) -> None:
    issue(engine, "KWH-1001", "c1", "100.00")
    issue(engine, "KWH-1002", "c2", "50.00")
    file = tmp_path / "debits.xml"
    made = json.loads(run("collect", "--operator", "op", "--on", "2026-12-01", "-o", str(file), "--json"))
    assert (made["total"], made["transactions"], made["left_out"]) == ("150.00", 2, [])
    assert file.stat().st_mode & 0o077 == 0
    again = tmp_path / "again.xml"
    run("collection-file", made["collection_id"], "-o", str(again))
    assert again.read_bytes() == file.read_bytes()
    assert b"<CtrlSum>150.00</CtrlSum>" in file.read_bytes()

    statement = tmp_path / "statement.xml"
    booked = Entry("150.00", [], batch=f"{made['collection_id']}-FRST")
    statement.write_bytes(document(Statement("1", [booked, Entry("-2.00", [Part(text="account fee")])])))
    (report,) = json.loads(run("import-statement", str(statement), "--json"))
    assert (report["booked"], report["work"], report["work_amount"]) == ("150.00", 1, "-2.00")
    assert "was read before" in run("import-statement", str(statement))
    (entry,) = json.loads(run("work", "--json"))
    run("close-entry", entry["entry"], "--note", "the bank's fee")
    assert run("work") == "Nothing waits.\n"
    assert run("check") == "All amounts add up.\n"
    balance = json.loads(run("balance", "--contract", "c1", "--json"))
    assert [(row["number"], row["paid"], row["open"]) for row in balance["documents"]] == [
        ("KWH-1001", "100.00", "0.00")
    ]
    assert "KWH-1001" in run("balance", "--contract", "c1")


def test_money_by_hand(engine: sa.Engine, run: Run) -> None:
    issue(engine, "KWH-1001", "c1", "100.00")
    paid = ("record", "120.00", "--method", "cash", "--reference", "receipt 1", "--document", "KWH-1001")
    assert "KWH-1001: 100.00 EUR" in run(*paid)
    assert "nothing changed" in run(*paid)
    run("refund", "20.00", "--method", "cash", "--reference", "back 1", "--contract", "c1")
    with pytest.raises(NotEnough):
        run("refund", "0.01", "--method", "cash", "--reference", "back 2", "--contract", "c1")
    run("record", "30.00", "--method", "upi", "--reference", "top 1", "--contract", "c1", "--topup")
    issue(engine, "KWH-1002", "c1", "10.00")
    issue(engine, "KWH-1003", "c1", "-4.00")
    assert "KWH-1002: 4.00 EUR" in run("settle", "--operator", "op")
    run("write-off", "KWH-1002", "--reason", "too small", "--reference", "w1")
    rows = json.loads(run("balance", "--json"))["contracts"]
    assert [(row["contract_id"], row["owed"], row["credit"], row["prepaid"]) for row in rows] == [
        ("c1", "0.00", "0.00", "30.00")
    ]
    with engine.begin() as connection:
        connection.execute(sa.update(table("billing", "payments")).values(amount=1))
    assert "does not" not in run("check", status=1)
    assert any(row["id"] == "op/c1" for row in json.loads(run("check", "--json", status=1)))


def test_dunning_is_listed_then_taken(engine: sa.Engine, run: Run) -> None:
    issue(engine, "KWH-1001", "c1", "100.00")
    run("dunning-policy", "--operator", "op", "--currency", "EUR", "--step", "reminder_1:7:10:2.50")
    assert run("dunning", "--on", "2026-11-20") == "No step is due.\n"
    line = "KWH-1001: reminder_1, open 100.00 EUR, fee 2.50 EUR, to pay by 2026-12-11\n"
    assert run("dunning", "--on", "2026-12-01") == line
    assert run("dunning", "--on", "2026-12-01", "--take") == line
    assert run("dunning", "--on", "2026-12-01", "--take") == "No step is due.\n"
    assert "paused" in run("dispute", "KWH-1001", "--reason", "meter doubted")
    assert re.search(
        r"write STEP:WAIT:RESPITE:FEE",
        CliRunner()
        .invoke(payment_app, ["dunning-policy", "--operator", "op", "--currency", "EUR", "--step", "x"])
        .output,
    )
