"""What was measured, as one table at the end; and how much memory it took."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table


@dataclass(slots=True)
class Measured:
    """Time of the clock, of the processors, and the greatest resident memory of this process meanwhile."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_bytes: int = 0

    def __add__(self, other: Measured) -> Measured:
        """One after the other."""
        return Measured(
            self.seconds + other.seconds,
            self.processor_seconds + other.processor_seconds,
            max(self.peak_bytes, other.peak_bytes),
        )


def _times(one: Measured, other: Measured) -> tuple[tuple[float, float], tuple[float, float]]:
    """By the clock, and by the processors: on a busy machine these differ less from run to run."""
    return (one.seconds, other.seconds), (one.processor_seconds, other.processor_seconds)


@contextmanager
def measure() -> Iterator[Measured]:
    """Fill what it yields when the block ends."""
    measured = Measured()
    # Linux forgets the greatest memory so far; elsewhere it counts from the start of the process.
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
    begun, worked = time.perf_counter(), time.process_time()
    yield measured
    measured.seconds = time.perf_counter() - begun
    measured.processor_seconds = time.process_time() - worked
    measured.peak_bytes = _peak_bytes()


def _peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        words = status.read_text(encoding="ascii").partition("VmHWM:")[2].split()
        return int(words[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass
class Report:
    """Rows of the final table. `add` with what was measured, and by what it is judged."""

    title: str
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(
        self, what: str, measured: Measured, frames: int, *,
        faster_than: Measured | None = None, share_of: Measured | None = None, target: str = "",
    ) -> None:  # fmt: skip
        """`faster_than`: how many times as fast as that; `share_of`: which share of its time."""
        ratios = ("", "")
        if faster_than is not None:
            ratios = tuple(f"{of / own:.2f}" if of and own else "" for of, own in _times(faster_than, measured))
        if share_of is not None:
            ratios = tuple(f"{100 * own / of:.1f} %" if of else "" for of, own in _times(share_of, measured))
        worked = f"{measured.processor_seconds:,.2f}" if measured.processor_seconds else ""
        memory = f"{measured.peak_bytes / 2**30:.2f}" if measured.peak_bytes else ""
        speed = f"{frames / measured.seconds:,.0f}"
        self.rows.append((what, f"{measured.seconds:,.2f}", worked, speed, *ratios, target, memory))

    def show(self) -> None:
        table = Table(title=self.title, box=box.SIMPLE, title_justify="left")
        table.add_column("what", no_wrap=True)
        for heading in ("seconds", "CPU s", "frames/s", "ratio", "by CPU", "target", "peak GiB"):
            table.add_column(heading, justify="right", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        console = Console(width=120)
        console.print()
        console.print(table)
        for note in self.notes:
            console.print(note, highlight=False)
