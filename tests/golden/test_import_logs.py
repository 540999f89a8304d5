"""Logs as the usual programs write them, and the rows that they become (`logs/NAME.log` and `logs/NAME.rows`).

The lines are made up after the formats of SteVe, the Python package ocpp, evcc and ocpp-go, libocpp and MicroOcpp.
After a change on purpose, write the rows anew with KWHOUSE_WRITE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingest.importing.frames import import_frames
from ingest.importing.intake import told
from tests.imported import rows
from warehouse.settings import Settings

LOGS = Path(__file__).parent / "logs"
OPTIONS = json.loads((LOGS / "options.json").read_text())

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_log_becomes_rows(name: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    said = {"station": None, "version": None, "time_zone": None} | OPTIONS[name]
    report = import_frames(settings, [str(LOGS / f"{name}.log")], told(**said))
    listing = [
        f"{row['seq']} {row['station_id']} {row['received_at']:%Y-%m-%dT%H:%M:%S.%fZ} {row['direction']} "
        f"{row['ocpp_version']} {row['message_type']} {row['message_id']} {row['action']} {brief(row['payload'])}"
        for row in rows(settings, "messages")
    ]
    listing += [
        f"{row['seq']} {row['station_id']} {row['received_at']:%Y-%m-%dT%H:%M:%S.%fZ} rejected "
        f"{row['ocpp_version']} {row['reason']} {brief(row['text'])}"
        for row in rows(settings, "rejected")
    ]
    listing += [f"refused {met.count} {reason}" for reason, met in report.refused.items()]
    listing += [f"no frame {report.no_frame}"]
    expected = LOGS / f"{name}.rows"
    if os.environ.get("KWHOUSE_WRITE_GOLDEN"):
        expected.write_text("\n".join(listing) + "\n")
    assert listing == expected.read_text().splitlines()


def test_each_log_has_its_options() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == set(OPTIONS) == {path.stem for path in LOGS.glob("*.rows")}


def brief(text: str) -> str:
    return " ".join(text.split())[:70]
