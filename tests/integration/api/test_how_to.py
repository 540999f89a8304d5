"""The page on the HTTP API is run as a reader would type it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from tests.api_harness import Api
from tests.registered import site
from warehouse.settings import Settings
from warehouse.state import table

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_block_runs(settings: Settings, engine: sa.Engine, served: Api, tmp_path: Path) -> None:
    with engine.begin() as connection:
        operator = {"operator_id": "green", "name": "Green", "country_code": "DE", "party_id": "GRN"}
        connection.execute(table("registry", "operators").insert(), operator)
        connection.execute(table("registry", "sites").insert(), {**site("depot"), "operator_id": "green"})
        connection.execute(table("registry", "stations").insert(), {"station_id": "CP-1", "site_id": "depot"})
    blocks = BLOCK.findall((ROOT / "docs/how-to/api.md").read_text())
    assert len(blocks) >= 6
    script = "set -euo pipefail\n" + "".join(blocks).replace("http://127.0.0.1:9080", served.url)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{_commands(tmp_path)}:{os.environ['PATH']}",
            "KWHOUSE_HOME": str(settings.home),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "sessions.csv").read_text().startswith("session_id,")
    with engine.connect() as connection:
        tokens = table("registry", "tokens")
        row = connection.execute(sa.select(tokens).where(tokens.c.id_token == "04A2B3C4")).mappings().one()
    assert (row["contract_id"], row["status"]) == ("c-4711", "active")


def _commands(folder: Path) -> Path:
    """A folder with this tree's `kwhouse`."""
    command = folder / "kwhouse"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m kwhouse "$@"\n')
    command.chmod(0o755)
    return folder
