"""Who may open a connection: the address, the station, the sub-protocol and the replay header, judged in this order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from ingest.clock import Clock, LiveClock, ReplayClock, microseconds
from warehouse.settings import is_loopback

VERSIONS: Final = {"ocpp2.1": "2.1", "ocpp2.0.1": "2.0.1", "ocpp1.6": "1.6"}
CLOCK_HEADER: Final = "X-KWhouse-Clock"
_PREFIX: Final = "/ocpp/"


class Refusal(NamedTuple):
    """The HTTP answer to a handshake that is refused; the text says the mend."""

    status: HTTPStatus
    text: str
    retry_seconds: int = 0


def station_of(path: str) -> str | None:
    """The station's identity in a request path `/ocpp/<station_id>`; None where there is none."""
    path = urlsplit(path).path
    if not path.startswith(_PREFIX):
        return None
    station_id = unquote(path.removeprefix(_PREFIX))
    # An identity has at most 48 characters (2.0.1 part 4); a slash would make it another address. Control characters
    # are no part of any; a NUL in a station's name would end queries of the lake's catalog early.
    return station_id if station_id and "/" not in station_id and station_id.isprintable() else None


def choose(offered: Sequence[str]) -> str | None:
    """The first sub-protocol of the station's list that is spoken here: stations list them as they prefer."""
    return next((name for name in offered if name in VERSIONS), None)


def clock_for(header: str | None, peer: str | None, allow_replay: bool) -> Clock | Refusal:
    """The clock of a connection; `header` is `replay;<start of its clock>`."""
    if header is None:
        return LiveClock()
    if not allow_replay or peer is None or not is_loopback(peer):
        return Refusal(
            HTTPStatus.FORBIDDEN,
            f"{CLOCK_HEADER} is honoured on loopback connections only, and with KWHOUSE_ALLOW_REPLAY=true.\n",
        )
    kind, _, start = header.partition(";")
    instant = microseconds(start.strip())
    if kind.strip() != "replay" or instant is None:
        return Refusal(
            HTTPStatus.BAD_REQUEST, f"{CLOCK_HEADER} must look like `replay;2019-05-01T00:00:00Z`, not {header!r}.\n"
        )
    return ReplayClock(instant)


def no_station(path: str) -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, f"Stations connect to {_PREFIX}<station_id>, not {path}.\n")


def unknown_station(station_id: str) -> Refusal:
    return Refusal(
        HTTPStatus.NOT_FOUND,
        f"Station {station_id} is not in the registry. Add it with `kwhouse registry apply` or `station accept`.\n",
    )


def too_often(wait_seconds: float) -> Refusal:
    seconds = math.ceil(wait_seconds)
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, f"Too often, or too many wrong tries: wait {seconds} s.\n", seconds)


def no_protocol(offered: Sequence[str]) -> Refusal:
    asked = ", ".join(offered) or "none"
    return Refusal(
        HTTPStatus.BAD_REQUEST,
        f"Sec-WebSocket-Protocol: offered are {', '.join(VERSIONS)}; the station asked for {asked}.\n",
    )
