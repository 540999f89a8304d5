"""How a replay shows that it goes on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

    from ingest.replay.runner import Progress

_LINE_SECONDS = 10.0


@contextmanager
def shown_progress(stream: TextIO | None = None) -> Iterator[Progress]:
    """A `progress` for `replay`: frames told and all frames, frames a second, time left.

    Frames are those that the stations send; each has had its answer. Writes to `stream` (standard error).
    """
    stream = stream or sys.stderr
    if stream.isatty():
        with _bar(stream) as progress:
            yield progress
    else:
        yield line_progress(stream)


@contextmanager
def _bar(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            from rich.text import Text

            return Text(f"{task.speed or 0:,.0f} frames/s")

    columns = ("replay", BarColumn(bar_width=None), MofNCompleteColumn(), Speed(), "left", TimeRemainingColumn())
    with Bars(*columns, console=Console(file=stream), refresh_per_second=4) as bars:
        task = bars.add_task("replay", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def line_progress(stream: TextIO, clock: Callable[[], float] = time.monotonic) -> Progress:
    """A line every ten seconds, and one at the end."""
    started = clock()
    due = started + _LINE_SECONDS

    def show(done: int, total: int) -> None:
        nonlocal due
        now = clock()
        if now < due and done < total:
            return
        due = now + _LINE_SECONDS
        seconds = now - started
        words = [f"{done:,} of {total:,} frames"]
        if done and seconds >= 1:  # a rate over less than a second says nothing
            words.append(f"{done / seconds:,.0f} frames/s")
        if done >= total:
            words.append("done")
        else:
            words.append(f"{(total - done) * seconds / done:,.0f} s left" if done else "waiting for the first answer")
        stream.write(f"replay: {', '.join(words)}\n")
        stream.flush()

    return show
