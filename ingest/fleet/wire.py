"""A station's side of one OCPP-J WebSocket: each call waits for its answer before the next one is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

from ingest.fleet.errors import StationRefused
from ingest.fleet.session import stamp

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from ingest.fleet.script import Script, Station

_EXAMPLES = 20


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


async def connect(url: str, station: Station, replay_from: int | None = None) -> ClientConnection:
    """Open the station's WebSocket at `url`/<station_id>; with `replay_from` its own times drive the collector's clock.

    Raises `StationRefused` where the handshake is answered with a client error; `OSError` where nobody listens.
    """
    from websockets.asyncio.client import connect as open_websocket
    from websockets.exceptions import InvalidStatus
    from websockets.typing import Subprotocol

    station_id = station.hardware.station_id
    headers = {} if replay_from is None else {"X-KWhouse-Clock": f"replay;{stamp(replay_from)}"}
    try:
        return await open_websocket(
            f"{url.rstrip('/')}/{quote(station_id, safe='')}",
            subprotocols=[Subprotocol(station.subprotocol)],
            additional_headers=headers,
            compression=None,  # deflate costs more than the loopback saves
            proxy=None,
            ping_interval=None,  # the collector keeps the connection alive
            open_timeout=60,
        )
    except InvalidStatus as error:
        if error.response.status_code >= 500:
            raise ConnectionError(f"HTTP {error.response.status_code}") from error
        body = bytes(error.response.body or b"").decode(errors="replace").strip()
        raise StationRefused(station_id, f"HTTP {error.response.status_code} {body}".strip()) from error


async def speak(
    socket: ClientConnection,
    station_id: str,
    script: Script,
    traffic: Traffic,
    wait_until: Callable[[int], Awaitable[None]] | None = None,
) -> None:
    """Send the script's calls one by one and hand it the answers, until it ends.

    `wait_until(instant)` holds each call back until its time has come; None: as fast as the answers arrive.
    Raises `websockets.exceptions.ConnectionClosed` when the central system goes away.
    """
    send, receive = socket.send, socket.recv
    number = 0
    try:
        when, call = next(script)
        while True:
            if wait_until is not None:
                await wait_until(when)
            number += 1
            await send(f'[2,"{number}",{call}]')
            answer = await receive()
            if not (isinstance(answer, str) and answer.startswith(f'[3,"{number}",')):
                answer = await _awaited_answer(socket, str(number), answer)
                if answer.startswith("[4"):
                    _note_refusal(traffic, station_id, call, answer)
            traffic.calls += 1
            traffic.latest[station_id] = when
            when, call = script.send(answer)
    except StopIteration:
        return


async def _awaited_answer(socket: ClientConnection, message_id: str, text: str | bytes) -> str:
    """Read on until the answer to `message_id`; normalised to no blanks. Calls to the station are declined."""
    while True:
        try:
            frame = orjson.loads(text)
            kind, frame_id = frame[0], frame[1]
        except (orjson.JSONDecodeError, LookupError, TypeError):
            kind = frame_id = None
        if kind == 2:
            declined = [4, frame_id, "NotImplemented", "This made-up station takes no commands", {}]
            await socket.send(orjson.dumps(declined).decode())
        elif kind in (3, 4) and frame_id == message_id:
            return orjson.dumps(frame).decode()
        text = await socket.recv()


def _note_refusal(traffic: Traffic, station_id: str, call: str, answer: str) -> None:
    traffic.refused += 1
    if len(traffic.examples) < _EXAMPLES:
        traffic.examples.append(f"{station_id}: {call[:200]} → {answer[:300]}")


async def sleep_until(instant: int, now_us: Callable[[], int]) -> None:
    """Wait until a clock that shows microseconds since 1970 has reached `instant`."""
    while (missing := instant - now_us()) > 0:
        await asyncio.sleep(missing / 1_000_000)
