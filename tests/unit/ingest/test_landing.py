"""Landing: each row in exactly one file, whatever step a crash interrupts, in the contract's columns and types."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingest.journal import TABLES, Journal
from ingest.landing import Lander, Range, delete_landed, file_name, finish, highest_landed, plan
from warehouse.contract.model import Table
from warehouse.contract.raw import ACCESS_DECISIONS, CONNECTIONS, MESSAGES, REJECTED
from warehouse.errors import StoreError

TIME = 1_556_668_800_000_001
NAME = "it's-me-2"  # quotes and dashes must not matter
ROWS = 32


class House:
    """A data folder with a journal in it."""

    def __init__(self, home: Path) -> None:
        self.path = home / "journal" / "journal.sqlite"
        self.folder = home / "landing"

    def fill(self, rows: int = ROWS) -> None:
        """Append rows of all kinds and commit them."""

        async def append() -> None:
            journal = Journal(self.path, NAME)
            for number in range(rows // 4):
                event = "closed" if number else "opened"
                journal.append(CONNECTIONS, (1, "CP-1", "1.6", event, TIME, "live", None, None, None))
                text = f'{{"number":{number}}}'
                journal.append(MESSAGES, (1, "CP-1", TIME, "in", "1.6", 2, str(number), "Heartbeat", text, None))
                journal.append(REJECTED, (1, "CP-1", TIME, "1.6", "nul \x00 and ☃", "unparsable", None))
                asked = (1, "CP-1", TIME, "1.6", str(number), "Authorize", "authorize", "card")
                journal.append(ACCESS_DECISIONS, (*asked, None, "Accepted", "accepted", None))
            await journal.close()

        asyncio.run(append())

    def land(self, most_rows: int = 1_000_000) -> None:
        """Start again as the collector does, and land everything."""

        async def start() -> None:
            journal = Journal(self.path, NAME)
            lander = Lander(journal, self.path, self.folder, most_rows, 60)
            try:
                await lander.land()
                assert lander.waiting_rows == 0
            finally:
                await journal.close()

        asyncio.run(start())

    def write(self, landing: Range) -> None:
        arguments = [str(self.path), str(self.folder), NAME, str(landing.first_seq), str(landing.last_seq)]
        subprocess.run([sys.executable, "-m", "ingest.landing", *arguments], check=True)

    def left(self, table: Table) -> int:
        connection = sqlite3.connect(self.path)
        try:
            return int(connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0])
        finally:
            connection.close()

    def seqs(self) -> list[int]:
        found: list[int] = []
        for table in TABLES:
            found += [row[0] for row in self.read(table, "seq")]
        return sorted(found)

    def read(self, table: Table, columns: str) -> list[tuple[int, ...]]:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            pattern = str(self.folder / f"{table.name}-*.parquet")
            return connection.execute(f"SELECT {columns} FROM read_parquet(?) ORDER BY seq", [pattern]).fetchall()


@pytest.fixture
def house(tmp_path: Path) -> House:
    filled = House(tmp_path)
    filled.fill()
    return filled


def nothing(house: House, connection: sqlite3.Connection) -> None:
    """The crash came before anything."""


def planned(house: House, connection: sqlite3.Connection) -> Range:
    landing = plan(connection, ROWS, 1_000_000)
    assert landing == Range(1, ROWS)
    return landing


def half_written(house: House, connection: sqlite3.Connection) -> None:
    landing = planned(house, connection)
    house.write(landing)
    target = house.folder / file_name(REJECTED, NAME, landing)
    target.rename(target.with_name(f".{target.name}.tmp")).write_bytes(b"PAR1 cut off")


def written(house: House, connection: sqlite3.Connection) -> Range:
    landing = planned(house, connection)
    house.write(landing)
    return landing


def finished(house: House, connection: sqlite3.Connection) -> None:
    finish(connection, written(house, connection))


def half_deleted(house: House, connection: sqlite3.Connection) -> None:
    finished(house, connection)
    connection.execute("DELETE FROM messages WHERE seq < 15")


def deleted(house: House, connection: sqlite3.Connection) -> None:
    finished(house, connection)
    assert not delete_landed(connection)


STEPS = [nothing, planned, half_written, written, finished, half_deleted, deleted]


@pytest.mark.parametrize("crash", STEPS)
def test_each_row_lands_once_whatever_step_a_crash_interrupts(
    house: House, crash: Callable[[House, sqlite3.Connection], object]
) -> None:
    connection = sqlite3.connect(house.path, isolation_level=None)
    crash(house, connection)
    connection.close()
    house.fill()  # the next run goes on
    house.land()
    assert house.seqs() == list(range(1, 2 * ROWS + 1))
    assert [house.left(table) for table in TABLES] == [0, 0, 0, 0]
    house.land()
    assert house.seqs() == list(range(1, 2 * ROWS + 1))


def test_a_file_that_stands_is_left_alone(house: House) -> None:
    """The pipeline may have registered it: DuckLake knows its length and the place of its footer."""
    connection = sqlite3.connect(house.path, isolation_level=None)
    written(house, connection)
    connection.close()
    before = {path: path.stat().st_ino for path in house.folder.glob("*.parquet")}
    house.land()
    assert {path: path.stat().st_ino for path in house.folder.glob("*.parquet")} == before
    assert len(before) == 4


def test_columns_and_types_are_the_contracts(house: House) -> None:
    house.land()
    for table in TABLES:
        with duckdb.connect() as connection:
            pattern = str(house.folder / f"{table.name}-*.parquet")
            described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [pattern]).fetchall()
            wanted = [
                (c.name, "TIMESTAMP WITH TIME ZONE" if c.type == "TIMESTAMPTZ" else c.type) for c in table.columns
            ]
            assert [(row[0], row[1]) for row in described] == wanted
            codecs = connection.execute("SELECT DISTINCT compression FROM parquet_metadata(?)", [pattern]).fetchall()
            assert codecs == [("ZSTD",)]


def test_values_come_through_unchanged(house: House) -> None:
    house.land()
    first = house.read(MESSAGES, "collector_id, seq, epoch_us(received_at), payload, schema_error")[0]
    assert first == (NAME, 2, TIME, '{"number":0}', None)
    assert house.read(REJECTED, "text")[0] == ("nul \x00 and ☃",)


def test_a_long_journal_lands_in_files_of_some_length(house: House) -> None:
    house.land(most_rows=12)
    names = sorted(path.name for path in house.folder.glob("messages-*.parquet"))
    assert [name.rsplit("-", 2)[1:] for name in names] == [
        ["000000000001", "000000000012.parquet"],
        ["000000000013", "000000000032.parquet"],
    ]
    assert house.seqs() == list(range(1, ROWS + 1))


def test_a_table_without_rows_gets_no_file(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.fill(0)
    house.land()
    assert not house.folder.exists()


def test_the_highest_number_is_read_from_file_names(house: House) -> None:
    assert highest_landed(house.folder, NAME) == 0
    house.land()
    assert highest_landed(house.folder, NAME) == ROWS
    assert highest_landed(house.folder, "it's-me") == 0


def test_a_landing_that_fails_says_why_and_keeps_the_rows(house: House) -> None:
    house.folder.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"rows 1 to 32 were not written: .*FileExistsError"):
        house.land()
    assert house.left(MESSAGES) == ROWS // 4


def test_a_connection_left_open_is_remembered_and_ended_by_the_next_start(tmp_path: Path) -> None:
    house = House(tmp_path)

    async def run(opens: bool) -> int:
        journal = Journal(house.path, NAME)
        lost = journal.end_lost()
        if opens:
            for connection_id, events in ((1, ["opened"]), (2, ["opened", "closed"])):
                for event in events:
                    journal.append(CONNECTIONS, (connection_id, "CP", "1.6", event, TIME, "live", None, None, None))
        await journal.close()
        return lost

    assert asyncio.run(run(opens=True)) == 0
    house.land()
    assert house.left(CONNECTIONS) == 1
    before = time.time_ns() // 1000
    assert asyncio.run(run(opens=False)) == 1
    assert asyncio.run(run(opens=False)) == 0
    house.land()
    assert house.left(CONNECTIONS) == 0
    *_, (connection_id, event, at_us) = house.read(CONNECTIONS, "connection_id, event, epoch_us(happened_at)")
    assert (connection_id, event) == (1, "closed")
    assert TIME <= at_us <= before
