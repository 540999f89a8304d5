"""What is changed through the API holds at a running collector: a token is added, then blocked, before a station."""

from __future__ import annotations

import asyncio

import pytest

from ingest.access import gate
from ingest.collector import run
from tests.collector_harness import Running, Station, in_thread, station
from tests.integration.api.conftest import Client
from warehouse.settings import Settings, load_settings


async def _until(one: Station, wanted: str) -> str:
    """The collector's word on the token, once it is `wanted` (or what it stays)."""
    status = ""
    for _ in range(200):
        status = (await one.call("Authorize", {"idTag": "new-card"}))[2]["idTagInfo"]["status"]
        if status == wanted:
            break
        await asyncio.sleep(0.05)
    return status


def test_a_token_is_let_in_and_blocked(settings: Settings, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "REFRESH_SECONDS", 0.05)

    async def talk(running: Running) -> list[str]:
        async with station(running, "pune-1") as one:
            said = [await _until(one, "Invalid")]
            body = {"id_token": "NEW-CARD", "token_type": "RFID", "status": "active"}
            assert (await asyncio.to_thread(admin, "POST", "/v1/tokens", body)).status_code == 201
            said.append(await _until(one, "Accepted"))
            change = {"status": "blocked"}
            assert (await asyncio.to_thread(admin, "PATCH", "/v1/tokens/NEW-CARD", change)).status_code == 200
            return [*said, await _until(one, "Blocked")]

    own = load_settings(home=settings.home, collect_port=0, metrics_port=0)
    with in_thread(own, lambda ready, stop: run(own, None, ready, stop)) as running:
        assert asyncio.run(talk(running)) == ["Invalid", "Accepted", "Blocked"]
