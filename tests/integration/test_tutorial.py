"""The tutorial is run as a reader would type it, in a folder of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_block_of_the_tutorial_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/tutorial.md").read_text()
    blocks = [block.replace("$PWD/data/tutorial", str(tmp_path)) for block in BLOCK.findall(text)]
    assert len(blocks) >= 8
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "KWHOUSE_COLLECT_PORT": str(free_port()),
        "KWHOUSE_METRICS_PORT": str(free_port()),
    }
    script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # 18.4 kWh × 0.49 = 9.016 EUR; it charges 50.2 min at 22 kW and stands for 99.8 of 150 min: 100 started
    # minutes of parking at 3 EUR an hour. Before VAT 14.016, on the invoice 14.02.
    lines = (tmp_path / "march.csv").read_text().splitlines()
    # Two sessions of the contract, and two without one: a receipt each.
    assert len(lines) == 1 + 4
    assert sum("adhoc:" in line for line in lines) == 2
    assert any("14.02" in line for line in lines[1:]), lines
