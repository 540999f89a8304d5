"""What answers are made of: what they need to know (the desk), and the rules that all versions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol

import orjson

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


Rule = str | Callable[[Mapping[str, Any], Desk], str]
"""A constant answer, or a function of the payload and the desk; JSON text either way."""


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
