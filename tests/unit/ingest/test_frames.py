"""Frames: the payload's text is kept as sent, and no text breaks the parser."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ocpp.frames import Frame, Rejection, parse

pytestmark = pytest.mark.fast

BLANK = st.text(" \t\r\n", max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
AS_JSON = st.builds(lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only), JSON, st.booleans())
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.tuples(*[BLANK] * 9), TEXT, TEXT, AS_JSON)
def test_a_call_keeps_its_payload_exactly_as_sent(
    blanks: tuple[str, ...], message_id: str, action: str, payload: str
) -> None:
    b = blanks
    parts = (json.dumps(message_id), json.dumps(action))
    text = f"{b[0]}[{b[1]}2{b[2]},{b[3]}{parts[0]}{b[4]},{parts[1]}{b[5]},{b[6]}{payload}{b[7]}]{b[8]}"
    frame = parse(text.encode("utf-8", "replace").decode(), "1.6")
    assert isinstance(frame, Frame)
    assert (frame.message_type, frame.id_literal) == (2, parts[0])
    assert frame.payload_text == payload.encode("utf-8", "replace").decode()
    assert (frame.message_id, frame.action) == (message_id, action)


@given(TEXT, AS_JSON)
def test_a_result_keeps_its_payload_exactly_as_sent(message_id: str, payload: str) -> None:
    text = f"[3,{json.dumps(message_id)}, {payload} ]".encode("utf-8", "replace").decode()
    frame = parse(text, "2.0.1")
    assert isinstance(frame, Frame)
    assert frame.payload_text == payload.encode("utf-8", "replace").decode()
    assert frame.action is None


@given(st.one_of(TEXT, AS_JSON, st.lists(JSON).map(json.dumps)), st.sampled_from(["1.6", "2.0.1", "2.1"]))
def test_any_text_is_a_frame_or_a_rejection(text: str, version: str) -> None:
    storable(parse(text, version))


@given(
    st.lists(
        st.sampled_from(
            [*list('[]{}",:\\ 23456'), '"id"', '"Heartbeat"', "{}", "2,", '\\ud800"', "1e999", "-", "\x00"]
        ),
        max_size=25,
    )
)
def test_any_row_of_json_pieces_is_a_frame_or_a_rejection(pieces: list[str]) -> None:
    storable(parse("".join(pieces), "2.1"))


def storable(parsed: Frame | Rejection) -> None:
    """SQLite takes no lone surrogates."""
    for value in parsed:
        if isinstance(value, str):
            value.encode()


def test_an_error_is_kept_with_its_three_parts() -> None:
    frame = parse('[4, "7", "InternalError" , "it, \\"broke\\"", {"a" : 1}]', "1.6")
    assert isinstance(frame, Frame)
    assert frame.payload_text == '["InternalError" , "it, \\"broke\\"", {"a" : 1}]'
    assert frame.payload == ["InternalError", 'it, "broke"', {"a": 1}]


@pytest.mark.parametrize("text", ['[4,"7","GenericError"]', '[4,"7","GenericError",""]'])
def test_an_error_may_lack_its_last_parts(text: str) -> None:
    assert isinstance(parse(text, "1.6"), Frame)


@pytest.mark.parametrize(
    ("text", "version", "reason", "message_id"),
    [
        ("", "1.6", "unparsable", None),
        ("hello", "1.6", "unparsable", None),
        ("{}", "1.6", "not_a_frame", None),
        ("[]", "1.6", "not_a_frame", None),
        ('[2,"7"]', "1.6", "not_a_frame", None),
        ('[2,"7","Heartbeat"]', "1.6", "not_a_frame", "7"),
        ('[2,"7",["Heartbeat"],{}]', "1.6", "not_a_frame", "7"),
        ('[2,"7","Heartbeat",{},{}]', "1.6", "not_a_frame", "7"),
        ('[2,null,"Heartbeat",{}]', "1.6", "not_a_frame", None),
        ('["2","7","Heartbeat",{}]', "1.6", "not_a_frame", None),
        ('[3,"7",{},{}]', "1.6", "not_a_frame", "7"),
        ('[9,"7","Heartbeat",{}]', "2.0.1", "unknown_message_type", "7"),
        ('[6,"7","NotifyPeriodicEventStream",{}]', "2.0.1", "unknown_message_type", "7"),
        ('[2,"7","MeterValues",{"transactionId":,"connectorId":1}]', "1.6", "unparsable", "7"),
        ('[2,"7","MeterValues",{"connectorId":1', "1.6", "unparsable", "7"),
        ('[2,"7","MeterValues",{"value":NaN}]', "1.6", "unparsable", "7"),
        ('[2,"7\\ud800","MeterValues",{"value":', "1.6", "unparsable", "7?"),
    ],
)
def test_what_is_no_frame_is_rejected_with_what_can_be_read(
    text: str, version: str, reason: str, message_id: str | None
) -> None:
    rejection = parse(text, version)
    assert isinstance(rejection, Rejection)
    assert (rejection.reason, rejection.message_id) == (reason, message_id)


def test_the_action_of_a_broken_call_is_read() -> None:
    rejection = parse('[2,"7","MeterValues",{"transactionId":,}]', "1.6")
    assert isinstance(rejection, Rejection)
    assert (rejection.message_type, rejection.action, rejection.id_literal) == (2, "MeterValues", '"7"')


def test_only_2_1_has_send_and_call_result_error() -> None:
    assert isinstance(parse('[6,"7","NotifyPeriodicEventStream",{}]', "2.1"), Frame)
    assert isinstance(parse('[5,"7","InternalError","",{}]', "2.1"), Frame)


def test_a_number_as_message_id_is_taken_and_repeated_as_sent() -> None:
    frame = parse('[2,4711,"Heartbeat",{}]', "1.6")
    assert isinstance(frame, Frame)
    assert (frame.message_id, frame.id_literal) == ("4711", "4711")


@pytest.mark.parametrize(
    "payload",
    ['{"value":"\\ud800"}', '{"transactionId":' + "1" * 4300 + "}", '{"value":1e999}'],
    ids=["lone surrogate", "4,300 digits", "infinite"],
)
def test_json_beyond_64_bits_and_unicode_is_kept_and_flagged(payload: str) -> None:
    frame = parse(f'[2,"7","MeterValues",{payload}]', "1.6")
    assert isinstance(frame, Frame)
    assert frame.payload_text == payload
    assert frame.defect is not None
    storable(frame)


def test_duplicate_keys_do_not_matter_here() -> None:
    frame = parse('[2,"7","MeterValues",{"connectorId":1,"connectorId":2}]', "1.6")
    assert isinstance(frame, Frame)
    assert frame.payload_text == '{"connectorId":1,"connectorId":2}'


HOSTILE: dict[str, Any] = {
    "nested arrays": "[" * 500_000,
    "closed nested arrays": "[" * 100_000 + "]" * 100_000,
    "nested objects in a call": '[2,"7","A",' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "]",
    "backslashes in the id": '[2,"' + "\\" * 500_000,
    "long id": '[2,"' + "a" * 1_000_000 + '","A",{}]',
    "blanks": " " * 1_000_000 + "[",
    "quotes": '[2,"' + '","' * 300_000,
    "digits as id": "[2," + "1" * 1_000_000 + ',"A",{}]',
    "digits as type": "[" + "1" * 1_000_000 + ',"A",{}]',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_malice_takes_no_longer_than_a_megabyte(name: str) -> None:
    begun = time.process_time()
    storable(parse(HOSTILE[name], "2.1"))
    assert time.process_time() - begun < 2.0  # quadratic work would take minutes
