"""A site with one station that obeys, a real collector, a real API and a Stripe: what a driver's phone meets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from pipelines.billing.drafts import invoices
from pipelines.billing.pricing import cdrs
from pipelines.registry_history import record_registry
from pipelines.sessions import frames, readings, sessions
from pipelines.stages import run_stage
from tests.api_harness import ROOT, Api, running_api
from tests.homes import new_home
from tests.integration.billing_world import energy
from tests.registered import connector, register
from tests.stripe_server import KEY, WEBHOOK_SECRET, StripeServer
from warehouse.remote.online import stations_online
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state
from warehouse.store import open_lake
from warehouse.store.landing import register_landed

STAGES = (frames.STAGE, readings.STAGE, sessions.STAGE, cdrs.STAGE, invoices.STAGE)
STATION = "HAF-01"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OPERATOR = {
    "operator_id": "op",
    "name": "Hafen Strom GmbH",
    "country_code": "DE",
    "party_id": "HAF",
    "vat_id": "DE136695976",
    "street": "Ladeweg 1",
    "post_code": "20457",
    "city": "Hamburg",
    "email": "hallo@example.org",
    "iban": "DE89370400440532013000",
    "time_zone": "Europe/Berlin",
    "invoice_series": "HAF",
}
SITE = {
    "site_id": "hafen",
    "operator_id": "op",
    "name": "Parkhaus am Hafen",
    "time_zone": "Europe/Berlin",
    "country_code": "DE",
    "currency": "EUR",
    "address": "Am Sandtorkai 1",
    "post_code": "20457",
    "city": "Hamburg",
}
WATT_HOURS_A_READING = 900


@dataclass
class Charger:
    """A station of OCPP 1.6 with one connector, in a thread: told to start it starts, told to stop it stops.

    What it tells lies half an hour back, five minutes a reading, so that minutes of charging take a second.
    """

    url: str
    refuses: bool = False
    starts_by_itself: bool = True
    seconds_a_reading: float = 0.2
    most_readings: int = 5
    heard: list[str] = field(default_factory=list)
    _waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, is_there: threading.Event, leave: asyncio.Event) -> None:
        async with connect(self.url, subprotocols=["ocpp1.6"]) as socket:  # type: ignore[list-item]
            listening = asyncio.create_task(self._listen(socket))
            boot = {"chargePointVendor": "V", "chargePointModel": "M"}
            await self._call(socket, "BootNotification", boot)
            status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
            await self._call(socket, "StatusNotification", status)
            is_there.set()
            await leave.wait()
            listening.cancel()

    async def _listen(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in socket:
                kind, message_id, *rest = json.loads(message)
                if kind != 2:
                    self._waiting.pop(message_id).set_result(rest[0])
                    continue
                action, payload = rest
                self.heard.append(action)
                says = "Rejected" if self.refuses else "Accepted"
                await socket.send(json.dumps([3, message_id, {"status": says}]))
                if action == "RemoteStartTransaction" and not self.refuses and self.starts_by_itself:
                    task = asyncio.create_task(self._charge(socket, payload["idTag"]))
                    self._tasks.add(task)
                elif action == "RemoteStopTransaction":
                    self._stop.set()

    async def _call(self, socket: ClientConnection, action: str, payload: dict[str, Any]) -> Any:
        message_id = str(len(self.heard) + time.monotonic_ns())
        self._waiting[message_id] = asyncio.get_running_loop().create_future()
        await socket.send(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(20):
            return await self._waiting[message_id]

    async def _charge(self, socket: ClientConnection, id_tag: str) -> None:
        self._stop.clear()
        begin = datetime.now(UTC) - timedelta(minutes=30)
        start = {"connectorId": 1, "idTag": id_tag, "meterStart": 1000, "timestamp": begin.isoformat()}
        answer = await self._call(socket, "StartTransaction", start)
        if answer["idTagInfo"]["status"] != "Accepted":
            self.heard.append(f"not let in: {answer['idTagInfo']['status']}")
            return
        number, readings = answer["transactionId"], 0
        while not self._stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self.seconds_a_reading):
                    await self._stop.wait()
            if readings < self.most_readings:
                readings += 1
                await self._call(socket, "MeterValues", self._reading(number, begin, readings))
        stop = {
            "transactionId": number,
            "meterStop": 1000 + WATT_HOURS_A_READING * readings,
            "timestamp": (begin + timedelta(minutes=5 * readings)).isoformat(),
            "reason": "Remote",
        }
        await self._call(socket, "StopTransaction", stop)
        await self._call(
            socket, "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
        )

    def _reading(self, number: int, begin: datetime, readings: int) -> dict[str, Any]:
        value = {
            "value": str(1000 + WATT_HOURS_A_READING * readings),
            "measurand": "Energy.Active.Import.Register",
            "unit": "Wh",
        }
        at = begin + timedelta(minutes=5 * readings)
        return {
            "connectorId": 1,
            "transactionId": number,
            "meterValue": [{"timestamp": at.isoformat(), "sampledValue": [value]}],
        }


@dataclass
class PhoneWorld:
    """What runs: `charger` is the station, `api` the HTTP door."""

    settings: Settings
    engine: sa.Engine
    api: Api
    charger: Charger

    def refresh(self) -> None:
        """What of the pipeline's work every minute or two sessions and their bills need."""
        with open_lake(self.settings) as lake:
            register_landed(lake)
            record_registry(lake)
            for stage in STAGES:
                run_stage(lake, stage)

    def until(self, holds: Callable[[], Any], what: str, seconds: float = 60) -> Any:
        """Wait until `holds` gives something."""
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < deadline, f"{what}\n{''.join(self.api.lines)}"
            time.sleep(0.1)
        return found


