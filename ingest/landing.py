"""Carry the journal's rows to Parquet files for the pipeline, each row exactly once.

A landing is a range of seq. It is planned in the journal, written (one file a table, at a temporary name, flushed to
disk, then renamed), finished in the journal, and its rows deleted. Whatever step a crash interrupts, the next start
writes the same range under the same names again, leaving alone each file that already stands there: the pipeline
may have registered it.

DuckDB reads the journal in a process of its own. Not in a thread: it brings a second SQLite library, and two of them
in one process drop each other's locks on the file (sqlite.org/howtocorrupt.html, section 2.2.1).
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sqlite3
import sys
import time
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from ingest.journal import TABLES, Journal, last_seq
from warehouse.contract.ddl import quoted
from warehouse.contract.model import Table
from warehouse.contract.raw import CONNECTIONS
from warehouse.errors import StoreError
from warehouse.files import sync
from warehouse.store.lock import file_lock

log = logging.getLogger(__name__)

_STARTS_REMEMBERED: Final = 1_000_000  # a StartTransaction repeated later than that gets a new id; about 250 MB
_ROWS_DELETED_AT_ONCE: Final = 20_000  # some 20 ms: commits of new frames wait no longer than that


class Range(NamedTuple):
    """Rows first_seq to last_seq, both included."""

    first_seq: int
    last_seq: int


def file_name(table: Table, collector_id: str, landing: Range) -> str:
    """`messages-<collector_id>-<first seq>-<last seq>.parquet`, numbers padded so that names sort by number."""
    return f"{table.name}-{collector_id}-{landing.first_seq:012d}-{landing.last_seq:012d}.parquet"


def highest_landed(folder: Path, collector_id: str) -> int:
    """Last seq in the names of the files a collector has landed; 0 where there is none."""
    name = re.compile(rf"({'|'.join(table.name for table in TABLES)})-{re.escape(collector_id)}-\d+-(\d+)\.parquet")
    found = (name.fullmatch(path.name) for path in folder.glob("*.parquet"))
    return max((int(match[2]) for match in found if match), default=0)


def plan(connection: sqlite3.Connection, until: int, most_rows: int) -> Range | None:
    """The landing to do now: one that was begun and not finished, else the oldest rows up to seq `until`."""
    row = connection.execute("SELECT first_seq, last_seq FROM landings WHERE finished_at IS NULL").fetchone()
    if row is not None:
        return Range(*row)
    before = landed(connection)
    last = min(last_seq(connection), until)
    if last <= before:
        return None
    if last - before >= 2 * most_rows:  # else all of it: no small file for a small rest
        last = before + most_rows
    connection.execute("INSERT INTO landings VALUES (?, ?, NULL)", (before + 1, last))
    return Range(before + 1, last)


def landed(connection: sqlite3.Connection) -> int:
    """Last seq of all landings, 0 where there was none."""
    return int(connection.execute("SELECT coalesce(max(last_seq), 0) FROM landings").fetchone()[0])


def finish(connection: sqlite3.Connection, landing: Range) -> None:
    """Note that the files of a landing are complete. Of earlier landings nothing needs to be known any more."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM landings WHERE last_seq < ?", (landing.first_seq,))
    connection.execute(
        "UPDATE landings SET finished_at = ? WHERE first_seq = ?", (time.time_ns() // 1000, landing.first_seq)
    )
    connection.execute(
        "DELETE FROM transactions WHERE transaction_id <= (SELECT max(transaction_id) FROM transactions) - ?",
        (_STARTS_REMEMBERED,),
    )
    connection.execute("COMMIT")


# The opening of a connection stays in the journal until its end is there too: `Journal.end_lost` tells by it which
# connections a killed collector has left open.
_ENDED: Final = (
    " AND (event = 'closed' OR connection_id IN (SELECT connection_id FROM connections WHERE event = 'closed'))"
)


def delete_landed(connection: sqlite3.Connection) -> bool:
    """Delete some rows that have landed; True while there may be more."""
    row = connection.execute("SELECT max(last_seq) FROM landings WHERE finished_at IS NOT NULL").fetchone()
    more = False
    connection.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        only = _ENDED if table is CONNECTIONS else ""
        cursor = connection.execute(
            f"DELETE FROM {table.name} WHERE seq IN"  # noqa: S608 (names of the contract)
            f" (SELECT seq FROM {table.name} WHERE seq <= ?{only} ORDER BY seq LIMIT {_ROWS_DELETED_AT_ONCE})",
            (row[0] or 0,),
        )
        more = more or cursor.rowcount == _ROWS_DELETED_AT_ONCE
    connection.execute("COMMIT")
    return more


def write_files(journal: Path, folder: Path, collector_id: str, landing: Range) -> None:
    """Write the files of a landing that do not stand there yet; a table without rows in the range gets none.

    Runs in a process that has not opened the journal otherwise.
    """
    import duckdb
    import duckdb_extensions

    duckdb_extensions.import_extension("sqlite_scanner")
    connection = duckdb.connect(config={"threads": 1})
    connection.load_extension("sqlite_scanner")
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"ATTACH {quoted(str(journal))} AS journal (TYPE sqlite, READ_ONLY)")
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        target = folder / file_name(table, collector_id, landing)
        rows = f"FROM journal.{table.name} WHERE seq BETWEEN {landing.first_seq} AND {landing.last_seq}"
        if target.exists() or connection.execute(f"SELECT 1 {rows} LIMIT 1").fetchone() is None:
            continue
        temporary = target.with_name(f".{target.name}.tmp")
        connection.execute(
            f"COPY (SELECT {_select_list(table, collector_id)} {rows}) TO {quoted(str(temporary))}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        sync(temporary)
        temporary.rename(target)
        sync(folder)


def _select_list(table: Table, collector_id: str) -> str:
    """The contract's columns in order, each with its exact type."""
    parts = []
    for column in table.columns:
        if column.name == "collector_id":
            value = quoted(collector_id)
        elif column.type == "TIMESTAMPTZ":
            value = f"make_timestamptz({column.name})"
        else:
            value = column.name
        parts.append(f"CAST({value} AS {column.type}) AS {column.name}")
    return ", ".join(parts)


class Lander:
    """Lands an open journal by size and age. `failure` is None, or why the last landing failed."""

    def __init__(self, journal: Journal, path: Path, folder: Path, most_rows: int, most_seconds: float) -> None:
        self._journal, self._path, self._folder = journal, path, folder
        self._most_rows, self._most_seconds = most_rows, most_seconds
        self._landed = 0
        self._landing = asyncio.Lock()
        self.last_landing: float | None = None  # seconds since 1970
        self.failure: str | None = None

    @property
    def waiting_rows(self) -> int:
        """Rows that have not landed yet."""
        return self._journal.last_seq - self._landed

    async def run(self) -> None:
        """Land when enough rows wait, or the oldest has waited long enough, until cancelled."""
        await self._try()  # what an earlier run left behind
        waiting_since: float | None = None
        while True:
            await asyncio.sleep(min(1.0, self._most_seconds / 4))
            if self.waiting_rows == 0:
                waiting_since = None
                continue
            now = time.monotonic()
            waiting_since = waiting_since or now
            if self.waiting_rows >= self._most_rows or now - waiting_since >= self._most_seconds:
                waiting_since = None
                await self._try()

    async def land(self) -> None:
        """Land everything that has been appended so far. What comes meanwhile waits, to make a large file."""
        await self._journal.flush()
        plan_next = partial(self._plan, until=self._journal.last_seq)
        async with self._landing:
            while (landing := await self._journal.execute(plan_next)) is not None:
                await self._write(landing)
                await self._journal.execute(partial(finish, landing=landing))
                self.last_landing = time.time()
                while await self._journal.execute(delete_landed):
                    pass

    def _plan(self, connection: sqlite3.Connection, until: int) -> Range | None:
        landing = plan(connection, until, self._most_rows)
        self._landed = landed(connection) if landing is None else landing.first_seq - 1
        return landing

    async def _try(self) -> None:
        try:
            await self.land()
            self.failure = None
        except (StoreError, OSError, sqlite3.Error) as error:
            if self.failure is None:
                log.error("Landing failed and will be tried again: %s", error)
            self.failure = str(error)

    async def _write(self, landing: Range) -> None:
        command = [sys.executable, "-m", "ingest.landing", str(self._path), str(self._folder)]
        process = await asyncio.create_subprocess_exec(
            *command,
            self._journal.collector_id,
            str(landing.first_seq),
            str(landing.last_seq),
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the collector, which then lands everything
        )
        _output, errors = await process.communicate()
        if process.returncode != 0:
            lines = errors.decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
            # DuckDB ends some errors with the place, below the message.
            told = next((line for line in reversed(lines) if "Error" in line), lines[-1])
            raise StoreError(f"rows {landing.first_seq} to {landing.last_seq} were not written: {told.strip()}")


def main(arguments: list[str]) -> None:
    """`python -m ingest.landing JOURNAL FOLDER COLLECTOR_ID FIRST_SEQ LAST_SEQ`: what `Lander` starts."""
    journal, folder, collector_id, first_seq, last = arguments
    os.nice(5)  # frames first
    # The child of a collector that was killed may still be writing this very range: wait for its end.
    with file_lock(Path(journal).with_name("landing.lock")):
        write_files(Path(journal), Path(folder), collector_id, Range(int(first_seq), int(last)))


if __name__ == "__main__":
    main(sys.argv[1:])
