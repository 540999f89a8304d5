"""One conversation over a real WebSocket: odd answers, calls to the station, a lost connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import orjson
import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from ingest.fleet.errors import StationRefused
from ingest.fleet.script import Hardware
from ingest.fleet.station16 import Station16
from ingest.fleet.wire import Conversation, Traffic, connect, speak

pytestmark = pytest.mark.fast

STATION = Station16(Hardware("A/1 ü", "v", "m", {(1, 1): 7200}))


def script(answers, calls=3):
    for number in range(calls):
        answers.append((yield number, f'"Heartbeat",{{"n":{number}}}'))


@asynccontextmanager
async def central_system(handler, **options):
    async with serve(handler, "127.0.0.1", 0, subprotocols=["ocpp1.6"], **options) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ocpp/"


def test_answers_with_blanks_errors_and_calls_in_between():
    heard, asked = [], []

    async def handler(socket):
        asked.append(socket.request.path)
        first = orjson.loads(await socket.recv())
        await socket.send("not JSON")
        await socket.send('[2,"r1","Reset",{"type":"Soft"}]')
        await socket.send(f'[ 3, "{first[1]}", {{}} ]')
        asked.append(orjson.loads(await socket.recv()))
        second = orjson.loads(await socket.recv())
        await socket.send(f'[4,"{second[1]}","InternalError","no",{{}}]')
        third = orjson.loads(await socket.recv())
        await socket.send(f'[3,"{third[1]}",{{"a":1}}]')

    async def scenario():
        traffic = Traffic()
        async with central_system(handler) as url:
            socket = await connect(url, STATION, Traffic())
            await speak(socket, "A", Conversation(script(heard)), traffic)
            await socket.close()
        return traffic

    traffic = asyncio.run(scenario())
    assert heard == ['[3,"1",{}]', '[4,"2","InternalError","no",{}]', '[3,"3",{"a":1}]']
    assert asked[0] == "/ocpp/A%2F1%20%C3%BC"
    assert asked[1][:3] == [4, "r1", "NotImplemented"]
    assert (traffic.calls, traffic.refused, traffic.latest) == (3, 1, {"A": 2})
    assert "InternalError" in traffic.examples[0]


def test_a_lost_connection_repeats_the_pending_call():
    heard, got = [], []

    async def handler(socket):
        while True:
            call = orjson.loads(await socket.recv())
            got.append(call[3]["n"])
            if got == [0, 1]:
                return
            await socket.send(f'[3,"{call[1]}",{{}}]')

    async def scenario():
        conversation = Conversation(script(heard))
        async with central_system(handler) as url:
            socket = await connect(url, STATION, Traffic())
            with pytest.raises(ConnectionClosed):
                await speak(socket, "A", conversation, Traffic())
            socket = await connect(url, STATION, Traffic())
            await speak(socket, "A", conversation, Traffic())
            await socket.close()

    asyncio.run(scenario())
    assert got == [0, 1, 1, 2]
    assert len(heard) == 3


def test_it_waits_for_its_time_and_declines_calls_meanwhile():
    declined = asyncio.Event()

    async def handler(socket):
        await socket.send('[2,"r1","ClearCache",{}]')
        assert orjson.loads(await socket.recv())[0] == 4
        declined.set()
        call = orjson.loads(await socket.recv())
        await socket.send(f'[3,"{call[1]}",{{}}]')

    async def scenario():
        async with central_system(handler) as url:
            socket = await connect(url, STATION, Traffic())
            await speak(socket, "A", Conversation(script([], 1)), Traffic(), lambda instant: 0.2)
            await socket.close()

    asyncio.run(scenario())
    assert declined.is_set()


def test_a_refused_handshake_says_why():
    async def handler(socket):
        raise AssertionError("nobody gets here")

    def refuse(status):
        return lambda connection, request: connection.respond(status, "not in the registry\n")

    async def scenario(status):
        async with central_system(handler, process_request=refuse(status)) as url:
            await connect(url, STATION, Traffic())

    with pytest.raises(StationRefused, match=r"^A/1 ü was refused: not in the registry$") as refused:
        asyncio.run(scenario(404))
    assert refused.value.status == 404
    with pytest.raises(ConnectionError, match="503"):
        asyncio.run(scenario(503))
