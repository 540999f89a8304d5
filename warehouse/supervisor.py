"""Run several programs as one: start them together, pass their lines on under their names, stop them together.

Used by `kwhouse up` and by the demo. Knows nothing of what the programs do.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

# Long enough for a collector to land its journal before it is killed.
STOP_GRACE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run: `name` stands before its lines, `arguments` as for subprocess, `environment` is added."""

    name: str
    arguments: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Running:
    """A started program."""

    program: Program
    process: subprocess.Popen[str]

    def ask_to_stop(self) -> None:
        """Send SIGTERM to it and all it started."""
        _signal_group(self.process, signal.SIGTERM)

    def wait(self, grace_seconds: float = STOP_GRACE_SECONDS) -> int:
        """Wait for its end, with SIGKILL after the grace. Gives its exit status."""
        try:
            self.process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            _signal_group(self.process, signal.SIGKILL)
            self.process.wait()
        # A grandchild that ignored the first signal must not outlive its parent.
        _signal_group(self.process, signal.SIGKILL)
        return self.process.returncode


def start(program: Program, say: Callable[[str], None] | None = None) -> Running:
    """Start a program in a process group of its own. `say` gets each of its lines; without it they go to stderr."""
    process = subprocess.Popen(
        list(program.arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **program.environment},
        start_new_session=True,  # Ctrl-C reaches only us; we stop the others in order
    )
    tell = say or _to_stderr

    def pass_on() -> None:
        for line in process.stdout or ():
            tell(f"{program.name:<10} {line.rstrip()}")

    threading.Thread(target=pass_on, name=f"lines of {program.name}", daemon=True).start()
    return Running(program, process)


@contextmanager
def running(program: Program, say: Callable[[str], None] | None = None) -> Iterator[Running]:
    """A program that is stopped when the block ends, however it ends."""
    started = start(program, say)
    try:
        yield started
    finally:
        started.ask_to_stop()
        started.wait()


def run_together(programs: Sequence[Program], say: Callable[[str], None] | None = None) -> int:
    """Run programs until SIGINT or SIGTERM comes or one of them ends; then stop them all.

    Returns 0 when asked to stop, else the exit status of the program that ended first (1 where that was 0).
    """
    tell = say or _to_stderr
    asked = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    started: list[Running] = []
    ended: Running | None = None
    try:
        for program in programs:
            started.append(start(program, say))  # noqa: PERF401 (one that fails to start must not hide the others)
        while not asked.is_set() and ended is None:
            time.sleep(0.1)
            ended = next((one for one in started if one.process.poll() is not None), None)
        if ended is not None:
            tell(f"{ended.program.name} ended with status {ended.process.returncode}; stopping the others.")
    finally:
        # All are asked at once, then awaited one by one.
        for one in started:
            one.ask_to_stop()
        for one in started:
            one.wait()
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0 if ended is None else ended.process.returncode or 1


def _signal_group(process: subprocess.Popen[str], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
