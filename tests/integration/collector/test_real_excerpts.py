"""Excerpts of real traffic, oddities and all: everything is kept as sent, and what can be answered is."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ingest.ocpp.frames import Rejection, reject
from tests.collector_harness import SUBPROTOCOLS, collector, landed

FOLDER = Path(os.environ.get("KWHOUSE_REFERENCE_DATA", "")) / "frames"

pytestmark = pytest.mark.skipif(
    "KWHOUSE_REFERENCE_DATA" not in os.environ,
    reason="set KWHOUSE_REFERENCE_DATA to the folder that holds frames/ to run the excerpts of real traffic",
)


def excerpts() -> dict[tuple[str, str], list[str]]:
    """Texts of each station, by identity and version, in order."""
    texts: dict[tuple[str, str], list[str]] = {}
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            entry: dict[str, Any] = json.loads(line)
            if entry["direction"] == "in":
                frame = entry["frame"]
                text = frame if isinstance(frame, str) else json.dumps(frame)
                texts.setdefault((f"{path.stem}-{entry['station_id']}", entry["ocpp_version"]), []).append(text)
    return texts


def test_every_frame_is_kept_and_every_call_answered(tmp_path: Path) -> None:
    from websockets.asyncio.client import connect

    texts = excerpts()
    assert texts

    async def speak(station_id: str, version: str) -> None:
        async with connect(running.ready.url + station_id, subprotocols=[SUBPROTOCOLS[version]]) as socket:
            for text in texts[station_id, version]:
                await socket.send(text)
                head = reject(text, "", "")
                if head.message_type == 2:
                    async with asyncio.timeout(10):
                        answer = json.loads(await socket.recv())
                    assert answer[1] == head.message_id
                    assert answer[0] == (3 if is_json(text) else 4)

    async def all_of_them() -> None:
        await asyncio.gather(*(speak(*key) for key in texts))

    with collector(tmp_path, stations=frozenset(station_id for station_id, _ in texts)) as running:
        asyncio.run(all_of_them())
    kept: dict[str, list[tuple[int, str]]] = {}
    for row in landed(running, "messages"):
        if row["direction"] == "in":
            kept.setdefault(row["station_id"], []).append((row["seq"], row["payload"]))
    for row in landed(running, "rejected"):
        kept.setdefault(row["station_id"], []).append((row["seq"], row["text"]))
    for (station_id, _), sent in texts.items():
        found = [text for _, text in sorted(kept[station_id])]
        assert len(found) == len(sent)
        assert all(part.strip("[]") in whole for part, whole in zip(found, sent, strict=True))


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def test_heads_are_read_from_broken_texts() -> None:
    for sent in excerpts().values():
        for text in sent:
            if not is_json(text):
                head = reject(text, "unparsable", "")
                assert isinstance(head, Rejection)
                assert head.message_id
