"""What a line of a log says of the frame at its end: when, from which station, in which direction.

Known are the logs of SteVe, the Python package ocpp, ocpp-go and evcc, libocpp (EVerest), MicroOcpp, and lines with an
arrow between station and frame. Each shape is a pattern over the text in front of the frame; whatever else stands
there (levels, threads, names of containers) does not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

FRAME: Final = re.compile(r'\[\s*[2-6]\s*,\s*(?:"[^"\\]{0,255}"|-?\d{1,30})\s*,')
ESCAPED_FRAME: Final = re.compile(r'"\[\s*[2-6]\s*,\s*(?:\\"[^"\\]{0,255}\\"|-?\d{1,30})\s*,')
"""A frame that the log shows as a JSON string."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")

_ARROW: Final = r"->|<-|=>|<=|→|←|>>>?|<<<?|[<>](?=\s|$)"
# (name of the mark or pattern, the direction where a central system writes the log)
_BETWEEN: Final = re.compile(
    r"(?P<a>ChargePoint|ChargingStation|CP|CS|EVSE|CentralSystem|CSMS|Central)\s?(?:->|>|=>|→)\s?"
    r"(?P<b>ChargePoint|ChargingStation|CP|CS|EVSE|CentralSystem|CSMS|Central)\b"
)
_CENTRAL: Final = ("CentralSystem", "CSMS", "Central")
_MARK: Final = re.compile(
    r"\b(?P<received>received?|receiving|recv|rx|incoming|from ws lib)\b"
    r"|\b(?P<sent>sending|sent|send|tx|outgoing|to ws lib)\b"
    rf"|(?P<arrow>{_ARROW})"
    r"|\b(?P<side>(?-i:IN|OUT))\b",
    re.IGNORECASE,
)
_RECEIVED_ARROWS: Final = ("<-", "<=", "←", "<<", "<<<", "<")

_ID: Final = r"[A-Za-z0-9*+=:|@._-]{1,48}"  # what OCPP allows as an identity
_NAMED: Final = re.compile(
    r"\b(?:chargeBoxId|charge_?Point(?:_?Id)?|charging_?Station(?:_?Id)?|station(?:_?Id)?|cp_?id|charger_?id"
    r"|client_?id|identity|identifier)"
    rf"[\"']?\s*[=:]\s*[\"']?(?P<id>{_ID})(?=[\s\"',;\])}}]|$)",
    re.IGNORECASE,
)
_BESIDE: Final = (
    # ocpp (Python): `CP_1: receive message [`, behind `INFO:ocpp:` or `[ocpp] `
    re.compile(r"(?:^|[\s:])(?P<id>[^\s:]{1,48}): (?:receive message|send(?: message)?)\s*$"),
    # ocpp-go and evcc: `received JSON message from CP_1: [`, `recv CP_1: [`
    re.compile(rf"\b(?:recv|send|received JSON message from|sent JSON message to) (?P<id>{_ID}):\s*$"),
)
_IDENTITY: Final = re.compile(r"(?=.*\d)(?=.*[^\d:.]).+")
_AT_ARROW: Final = (
    re.compile(rf"(?:^|[\s\[])(?P<id>{_ID})\]?\s*(?:{_ARROW})\s*(?:(?:CSMS|CS|server|central|backend)\b)?[\s:]*$"),
    re.compile(rf"(?:{_ARROW})\s*\[?(?P<id>{_ID})\]?[\s:]*$"),
    re.compile(rf"(?:^|[\s\[])(?P<id>{_ID})\]?\s+(?i:recv|received?|rx|in|incoming|send|sent|tx|out|outgoing):?\s*$"),
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A direction as a log writes it. `direction`: what it means in a central system's log.

    `sure`: the log names both sides, so it means that in any log.
    """

    text: str
    direction: str
    sure: bool = False


def bare(line: str) -> str:
    """The line without terminal colours."""
    return _COLOUR.sub("", line) if "\x1b" in line else line


def mark_in(prefix: str) -> Mark | None:
    """The direction mark nearest to the frame."""
    if between := _BETWEEN.search(prefix):
        first, second = between["a"] in _CENTRAL, between["b"] in _CENTRAL
        if first != second:
            return Mark(between[0], "out" if first else "in", sure=True)
    found: re.Match[str] | None = None
    for found in _MARK.finditer(prefix):  # noqa: B007 (the last one is wanted)
        pass
    if found is None:
        return None
    text = found[0].lower()
    received = bool(found["received"]) or text in _RECEIVED_ARROWS or text == "in"
    return Mark(text, "in" if received else "out")


def station_in(prefix: str) -> str | None:
    """The station that the text in front of the frame names in a way that leaves no doubt."""
    if named := _NAMED.search(prefix):
        return named["id"]
    for pattern in _BESIDE:
        if match := pattern.search(prefix):
            return match["id"]
    return None


def station_at_mark(prefix: str) -> str | None:
    """The word beside the arrow, if it looks like an identity. `prefix`: what stands between time and frame."""
    for pattern in _AT_ARROW:
        match = pattern.search(prefix)
        # Loggers, threads and levels stand there as well: an identity has a digit and more than digits.
        if match and _IDENTITY.fullmatch(match["id"]) and ".c:" not in match["id"]:
            return match["id"]
    return None
