"""The page on flags names every flag that a session can have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.sessions.sessions import FAULTS, SUSPECT

pytestmark = pytest.mark.fast
PAGE = Path(__file__).parents[2] / "docs" / "flags.md"


def test_every_fault_has_a_row_with_its_grade() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(FAULTS)
    assert {name for name, grade in rows if grade.strip().startswith("suspect")} == set(SUSPECT)


def test_every_check_is_named() -> None:
    flagged = (PAGE.parents[1] / "pipelines" / "sessions" / "sessions.sql").read_text()
    checks = set(re.findall(r"THEN '(\w+)' END", flagged)) - set(FAULTS)
    assert checks
    assert all(f"`{check}`" in PAGE.read_text() for check in checks)
