"""The story of every session that the fault cases give: its own frames, a proof for each fault, no token on screen."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden import test_faults as cases
from tests.landed import land
from tests.pipeline import bring_up_to_date
from warehouse import story
from warehouse.readers import evidence
from warehouse.settings import load_settings
from warehouse.store import Lake, open_lake


@pytest.fixture(scope="module")
def lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(home=Path(folder))
        cases._register(settings)
        wire, _ = cases._say_all()
        land(settings, wire)
        with open_lake(settings) as opened:
            bring_up_to_date(opened)
            yield opened


@pytest.fixture(scope="module")
def stories(lake: Lake) -> list[story.Story]:
    ids = lake.con.execute("SELECT session_id FROM core.sessions ORDER BY station_id, started_at").fetchall()
    return [story.tell(lake, session_id) for (session_id,) in ids]


def test_every_fault_is_proved_by_frames_that_are_shown(stories: list[story.Story]) -> None:
    for told in stories:
        shown = {kind for frame in told.frames for kind in frame.proves}
        assert {row["kind"] for row in told.faults} == shown, told.session["station_id"]


def test_every_session_rests_on_frames_that_no_other_rests_on(stories: list[story.Story]) -> None:
    owners = defaultdict(set)
    for told in stories:
        own = [frame for frame in told.frames if frame.role != "fault"]
        assert own or told.records, told.session["station_id"]
        for frame in own:
            owners[frame.name].add(told.session["session_id"])
    assert {name: ids for name, ids in owners.items() if len(ids) > 1} == {}


def test_no_story_shows_a_token_or_lacks_a_word(stories: list[story.Story]) -> None:
    for told in stories:
        text = story.in_words(told, all_frames=True)
        assert '"idTag":"T1"' not in text
        assert '"idToken":"T1"' not in text
        for flag in told.session["flags"]:
            assert flag in {**story.words.FAULTS, **story.words.CHECKS}
            assert f"  {flag}: " in text


def test_stories_of_many_frames_are_read_in_one_go_and_tell_the_same(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = "SELECT session_id FROM core.sessions ORDER BY session_id LIMIT 20"
    ids = [session_id for (session_id,) in lake.con.execute(some).fetchall()]
    by_number = [evidence.frames(lake, session_id) for session_id in ids]
    assert any(found.height > 1 for found in by_number)
    monkeypatch.setattr(evidence, "_FEW", -1)
    for session_id, found in zip(ids, by_number, strict=True):
        assert evidence.frames(lake, session_id).equals(found)
