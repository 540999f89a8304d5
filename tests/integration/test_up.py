"""`kwhouse up`: what it starts answers, and ends with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import requests

from warehouse.people import keys
from warehouse.settings import Settings
from warehouse.state import open_state

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_api_is_part_of_it(tmp_path: Path) -> None:
    ports = {
        name: free_port() for name in ("api_port", "collect_port", "metrics_port", "dashboard_port", "dagster_port")
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KWHOUSE_")}
    ours = {f"KWHOUSE_{name.upper()}": str(port) for name, port in ports.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "kwhouse", "up"],
        cwd=tmp_path,
        env={**kept, **ours, "KWHOUSE_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{ports['api_port']}"
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                answer = requests.get(f"{address}/health", timeout=5)
                break
            except requests.ConnectionError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=90)
    assert answer.json() == {"status": "ok"}
    assert process.returncode == 0
    assert f"API:       {address}\n" in output
    engine = open_state(Settings(home=tmp_path / "home"))
    (key,) = keys.listing(engine)
    engine.dispose()
    assert (key["name"], key["state"]) == ("dashboard", "revoked")
    assert f"kwh_{key['key_id']}" not in output
