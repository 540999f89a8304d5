"""Commands to stations: asked for in the state database, carried out over real sockets, one at a time."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ingest.collector import run
from ingest.remote import line
from ingest.remote.queue import StateQueue
from ingest.service import Ready
from tests.authority import Authority
from tests.collector_harness import Running, commanded, in_thread, landed
from tests.integration.postgres_server import MISSING, binaries, postgres_server
from tests.registered import register, site
from warehouse.registry.changes import Author
from warehouse.remote.commands import LOST_AFTER, Command, ask, find, listing, wait
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state, table

ME = Author("me", "test")
START = {"id_token": "Good", "token_type": "ISO14443", "token_group": "fleet", "evse_id": 2}
ACCEPTED = {"status": "Accepted"}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("ingest.remote.delivery.LOOK_SECONDS", 0.03)
    found = load_settings(home=tmp_path / "home", collect_port=0, metrics_port=0, allow_replay=True)
    stations = [{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")]
    register(found, sites=[site("depot", "Europe/Berlin")], stations=stations)
    return found


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    engine = open_state(settings)
    yield engine
    engine.dispose()


@contextmanager
def serving(settings: Settings, **overrides: Any) -> Iterator[Running]:
    used = settings.model_copy(update=overrides)
    with in_thread(used, lambda ready, stop: run(used, None, ready, stop)) as running:
        yield running


async def asked(engine: sa.Engine, station: str, kind: str, arguments: dict[str, Any], seconds: float = 20) -> Command:
    command_id = await asyncio.to_thread(ask, engine, station, kind, arguments, ME)
    return await asyncio.to_thread(wait, engine, command_id, seconds)


def test_both_versions_are_called_in_their_words_and_the_frames_are_kept(settings: Settings, engine: sa.Engine) -> None:
    async def talk(running: Running) -> None:
        old = {"RemoteStartTransaction": ACCEPTED, "RemoteStopTransaction": {"status": "Rejected"}}
        info = {"reasonCode": "NoCable", "additionalInfo": "plug in"}
        new = {
            "RequestStartTransaction": {"status": "Rejected", "statusInfo": info},
            "RequestStopTransaction": ACCEPTED,
        }
        async with commanded(running, "CP-1", "1.6", old) as one, commanded(running, "CP-2", "2.0.1", new) as two:
            found = [
                await asked(engine, "CP-1", "start", START),
                await asked(engine, "CP-1", "stop", {"transaction_id": "17"}),
                await asked(engine, "CP-2", "start", START),
                await asked(engine, "CP-2", "stop", {"transaction_id": "t-1"}),
                await asked(engine, "CP-1", "stop", {"transaction_id": "t-1"}),
                await asked(engine, "CP-1", "start", {"id_token": "x" * 21}),
            ]
        assert [(one.state, one.reason) for one in found[:4]] == [
            ("accepted", None),
            ("rejected", "Rejected"),
            ("rejected", "Rejected: NoCable: plug in"),
            ("accepted", None),
        ]
        assert found[0].answer == ACCEPTED
        assert [one.state for one in found[4:]] == ["failed", "failed"]
        assert "whole numbers" in str(found[4].reason)
        assert "allows 20" in str(found[5].reason)
        assert [(action, payload) for action, _, payload in one.heard] == [
            ("RemoteStartTransaction", {"idTag": "Good", "connectorId": 2}),
            ("RemoteStopTransaction", {"transactionId": 17}),
        ]
        (started, number, payload), _ = two.heard
        assert (started, number, payload.pop("remoteStartId") >= 0) == (
            "RequestStartTransaction",
            found[2].message_id,
            True,
        )
        assert payload == {
            "idToken": {"idToken": "Good", "type": "ISO14443"},
            "evseId": 2,
            "groupIdToken": {"idToken": "fleet", "type": "Central"},
        }

    with serving(settings) as running:
        asyncio.run(talk(running))
    rows = [row for row in landed(running, "messages") if row["station_id"] == "CP-2"]
    told = [(row["direction"], row["message_type"], row["action"], row["schema_error"]) for row in rows]
    assert told == [
        ("out", 2, "RequestStartTransaction", None),
        ("in", 3, "RequestStartTransaction", None),
        ("out", 2, "RequestStopTransaction", None),
        ("in", 3, "RequestStopTransaction", None),
    ]
    assert rows[0]["message_id"] == rows[1]["message_id"]
    assert json.loads(rows[0]["payload"])["evseId"] == 2


def test_a_command_that_is_not_answered_ends(
    settings: Settings, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "ANSWER_SECONDS", 0.3)
    answers = {"RemoteStopTransaction": ACCEPTED, "RemoteStartTransaction": None}

    async def talk(running: Running) -> list[Command]:
        async with commanded(running, "CP-1", "1.6", answers) as one:
            # OCPP-J: the next call waits until the one before is over.
            ids = [
                await asyncio.to_thread(ask, engine, "CP-1", kind, arguments, ME)
                for kind, arguments in (("start", START), ("stop", {"transaction_id": "1"}))
            ]
            found = [await asyncio.to_thread(wait, engine, command_id, 20) for command_id in ids]
            assert [action for action, _, _ in one.heard] == ["RemoteStartTransaction", "RemoteStopTransaction"]
            monkeypatch.setattr(line, "ANSWER_SECONDS", 30)
            last = await asyncio.to_thread(ask, engine, "CP-1", "start", START, ME)
            while len(one.heard) < 3:
                await asyncio.sleep(0.01)
        found.append(await asyncio.to_thread(wait, engine, last, 20))
        # Nobody is there any more.
        late = await asyncio.to_thread(lambda: ask(engine, "CP-1", "start", START, ME, expires_after_seconds=0.1))
        return [*found, await asyncio.to_thread(wait, engine, late, 20)]

    with serving(settings) as running:
        found = asyncio.run(talk(running))
    assert [one.state for one in found] == ["unanswered", "accepted", "unanswered", "expired"]
    assert [str(one.reason).split(".")[0] for one in found if one.reason] == [
        "The station did not answer within 0 s",
        "The station's connection was lost before it answered",
        "It could not be sent in time: the station was not connected, or had other commands to carry out",
    ]


def test_odd_answers_are_told(settings: Settings, engine: sa.Engine) -> None:
    answers: dict[str, Any] = {}

    async def talk(running: Running) -> list[Command]:
        found = []
        async with commanded(running, "CP-1", "1.6", answers):
            for answer in ("NotSupported", {}, {"status": "Maybe"}):
                answers["RemoteStopTransaction"] = answer
                found.append(await asked(engine, "CP-1", "stop", {"transaction_id": "1"}))
        return found

    with serving(settings) as running:
        found = asyncio.run(talk(running))
    assert [(one.state, one.reason) for one in found] == [
        ("failed", "The station answered with an error: NotSupported."),
        ("failed", 'The answer is not as OCPP says: $: "status" is a required property.'),
        ("rejected", "Maybe"),
    ]
    assert [row["schema_error"] is None for row in landed(running, "messages") if row["direction"] == "in"] == [
        True,
        False,
        False,
    ]


def test_a_command_of_a_killed_collector_does_not_stay_sent(engine: sa.Engine) -> None:
    ids = [ask(engine, "CP-1", "start", START, ME) for _ in range(2)]
    first = StateQueue(engine, "one")
    assert [one.command_id for one in first.round([], lambda _: True)] == ids[:1]  # one a station
    assert [one.command_id for one in StateQueue(engine, "two").round([], lambda _: True)] == ids[1:]
    StateQueue(engine, "one").begin()
    assert [one.state for one in (find(engine, key) for key in ids) if one] == ["unanswered", "sent"]
    rows = table("remote", "commands")
    with engine.begin() as connection:
        long_ago = datetime.now(UTC) - LOST_AFTER - timedelta(seconds=1)
        connection.execute(sa.update(rows).where(rows.c.command_id == ids[1]).values(sent_at=long_ago))
    assert wait(engine, ids[1], 0).state == "unanswered"
    assert {one.state for one in listing(engine, "CP-1")} == {"unanswered"}


def test_commands_over_tls(settings: Settings, engine: sa.Engine, tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def talk(running: Running) -> Command:
        answers = {"RequestStopTransaction": ACCEPTED}
        shown = authority.trusted(authority.certificate("CP-1"))
        async with commanded(running, "CP-1", "2.1", answers, ssl=shown):
            return await asked(engine, "CP-1", "stop", {"transaction_id": "t"})

    files = {"collect_certificate": authority.certificate("localhost"), "collect_client_ca": authority.file}
    with serving(settings, least_security_profile=3, **files) as running:
        assert asyncio.run(talk(running)).state == "accepted"


PROGRAM = """
import sys
from ingest.collector import main
from warehouse.settings import load_settings
sys.exit(main(load_settings()))
"""


@contextmanager
def collecting(home: Path, catalog: str) -> Iterator[Running]:
    """`kwhouse collect` as a process of its own."""
    told = {"HOME": str(home), "CATALOG": catalog, "COLLECT_PORT": "0", "METRICS_PORT": "0"}
    environment = os.environ | {f"KWHOUSE_{name}": value for name, value in told.items()}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = re.search(r"(ws://\S+/ocpp/)<station_id>", process.stdout.readline())
        assert address is not None
        yield Running(Settings(home=home), Ready(address[1], ""))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        process.stdout.close()


@pytest.mark.skipif(binaries() is None, reason=MISSING)
def test_a_command_reaches_the_collector_process_that_holds_the_station(tmp_path: Path) -> None:
    """One state database (PostgreSQL), two collector processes with a journal each, commands from a third process."""
    with postgres_server(tmp_path / "postgres") as conninfo:
        catalog = f"postgres:{conninfo}"
        settings = Settings(home=tmp_path / "asker", catalog=catalog)
        stations = [{"station_id": name, "site_id": "depot"} for name in ("CP-1", "CP-2")]
        register(settings, sites=[site("depot")], stations=stations)
        engine = open_state(settings)

        async def talk(left: Running, right: Running) -> None:
            old, new = {"RemoteStartTransaction": ACCEPTED}, {"RequestStartTransaction": ACCEPTED}
            async with commanded(left, "CP-1", "1.6", old) as one, commanded(right, "CP-2", "2.0.1", new) as two:
                found = await asyncio.gather(*(asked(engine, name, "start", START) for name in ("CP-1", "CP-2") * 5))
            assert {command.state for command in found} == {"accepted"}
            by_collector = {command.station_id: command.collector_id for command in found}
            assert len(set(by_collector.values())) == 2
            # Each one was sent once, by the one that could.
            assert [len(station.heard) for station in (one, two)] == [5, 5]
            assert {number for station in (one, two) for _, number, _ in station.heard} == {
                command.message_id for command in found
            }

        with collecting(tmp_path / "left", catalog) as left, collecting(tmp_path / "right", catalog) as right:
            asyncio.run(talk(left, right))
        engine.dispose()
