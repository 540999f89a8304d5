"""What a replay shows while it goes on."""

from __future__ import annotations

import io

import pytest

from ingest.replay.show import line_progress, shown_progress

pytestmark = pytest.mark.fast


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_come_seldom_and_say_speed_and_time_left():
    out = io.StringIO()
    now = iter([0.0, 1.0, 10.0, 12.0, 20.0])
    show = line_progress(out, lambda: next(now))
    for done in (100, 1000, 1500, 3000):
        show(done, 3000)
    assert out.getvalue().splitlines() == [
        "replay: 1,000 of 3,000 frames, 100 frames/s, 20 s left",
        "replay: 3,000 of 3,000 frames, 150 frames/s, done",
    ]


def test_a_terminal_gets_a_bar_and_a_pipe_gets_lines():
    terminal, pipe = Terminal(), io.StringIO()
    with shown_progress(terminal) as show:
        show(10, 20)
        show(20, 20)
    assert "20/20" in terminal.getvalue()
    assert "frames/s" in terminal.getvalue()
    with shown_progress(pipe) as show:
        show(20, 20)
    assert pipe.getvalue().endswith("done\n")
