"""Read the text of one WebSocket message as an OCPP-J frame (OCPP 1.6J section 4, OCPP 2.0.1 and 2.1 part 4).

`parse` never raises and takes time linear in the text, whatever a station sends. The payload is handed on twice: as
the exact text that was sent, which is what the warehouse keeps, and as Python values to validate and answer.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NamedTuple

import orjson

CALL: Final = 2
CALL_RESULT: Final = 3
CALL_ERROR: Final = 4
CALL_RESULT_ERROR: Final = 5
SEND: Final = 6

MESSAGE_TYPES: Final[dict[str, frozenset[int]]] = {
    "1.6": frozenset((CALL, CALL_RESULT, CALL_ERROR)),
    "2.0.1": frozenset((CALL, CALL_RESULT, CALL_ERROR)),
    "2.1": frozenset((CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND)),
}

_BLANK = r"[ \t\r\n]*"
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_ID = rf"{_STRING}|-?[0-9][0-9.eE+-]*"  # ids are strings; some stations send a bare number
_HEAD = re.compile(rf"{_BLANK}\[{_BLANK}([0-9]{{1,9}}){_BLANK},{_BLANK}({_ID}){_BLANK},{_BLANK}")
_CALL_HEAD = re.compile(
    rf"{_BLANK}\[{_BLANK}([26]){_BLANK},{_BLANK}({_ID}){_BLANK},{_BLANK}({_STRING}){_BLANK},{_BLANK}"
)
_LONGEST_INTEGER = 18  # digits that surely fit 64 bits


class Frame(NamedTuple):
    """A well-formed frame. For CALLERROR and CALLRESULTERROR the payload is `[code, description, details]`."""

    message_type: int
    message_id: str
    id_literal: str  # the id as JSON text, exactly as sent: answers repeat it
    action: str | None  # CALL and SEND only
    payload_text: str
    payload: Any
    defect: str | None = None  # what cannot be represented in 64-bit numbers and Unicode text


class Rejection(NamedTuple):
    """A text that is not an OCPP-J frame, with what could still be read of its head."""

    reason: str  # not_utf8 | unparsable | not_a_frame | unknown_message_type | too_long | internal_error
    detail: str
    message_type: int | None = None
    id_literal: str | None = None
    message_id: str | None = None
    action: str | None = None


def read(data: bytes, version: str) -> tuple[str, Frame | Rejection]:
    """The text of one WebSocket message, and what it is as a frame; invalid UTF-8 is replaced in the text."""
    try:
        text = data.decode()
    except UnicodeDecodeError as defect:
        text = data.decode(errors="replace")
        return text, reject(text, "not_utf8", str(defect))
    return text, parse(text, version)


def parse(text: str, version: str) -> Frame | Rejection:
    """Read `text` as a frame of OCPP `version` ("1.6", "2.0.1" or "2.1")."""
    defect = None
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        try:
            frame = _loads_leniently(text)
        except (ValueError, RecursionError):
            return reject(text, "unparsable", str(error))
        defect = str(error)
    # The quick way for nearly every frame: a CALL with its four parts. As the text is valid JSON, what follows the
    # third comma up to the last bracket is the fourth element.
    head = _CALL_HEAD.match(text)
    if head is not None and len(frame) == 4 and frame[0] in MESSAGE_TYPES[version]:
        payload_text = text[head.end() : text.rindex("]")].rstrip()
        return Frame(frame[0], _id_text(frame[1]), head[2], frame[2], payload_text, frame[3], defect)
    return _parse_other(text, frame, version, defect)


def _parse_other(text: str, frame: Any, version: str, defect: str | None) -> Frame | Rejection:
    if not isinstance(frame, list):
        return reject(text, "not_a_frame", "not a JSON array")
    head = _HEAD.match(text)
    if head is None:
        return reject(text, "not_a_frame", "does not begin with a message type number and a message id")
    message_type = frame[0]
    if message_type not in MESSAGE_TYPES[version]:
        return reject(text, "unknown_message_type", f"message type {message_type} is not one of OCPP {version}")
    rest = text[head.end() : text.rindex("]")].rstrip()
    if message_type == CALL_RESULT and len(frame) == 3:
        return Frame(message_type, _id_text(frame[1]), head[2], None, rest, frame[2], defect)
    # Stations leave out the description or the details of a CALLERROR.
    if message_type in (CALL_ERROR, CALL_RESULT_ERROR) and 3 <= len(frame) <= 5 and isinstance(frame[2], str):
        return Frame(message_type, _id_text(frame[1]), head[2], None, f"[{rest}]", frame[2:], defect)
    return reject(text, "not_a_frame", f"message type {message_type} does not have {len(frame)} elements like these")


def reject(text: str, reason: str, detail: str) -> Rejection:
    """Say why `text` is not a frame, and read of its head what can be read."""
    head = _HEAD.match(text)
    if head is None:
        return Rejection(reason, detail)
    message_id = _literal(head[2])
    if message_id is None:
        return Rejection(reason, detail, int(head[1]))
    call = _CALL_HEAD.match(text)
    return Rejection(reason, detail, int(head[1]), head[2], message_id, call and _literal(call[3]))


def _literal(text: str) -> str | None:
    """The value of a string or number that stands as JSON `text`; None where it is neither."""
    try:
        return _id_text(_loads_leniently(text))
    except ValueError:
        return None


def _id_text(message_id: object) -> str:
    return message_id if isinstance(message_id, str) else str(message_id)


def _loads_leniently(text: str) -> Any:
    """Parse JSON that orjson refuses although the grammar allows it: huge numbers and lone surrogates.

    Numbers that do not fit become their text, lone surrogates a question mark. Raises ValueError or RecursionError.
    """
    value = json.loads(text, parse_int=_integer, parse_float=_float, parse_constant=_no_constant)
    return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _float(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
