"""What the central system calls a station for: a kind of command and its arguments become a call of the OCPP version.

Pure. A kind stands in one place for each version: a function in `calls_v16.KINDS` and in `calls_v2.KINDS`, or in the
module of its subject. What comes back is judged by `judged`: most answers have a `status`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

import orjson

from ingest.ocpp import calls_v2, calls_v16, charging_calls, reservation_calls
from ingest.ocpp.calling import Arguments, Call, Impossible, Translate
from ingest.ocpp.schemas import answer_error, schema_error
from warehouse import exact_json

_KINDS_V16: Final = {**calls_v16.KINDS, **charging_calls.V16, **reservation_calls.V16}
_KINDS_V2: Final = {**calls_v2.KINDS, **charging_calls.V2, **reservation_calls.V2}
KINDS: Final[Mapping[str, Mapping[str, Translate]]] = {
    "1.6": _KINDS_V16,
    "2.0.1": _KINDS_V2,
    "2.1": _KINDS_V2,
}
# RebootRequired: done, and in force after a restart (1.6 section 7.22, 2.0.1 SetVariableStatusEnumType).
_GOOD: Final = frozenset(("Accepted", "RebootRequired"))


ListLimit = tuple[Call, Callable[[Any], int | None]]
"""How a station is asked how many entries of a local list it takes in one call, and what its answer says."""
LIST_LIMITS: Final[Mapping[str, ListLimit]] = {
    "1.6": (calls_v16.LIST_LIMIT, calls_v16.list_limit),
    "2.0.1": (calls_v2.LIST_LIMIT, calls_v2.list_limit),
    "2.1": (calls_v2.LIST_LIMIT, calls_v2.list_limit),
}


class Judged(NamedTuple):
    """What an answer means for the command."""

    state: Literal["accepted", "rejected", "failed"]
    reason: str | None = None


def call_for(version: str, kind: str, arguments: Arguments, number: int) -> Call:
    """The call that asks a station of `version` for `kind`. `number`: one that no other command of the station has.

    Raises `Impossible` where the version has no such call, or cannot say what the arguments say.
    """
    translate = KINDS[version].get(kind)
    if translate is None:
        raise Impossible(f"OCPP {version} has no call for {kind.replace('_', ' ')}.")
    call = translate(arguments, number)
    error = schema_error(version, call.action, orjson.loads(exact_json.dumps(call.payload)))
    if error is not None:
        raise Impossible(f"OCPP {version} does not allow this {call.action}: {error}.")
    return call


def judged(version: str, action: str, payload: Any) -> Judged:
    """What the CALLRESULT of `action` says. An answer without a status is accepted where it keeps its schema."""
    status, info = _status(payload)
    if status in _GOOD:
        return Judged("accepted", None if status == "Accepted" else _told(status, info))
    if status is not None:
        return Judged("rejected", _told(status, info))
    error = answer_error(version, action, payload)
    return Judged("accepted") if error is None else Judged("failed", f"The answer is not as OCPP says: {error}.")


def judged_error(payload: Any) -> Judged:
    """What a CALLERROR says: `[code, description, details]`, of which stations leave out some."""
    parts = [part for part in payload[:2] if isinstance(part, str) and part]
    return Judged("failed", f"The station answered with an error: {': '.join(parts)}."[:300])


def _status(payload: Any) -> tuple[str | None, Any]:
    """The status of an answer and what is said about it; of SetVariables the first result that is not accepted."""
    if not isinstance(payload, dict):
        return None, None
    results = payload.get("setVariableResult")
    if isinstance(results, list):
        told = [_status_in(one, "attributeStatus") for one in results if isinstance(one, dict)]
        worst = [one for one in told if one[0] not in _GOOD] or [one for one in told if one[0] != "Accepted"] or told
        return worst[0] if worst else (None, None)
    return _status_in(payload, "status")


def _status_in(part: dict[str, Any], name: str) -> tuple[str | None, Any]:
    """A status as it should be, a text, and what is said about it. Stations answer with anything."""
    status = part.get(name)
    return (status if isinstance(status, str) else None), part.get(f"{name}Info")


def _told(status: str, info: Any) -> str:
    parts = [info.get(name) for name in ("reasonCode", "additionalInfo")] if isinstance(info, dict) else []
    return ": ".join([status, *(part for part in parts if isinstance(part, str) and part)])[:300]
