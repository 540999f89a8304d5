"""Local authorization lists and caches of stations, kept in step over real sockets, 1.6 and 2.0.1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ingest.collector import run
from kwhouse import app
from tests.collector_harness import Running, commanded, in_thread
from tests.registered import register, site
from warehouse.settings import Settings, load_settings

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
TOKENS = ("Abc", "Bcd", "Cde", "Def", "Efg")
VERSIONS = {"CP-1": "1.6", "CP-2": "2.0.1"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("access.gate.REFRESH_SECONDS", "remote.delivery.LOOK_SECONDS", "remote.local_lists.LOOK_SECONDS"):
        monkeypatch.setattr(f"ingest.{name}", 0.03)
    monkeypatch.setenv("KWHOUSE_HOME", str(tmp_path / "home"))
    found = load_settings(collect_port=0, metrics_port=0)
    token = {"token_type": "RFID", "status": "active", "valid_from": JANUARY, "token_group": None}
    register(
        found,
        sites=[site("depot")],
        stations=[{"station_id": name, "site_id": "depot"} for name in VERSIONS],
        tokens=[
            *(token | {"id_token": name} for name in TOKENS),
            token | {"id_token": "by day", "token_group": "days"},
            token | {"id_token": "an app", "token_type": "APP_USER"},
        ],
        access_rules=[
            {"access_rule_id": "r", "token_group": "days", "start_time": "08:00", "valid_from": JANUARY},
        ],
    )
    return found


@dataclass
class Keeper:
    """A station's list, as it does what it is told; it takes two entries a call."""

    version: int = 0
    entries: dict[str, Any] = field(default_factory=dict)
    calls: list[tuple[bool, int]] = field(default_factory=list)
    """Of each list taken or refused: whether it was a full one, and how many entries it had."""
    cleared: int = 0
    mismatches: int = 0
    """How many differential lists it refuses."""

    @property
    def answers(self) -> dict[str, Callable[[Any], Any]]:
        limit = {"configurationKey": [{"key": "SendLocalListMaxLength", "readonly": True, "value": "2"}]}
        variable = {"component": {"name": "LocalAuthListCtrlr"}, "variable": {"name": "ItemsPerMessage"}}
        result = {"attributeStatus": "Accepted", "attributeValue": "2", **variable}
        return {
            "GetLocalListVersion": lambda _: {"listVersion": self.version},
            "SendLocalList": self.take,
            "GetConfiguration": lambda _: limit,
            "GetVariables": lambda _: {"getVariableResult": [result]},
            "ClearCache": self.clear,
        }

    def clear(self, _payload: Any) -> dict[str, str]:
        self.cleared += 1
        return {"status": "Accepted"}

    def take(self, payload: dict[str, Any]) -> dict[str, str]:
        entries = payload.get("localAuthorizationList", [])
        full = payload["updateType"] == "Full"
        self.calls.append((full, len(entries)))
        if not full and self.mismatches:
            self.mismatches -= 1
            return {"status": "VersionMismatch"}
        if full:
            self.entries = {}
        for one in entries:
            name = one["idTag"] if "idTag" in one else one["idToken"]["idToken"]
            self.entries[name] = one.get("idTagInfo") or one.get("idTokenInfo")
            if self.entries[name] is None:
                del self.entries[name]
        self.version = payload.get("listVersion") or payload["versionNumber"]
        return {"status": "Accepted"}


class Keeper2(Keeper):
    @property
    def answers(self) -> dict[str, Callable[[Any], Any]]:
        return super().answers | {"GetLocalListVersion": lambda _: {"versionNumber": self.version}}


async def kwhouse(*arguments: str) -> Any:
    done = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output + str(done.exception)
    return json.loads(done.stdout)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


async def in_step(tokens: int) -> list[Any]:
    """The rows once all lists are in step with so many tokens."""
    async with asyncio.timeout(30):
        while True:
            rows = await kwhouse("station", "local-list")
            if all(row["content_hash"] and row["tokens"] == tokens and not row["reason"] for row in rows):
                return list(rows)


def test_lists_follow_the_registry_and_what_stations_forget(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(running: Running) -> None:
        one, two = Keeper(), Keeper2()
        both = (one, two)
        async with (
            commanded(running, "CP-1", "1.6", one.answers),
            commanded(running, "CP-2", "2.0.1", two.answers),
        ):
            await kwhouse("station", "local-list", *VERSIONS)
            await in_step(5)
            for keeper in both:
                assert set(keeper.entries) == set(TOKENS)
                assert keeper.calls == [(True, 2), (False, 2), (False, 1)]
                assert keeper.cleared == 0  # nobody was ever blocked
            await kwhouse("token", "block", "Abc")
            await in_step(4)
            await until(lambda: all(keeper.cleared for keeper in both))
            for keeper in both:
                assert set(keeper.entries) == set(TOKENS) - {"Abc"}
                assert keeper.calls[3:] == [(False, 1)]
            two.mismatches = 1
            await kwhouse("token", "unblock", "Abc")
            rows = await in_step(5)
            assert one.calls[4:] == [(False, 1)]
            assert two.calls[4:] == [(False, 1), (True, 2), (False, 2), (False, 1)]
            assert [row["list_version"] for row in rows] == [one.version, two.version]
        # One has lost its list meanwhile; the other one has not.
        one.version, one.entries = 0, {}
        calls = len(two.calls)
        async with (
            commanded(running, "CP-1", "1.6", one.answers) as again,
            commanded(running, "CP-2", "2.0.1", two.answers) as other,
        ):
            await until(lambda: len(one.entries) == 5 and bool(other.heard))
            assert one.calls[-3:] == [(True, 2), (False, 2), (False, 1)]
            assert {action for action, _, _ in other.heard} == {"GetLocalListVersion"}
            assert len(two.calls) == calls
            await in_step(5)
            await kwhouse("station", "local-list", "CP-1", "--off")
            await kwhouse("station", "local-list", "CP-2", "--full")
            await until(lambda: not one.entries and len(two.calls) >= calls + 3)
            assert two.calls[calls] == (True, 2)
            assert (await kwhouse("station", "clear-cache", "CP-1"))["state"] == "accepted"
            assert {action for action, _, _ in again.heard} >= {"SendLocalList", "ClearCache"}
            monkeypatch.setattr("ingest.remote.list_contents.MOST_TOKENS", 3)
            await kwhouse("token", "block", "Abc")
            async with asyncio.timeout(30):
                while "More than 3 tokens" not in str((await kwhouse("station", "local-list"))[1]["reason"]):
                    await asyncio.sleep(0.02)

    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        asyncio.run(talk(running))


def test_a_station_without_lists_is_told_of_and_not_asked_again(settings: Settings) -> None:
    async def talk(running: Running) -> None:
        answers = {"GetLocalListVersion": {"listVersion": -1}}
        async with commanded(running, "CP-1", "1.6", answers) as one:
            await kwhouse("station", "local-list", "CP-1")
            while not (await kwhouse("station", "local-list"))[0]["reason"]:
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
            assert [action for action, _, _ in one.heard] == ["GetLocalListVersion"]
        (row,) = await kwhouse("station", "local-list")
        assert row["reason"] == "The station keeps no local authorization list."

    with in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running:
        asyncio.run(talk(running))
