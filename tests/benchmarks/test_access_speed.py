"""How long a decision on access takes with a million tokens in memory, while the registry is read beside it.

`make bench ARGS="-k access"`. The bound that is promised is 5 ms.
"""

from __future__ import annotations

import asyncio
import random
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from ingest.access.active import Transaction
from ingest.access.directory import Registry
from ingest.access.gate import Access
from ingest.access.rules import Ask
from tests.registered import register, site
from warehouse.registry.changes import Author
from warehouse.registry.editing import change_row
from warehouse.settings import load_settings
from warehouse.state import open_state, table

TOKENS = 1_000_000
DECISIONS = 100_000
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def test_access_with_a_million_tokens(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    register(
        settings,
        sites=[site("depot", "Europe/Berlin")],
        stations=[{"station_id": f"S{number}", "site_id": "depot"} for number in range(1_000)],
        access_rules=[
            {"access_rule_id": f"r{n}", "token_group": f"g{n}", "most_sessions": 50, "start_time": "06:00",
             "end_time": "22:00", "valid_from": JANUARY} for n in range(1_000)
        ],
    )  # fmt: skip
    engine = open_state(settings)
    _fill(engine)
    access = Access(Registry(engine))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    asyncio.run(access.refresh())
    read_seconds = time.perf_counter() - begun
    size = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    taken = asyncio.run(_decide(access, engine))
    taken.sort()
    spots = {
        name: taken[int(len(taken) * share)] / 1000 for name, share in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999))
    }
    shown = ", ".join(f"{name} {value:.0f} µs" for name, value in spots.items())
    print(f"\n{TOKENS:,} tokens: read in {read_seconds:.1f} s, {size:.0f} MiB")
    print(f"{DECISIONS:,} decisions beside changes of the registry: {shown}, longest {taken[-1] / 1e6:.1f} ms")
    assert len(taken) == DECISIONS


def _fill(engine: sa.Engine) -> None:
    rows = table("registry", "tokens")
    with engine.begin() as connection:
        for begin in range(0, TOKENS, 50_000):
            connection.execute(
                rows.insert(),
                [
                    {"id_token": f"{number:014X}", "token_type": "RFID", "token_group": f"g{number % 1000}",
                     "status": "active", "valid_from": JANUARY} for number in range(begin, begin + 50_000)
                ],
            )  # fmt: skip


async def _decide(access: Access, engine: sa.Engine) -> list[int]:
    """Nanoseconds of each decision; meanwhile tokens change and the registry is read again and again."""
    chance = random.Random(1)
    stop = asyncio.Event()

    async def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            key = {"id_token": f"{chance.randrange(TOKENS):014X}"}
            status = {"status": "blocked" if number % 2 else "active"}
            await asyncio.to_thread(change_row, engine, "tokens", key, status, Author("bench", "bench"))
            await access.refresh()

    changing = asyncio.create_task(change())
    now = int(datetime(2026, 7, 1, 10, tzinfo=UTC).timestamp()) * 1_000_000
    taken = []
    for number in range(DECISIONS):
        asked = Ask(f"{chance.randrange(TOKENS):014x}", f"S{number % 1000}", now, "start")
        begun = time.perf_counter_ns()
        access.decide(asked, Transaction(asked.station_id, str(number)), "1")
        taken.append(time.perf_counter_ns() - begun)
        if number % 50 == 0:
            await asyncio.sleep(0)
    stop.set()
    await changing
    return taken
