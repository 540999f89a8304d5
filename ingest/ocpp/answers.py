"""What the central system answers to a station's call: a pure function of the call and of what the desk knows.

Notifications are answered at once with an empty result: the warehouse reads them from the journal. A call that OCPP
knows and this system does not do is NotSupported; a call that OCPP does not know is NotImplemented (1.6J table 7,
2.0.1 part 4 table 9).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from ingest.ocpp import answers_v2, answers_v16
from ingest.ocpp.desk import EMPTY, Desk, Rule, to_json
from ingest.ocpp.frames import CALL_ERROR, CALL_RESULT, Rejection
from ingest.ocpp.schemas import is_action

RULES: Final[Mapping[str, Mapping[str, Rule]]] = {
    "1.6": answers_v16.RULES,
    "2.0.1": answers_v2.RULES,
    "2.1": answers_v2.RULES,
}


class Answer(NamedTuple):
    """CALLRESULT with its payload, or CALLERROR with `[code, description, details]`, as JSON text."""

    message_type: int
    payload_text: str


def answer(version: str, action: str, payload: Any, desk: Desk) -> Answer:
    """Answer a call, whatever stands in its payload."""
    rule = RULES[version].get(action)
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
