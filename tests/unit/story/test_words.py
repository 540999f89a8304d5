"""Every flag has its sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.sessions import sessions
from warehouse.story.words import CHECKS, FAULTS, of_flag

pytestmark = pytest.mark.fast
SQL = Path(__file__).parents[3] / "pipelines" / "sessions"


def test_every_flag_that_sessions_can_have_is_told_in_words() -> None:
    told = set(re.findall(r"THEN '([a-z0-9]+(?:_[a-z0-9]+)+)'", (SQL / "sessions.sql").read_text()))
    assert told, "the flags stand elsewhere now"
    named = getattr(sessions, "FAULTS", ()) or getattr(sessions, "GRADES", ())
    assert named
    flags = (told | set(named)) - {"periodic_registers", "inferred_end"}
    assert sorted(flags - FAULTS.keys() - CHECKS.keys()) == []


def test_a_flag_of_another_version_is_told_by_its_name() -> None:
    assert of_flag("moon_phase") == "Moon phase."
    assert of_flag("no_energy") == "No energy flowed."
    assert all(text.endswith(".") and text[0].isupper() for text in (*FAULTS.values(), *CHECKS.values()))
