"""What answers are made of: what they need to know (the desk), and the rules that all versions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol

import orjson

OWN_VENDOR: Final = "kwhouse"
OWN_MESSAGE: Final = "ExternalSession"  # the id a session has in the system it was replayed from
EMPTY: Final = "{}"


Status = Literal[
    "Accepted",
    "Blocked",
    "ConcurrentTx",
    "Expired",
    "Invalid",
    "NoCredit",
    "NotAtThisLocation",
    "NotAtThisTime",
    "Unknown",
]
"""OCPP 2.0.1 part 2, AuthorizationStatusEnumType: what kwhouse uses of it. 1.6 has fewer (`answers_v16`)."""
Purpose = Literal["authorize", "start", "stop"]


class Asked(NamedTuple):
    """Who wants what on this station."""

    id_token: str
    purpose: Purpose
    token_type: str | None = None  # 2.x IdTokenEnumType; 1.6 knows none
    certificates: tuple[str, ...] = ()  # contract certificates presented with it, as `certificate_key` spells them
    transaction_id: str | None = None  # of a start
    place: str | None = None  # EVSE (2.x) or connector (1.6) of a start


class Verdict(NamedTuple):
    """What holds for an idToken at a time."""

    status: Status
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

    def verdict(self, asked: Asked) -> Verdict:
        """Whether somebody may charge now."""
        ...

    def ended(self, transaction_id: str) -> None:
        """A transaction is over."""
        ...

    def free(self, place: str) -> None:
        """Nothing goes on at an EVSE or connector any more."""
        ...

    def transaction_id(self, start: Start) -> int:
        """The OCPP 1.6 transaction id of a start: the same one whenever the same start comes again."""
        ...


Rule = str | Callable[[Mapping[str, Any], Desk], str]
"""A constant answer, or a function of the payload and the desk; JSON text either way."""


def to_json(value: Any) -> str:
    """`value` as compact JSON text."""
    return orjson.dumps(value).decode()


def text_of(value: Any) -> str | None:
    """`value` if it is text, else None: payloads are answered even where they break their schema."""
    return value if isinstance(value, str) else None


def group_of(name: Any, longest: int) -> str | None:
    """The group of a token, where the version can say it: what is too long would break the whole message."""
    return name if isinstance(name, str) and len(name) <= longest else None


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
