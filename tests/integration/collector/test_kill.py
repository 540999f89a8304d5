"""A collector process that is killed or stopped in full flow: no acknowledged frame is lost, none is doubled."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from warehouse.settings import Settings, load_settings

STATIONS = [f"K{number}" for number in range(8)]
PROGRAM = """
import sys
from ingest.collector import main
from warehouse.settings import load_settings
sys.exit(main(load_settings()))
"""
START = '{"connectorId":1,"idTag":"x","meterStart":%d,"timestamp":"2026-01-31T12:00:00Z"}'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder whose registry knows the stations."""
    from warehouse.state import open_state, table

    settings = load_settings(home=tmp_path, landing_rows=4000, landing_seconds=0.4)
    engine = open_state(settings)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        rows = [{"station_id": name, "site_id": "there"} for name in STATIONS]
        connection.execute(table("registry", "stations").insert(), rows)
        connection.execute(
            table("registry", "tokens").insert(),
            {"id_token": "x", "token_type": "RFID", "status": "active", "valid_from": datetime(2020, 1, 1, tzinfo=UTC)},
        )
    engine.dispose()
    return settings


class Process:
    """`kwhouse collect` as a process of its own."""

    def __init__(self, settings: Settings) -> None:
        environment = os.environ | {
            "KWHOUSE_HOME": str(settings.home),
            "KWHOUSE_COLLECT_PORT": "0",
            "KWHOUSE_METRICS_PORT": "0",
            "KWHOUSE_LANDING_ROWS": str(settings.landing_rows),
            "KWHOUSE_LANDING_SECONDS": str(settings.landing_seconds),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        address = re.search(r"(ws://\S+/ocpp/)<station_id>", self.process.stdout.readline())
        assert address is not None
        self.url = address[1]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        status = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


class Fleet:
    """Stations that send calls as fast as they are answered and remember every answer."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.acknowledged: dict[tuple[str, str], str] = {}
        self._round = 0

    async def speak(self, url: str, end: float, process: Process, number: signal.Signals) -> int:
        """Speak for `end` seconds, then send the signal in full flow; returns the process's exit status."""
        self._round += 1
        tasks = [asyncio.create_task(self._station(url, name)) for name in STATIONS]
        await asyncio.sleep(end)
        status = await asyncio.to_thread(process.end, number)
        await asyncio.gather(*tasks)
        return status

    async def _station(self, url: str, name: str) -> None:
        try:
            async with connect(url + name, subprotocols=["ocpp1.6"], compression=None, close_timeout=1) as socket:
                for number in range(1_000_000):
                    message_id = f"{self._round}-{number}"
                    self.sent.append((name, message_id))
                    call = f'"StartTransaction",{START % number}' if number % 10 == 0 else '"MeterValues",{}'
                    await socket.send(f'[2,"{message_id}",{call}]')
                    answer = str(await socket.recv())
                    assert answer.startswith(f'[3,"{message_id}",'), answer
                    self.acknowledged[name, message_id] = answer
        except (ConnectionClosed, OSError):
            pass


def check(settings: Settings, fleet: Fleet) -> None:
    with duckdb.connect() as connection:
        pattern = str(settings.landing / "messages-*.parquet")
        rows = connection.execute(
            "SELECT station_id, message_id, direction, payload, seq FROM read_parquet(?)", [pattern]
        ).fetchall()
        files = str(settings.landing / "*.parquet")
        seqs = connection.execute("SELECT seq FROM read_parquet(?, union_by_name => true)", [files]).fetchall()
    landed = Counter((station, message_id, direction) for station, message_id, direction, *_ in rows)
    answers = {
        (station, message_id): payload for station, message_id, direction, payload, _ in rows if direction == "out"
    }
    assert max(landed.values()) == 1
    assert len(seqs) == len(set(seqs))
    for (station, message_id), answer in fleet.acknowledged.items():
        assert landed[station, message_id, "in"] == 1
        assert answer == f'[3,"{message_id}",{answers[station, message_id]}]'
    assert {key[:2] for key in landed} <= set(fleet.sent)
    # The same start has one transaction id in all rounds, different starts have different ones.
    ids: dict[tuple[str, str], set[str]] = {}
    for (station, message_id), payload in answers.items():
        if "transactionId" in payload:
            ids.setdefault((station, message_id.split("-")[1]), set()).add(payload)
    assert all(len(payloads) == 1 for payloads in ids.values())
    assert len({next(iter(payloads)) for payloads in ids.values()}) == len(ids)


def test_killed_in_full_flow_it_loses_and_doubles_nothing(settings: Settings) -> None:
    fleet = Fleet()
    for seconds in (0.7, 1.1, 1.5):  # in these times some landings begin, and some end
        process = Process(settings)
        status = asyncio.run(fleet.speak(process.url, seconds, process, signal.SIGKILL))
        assert status == -signal.SIGKILL
    assert Process(settings).end(signal.SIGTERM) == 0
    assert len(fleet.acknowledged) > 300
    assert list(settings.landing.glob(".*.tmp")) == []
    check(settings, fleet)
    with duckdb.connect() as connection:
        pattern = str(settings.landing / "connections-*.parquet")
        ends = connection.execute(
            """
            SELECT
                closed.reason,
                closed.happened_at BETWEEN opened.happened_at AND opened.happened_at + INTERVAL 5 SECOND
            FROM read_parquet($files) AS opened
            LEFT JOIN read_parquet($files) AS closed
                ON closed.connection_id = opened.connection_id AND closed.event = 'closed'
            WHERE opened.event = 'opened'
            """,
            {"files": pattern},
        ).fetchall()
    # What was open when it was killed is closed by the next one that starts, as of the last write.
    assert ends == [("the collector was killed", True)] * 3 * len(STATIONS)


def test_stopped_in_full_flow_it_lands_everything(settings: Settings) -> None:
    fleet = Fleet()
    process = Process(settings)
    assert asyncio.run(fleet.speak(process.url, 0.8, process, signal.SIGTERM)) == 0
    check(settings, fleet)
    with duckdb.connect() as connection:
        pattern = str(settings.landing / "connections-*.parquet")
        codes = connection.execute(
            "SELECT close_code FROM read_parquet(?) WHERE event = 'closed'", [pattern]
        ).fetchall()
    assert codes == [(1001,)] * len(STATIONS)
