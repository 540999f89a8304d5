"""The summary of an import in words."""

from __future__ import annotations

import pytest

from ingest.importing.report import ImportReport

pytestmark = pytest.mark.fast


def test_the_summary_says_what_happened_and_what_to_do() -> None:
    report = ImportReport("frames", taken=2_000, there_already=5, no_frame=1, seconds=2.0)
    for number in range(2_005):
        report.count(f"S{number % 8}")
    for number in range(5):
        report.refuse("no time", f"a.log:{number}", "text  with\tblanks")
    report.keep_as_text("unparsable", "a.log:9", "x" * 500)
    report.unregistered = [f"S{number}" for number in range(8)]
    report.unreadable["b.log"] = "is empty"
    assert str(report).splitlines() == [
        "Imported 2,000 frames of 8 stations in 2 s, 1,000 a second.",
        "There already: 5 frames.",
        "Lines without a frame, passed over: 1.",
        "Kept in raw.rejected, for they are no OCPP frame (unparsable): 1",
        f"    a.log:9: {'x' * 120}…",
        "Refused: 5, no time",
        "    a.log:0: text with blanks",
        "    a.log:1: text with blanks",
        "    a.log:2: text with blanks",
        "    … and 2 more",
        "b.log is empty",
        "8 stations are not in the registry: S0, S1, S2, S3, S4 and 3 more.",
        "Now: kwhouse refresh",
    ]
    assert report.exit_status == 1


def test_text_of_others_does_nothing_to_a_terminal() -> None:
    report = ImportReport("frames")
    report.refuse("no time", "a.log:1", "\x1b[2Jgone\x9b31m")
    report.unregistered = ["\x1b]0;title\x07"]
    assert not any(letter in str(report) for letter in "\x1b\x9b\x07")


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (ImportReport("frames"), 1),
        (ImportReport("frames", taken=1), 0),
        (ImportReport("frames", there_already=1), 0),
        (ImportReport("frames", already_imported=["a"]), 0),
        (ImportReport("frames", taken=1, unreadable={"a": "is empty"}), 1),
    ],
)
def test_exit_status(report: ImportReport, status: int) -> None:
    assert report.exit_status == status
