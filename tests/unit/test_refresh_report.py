"""What a refresh says of itself, and what stops Dagster's pages before they start."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pipelines.refresh import RefreshReport, dev
from pipelines.stages import StageResult
from warehouse.errors import SettingsError
from warehouse.settings import load_settings

pytestmark = pytest.mark.fast

IDLE = StageResult("sites", None, 0.1)
BUSY = StageResult("sessions", None, 0.1, {"core.sessions": 3})


@pytest.mark.parametrize(
    ("steps", "set_aside", "text"),
    [
        ((IDLE, IDLE), {}, "Nothing new; snapshot 12 (2.4 s)."),
        ((BUSY, IDLE), {}, "1 stage made anew in 2.4 s; snapshot 12."),
        ((BUSY, IDLE, BUSY), {}, "2 stages made anew in 2.4 s; snapshot 12."),
        ((IDLE,), {"a.parquet": "bad"}, "Nothing new; snapshot 12 (2.4 s). 1 file set aside: a.parquet."),
        (
            (BUSY,),
            {"b.parquet": "bad", "a.parquet": "bad"},
            "1 stage made anew in 2.4 s; snapshot 12. 2 files set aside: a.parquet, b.parquet.",
        ),
    ],
)
def test_a_report_reads_as_a_sentence(steps: tuple[StageResult, ...], set_aside: dict[str, str], text: str) -> None:
    assert str(RefreshReport("run", 2.4321, 12, steps, {}, set_aside)) == text


def test_a_port_that_is_taken_is_named_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"127\.0\.0\.1:{taken}.*KWHOUSE_DAGSTER_PORT"):
            dev(load_settings(home=tmp_path, dagster_port=taken))
    assert not (tmp_path / "dagster").exists()
