"""What the collector shows of itself."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from ingest.metrics import Exposition, MetricsServer, Tally

pytestmark = pytest.mark.fast


class Stage:
    """A tally, a state of health and a server that shows both."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.healthy = True
        self.exposition = Exposition(self.tally, self.health)
        self.server = MetricsServer("127.0.0.1", 0, self.exposition, self.health)

    def health(self) -> tuple[bool, dict[str, Any]]:
        return self.healthy, {"status": "ok" if self.healthy else "failing", "journal_rows_waiting": 7}

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen("http://{}:{}{}".format(*self.server.address, path), timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def value(self, name: str) -> float:
        _, text = self.get("/metrics")
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        assert found is not None, text
        return float(found[1])


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.server.close()


def test_health_is_503_while_the_journal_fails(stage: Stage) -> None:
    status, text = stage.get("/health")
    assert (status, json.loads(text)["status"]) == (200, "ok")
    stage.healthy = False
    status, text = stage.get("/health")
    assert (status, json.loads(text)["status"]) == (503, "failing")
    assert stage.value("kwhouse_healthy") == 0


def test_frames_are_counted_by_version_direction_type_and_action(stage: Stage) -> None:
    for _ in range(3):
        stage.tally.count("1.6", "in", 2, "Heartbeat")
    stage.tally.count("2.0.1", "in", 3, None)
    stage.tally.rejected["unparsable"] += 1
    stage.tally.connections = 5
    stage.exposition.commits.observe(0.003)
    heartbeat = 'action="Heartbeat",direction="in",message_type="2",ocpp_version="1.6"'
    assert stage.value(f"kwhouse_frames_total{{{heartbeat}}}") == 3
    assert stage.value('kwhouse_frames_total{action="",direction="in",message_type="3",ocpp_version="2.0.1"}') == 1
    assert stage.value('kwhouse_rejected_texts_total{reason="unparsable"}') == 1
    assert stage.value("kwhouse_connections") == 5
    assert stage.value("kwhouse_journal_rows") == 7
    assert stage.value('kwhouse_journal_commit_seconds_bucket{le="0.005"}') == 1


def test_invented_actions_make_no_series_without_end(stage: Stage) -> None:
    for number in range(5000):
        stage.tally.count("1.6", "in", 2, f"Invented{number}")
    assert len(stage.tally.frames) < 1100
    _, text = stage.get("/metrics")
    assert "Invented" not in text
    assert (
        stage.value('kwhouse_frames_total{action="other",direction="in",message_type="2",ocpp_version="1.6"}') == 5000
    )


def test_other_addresses_are_404(stage: Stage) -> None:
    assert stage.get("/")[0] == 404
