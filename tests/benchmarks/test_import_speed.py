"""Importing frames against parsing the same lines with orjson and nothing else, in one run on one machine.

Reports frames per second of the clock, their ratio, and the most memory that the import took. Asserts only that every
frame was taken: machines differ.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

CALLS = 200_000
STATIONS = 500
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

_IMPORT = """
import sys, time, resource
from ingest.importing.frames import import_frames
from warehouse.settings import Settings
begun = time.perf_counter()
report = import_frames(Settings(home=sys.argv[1]), [sys.argv[2]])
print(report.taken, time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def exchanges() -> Iterator[tuple[str, str, str, str]]:
    """Station, time, call and answer: MeterValues with three samples, each answered."""
    for number in range(CALLS):
        at = (BEGIN + timedelta(milliseconds=137 * number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        samples = [
            {"value": str(3 * number), "context": "Sample.Periodic", "unit": "Wh"},
            {"value": "7200", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "31.2", "measurand": "Current.Import", "phase": "L1", "unit": "A"},
        ]
        body = {"connectorId": 1, "transactionId": number % 5_000,
                "meterValue": [{"timestamp": at, "sampledValue": samples}]}  # fmt: skip
        call = json.dumps([2, f"{number:08x}", "MeterValues", body], separators=(",", ":"))
        yield f"CP{number % STATIONS:04d}", at, call, f'[3,"{number:08x}",{{}}]'


def json_lines() -> Iterator[str]:
    for station, at, call, answer in exchanges():
        for direction, frame in (("in", call), ("out", answer)):
            yield (
                f'{{"station_id":"{station}","received_at":"{at}","direction":"{direction}","ocpp_version":"1.6",'
                f'"frame":{frame}}}\n'
            )


def log_lines() -> Iterator[str]:
    for station, at, call, answer in exchanges():
        head = f"{at} INFO ocpp.WebSocketLogger (thread-7) - [chargeBoxId={station}, sessionId=77]"
        yield f"{head} Received: {call}\n"
        yield f"{head} Sending: {answer}\n"


@pytest.mark.parametrize("name", ["frames.jsonl", "frames.jsonl.gz", "frames.log"])
def test_import_against_parsing(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    opened = gzip.open if name.endswith(".gz") else open
    with opened(file, "wt") as out:
        out.writelines(log_lines() if name.endswith(".log") else json_lines())
    parsed, begun = 0, time.perf_counter()
    with opened(file, "rb") as text:
        for line in text:
            orjson.loads(line[line.index(b"[2," if b"[2," in line else b"[3,") :] if name.endswith(".log") else line)
            parsed += 1
    parse_seconds = time.perf_counter() - begun
    command = [sys.executable, "-c", _IMPORT, str(tmp_path / "home"), str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    taken, seconds, kilobytes = int(said[0]), float(said[1]), int(said[2])
    assert taken == parsed == 2 * CALLS
    print(
        f"\n{name} ({file.stat().st_size / 1e6:,.0f} MB, {taken:,} frames)"
        f"\norjson only: {parsed / parse_seconds:,.0f} lines/s"
        f"\nimport:      {taken / seconds:,.0f} frames/s, {kilobytes / 1024:,.0f} MB of memory at most"
        f"\nratio:       {parse_seconds / seconds:.2f}"
    )
    shutil.rmtree(tmp_path)
