"""Access: what a token may do at a time, from memory, and from the registry's tables."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.access import Access, Directory, Known, Registry, Token
from ingest.clock import microseconds
from ingest.ocpp.desk import Verdict
from warehouse.settings import load_settings

pytestmark = pytest.mark.fast


class Shelf:
    """A directory whose content the test changes; None: it cannot be read."""

    def __init__(self, known: Known | None) -> None:
        self.known = known

    def load(self) -> Known:
        if self.known is None:
            raise OSError("the registry is gone")
        return self.known


def refreshed(directory: Directory) -> Access:
    access = Access(directory)
    asyncio.run(access.refresh())
    return access


def at(text: str) -> int:
    instant = microseconds(text)
    assert instant is not None
    return instant


def test_a_token_counts_between_its_dates() -> None:
    token = Token(valid_from=at("2020-01-01"), valid_to=at("2021-01-01"), group="fleet")
    access = refreshed(Shelf(Known(frozenset({"CP-1"}), {"abc": token})))
    until = "2021-01-01T00:00:00.000Z"
    assert access.verdict("ABC", at("2019-12-31T23:59:59")) == Verdict("Invalid", None, "fleet")
    assert access.verdict("ABC", at("2020-01-01")) == Verdict("Accepted", until, "fleet")
    assert access.verdict("abc", at("2021-01-01")) == Verdict("Expired", until, "fleet")
    assert access.verdict("abd", at("2020-06-01")) == Verdict("Invalid")


def test_blocked_comes_before_expired() -> None:
    access = refreshed(Shelf(Known(frozenset(), {"abc": Token(blocked=True, valid_to=0)})))
    assert access.verdict("abc", 1).status == "Blocked"


def test_what_was_known_holds_while_the_registry_cannot_be_read() -> None:
    shelf = Shelf(Known(frozenset({"CP-1"})))
    access = refreshed(shelf)
    shelf.known = None
    asyncio.run(access.refresh())
    assert access.knows_station("CP-1")
    assert access.failure == "OSError: the registry is gone"
    shelf.known = Known()
    asyncio.run(access.refresh())
    assert not access.knows_station("CP-1")
    assert access.failure is None


def test_the_registry_is_read_from_the_state_database(tmp_path: Path) -> None:
    from warehouse.state import open_state, table

    settings = load_settings(home=tmp_path)
    engine = open_state(settings)
    january = datetime(2020, 1, 1, tzinfo=UTC)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.execute(table("registry", "stations").insert(), {"station_id": "CP-1", "site_id": "there"})
        row = {"token_type": "RFID", "valid_from": january}
        connection.execute(
            table("registry", "tokens").insert(),
            [
                {"id_token": "Good", "status": "active", "token_group": "fleet", "valid_to": None} | row,
                {"id_token": "Bad", "status": "blocked", "token_group": None, "valid_to": january} | row,
            ],
        )
    engine.dispose()
    known = Registry(settings).load()
    begin = at("2020-01-01")
    assert known.stations == {"CP-1"}
    assert known.tokens == {"good": Token(False, begin, None, "fleet"), "bad": Token(True, begin, begin, None)}
