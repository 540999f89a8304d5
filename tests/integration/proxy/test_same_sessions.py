"""Our own collector behind the proxy: what the proxy has landed gives the same tables as what the collector has."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from ingest.access.directory import Registry
from ingest.collector import run
from ingest.fleet.simulated_registry import write_registry
from ingest.fleet.simulator import Fleet, simulate
from tests.collector_harness import Running, in_thread, landed, proxy
from tests.pipeline import TABLES, bring_up_to_date
from warehouse.registry import apply
from warehouse.settings import load_settings
from warehouse.state import open_state
from warehouse.store import open_lake

# Who wrote a row, and where. Stations speak at the same time: how their rows take turns is chance.
BY_CHANCE = {"collector_id", "seq", "connection_id"}


def tables(running: Running) -> dict[str, list[tuple[Any, ...]]]:
    with open_lake(running.settings) as lake:
        bring_up_to_date(lake)
        found = {}
        for table in TABLES:
            names = ", ".join(name for name in table.column_names if name not in BY_CHANCE)
            found[table.full_name] = lake.con.execute(f"SELECT {names} FROM {table.full_name} ORDER BY ALL").fetchall()
    return found


def conversations(running: Running) -> dict[str, list[tuple[Any, ...]]]:
    said: dict[str, list[tuple[Any, ...]]] = {}
    for row in landed(running, "messages"):
        said.setdefault(row["station_id"], []).append(
            tuple(value for name, value in row.items() if name not in BY_CHANCE)
        )
    return said


def test_the_proxy_lands_what_the_collector_behind_it_lands(tmp_path: Path) -> None:
    fleet = Fleet(stations=6, sessions_per_hour=20, seed=11)  # 1.6 and 2.0.1 in turns
    settings = load_settings(home=tmp_path / "collector", collect_port=0, metrics_port=0, allow_replay=True)
    write_registry(tmp_path / "registry", fleet)
    apply(settings, tmp_path / "registry")
    with in_thread(settings, lambda ready, stop: run(settings, Registry(open_state(settings)), ready, stop)) as behind:  # noqa: SIM117
        with proxy(tmp_path / "proxy", behind.ready.url) as before:
            report = simulate(fleet, before.ready.url, hours=8, speed=1_000_000)
    assert (before.status, behind.status) == (0, 0)
    assert report.sessions > 10
    assert conversations(before) == conversations(behind)
    expected = tables(behind)
    # The same registry, and with it the same pseudonyms.
    with (
        closing(sqlite3.connect(behind.settings.home / "state.sqlite")) as source,
        closing(sqlite3.connect(before.settings.home / "state.sqlite")) as copy,
    ):
        source.backup(copy)  # the file alone would lack what is still in its log
    found = tables(before)
    for name, rows in expected.items():
        assert [pair for pair in zip(found[name], rows, strict=True) if pair[0] != pair[1]] == [], name
    assert len(expected["core.sessions"]) >= report.sessions
    assert expected["core.meter_values"]
