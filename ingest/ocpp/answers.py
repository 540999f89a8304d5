"""What the central system answers to a station's call: a pure function of the call and of what the desk knows.

Notifications are answered at once with an empty result: the warehouse reads them from the journal. A call that OCPP
knows and this system does not do is NotSupported; a call that OCPP does not know is NotImplemented (1.6J table 7,
2.0.1 part 4 table 9).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol

import orjson

from ingest.ocpp.frames import CALL_ERROR, CALL_RESULT, Rejection
from ingest.ocpp.schemas import is_action

OWN_VENDOR: Final = "kwhouse"
OWN_MESSAGE: Final = "ExternalSession"  # the id a session has in the system it was replayed from
EMPTY: Final = "{}"


class Verdict(NamedTuple):
    """What is known of an idToken at a time."""

    status: Literal["Accepted", "Blocked", "Expired", "Invalid"]
    valid_until: str | None = None  # ISO 8601
    parent: str | None = None


class Start(NamedTuple):
    """What makes a StartTransaction the same one, as text: stations repeat it with a new message id."""

    connector_id: str
    id_tag: str
    started_at: str
    meter_start: str


class Desk(Protocol):
    """What an answer needs to know besides the call itself."""

    heartbeat_seconds: int

    def time(self) -> str:
        """The connection's time, ISO 8601."""
        ...

    def verdict(self, id_token: str) -> Verdict:
        """Whether a driver may charge with this token now."""
        ...

    def transaction_id(self, start: Start) -> int:
        """The OCPP 1.6 transaction id of a start: the same one whenever the same start comes again."""
        ...


class Answer(NamedTuple):
    """CALLRESULT with its payload, or CALLERROR with `[code, description, details]`, as JSON text."""

    message_type: int
    payload_text: str


Rule = str | Callable[[Mapping[str, Any], Desk], str]


def answer(version: str, action: str, payload: Any, desk: Desk) -> Answer:
    """Answer a call, whatever stands in its payload."""
    rule = _rules(version).get(action)
    if rule is None:
        if is_action(version, action):
            return error("NotSupported", f"{action} is not supported by this central system")
        return error("NotImplemented", f"OCPP {version} has no call of this name")
    if not isinstance(rule, str):
        rule = rule(payload if isinstance(payload, dict) else {}, desk)
    return Answer(CALL_RESULT, rule)


def answer_rejection(version: str, rejection: Rejection) -> tuple[str, Answer] | None:
    """The id literal and the CALLERROR for a text that is not a frame; None where the protocol wants silence.

    An answer is never answered. OCPP 1.6 ignores unknown message types and has no error for an unreadable id; 2.x
    answers the latter with the id "-1" (2.0.1 part 4, section 4.2.3).
    """
    if rejection.reason == "too_long" or rejection.message_type in (3, 4, 5, 6):
        return None
    if rejection.reason == "unknown_message_type":
        if version == "1.6" or rejection.id_literal is None:
            return None
        return rejection.id_literal, error("MessageTypeNotSupported", rejection.detail)
    if rejection.id_literal is not None and rejection.reason == "internal_error":
        return rejection.id_literal, error("InternalError", "the frame is kept; this central system failed on it")
    if rejection.id_literal is not None:
        code = "FormationViolation" if version == "1.6" else "FormatViolation"
        return rejection.id_literal, error(code, rejection.detail)
    return None if version == "1.6" else ('"-1"', error("RpcFrameworkError", rejection.detail))


def error(code: str, description: str) -> Answer:
    """A CALLERROR; the description is cut to the 255 characters that OCPP allows."""
    return Answer(CALL_ERROR, f"[{to_json(code)},{to_json(description[:255])},{EMPTY}]")


def to_json(value: Any) -> str:
    """`value` as compact JSON text."""
    return orjson.dumps(value).decode()


def text_of(value: Any) -> str | None:
    """`value` if it is text, else None: payloads are answered even where they break their schema."""
    return value if isinstance(value, str) else None


def boot(_payload: Mapping[str, Any], desk: Desk) -> str:
    """BootNotification, all versions."""
    return to_json({"status": "Accepted", "currentTime": desk.time(), "interval": desk.heartbeat_seconds})


def heartbeat(_payload: Mapping[str, Any], desk: Desk) -> str:
    """Heartbeat, all versions."""
    return f'{{"currentTime":"{desk.time()}"}}'


def data_transfer(payload: Mapping[str, Any], _desk: Desk) -> str:
    """DataTransfer, all versions: the warehouse takes only its own kind."""
    if payload.get("vendorId") != OWN_VENDOR:
        return '{"status":"UnknownVendorId"}'
    return '{"status":"Accepted"}' if payload.get("messageId") == OWN_MESSAGE else '{"status":"UnknownMessageId"}'


def _rules(version: str) -> Mapping[str, Rule]:
    from ingest.ocpp import answers_v2, answers_v16

    return answers_v16.RULES if version == "1.6" else answers_v2.RULES
