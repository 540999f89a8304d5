"""No text makes the reader of frames fail or stall, and what it reads is what was sent."""

from __future__ import annotations

import json
import time
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ocpp.frames import MESSAGE_TYPES, Frame, read
from ingest.ocpp.schemas import schema_error
from tests.hostile import SIZE, VERSIONS, corpus, monsters, mutated

pytestmark = pytest.mark.fast

REASONS = {"not_utf8", "unparsable", "not_a_frame", "unknown_message_type"}


def check(data: bytes, version: str) -> None:
    """Read `data` as the collector and the proxy do, and hold against the text what came of it."""
    text, found = read(data, version)
    text.encode()  # it can be stored
    if isinstance(found, Frame):
        assert found.message_type in MESSAGE_TYPES[version]
        assert found.payload_text == found.payload_text.strip()
        told = found.payload_text if found.message_type in (2, 3, 6) else found.payload_text[1:-1]
        assert told in text
        assert found.id_literal in text
        assert (found.action is not None) == (found.message_type in (2, 6))
        for name in (found.message_id, found.action or ""):
            name.encode()
        if found.defect is None and found.payload_text.count("[") + found.payload_text.count("{") < 200:
            # Within brackets: orjson takes text that begins with spaced braces for sparse, and runs out of the memory
            # that it has set aside where a long array is dense. Python compares no deeper than its stack.
            assert orjson.loads(f"[{found.payload_text}]")[0] == found.payload
        if found.action is not None:
            error = schema_error(version, found.action, found.payload)
            assert error is None or (error and len(error) <= 300)
    else:
        assert found.reason in REASONS
        found.detail.encode()
        if found.id_literal is not None:
            assert json.loads(f"[{found.id_literal}]")  # an answer can repeat it
            assert found.message_id is not None
            found.message_id.encode()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_collection(version: str) -> None:
    for data in corpus():
        check(data, version)


@pytest.mark.parametrize(("name", "data"), monsters().items(), ids=list(monsters()))
def test_the_longest_messages(name: str, data: bytes) -> None:
    assert len(data) > SIZE * 0.9
    for version in VERSIONS:
        begun = time.perf_counter()
        text, found = read(data, version)
        if isinstance(found, Frame) and found.action is not None:
            schema_error(version, found.action, found.payload)
        print(f"{name}: {1000 * (time.perf_counter() - begun):.0f} ms")
        text.encode()


def test_a_payload_with_half_a_million_errors_tells_the_first() -> None:
    payload: Any = {"connectorId": 1, "meterValue": [1] * (SIZE // 2)}
    # Finding all of them would take ten seconds, in which no other station is heard.
    for _ in range(100):
        assert schema_error("1.6", "MeterValues", payload) == '$.meterValue[0]: 1 is not of type "object"'


@given(st.sampled_from(VERSIONS), mutated())
def test_mutated_frames(version: str, data: bytes) -> None:
    check(data, version)


@given(st.sampled_from(VERSIONS), st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
def test_any_bytes(version: str, data: bytes) -> None:
    check(data, version)
