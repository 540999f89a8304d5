"""The journal: nothing is delivered before it is on disk, and seq and transaction ids survive restarts."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ingest.journal import Journal, columns
from ingest.ocpp.desk import Start
from warehouse.contract.raw import CONNECTIONS, MESSAGES
from warehouse.errors import CollectorRuns, SettingsError

MESSAGE = (1, "CP-1", 1_556_668_800_000_000, "in", "1.6", 2, "7", "Heartbeat", "{}", None)
OPENED = (1, "CP-1", "1.6", "opened", 1_556_668_800_000_000, "live", None, None, None)
START = Start("1", "tag", "2019-05-01T00:00:00Z", "0")


@asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncIterator[Journal]:
    journal = Journal(path, **options)
    try:
        yield journal
    finally:
        await journal.close()


def on_disk(path: Path, table: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    finally:
        connection.close()


def test_rows_are_on_disk_before_their_answer_leaves(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    seen: list[int] = []

    async def scenario() -> None:
        async with opened(path) as journal:
            for _ in range(1000):  # more than the longest statement takes
                journal.append(MESSAGES, MESSAGE)
                journal.deliver(lambda _data: seen.append(len(on_disk(path, "messages"))), b"")
            assert seen == []
            await journal.flush()
            assert seen == [1000] * 1000

    asyncio.run(scenario())
    assert on_disk(path, "messages") == [(seq, *MESSAGE) for seq in range(1, 1001)]


def test_a_row_that_nothing_waits_for_goes_with_the_next_one_or_a_little_later(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def scenario() -> None:
        async with opened(path) as journal:
            commits: list[float] = []
            journal.commit_seconds = commits.append
            journal.append(MESSAGES, MESSAGE, soon=False)
            for _ in range(10):
                await asyncio.sleep(0)
            assert commits == []
            journal.append(MESSAGES, MESSAGE)
            await journal.flush()
            assert (len(commits), len(on_disk(path, "messages"))) == (1, 2)
            journal.append(MESSAGES, MESSAGE, soon=False)
            await journal.flush()  # waits for it
            assert (len(commits), len(on_disk(path, "messages"))) == (2, 3)
            journal.append(MESSAGES, MESSAGE, soon=False)
            while len(on_disk(path, "messages")) < 4:  # by itself
                await asyncio.sleep(0.01)
            journal.append(MESSAGES, MESSAGE, soon=False)  # by closing
        assert len(on_disk(path, "messages")) == 5

    asyncio.run(scenario())


def test_one_seq_runs_over_all_tables_and_restarts(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def write() -> list[int]:
        async with opened(path) as journal:
            return [journal.append(CONNECTIONS, OPENED), journal.append(MESSAGES, MESSAGE)]

    assert asyncio.run(write()) == [1, 2]
    assert asyncio.run(write()) == [3, 4]


def test_the_name_of_a_collector_stays(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def name(wanted: str | None) -> str:
        async with opened(path, name=wanted) as journal:
            return journal.collector_id

    made = asyncio.run(name(None))
    assert asyncio.run(name(None)) == made
    assert asyncio.run(name(made)) == made
    with pytest.raises(SettingsError, match="KWHOUSE_COLLECTOR_ID"):
        asyncio.run(name("other"))
    assert asyncio.run(name(made)) == made  # the refusal has let the lock go


def test_a_new_journal_of_an_old_name_goes_on_after_what_was_landed(tmp_path: Path) -> None:
    async def first() -> int:
        async with opened(tmp_path / "journal.sqlite", name="west", after=700) as journal:
            return journal.append(MESSAGES, MESSAGE)

    assert asyncio.run(first()) == 701


def test_two_collectors_do_not_share_a_journal(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path / "journal.sqlite"):
            with pytest.raises(
                CollectorRuns, match=rf"process {os.getpid()}\). Stop it, or choose another KWHOUSE_HOME"
            ):
                Journal(tmp_path / "journal.sqlite")

    asyncio.run(scenario())


def test_the_same_start_has_the_same_transaction_id_also_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def ask(*starts: tuple[str, Start]) -> list[int]:
        async with opened(path) as journal:
            ids = []
            for station_id, start in starts:
                ids.append(journal.transaction_id(station_id, start))
                journal.append(MESSAGES, MESSAGE)
                if len(ids) % 2:
                    await journal.flush()  # both from memory and from disk
            return ids

    other = START._replace(connector_id="2")
    assert asyncio.run(ask(("A", START), ("A", START), ("A", other), ("B", START), ("A", other))) == [1, 1, 2, 3, 2]
    assert asyncio.run(ask(("B", START), ("A", START), ("A", START._replace(meter_start="1")))) == [3, 1, 4]


def test_a_start_that_did_not_reach_the_disk_keeps_its_id_in_memory_only(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    async def scenario() -> None:
        async with opened(path) as journal:
            journal.transaction_id("A", START)
            assert on_disk(path, "transactions") == []
            journal.append(MESSAGES, MESSAGE)
            await journal.flush()
            assert on_disk(path, "transactions") == [(1, "A", *START)]

    asyncio.run(scenario())


class Disk:
    """The writer's disk, as large as the test wants: a limit on pages is a full disk to SQLite."""

    async def shrink(self, journal: Journal) -> None:
        self.connection = await journal.execute(lambda connection: connection)
        self.connection.execute("PRAGMA max_page_count=1")  # no page more than there are

    def grow(self) -> None:
        self.connection.execute("PRAGMA max_page_count=1000000")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


LARGE = (*MESSAGE[:8], "x" * 100_000, None)


def test_while_the_disk_refuses_nothing_is_answered_and_then_everything_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    answers: list[bytes] = []

    async def scenario() -> None:
        async with opened(path) as journal:
            disk = Disk()
            await disk.shrink(journal)
            journal.append(MESSAGES, LARGE)
            journal.deliver(answers.append, b"late")
            await until(lambda: journal.failure is not None)
            assert journal.failure == "database or disk is full"
            journal.append(MESSAGES, MESSAGE)
            journal.deliver(answers.append, b"later")
            assert answers == []
            disk.grow()
            await until(lambda: len(answers) == 2)
            assert journal.failure is None

    asyncio.run(scenario())
    assert answers == [b"late", b"later"]
    assert [row[0] for row in on_disk(path, "messages")] == [1, 2]


def test_a_full_disk_does_not_keep_the_collector_from_stopping(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    answers: list[bytes] = []

    async def scenario() -> None:
        async with opened(path) as journal:
            await Disk().shrink(journal)
            journal.append(MESSAGES, LARGE)
            journal.deliver(answers.append, b"never")
            await until(lambda: journal.failure is not None)

    asyncio.run(scenario())
    assert answers == []
    assert on_disk(path, "messages") == []


def test_columns_are_those_of_the_contract() -> None:
    assert ("collector_id", *columns(MESSAGES)) == MESSAGES.column_names
