"""What the proxy records of a conversation, without sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.clock import ReplayClock
from ingest.journal import Journal
from ingest.metrics import Tally
from ingest.proxy.gate import read_as
from ingest.proxy.transcript import Transcript
from ingest.record import Record
from tests.unit.ingest.test_journal import on_disk

pytestmark = pytest.mark.fast

DIRECTION, ACTION, ERROR = 4, 8, 10


def recorded(path: Path, converse: Callable[[Transcript], None]) -> tuple[list[Any], list[Any]]:
    """Rows of messages and of rejected texts."""

    async def talk() -> None:
        journal = Journal(path)
        record = Record("CP-1", "1.6", ReplayClock(0), journal, Tally())
        record.open(None)
        converse(Transcript(record))
        await journal.close()

    asyncio.run(talk())
    return on_disk(path, "messages"), on_disk(path, "rejected")


def test_a_flood_of_unanswered_calls_forgets_the_oldest(tmp_path: Path) -> None:
    def converse(transcript: Transcript) -> None:
        for number in range(100):
            transcript.take("in", f'[2,"{number}","Heartbeat",{{}}]'.encode())
        for number in (0, 99, 99):
            transcript.take("out", f'[3,"{number}",{{}}]'.encode())

    messages, _ = recorded(tmp_path / "journal.sqlite", converse)
    assert [row[ACTION] for row in messages[100:]] == [None, "Heartbeat", None]


def test_an_overlong_name_is_recorded_and_not_remembered(tmp_path: Path) -> None:
    long = "x" * 300

    def converse(transcript: Transcript) -> None:
        transcript.take("in", f'[2,"{long}","Heartbeat",{{}}]'.encode())
        transcript.take("out", f'[3,"{long}",{{}}]'.encode())
        transcript.take("in", f'[2,"1","{long}",{{}}]'.encode())
        transcript.take("out", b'[3,"1",{}]')

    messages, _ = recorded(tmp_path / "journal.sqlite", converse)
    assert [row[ACTION] for row in messages] == ["Heartbeat", None, long, None]


def test_a_repeated_id_means_the_newest_call(tmp_path: Path) -> None:
    def converse(transcript: Transcript) -> None:
        transcript.take("out", b'[2,"1","Reset",{"type":"Soft"}]')
        transcript.take("out", b'[2,"1","ClearCache",{}]')
        transcript.take("in", b'[3,"1",{"status":"Accepted"}]')

    messages, _ = recorded(tmp_path / "journal.sqlite", converse)
    assert messages[-1][ACTION] == "ClearCache"


def test_a_failure_while_reading_costs_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("ingest.proxy.transcript.schema_error", fail)
    text = '[2,"1","Heartbeat",{}]'
    messages, rejected = recorded(tmp_path / "journal.sqlite", lambda transcript: transcript.take("out", text.encode()))
    assert messages == []
    assert rejected[0][5:] == (text, "internal_error", "from the central system: RuntimeError('a mistake of ours')")


def test_schema_errors_are_noted_in_both_directions(tmp_path: Path) -> None:
    def converse(transcript: Transcript) -> None:
        transcript.take("in", b'[2,"1","Heartbeat",{"a":1}]')
        transcript.take("out", b'[2,"1","Reset",{}]')

    messages, _ = recorded(tmp_path / "journal.sqlite", converse)
    assert [bool(row[ERROR]) for row in messages] == [True, True]
    assert [json.loads(row[9]) for row in messages] == [{"a": 1}, {}]


@pytest.mark.parametrize(
    ("agreed", "asked", "version", "is_odd"),
    [
        ("ocpp2.1", [], "2.1", False),
        ("ocpp2.1x", [], "2.1", True),
        ("ocpp2.0", [], "2.0.1", True),
        ("xmpp", [], "1.6", True),
        (None, ["xmpp", "ocpp2.0.1"], "2.0.1", True),
        (None, [], "1.6", True),
    ],
)
def test_any_sub_protocol_is_read_as_the_nearest_version(
    agreed: str | None, asked: list[str], version: str, is_odd: bool
) -> None:
    found, note = read_as(agreed, asked)
    assert (found, note is not None) == (version, is_odd)
