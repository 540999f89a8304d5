"""The registry's way into the lake: what changed, nothing personal, tokens by their pseudonym."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.pseudonyms import _insert, ensure_pseudonyms
from pipelines.registry_history import record_registry
from tests.homes import new_home
from tests.registered import register, register_stations
from warehouse.settings import load_settings
from warehouse.state import open_state, table
from warehouse.store import Lake, open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with open_lake(load_settings(home=new_home(tmp_path))) as opened:
        yield opened


def execute(lake: Lake, statement: sa.Executable) -> None:
    engine = open_state(lake.settings)
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


def history(lake: Lake, name: str) -> list[tuple[str, str, str | None]]:
    query = "SELECT row_key, change, row_json FROM ops.registry_history WHERE table_name = ? ORDER BY changed_at"
    return lake.con.execute(query, [name]).fetchall()


def test_only_changes_are_written(lake: Lake) -> None:
    register_stations(lake.settings, {"A": "one", "B": "one"})
    assert record_registry(lake).rows == {"ops.registry_history": 5}
    assert record_registry(lake).rows == {}
    stations = table("registry", "stations")
    execute(lake, stations.update().where(stations.c.station_id == "A").values(vendor="Maker"))
    execute(lake, stations.delete().where(stations.c.station_id == "B"))
    assert record_registry(lake).rows == {"ops.registry_history": 2}
    found = history(lake, "stations")[2:]
    assert sorted((key, change) for key, change, _ in found) == [('["A"]', "set"), ('["B"]', "removed")]
    execute(lake, stations.insert().values(station_id="B", site_id="one"))
    assert record_registry(lake).rows == {"ops.registry_history": 1}


def test_nothing_personal_reaches_the_lake(lake: Lake) -> None:
    register(
        lake.settings,
        drivers=[{"driver_id": "d1", "name": "Ada Secret", "email": "ada@secret.example", "address": "Secret Street"}],
        tokens=[
            {
                "id_token": "SECRET-TOKEN",
                "token_type": "RFID",
                "status": "active",
                "valid_from": datetime(2020, 1, 1, tzinfo=UTC),
            },
        ],
    )
    record_registry(lake)
    text = json.dumps(lake.con.execute("SELECT * FROM ops.registry_history").fetchall(), default=str).lower()
    assert "secret" not in text
    pseudonym = lake.con.execute("SELECT pseudonym FROM registry.pseudonyms").fetchall()[0][0]
    assert history(lake, "tokens")[0][0] == json.dumps([pseudonym])


def test_a_token_keeps_its_pseudonym(lake: Lake) -> None:
    seen = "SELECT unnest(['one', 'two', 'one', NULL])"
    assert ensure_pseudonyms(lake, seen) == 2
    first = lake.con.execute("SELECT * FROM registry.pseudonyms ORDER BY id_token").fetchall()
    assert ensure_pseudonyms(lake, seen) == 0
    # Another process that met the same tokens at the same time changes nothing either.
    _insert(lake.settings, ["one", "three"])
    second = lake.con.execute("SELECT * FROM registry.pseudonyms ORDER BY id_token").fetchall()
    assert [row for row in second if row[0] != "three"] == first
