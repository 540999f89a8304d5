"""How a long command shows that it goes on: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Task
    from rich.text import Text

Progress = Callable[[int, int], None]
"""Called a few times a second with how much is done and how much there is; 0: not known yet."""

_LINE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Words:
    """What is going on, what is counted, and what is said before anything is done."""

    title: str
    unit: str
    waiting: str


@contextmanager
def shown_progress(words: Words, stream: TextIO | None = None) -> Iterator[Progress]:
    """A `Progress` that shows done and all, a rate, and the time left. Writes to `stream` (standard error)."""
    stream = stream or sys.stderr
    if stream.isatty():
        with _bar(words, stream) as progress:
            yield progress
    else:
        yield line_progress(words, stream)


@contextmanager
def _bar(words: Words, stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    class Speed(ProgressColumn):
        def render(self, task: Task) -> Text:
            from rich.text import Text

            return Text(f"{task.speed or 0:,.0f} {words.unit}/s")

    columns = (words.title, BarColumn(bar_width=None), MofNCompleteColumn(), Speed(), "left", TimeRemainingColumn())
    with Bars(*columns, console=Console(file=stream), refresh_per_second=4) as bars:
        task = bars.add_task(words.title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total or None)


def line_progress(words: Words, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> Progress:
    """A line every ten seconds, and one at the end."""
    started = clock()
    due = started + _LINE_SECONDS
    before = 0

    def show(done: int, total: int) -> None:
        nonlocal started, due, before
        now = clock()
        if done < before:  # another pass
            started = now
        before = done
        ended = 0 < total <= done
        if now < due and not ended:
            return
        due = now + _LINE_SECONDS
        seconds = now - started
        told = [f"{done:,} of {total:,} {words.unit}" if total else f"{done:,} {words.unit} looked through"]
        if done and seconds >= 1:  # a rate over less than a second says nothing
            told.append(f"{done / seconds:,.0f} {words.unit}/s")
        if ended:
            told.append("done")
        elif total:
            told.append(f"{(total - done) * seconds / done:,.0f} s left" if done else words.waiting)
        stream.write(f"{words.title}: {', '.join(told)}\n")
        stream.flush()

    return show
