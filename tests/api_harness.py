"""`kwhouse api` as a process of its own, on a free port, with everything it writes kept."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass
class Api:
    """A running API: its address, and what it has written so far."""

    url: str = ""
    lines: list[str] = field(default_factory=list)


@contextmanager
def running_api(home: Path, **settings: str) -> Iterator[Api]:
    """Run it in data folder `home` with `KWHOUSE_*` settings (names without the prefix); leaving the block ends it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KWHOUSE_")}
    ours = {
        f"KWHOUSE_{name.upper()}": value for name, value in {"home": str(home), "api_port": "0", **settings}.items()
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "kwhouse", "api"],
        cwd=home,
        env={**kept, **ours, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    api = Api()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            api.lines.append(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"API: (http://\S+)", "".join(api.lines))):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("kwhouse api did not start:\n" + "".join(api.lines))
            time.sleep(0.05)
        api.url = found.group(1)
        yield api
    finally:
        process.terminate()
        process.wait(timeout=30)
        reader.join(timeout=10)
