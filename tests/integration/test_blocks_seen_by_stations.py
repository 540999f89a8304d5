"""Which changes of the registry make stations clear their caches: those about what is presented at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest.access.known import Known
from ingest.remote import list_contents
from ingest.remote.list_contents import Lists
from tests.homes import new_home
from warehouse.registry.changes import Author
from warehouse.registry.editing import add_row, change_row, remove_row
from warehouse.settings import load_settings
from warehouse.state import open_state

ME = Author("anna", "test")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    opened = open_state(load_settings(home=new_home(tmp_path / "home")))
    yield opened
    opened.dispose()


def token(engine: sa.Engine, id_token: str, kind: str, **more: str) -> str:
    add_row(engine, "tokens", {"id_token": id_token, "token_type": kind, "status": "active", **more}, ME)
    return id_token


def block(engine: sa.Engine, *tokens: str) -> None:
    for id_token in tokens:
        change_row(engine, "tokens", {"id_token": id_token}, {"status": "blocked"}, ME)


def test_what_nobody_presents_at_a_station_clears_no_cache(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_contents, "_BLOCKS_AT_ONCE", 2)
    lists = Lists(engine)

    def newest() -> int:
        found = lists.newest_block(Known())  # another registry each time
        assert found == Lists(engine).newest_block(Known()), "the same as for who looks for the first time"
        return found

    guests = [token(engine, f"GUEST-{number}", "AD_HOC_USER") for number in range(5)]
    block(engine, *guests[:1])
    assert newest() == 0
    block(engine, token(engine, 'a "card"', "RFID"))
    card = newest()
    assert card > 0
    block(engine, *guests[1:], token(engine, "APP", "APP_USER"))
    remove_row(engine, "tokens", {"id_token": "GUEST-1"}, ME)
    assert newest() == card
    block(engine, token(engine, "SHOWN", "APP_USER", ocpp_type="KeyCode"))
    shown = newest()
    assert shown > card
    remove_row(engine, "tokens", {"id_token": 'a "card"'}, ME)
    removed = newest()
    assert removed > shown
    add_row(engine, "access_rules", {"access_rule_id": "R", "id_token": "APP", "blocked": True}, ME)
    assert newest() > removed
