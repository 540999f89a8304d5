"""Whatever bytes a station sends: each message is one row, nothing raises, and the journal takes it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.access.gate import Access
from ingest.access.known import Known, Place, Token
from ingest.clock import ReplayClock
from ingest.dialogue import Dialogue
from ingest.journal import Journal
from ingest.metrics import Tally
from ingest.ocpp import answers_v2, answers_v16

VERSIONS = ("1.6", "2.0.1", "2.1")
NAMES = ("idTag", "idToken", "type", "connectorId", "meterStart", "timestamp", "meterValue", "vendorId", "messageId")
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("9999-12-31T23:59:59Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4),
    max_leaves=10,
)
ACTION = st.sampled_from(sorted({*answers_v16.RULES, *answers_v2.RULES, "Unknown"})) | VALUE
FRAME = st.builds(
    lambda parts, ascii_only: json.dumps(parts, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"),
    st.tuples(st.integers(0, 7), VALUE, ACTION, VALUE) | st.tuples(st.integers(0, 7), st.text(), VALUE) | VALUE,
    st.booleans(),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame with a piece cut out and another put in."""
    frame = draw(FRAME)
    begin = draw(st.integers(0, len(frame)))
    end = draw(st.integers(begin, len(frame)))
    return frame[:begin] + draw(st.binary(max_size=4)) + frame[end:]


class Directory:
    def load(self) -> Known:
        return Known({"CP-1": Place("depot", "UTC")}, {"": Token(), "a": Token(valid_to=0)})


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(VERSIONS), st.lists(st.binary(max_size=40) | FRAME | damaged(), min_size=10, max_size=40))
def test_each_message_is_one_row(version: str, messages: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        sent: list[bytes] = []

        async def talk() -> None:
            journal = Journal(path)
            access = Access(Directory())
            await access.refresh()
            dialogue = Dialogue("CP-1", version, ReplayClock(0), journal, access, Tally(), 300, sent.append)
            dialogue.record.open(None)
            for message in messages:
                dialogue.receive(message)
            dialogue.receive(b'[2,"last","Heartbeat",{}]')
            await journal.flush()
            assert journal.failure is None
            await journal.close()

        asyncio.run(talk())
        connection = sqlite3.connect(path)
        taken = connection.execute("SELECT count(*) FROM messages WHERE direction = 'in'").fetchone()[0]
        rejected = [row[0] for row in connection.execute("SELECT reason FROM rejected")]
        connection.close()
        assert taken + len(rejected) == len(messages) + 1
        assert "internal_error" not in rejected
        assert json.loads(sent[-1])[:2] == [3, "last"]
        for answer in sent:
            json.loads(answer)
