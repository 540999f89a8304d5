"""`kwhouse session stop SESSION`: the session of the warehouse leads to its station and transaction."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kwhouse import app
from tests.homes import new_home
from tests.integration.billing_world import World
from tests.registered import register, site
from warehouse.settings import load_settings
from warehouse.store import open_lake


def test_a_session_is_stopped_by_the_beginning_of_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_HOME", str(new_home(tmp_path / "home")))
    settings = load_settings()
    register(settings, sites=[site("site")], stations=[{"station_id": "station", "site_id": "site"}])
    with open_lake(settings) as lake:
        world = World(lake)
        world.session("goes on", state="active", ended_at=None, transaction_id="4711")
        world.session("is over")
        world.write()

    def stop(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["session", "stop", *arguments, "--no-wait", "--json"])
        return done.exit_code, done.stdout or str(done.exception)

    status, told = stop("goes")
    asked = json.loads(told)
    assert (status, asked["station_id"], asked["kind"], asked["state"]) == (0, "station", "stop", "waiting")
    assert asked["arguments"] == {"transaction_id": "4711"}
    assert stop("is over") == (1, "Session is over does not go on: there is nothing to stop.")
    assert stop("nowhere", "4711") == (
        1,
        "There is no station 'nowhere' in the registry. `kwhouse station waiting` shows who has knocked.",
    )
