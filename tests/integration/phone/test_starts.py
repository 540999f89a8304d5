"""Charges begun on a phone, on a real state database with a clock of the test: what waits, what is given back, what
happens once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.api.driver.accounts import Accounts
from pipelines.billing.payments import records as payments_kept
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.starts import records
from pipelines.billing.starts.flow import Starts, Wanted
from pipelines.billing.starts.model import BEGINS_WITHIN, KNOWN_AFTER, PAID_WITHIN, Start
from tests.homes import new_home
from tests.honest_provider import HonestProvider
from tests.registered import register, site
from warehouse.errors import CannotStart
from warehouse.registry import apply
from warehouse.registry.changes import Author
from warehouse.registry.editing import add_row
from warehouse.remote import commands
from warehouse.settings import load_settings
from warehouse.state import open_state, table

STATION = "CP-1"


@dataclass
class Counter:
    """Starts whose payer, station and clock the test plays."""

    engine: sa.Engine
    provider: HonestProvider
    now: datetime = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def __post_init__(self) -> None:
        payments = Payments(self.engine, self.provider, lambda _connection, _fact: None, lambda: self.now)
        self.starts = Starts(self.engine, payments, lambda: self.now)

    def wanted(self, page: str, **more: str | None) -> Wanted:
        hold = None if more.get("contract_id") else Money("EUR", 6000)
        return Wanted(page * 32, STATION, 1, "op", hold=hold, **more)

    def begun(self, page: str) -> Start:
        """A start of a guest who has paid, the station being told."""
        start = self.starts.begin(self.wanted(page))
        self.pays(start)
        self.now += KNOWN_AFTER
        found = self.starts.look(start.start_id)
        assert found.state == "starting"
        return self.starts.look(start.start_id)

    def pays(self, start: Start) -> None:
        provider_id = self.payment(start).provider_id
        assert provider_id is not None
        self.provider.payer_confirms(provider_id)

    def payment(self, start: Start) -> payments_kept.PaymentRecord:
        assert start.payment_id is not None
        return payments_kept.get(self.engine, start.payment_id)

    def answers(self, start: Start, state: str) -> None:
        """What a collector writes of the start command."""
        rows = table("remote", "commands")
        with self.engine.begin() as connection:
            connection.execute(sa.update(rows).where(rows.c.command_id == start.command_id).values(state=state))

    def transaction(self, start: Start, number: str | None) -> None:
        """What a collector tells of the transaction: it goes on, or (None) it has ended."""
        rows = table("access", "transactions")
        with self.engine.begin() as connection:
            connection.execute(sa.delete(rows))
            if number is not None:
                told = {"station_id": STATION, "transaction_id": number, "evse_or_connector": "1"}
                told |= {"id_token": start.id_token.lower(), "collector_id": "c"}
                connection.execute(sa.insert(rows), {**told, "started_at": self.now})

    def token(self, start: Start) -> str:
        rows = table("registry", "tokens")
        with self.engine.connect() as connection:
            return str(connection.execute(sa.select(rows.c.status).filter_by(id_token=start.id_token)).scalar_one())


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    settings = load_settings(home=new_home(tmp_path / "home"))
    contract = {
        "contract_id": "C1",
        "operator_id": "op",
        "currency": "EUR",
        "valid_from": datetime(2020, 1, 1, tzinfo=UTC),
    }
    register(
        settings, sites=[site("depot")], stations=[{"station_id": STATION, "site_id": "depot"}], contracts=[contract]
    )
    engine = open_state(settings)
    yield Counter(engine, HonestProvider(lambda: None))
    engine.dispose()


def test_what_the_station_accepts_and_never_begins_gives_the_money_back(counter: Counter) -> None:
    start = counter.begun("a")
    counter.answers(start, "accepted")
    counter.now += BEGINS_WITHIN - timedelta(seconds=1)
    assert counter.starts.look(start.start_id).state == "starting"
    counter.now += timedelta(seconds=1)
    found = counter.starts.look(start.start_id)
    assert (found.state, found.why_failed, counter.token(start)) == ("failed", "not_begun", "blocked")
    assert counter.payment(start).state == "authorised", "what began just before would be heard of a moment later"
    counter.now += KNOWN_AFTER
    counter.starts.look_after()
    assert counter.payment(start).state == "released"


def test_what_begins_in_the_last_moment_is_not_lost(counter: Counter) -> None:
    start = counter.begun("a")
    counter.answers(start, "accepted")
    counter.now += BEGINS_WITHIN
    assert counter.starts.look(start.start_id).state == "failed"
    counter.transaction(start, "17")
    counter.now += KNOWN_AFTER
    counter.starts.look_after()
    found = counter.starts.look(start.start_id)
    assert (found.state, found.transaction_id, counter.payment(start).state) == ("charging", "17", "authorised")
    counter.transaction(start, None)
    assert counter.starts.look(start.start_id).state == "ended"


def test_a_station_that_is_not_there_is_told_so_without_any_collector(counter: Counter) -> None:
    start = counter.begun("a")
    counter.now += timedelta(seconds=commands.EXPIRES_AFTER_SECONDS)
    counter.starts.look_after()
    found = counter.starts.look(start.start_id)
    assert (found.why_failed, counter.payment(start).state) == ("unreachable", "released")


def test_who_never_pays_is_given_up(counter: Counter) -> None:
    start = counter.starts.begin(counter.wanted("a"))
    counter.now += PAID_WITHIN
    counter.starts.look_after()
    assert counter.starts.look(start.start_id).why_failed == "abandoned"
    assert counter.payment(start).state == "released"
    counter.starts.look_after()
    assert records.unfinished(counter.engine, counter.now) == []


def test_a_webhook_of_the_payment_is_enough(counter: Counter) -> None:
    start = counter.starts.begin(counter.wanted("a"))
    counter.pays(start)
    counter.starts.begin_paid()
    assert records.unfinished(counter.engine, counter.now)[0].state == "awaiting_payment", "its row does not say so yet"
    Payments(counter.engine, counter.provider, lambda _connection, _fact: None).refresh(str(start.payment_id))
    counter.starts.begin_paid()
    assert records.unfinished(counter.engine, counter.now)[0].state == "starting"
    counter.now += KNOWN_AFTER
    counter.starts.look_after()
    found = records.find(counter.engine, start_id=start.start_id)
    assert found is not None
    assert found.command_id is not None


def together(*calls: object) -> None:
    threads = [threading.Thread(target=call) for call in calls]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_many_taps_and_looks_at_once_tell_the_station_once(counter: Counter) -> None:
    found: list[Start] = []
    together(*[lambda: found.append(counter.starts.begin(counter.wanted("a")))] * 4)
    assert len({start.payment_id for start in found} - {None}) == 1
    start = counter.starts.look(found[0].start_id)
    counter.pays(start)
    counter.now += KNOWN_AFTER
    together(*[lambda: counter.starts.look(start.start_id)] * 4)
    assert [one.kind for one in commands.listing(counter.engine)] == ["start"]
    rows = table("registry", "tokens")
    with counter.engine.connect() as connection:
        active = connection.execute(sa.select(rows.c.id_token).filter_by(status="active")).scalars().all()
    assert list(active) == [start.id_token], "the tokens of the slower taps are blocked"


def test_a_contract_has_one_token_and_waits_for_collectors_the_first_time_only(counter: Counter) -> None:
    first = counter.starts.begin(counter.wanted("a", contract_id="C1", driver_id="d"))
    assert counter.starts.look(first.start_id).command_id is None
    counter.now += KNOWN_AFTER
    assert counter.starts.look(first.start_id).command_id is not None
    second = counter.starts.begin(counter.wanted("b", contract_id="C1", driver_id="d"))
    assert (second.id_token, second.payment_id) == (first.id_token, None)
    assert counter.starts.look(second.start_id).command_id is not None
    asked, _ = commands.listing(counter.engine)
    assert (asked.asked_by, asked.arguments["evse_id"]) == ("d", 1)


def test_stopping_twice_asks_once_and_again_when_the_station_said_no(counter: Counter) -> None:
    start = counter.begun("a")
    counter.transaction(start, "17")
    assert counter.starts.look(start.start_id).state == "charging"
    for _ in range(2):
        start = counter.starts.stop(start.start_id)
    assert sorted(one.kind for one in commands.listing(counter.engine)) == ["start", "stop"]
    rows = table("remote", "commands")
    with counter.engine.begin() as connection:
        rejected = sa.update(rows).where(rows.c.command_id == start.stop_command_id).values(state="rejected")
        connection.execute(rejected)
    counter.starts.stop(start.start_id)
    assert [one.kind for one in commands.listing(counter.engine)].count("stop") == 2


def by_contract(counter: Counter, page: str = "a") -> Start:
    """A start that a contract pays; the station is being told."""
    counter.starts.begin(counter.wanted(page, contract_id="C1", driver_id="d"))
    counter.now += KNOWN_AFTER
    return counter.starts.look(records.start_id(page * 32))


def test_cancelling_takes_back_what_the_station_was_not_told_yet(counter: Counter) -> None:
    start = by_contract(counter)
    cancelled = counter.starts.stop(start.start_id)
    assert (cancelled.state, cancelled.why_failed) == ("failed", "cancelled")
    assert [one.state for one in commands.listing(counter.engine)] == ["withdrawn"]
    assert counter.starts.may_begin(cancelled) is False


def test_what_was_cancelled_too_late_is_stopped_once_it_begins(counter: Counter) -> None:
    start = by_contract(counter)
    counter.answers(start, "sent")
    cancelled = counter.starts.stop(start.start_id)
    assert (cancelled.why_failed, counter.starts.may_begin(cancelled)) == ("cancelled", True)
    counter.starts.look_for_begun()
    assert [one.kind for one in commands.listing(counter.engine)] == ["start"]
    counter.now += timedelta(minutes=2)
    counter.transaction(start, "17")
    for _ in range(3):
        counter.starts.look_for_begun()
    found = counter.starts.look(start.start_id)
    assert (found.state, found.why_failed, found.transaction_id) == ("charging", None, "17")
    [stop] = [one for one in commands.listing(counter.engine) if one.kind == "stop"]
    assert stop.arguments["transaction_id"] == "17"
    assert counter.starts.is_stopping(found)


def test_what_begins_late_by_contract_is_seen_and_can_be_stopped(counter: Counter) -> None:
    start = by_contract(counter)
    counter.answers(start, "accepted")
    counter.now += BEGINS_WITHIN
    assert counter.starts.look(start.start_id).why_failed == "not_begun"
    counter.now += timedelta(minutes=1)
    counter.transaction(start, "17")
    counter.starts.look_after()
    assert counter.starts.look(start.start_id).state == "charging"
    counter.starts.stop(start.start_id)
    assert sorted(one.kind for one in commands.listing(counter.engine)) == ["start", "stop"]


def test_a_cancelled_start_does_not_stop_the_next_one_of_the_same_contract(counter: Counter) -> None:
    first = by_contract(counter)
    counter.answers(first, "sent")
    counter.starts.stop(first.start_id)
    counter.now += timedelta(seconds=20)
    second = by_contract(counter, "b")
    assert second.id_token == first.id_token
    counter.now += timedelta(seconds=20)
    counter.transaction(second, "18")
    counter.starts.look_after()
    assert counter.starts.look(second.start_id).state == "charging"
    assert counter.starts.look(first.start_id).state == "failed"
    assert [one.kind for one in commands.listing(counter.engine)] == ["start", "start"]
    counter.now += timedelta(hours=2)
    counter.transaction(second, "19")
    assert counter.starts.look(first.start_id).state == "failed", "begun by other means, much later"


def test_taps_on_stop_at_once_tell_the_station_once(counter: Counter) -> None:
    start = counter.begun("a")
    counter.transaction(start, "17")
    counter.starts.look(start.start_id)
    together(*[lambda: counter.starts.stop(start.start_id)] * 4)
    assert sorted(one.kind for one in commands.listing(counter.engine)) == ["start", "stop"]


def test_a_station_that_the_registry_lost_meanwhile_stops_nothing_else(counter: Counter) -> None:
    start = counter.starts.begin(counter.wanted("a"))
    counter.pays(start)
    counter.now += KNOWN_AFTER
    rows = table("access", "starts")
    with counter.engine.begin() as connection:
        connection.execute(sa.update(rows).values(station_id="GONE"))
    counter.now += KNOWN_AFTER
    counter.starts.look_after()
    counter.now += KNOWN_AFTER
    counter.starts.look_after()
    assert (counter.starts.look(start.start_id).why_failed, counter.payment(start).state) == ("unreachable", "released")


def test_without_money_and_contract_nobody_begins(counter: Counter) -> None:
    with pytest.raises(CannotStart) as refused:
        counter.starts.begin(Wanted("a" * 32, STATION, 1, "op"))
    assert refused.value.why == "hold"
    with counter.engine.connect() as connection:
        assert connection.execute(sa.select(table("registry", "tokens"))).first() is None


def test_files_of_the_registry_leave_what_drivers_made_on_their_phones(counter: Counter, tmp_path: Path) -> None:
    start = counter.starts.begin(counter.wanted("a"))
    driver_id = Accounts(counter.engine).register("ada@example.org", "Ada", "long enough")
    add_row(counter.engine, "drivers", {"driver_id": "old"}, Author("test", "test"))
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "tokens.yaml").write_text(
        "- {id_token: CARD, token_type: RFID, status: active, valid_from: 2026-01-01T00:00:00Z}"
    )
    (folder / "drivers.yaml").write_text("- {driver_id: d1}")
    contract = f"contract_id: C1, operator_id: op, driver_id: {driver_id}, currency: EUR"
    (folder / "contracts.yaml").write_text(f"- {{{contract}, valid_from: 2020-01-01T00:00:00Z}}")
    (folder / "operators.yaml").write_text("- {operator_id: op, name: Op, country_code: DE, party_id: KWH}")
    report = apply(counter.engine, folder)
    assert (report.tables["drivers"].removed, report.tables["drivers"].unchanged) == (1, 1)
    assert counter.token(start) == "active"
    assert apply(counter.engine, folder).changed is False
