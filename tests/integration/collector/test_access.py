"""Who may charge, on the real state database and over real sockets: rules, changes, decisions, two collectors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from ingest.access import gate
from ingest.access.active import Going, Transaction
from ingest.access.commands import driver_app, token_app
from ingest.access.directory import Registry
from ingest.access.known import Contract, Subject, Token
from ingest.access.sharing import SharedSessions
from ingest.collector import run
from tests.collector_harness import Running, in_thread, landed, station
from tests.registered import register, site
from warehouse.errors import InputError
from warehouse.registry.changes import Author
from warehouse.registry.editing import add_row, change_row
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state, table

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
ME = Author("me", "test")
NOW = "2026-07-01T10:00:00Z"


def token(id_token: str, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("contract_id", "token_group", "cost_centre", "ocpp_type", "certificate_key", "valid_to", "note")
    )
    return empty | {"id_token": id_token, "token_type": "RFID", "status": "active", "valid_from": JANUARY} | more


def contract(key: str, **more: Any) -> dict[str, Any]:
    return {"contract_id": key, "operator_id": "op", "currency": "EUR", "valid_from": JANUARY} | more


def rule(key: str, **more: Any) -> dict[str, Any]:
    return {"access_rule_id": key, "valid_from": JANUARY} | more


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load_settings(home=tmp_path / "home", collect_port=0, metrics_port=0, allow_replay=True)
    register(
        found,
        sites=[site("depot", "Europe/Berlin"), site("mall")],
        stations=[{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")],
        contracts=[
            {
                "contract_id": "c",
                "operator_id": "op",
                "currency": "EUR",
                "payment_method": "prepaid",
                "valid_from": JANUARY,
            }
        ],
        tokens=[token("Good"), token("Paid", contract_id="c")],
    )
    return found


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = open_state(settings)
    yield engine
    engine.dispose()


def serving(settings: Settings) -> AbstractContextManager[Running]:
    return in_thread(settings, lambda ready, stop: run(settings, None, ready, stop))


def test_the_registry_is_read_once_and_then_what_has_changed(engine: sa.Engine) -> None:
    directory = Registry(engine)
    known = directory.load()
    assert known.stations["CP-1"] == ("depot", "Europe/Berlin")
    begin = int(JANUARY.timestamp()) * 1_000_000
    assert known.tokens == {"good": Token(False, begin), "paid": Token(False, begin, None, None, "c")}
    assert known.contracts == {"c": Contract(begin, None, None, True, None)}
    assert directory.load() is known  # nothing has changed
    change_row(engine, "tokens", {"id_token": "Good"}, {"status": "blocked"}, ME)
    add_row(engine, "tokens", {"id_token": "New", "token_type": "RFID", "status": "active"}, ME)
    add_row(engine, "access_rules", {"access_rule_id": "r", "id_token": "New", "most_sessions": 2}, ME)
    found = directory.load()
    assert (found.tokens["good"].blocked, "new" in found.tokens) == (True, True)
    assert [one.most_sessions for one in found.rules[Subject("token", "new")]] == [2]
    with engine.begin() as connection:
        paid = {
            "payment_id": "p", "operator_id": "op", "contract_id": "c", "kind": "topup", "method": "cash",
            "amount": Decimal(20), "currency": "EUR", "booked_on": JANUARY.date(), "received_at": JANUARY,
            "source": "manual", "external_ref": "1",
        }  # fmt: skip
        connection.execute(table("billing", "payments").insert(), paid)
    assert directory.load().contracts["c"].owed == Decimal(-20)


def test_each_change_is_kept_with_who_and_what(engine: sa.Engine) -> None:
    change_row(engine, "tokens", {"id_token": "Good"}, {"status": "blocked"}, ME)
    change_row(engine, "tokens", {"id_token": "Good"}, {"status": "blocked"}, ME)  # no change
    add_row(engine, "drivers", {"driver_id": "d", "name": "Ada"}, Author("you", "api"))
    rows = table("registry", "changes")
    with engine.connect() as connection:
        kept = connection.execute(sa.select(rows).order_by(rows.c.change_id)).mappings().all()
    told = [(row["table_name"], row["row_key"], row["change"], row["changed_by"], row["source"]) for row in kept]
    assert told == [("tokens", '["Good"]', "changed", "me", "test"), ("drivers", '["d"]', "added", "you", "api")]
    assert (json.loads(kept[0]["before"]), json.loads(kept[0]["after"])) == (
        {"status": "active"},
        {"status": "blocked"},
    )
    assert (kept[1]["before"], json.loads(kept[1]["after"])) == (None, {"driver_id": "d", "name": "Ada"})


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id_token": "Good", "token_type": "RFID", "status": "active"}, "is there already"),
        ({"id_token": "x", "token_type": "CARD", "status": "active"}, "is not one of"),
        ({"id_token": "x", "status": "active"}, "token_type is missing"),
        ({"id_token": "x", "token_type": "RFID", "status": "active", "contract_id": "none"}, "contracts has none"),
        ({"id_token": "x", "token_type": "RFID", "status": "active", "colour": "red"}, "is no column"),
        (
            {"id_token": "x", "token_type": "RFID", "status": "active", "valid_to": JANUARY - timedelta(days=1)},
            "is not after valid_from",
        ),
    ],
)
def test_a_row_that_cannot_be_is_refused(engine: sa.Engine, row: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        add_row(engine, "tokens", row, ME)
    with engine.connect() as connection:
        assert connection.execute(sa.select(table("registry", "changes"))).first() is None


def test_decisions_over_sockets_are_kept_with_their_reasons(settings: Settings, engine: sa.Engine) -> None:
    add_row(engine, "access_rules", rule("r1", id_token="Good", most_sessions=1), ME)

    async def talk(running: Running) -> list[Any]:
        async with station(running, "CP-1", "1.6") as one, station(running, "CP-2", "2.0.1") as two:
            start = {"connectorId": 1, "idTag": "GOOD", "meterStart": 0, "timestamp": NOW}
            event = {
                "eventType": "Started", "timestamp": NOW, "seqNo": 0, "triggerReason": "Authorized",
                "transactionInfo": {"transactionId": "t-1"}, "evse": {"id": 1},
                "idToken": {"idToken": "good", "type": "ISO14443"},
            }  # fmt: skip
            said = [
                await one.call("Authorize", {"idTag": "nobody"}),
                await one.call("Authorize", {"idTag": "Paid"}),
                await one.call("StartTransaction", start),
                await two.call("TransactionEvent", event),
            ]
            number = said[2][2]["transactionId"]
            stop = {"transactionId": number, "meterStop": 5, "timestamp": NOW, "idTag": "good"}
            return [*said, await one.call("StopTransaction", stop), await two.call("TransactionEvent", event)]

    with serving(settings) as running:
        answers = asyncio.run(talk(running))
    infos = [answer[2].get("idTagInfo") or answer[2]["idTokenInfo"] for answer in answers]
    assert [info["status"] for info in infos] == [
        "Invalid",
        "Blocked",
        "Accepted",
        "ConcurrentTx",
        "Accepted",
        "Accepted",
    ]
    kept = landed(running, "access_decisions")
    assert [(row["action"], row["purpose"], row["status"], row["reason"], row["access_rule_id"]) for row in kept] == [
        ("Authorize", "authorize", "Unknown", "unknown_token", None),
        ("Authorize", "authorize", "NoCredit", "no_credit", None),
        ("StartTransaction", "start", "Accepted", "accepted", "r1"),
        ("TransactionEvent", "start", "ConcurrentTx", "too_many_sessions", "r1"),
        ("StopTransaction", "stop", "Accepted", "accepted", None),
        ("TransactionEvent", "start", "Accepted", "accepted", "r1"),
    ]
    messages = {(row["station_id"], row["message_id"]) for row in landed(running, "messages")}
    assert {(row["station_id"], row["message_id"]) for row in kept} <= messages


def test_a_change_reaches_a_running_collector(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "REFRESH_SECONDS", 0.05)
    monkeypatch.setenv("KWHOUSE_HOME", str(settings.home))

    async def until_refused(running: Running) -> str:
        async with station(running) as one:
            assert (await one.call("Authorize", {"idTag": "good"}))[2]["idTagInfo"]["status"] == "Accepted"
            assert CliRunner().invoke(token_app, ["block", "Good"]).exit_code == 0
            for _ in range(200):
                status: str = (await one.call("Authorize", {"idTag": "good"}))[2]["idTagInfo"]["status"]
                if status != "Accepted":
                    return status
                await asyncio.sleep(0.05)
        return "never"

    with serving(settings) as running:
        assert asyncio.run(until_refused(running)) == "Blocked"


def test_collectors_tell_each_other_and_themselves_after_a_restart(engine: sa.Engine) -> None:
    going = Going("1", 1_700_000_000_000_000, (Subject("token", "good"), Subject("contract", "c")))
    first, second = Transaction("CP-1", "1"), Transaction("CP-2", "t-2")
    one, two = SharedSessions(engine, "one"), SharedSessions(engine, "two")
    one.tell({first: going})
    two.tell({second: going})
    assert (one.told().here, one.told().elsewhere) == ({first: going}, {second: going})
    one.tell({first: None})
    assert (two.told().here, two.told().elsewhere) == ({second: going}, {})

    class Nothing:
        def load(self) -> Any:
            return Registry(engine).load()

    access = gate.Access(Nothing(), SharedSessions(engine, "two"))
    asyncio.run(access.refresh())
    access.ended(second)
    asyncio.run(access.refresh())
    assert two.told().here == {}


@contextmanager
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    monkeypatch.setenv("KWHOUSE_HOME", str(settings.home))

    def call(app: Any, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, list(arguments))
        return done.exit_code, done.output or str(done.exception)

    yield call


def test_the_commands(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with home(settings, monkeypatch) as call:
        assert call(token_app, "add", "Card", "--contract", "c", "--group", "fleet") == (0, "Added.\n")
        status, told = call(token_app, "add", "Card")
        assert status == 1
        assert "is there already" in told
        assert call(token_app, "block", "Card") == (0, "Changed.\n")
        assert call(token_app, "block", "Card") == (0, "Nothing to change: it is so already.\n")
        assert call(token_app, "check", "card", "--station", "CP-1") == (1, "Blocked: token blocked\n")
        assert call(token_app, "unblock", "Card")[0] == 0
        assert call(token_app, "check", "card", "--station", "CP-1") == (1, "NoCredit: no credit\n")
        assert call(token_app, "check", "good", "--station", "CP-1") == (0, "Accepted: accepted\n")
        status, told = call(token_app, "list", "--group", "fleet", "--json")
        assert [row["id_token"] for row in json.loads(told)] == ["Card"]
        assert call(driver_app, "add", "d1", "--name", "Ada") == (0, "Added.\n")
        assert json.loads(call(driver_app, "list", "--json")[1]) == [
            {"driver_id": "d1", "name": "Ada", "contracts": 0, "tokens": 0}
        ]
