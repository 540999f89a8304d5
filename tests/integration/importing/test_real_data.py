"""Real traffic and real sessions through the import commands."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ingest.importing.frames import import_frames
from ingest.importing.sessions import import_sessions
from tests.imported import rows
from warehouse.settings import Settings

REFERENCE = Path(os.environ.get("KWHOUSE_REFERENCE_DATA", ""))

pytestmark = pytest.mark.skipif(
    "KWHOUSE_REFERENCE_DATA" not in os.environ,
    reason="set KWHOUSE_REFERENCE_DATA to the folder that holds frames/ and sessions/ to run real data",
)


def test_every_real_frame_is_taken_or_kept_as_text(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    files = sorted((REFERENCE / "frames").glob("*.jsonl"))
    report = import_frames(settings, [str(file) for file in files])
    sent = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    assert report.exit_status == 0
    messages, rejected = rows(settings, "messages"), rows(settings, "rejected")
    assert len(messages) + len(rejected) == len(sent)
    texts = [one["frame"] if isinstance(one["frame"], str) else json.dumps(one["frame"]) for one in sent]
    assert {row["text"] for row in rejected} <= set(texts)
    assert all(any(row["payload"].strip("[]") in text for text in texts) for row in messages)
    answers = [row for row in messages if row["message_type"] == 3 and row["direction"] == "out"]
    assert answers
    assert any(row["action"] == "StartTransaction" for row in answers)


@pytest.mark.parametrize("name", ["perth_kinross", "boulder"])
def test_real_sessions_keep_their_energy(tmp_path: Path, name: str) -> None:
    settings = Settings(home=tmp_path)
    file = REFERENCE / "sessions" / f"{name}.parquet"
    report = import_sessions(settings, [str(file)])
    told = pl.read_parquet(file)
    assert (report.taken, report.exit_status) == (told.height, 0)
    found = rows(settings, "session_records")
    assert sum(row["energy_wh"] for row in found) == sum(Decimal(repr(kwh)) * 1000 for kwh in told["energy_kwh"])
