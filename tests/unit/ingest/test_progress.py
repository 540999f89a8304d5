"""What a long command shows while it goes on."""

from __future__ import annotations

import dataclasses
import io

import pytest

from ingest.progress import Words, line_progress, shown_progress
from ingest.replay.runner import WORDS, ReplayReport

pytestmark = pytest.mark.fast


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_come_seldom_and_say_speed_and_time_left():
    out = io.StringIO()
    now = iter([0.0, 1.0, 10.0, 12.0, 20.0])
    show = line_progress(WORDS, out, lambda: next(now))
    for done in (100, 1000, 1500, 3000):
        show(done, 3000)
    assert out.getvalue().splitlines() == [
        "replay: 1,000 of 3,000 frames, 100 frames/s, 20 s left",
        "replay: 3,000 of 3,000 frames, 150 frames/s, done",
    ]


def test_a_line_is_done_only_at_the_end_and_has_no_rate_below_a_second():
    out = io.StringIO()
    now = iter([0.0, 10.0, 20.0, 20.5])
    show = line_progress(WORDS, out, lambda: next(now))
    show(0, 80)
    quick = line_progress(WORDS, out, lambda: next(now))
    quick(80, 80)
    assert out.getvalue().splitlines() == [
        "replay: 0 of 80 frames, waiting for the first answer",
        "replay: 80 of 80 frames, done",
    ]


def test_a_short_run_reports_no_rate():
    report = ReplayReport(2, 4, 0, 66, 0.05, 0, 0, ())
    assert str(report) == "Told 4 sessions of 2 stations in 66 calls, each answered, in less than a second."
    assert "in 2 s, 33 calls/s (66 frames/s)." in str(dataclasses.replace(report, seconds=2.0))


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines():
    terminal, pipe = Terminal(), io.StringIO()
    with shown_progress(WORDS, terminal) as show:
        show(10, 20)
        show(20, 20)
    assert "20/20" in terminal.getvalue()
    assert "frames/s" in terminal.getvalue()
    with shown_progress(WORDS, pipe) as show:
        show(20, 20)
    assert pipe.getvalue().endswith("done\n")


def test_what_is_not_known_yet_is_counted_and_a_second_pass_has_its_own_rate():
    out = io.StringIO()
    now = iter([0.0, 10.0, 12.0, 22.0])
    show = line_progress(Words("import", "lines", "waiting"), out, lambda: next(now))
    show(5000, 0)
    show(10, 6000)
    show(6000, 6000)
    assert out.getvalue().splitlines() == [
        "import: 5,000 lines looked through, 500 lines/s",
        "import: 6,000 of 6,000 lines, 600 lines/s, done",
    ]
