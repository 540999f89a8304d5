"""A station's side of one OCPP-J WebSocket: each call waits for its answer before the next one is sent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from ingest.fleet.errors import NobodyListens, StationRefused
from ingest.fleet.script import INTERRUPTED, NOTHING
from ingest.fleet.session import stamp

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from ingest.fleet.script import Script, Station

_EXAMPLES = 20
_FIRST_ANSWER_SECONDS = 5.0


@dataclass(slots=True)
class Traffic:
    """Counts over all connections of one run."""

    calls: int = 0
    refused: int = 0
    """Calls answered with CALLERROR."""
    examples: list[str] = field(default_factory=list)
    """The first refused ones: station, call and answer."""
    latest: dict[str, int] = field(default_factory=dict)
    """The newest instant each station has told (µs since 1970): where its clock goes on after a reconnect."""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a central system has answered any handshake."""


async def connect(url: str, station: Station, traffic: Traffic, replay_from: int | None = None) -> ClientConnection:
    """Open the station's WebSocket at `url`/<station_id>; with `replay_from` its own times drive the collector's clock.

    Raises `StationRefused` where the handshake is answered with a client error; `OSError` where nobody listens.
    """
    from websockets.asyncio.client import connect as open_websocket
    from websockets.exceptions import InvalidStatus
    from websockets.typing import Subprotocol

    station_id = station.hardware.station_id
    headers = {} if replay_from is None else {"X-KWhouse-Clock": f"replay;{stamp(replay_from)}"}
    try:
        socket = await open_websocket(
            f"{url.rstrip('/')}/{quote(station_id, safe='')}",
            subprotocols=[Subprotocol(station.subprotocol)],
            additional_headers=headers,
            compression=None,  # deflate costs more than the loopback saves
            proxy=None,
            ping_interval=None,  # the collector keeps the connection alive
            open_timeout=60,
        )
    except InvalidStatus as error:
        traffic.answered.set()
        if error.response.status_code >= 500:
            raise ConnectionError(f"HTTP {error.response.status_code}") from error
        body = bytes(error.response.body or b"").decode(errors="replace").strip()
        status = error.response.status_code
        raise StationRefused(station_id, body or f"HTTP {status}, without a reason.", status) from error
    traffic.answered.set()
    return socket


async def expect_answer(url: str, traffic: Traffic) -> None:
    """Wait for the first answer to a handshake. Raises `NobodyListens` where none comes within seconds.

    Later on patience is right, for a collector may be restarted; at the begin it most likely was not started.
    """
    try:
        async with asyncio.timeout(_FIRST_ANSWER_SECONDS):
            await traffic.answered.wait()
    except TimeoutError:
        raise NobodyListens(url) from None


Obey = Callable[[str, Any], dict[str, Any] | None]
"""Action and payload of a call of the central system → the answer; None: it is declined."""


@dataclass(slots=True)
class Conversation:
    """A script and the call that was taken from it last; after a lost connection that call is made again."""

    script: Script
    pending: tuple[int, str] | None = None
    obey: Obey | None = None
    """Answers calls of the central system; None: all are declined."""
    has_orders: Callable[[], bool] = lambda: False
    """Whether they were orders that the script is to hear of."""


async def speak(
    socket: ClientConnection,
    station_id: str,
    conversation: Conversation,
    traffic: Traffic,
    seconds_until: Callable[[int], float] | None = None,
) -> None:
    """Make the script's calls one by one and hand it the answers, until it ends.

    `seconds_until(instant)` holds each call back until its time has come; None: as fast as the answers arrive.
    Raises `websockets.exceptions.ConnectionClosed` when the central system goes away.
    """
    script, number = conversation.script, 0
    try:
        if conversation.pending is None:
            conversation.pending = next(script)
        while True:
            if conversation.has_orders():
                conversation.pending = script.send(INTERRUPTED)
            when, call = conversation.pending
            if seconds_until is not None:
                await _listen(socket, seconds_until(when), conversation)
                if conversation.has_orders():
                    continue
            if call == NOTHING:
                conversation.pending = script.send(NOTHING)
                continue
            number += 1
            await socket.send(f'[2,"{number}",{call}]')
            answer = await socket.recv()
            if not (isinstance(answer, str) and answer.startswith(f'[3,"{number}",')):
                answer = await _awaited_answer(socket, str(number), answer, conversation.obey)
                if answer.startswith("[4"):
                    _note_refusal(traffic, station_id, call, answer)
            traffic.calls += 1
            traffic.latest[station_id] = when
            conversation.pending = script.send(answer)
    except StopIteration:
        conversation.pending = None


async def _listen(socket: ClientConnection, seconds: float, conversation: Conversation) -> None:
    """Stay silent for `seconds`, but answer what the central system asks meanwhile; only until orders have come."""
    if seconds <= 0:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not conversation.has_orders():
                await _answer(socket, _parsed(await socket.recv()), conversation.obey)


async def _awaited_answer(socket: ClientConnection, message_id: str, text: str | bytes, obey: Obey | None) -> str:
    """Read on until the answer to `message_id`; written without blanks. Calls to the station are answered."""
    while True:
        frame = _parsed(text)
        if len(frame) > 2 and frame[0] in (3, 4) and frame[1] == message_id:
            return orjson.dumps(frame).decode()
        await _answer(socket, frame, obey)
        text = await socket.recv()


def _parsed(text: str | bytes) -> list[Any]:
    """A frame, or an empty list where the text is none."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
    return frame if isinstance(frame, list) else []


async def _answer(socket: ClientConnection, frame: list[Any], obey: Obey | None) -> None:
    if len(frame) < 2 or frame[0] != 2:
        return
    payload = None
    if obey is not None and len(frame) == 4 and isinstance(frame[3], dict):
        payload = obey(frame[2], frame[3])
    declined = [4, frame[1], "NotImplemented", "This made-up station does not do that", {}]
    await socket.send(orjson.dumps(declined if payload is None else [3, frame[1], payload]).decode())


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it exists: half the CPU time a call."""
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop


def _note_refusal(traffic: Traffic, station_id: str, call: str, answer: str) -> None:
    traffic.refused += 1
    if len(traffic.examples) < _EXAMPLES:
        traffic.examples.append(f"{station_id}: {call[:200]} → {answer[:300]}")
