"""Programs run together, stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from warehouse.supervisor import Program, run_together, running

pytestmark = pytest.mark.fast


def python(name: str, code: str) -> Program:
    return Program(name, [sys.executable, "-c", code])


def test_one_that_ends_takes_the_others_with_it(tmp_path: Path) -> None:
    lines: list[str] = []
    other = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    first = f"import os, sys, time\nwhile not os.path.exists({str(tmp_path / 'pid')!r}): time.sleep(.01)\nsys.exit(7)"
    assert run_together([python("short", first), python("long", other)], lines.append) == 7
    assert any("short ended with status 7" in line for line in lines)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_sigterm_stops_all_and_is_no_failure(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = f"import time; open({str(ready)!r}, 'w').close(); time.sleep(60)"

    def ask_when_ready() -> None:
        while not ready.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=ask_when_ready, daemon=True).start()
    before = signal.getsignal(signal.SIGTERM)
    assert run_together([python("a", code), python("b", "import time; time.sleep(60)")], lambda _: None) == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace() -> None:
    lines: list[str] = []
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    with running(python("deaf", code), lines.append) as one:
        while not lines:
            time.sleep(0.01)
        one.ask_to_stop()
        assert one.wait(grace_seconds=0.3) == -signal.SIGKILL
    assert lines == ["deaf       up"]


def test_lines_carry_the_programs_name() -> None:
    lines: list[str] = []
    with running(python("talker", "print('hello')"), lines.append) as one:
        one.process.wait(20)
        deadline = time.monotonic() + 5
        while not lines and time.monotonic() < deadline:
            time.sleep(0.01)
    assert lines == ["talker     hello"]


def test_a_program_that_cannot_be_started_leaves_none_behind(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(FileNotFoundError):
        run_together([python("good", code), Program("bad", ["/no/such/program"])], lambda _: None)
    assert subprocess.run(["pgrep", "-f", str(pid)], capture_output=True, check=False).stdout == b""