def declare(settings: Settings) -> None:
    """The registry: energy at 0.59 with VAT, and a fee of 1.00 a charge; 19 % VAT, of the law."""
    elements = f'[{energy("0.59", None)[1:-3]}, {{"type": "FLAT", "price": 1.00, "step_size": 1}}]}}]'
    register(
        settings,
        operators=[OPERATOR],
        sites=[SITE],
        stations=[{"station_id": STATION, "site_id": "hafen", "name": "Säule 1"}],
        connectors=[connector(STATION, rated_power_w=22_000, standard="IEC_62196_T2", in_service_from=LONG_AGO)],
        tariffs=[
            {
                "tariff_id": "T",
                "version": 1,
                "currency": "EUR",
                "ocpi_version": "2.3.0",
                "tax_included": "YES",
                "elements": elements,
                "valid_from": LONG_AGO,
            }
        ],
        tariff_assignments=[{"assignment_id": "A", "tariff_id": "T", "valid_from": LONG_AGO}],
        tax_rates=[
            {
                "country_code": "DE",
                "tax_code": "S",
                "name": "USt",
                "rate_percent": Decimal(19),
                "valid_from": LONG_AGO,
            }
        ],
    )


@contextmanager
def phone_world(home: Path, stripe: StripeServer, **api_settings: str) -> Iterator[PhoneWorld]:
    """Start all of it; leaving the block ends it."""
    settings = load_settings(home=new_home(home))
    declare(settings)
    engine = open_state(settings)
    given = {
        "stripe_key": KEY,
        "stripe_publishable_key": "pk_test_of_the_tests",
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "stripe_api_base": stripe.url,
        "preauthorise": '{"EUR": "60"}',
        **api_settings,
    }
    with (
        collecting(home) as address,
        running_api(home, **given) as api,
        charging_station(address) as charger,
    ):
        world = PhoneWorld(settings, engine, api, charger)
        world.until(lambda: stations_online(engine, datetime.now(UTC)), "the station is not there")
        with open_lake(settings) as lake:
            record_registry(lake)
        yield world
    engine.dispose()


@contextmanager
def collecting(home: Path) -> Iterator[str]:
    """`kwhouse collect` as a process of its own: this one opens the lake, and two copies of SQLite in one process take
    each other's locks away. Gives where stations connect."""
    told = {"HOME": str(home), "COLLECT_PORT": "0", "METRICS_PORT": "0", "LANDING_SECONDS": "0.3"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KWHOUSE_")}
    ours = {f"KWHOUSE_{name}": value for name, value in told.items()}
    command = [sys.executable, "-m", "kwhouse", "collect"]
    process = subprocess.Popen(
        command, cwd=home, env={**kept, **ours, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        address = re.search(r"(ws://\S+/ocpp/)<station_id>", process.stdout.readline())
        assert address is not None
        yield address[1]
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


@contextmanager
def charging_station(address: str) -> Iterator[Charger]:
    """Connect the station; leaving the block disconnects it."""
    charger = Charger(address + STATION)
    is_there = threading.Event()
    stopping: list[Callable[[], Any]] = []

    async def work() -> None:
        leave, loop = asyncio.Event(), asyncio.get_running_loop()
        stopping.append(lambda: loop.call_soon_threadsafe(leave.set))
        await charger.run(is_there, leave)

    thread = threading.Thread(target=lambda: asyncio.run(work()), daemon=True)
    thread.start()
    assert is_there.wait(30), "the station could not connect"
    try:
        yield charger
    finally:
        stopping[0]()
        thread.join(timeout=20)
