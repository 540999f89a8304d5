"""The example of the how-to does what the page says."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from ingest.importing.frames import import_frames
from ingest.importing.sessions import import_sessions
from tests.imported import rows
from warehouse.settings import Settings

pytestmark = pytest.mark.fast

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "import.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_map_of_the_page_reads_the_export_of_the_page(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "export.csv").write_text(block("csv"), encoding="cp1252")
    (tmp_path / "portal.yaml").write_text(block("yaml"))
    report = import_sessions(settings, [str(tmp_path / "export.csv")], tmp_path / "portal.yaml")
    assert (report.taken, report.exit_status) == (2, 0)
    found = rows(settings, "session_records")
    assert [row["energy_wh"] for row in found] == [Decimal("12345.6"), 4000]
    assert {row["site_id"] for row in found} == {"town-hall"}


def test_the_json_line_of_the_page_is_taken(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "frames.jsonl").write_text(block("json"))
    assert import_frames(settings, [str(tmp_path / "frames.jsonl")]).exit_status == 0


def test_the_lines_of_logs_on_the_page_are_known(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    cells = re.findall(r"^\| [^|]+ \| `([^`]*\[2,\"17\",)…`", PAGE.read_text(), re.MULTILINE)
    assert len(cells) == 5
    lines = [cell if "2026" in cell else f"2026-03-02T08:00:00Z {cell}" for cell in cells]
    (tmp_path / "a.log").write_text("".join(f'{line}"Heartbeat",{{}}]\n' for line in lines))
    from ingest.importing.intake import told

    report = import_frames(settings, [str(tmp_path / "a.log")], told(None, "1.6", "UTC"))
    assert dict(report.stations) == {"TH-01": 4}
    assert [(met.count, reason.split(":")[0]) for reason, met in report.refused.items()] == [(1, "no station")], (
        "MicroOcpp"
    )
