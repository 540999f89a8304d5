"""The journal: what stations sent and were answered, on disk before any answer leaves.

SQLite in WAL mode with `synchronous=FULL`. One thread writes; a group is all that arrived while the last group was
being committed, so that one flush of the disk serves many frames. Only when a group is on disk are its answers sent.
If the disk refuses, the group is kept and tried again; no answer goes out meanwhile, and `failure` says why.

Rows look as `warehouse.contract.raw` says, except that times are integers (microseconds since 1970, UTC) and
collector_id, the same in all rows, stands once in `identity`. `seq` runs over all tables and never starts
again: `ingest.landing` keeps the number of the last row it took away.

Only one process may hold a journal open for writing; `journal.lock` says which.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from ingest.ocpp.desk import Start
from warehouse.contract.model import Table
from warehouse.contract.raw import ACCESS_DECISIONS, CONNECTIONS, MESSAGES, REJECTED
from warehouse.errors import CollectorRuns, SettingsError
from warehouse.store.lock import file_lock

log = logging.getLogger(__name__)

T = TypeVar("T")
Deliver = Callable[[bytes], None]

TABLES: Final = (MESSAGES, CONNECTIONS, REJECTED, ACCESS_DECISIONS)
_ROWS_A_STATEMENT: Final = (128, 16, 1)
_RETRY_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 10.0
_LATE_SECONDS: Final = 0.05
_WAL_BYTES: Final = 32 * 1024 * 1024  # what the write-ahead log is cut back to after a checkpoint
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS identity (collector_id TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS landings (first_seq INTEGER PRIMARY KEY, last_seq INTEGER, finished_at INTEGER)",
    "CREATE TABLE IF NOT EXISTS transactions (transaction_id INTEGER PRIMARY KEY, station_id TEXT, connector_id TEXT,"
    " id_tag TEXT, started_at TEXT, meter_start TEXT,"
    " UNIQUE (station_id, started_at, connector_id, id_tag, meter_start))",
)
_FIND_TRANSACTION: Final = (
    "SELECT transaction_id FROM transactions"
    " WHERE station_id = ? AND connector_id = ? AND id_tag = ? AND started_at = ? AND meter_start = ?"
)


def columns(table: Table) -> tuple[str, ...]:
    """Columns of a raw table that the journal keeps in each row."""
    return tuple(name for name in table.column_names if name != "collector_id")


def _create(table: Table) -> str:
    types = {name: "TEXT" if table.by_name[name].type == "VARCHAR" else "INTEGER" for name in columns(table)}
    types["seq"] = "INTEGER PRIMARY KEY"
    return f"CREATE TABLE IF NOT EXISTS {table.name} ({', '.join(f'{n} {t}' for n, t in types.items())})"


def _insert(table: Table, rows: int) -> str:
    places = f"({','.join('?' * len(columns(table)))})"
    return f"INSERT INTO {table.name} VALUES {','.join([places] * rows)}"  # noqa: S608 (names of the contract)


# One statement takes many rows: sqlite3 gives up the interpreter lock in each statement, and a busy event loop is
# slow to hand it back. A hundred single inserts would wait a hundred times.
_INSERTS: Final = {table.name: [(rows, _insert(table, rows)) for rows in _ROWS_A_STATEMENT] for table in TABLES}
_WIDTHS: Final = {table.name: len(columns(table)) for table in TABLES}


class Group:
    """What one commit takes to disk: the values of all rows, one row after the other, and the answers to send then."""

    __slots__ = ("awaited", "deliveries", "flushed", "starts", "values")

    def __init__(self) -> None:
        self.values: dict[str, list[Any]] = {table.name: [] for table in TABLES}
        self.starts: list[tuple[Any, ...]] = []
        self.deliveries: list[tuple[Deliver, bytes]] = []
        self.flushed: list[asyncio.Future[None]] = []
        self.awaited = False  # to be committed as soon as the writer is free

    def write(self, connection: sqlite3.Connection) -> None:
        """Insert everything in one transaction."""
        execute = connection.execute
        execute("BEGIN IMMEDIATE")
        for name, values in self.values.items():
            begin, end, width = 0, len(values), _WIDTHS[name]
            for rows, statement in _INSERTS[name]:
                while end - begin >= rows * width:
                    execute(statement, values[begin : begin + rows * width])
                    begin += rows * width
        if self.starts:
            connection.executemany("INSERT INTO transactions VALUES (?,?,?,?,?,?)", self.starts)
        execute("COMMIT")


class Journal:
    """An open journal. All methods are called from the event loop it was opened in.

    `failure` is None, or why the disk took nothing lately. `commit_seconds` is called with the time of each commit.
    """

    def __init__(self, path: Path, name: str | None = None, after: int = 0) -> None:
        """Open or create the journal at `path`.

        `name` becomes the collector_id of a new journal; one that exists must bear it. A new journal numbers its
        rows from `after` + 1: what an earlier journal of that name has landed must not come twice.
        """
        self._path = path
        self._last_written = _last_written_us(path)
        with contextlib.ExitStack() as opening:
            # `kwhouse doctor` holds the lock for an instant to see whether it is free.
            lock = file_lock(path.with_name("journal.lock"), patience_seconds=0.1, busy=CollectorRuns)
            opening.enter_context(lock)
            self._reader = opening.enter_context(contextlib.closing(connect(path)))
            for statement in (*_SCHEMA, *map(_create, TABLES)):
                self._reader.execute(statement)
            self.collector_id = _identity(self._reader, name)
            if after > last_seq(self._reader):
                self._reader.execute("INSERT INTO landings VALUES (?, ?, ?)", (after, after, time.time_ns() // 1000))
            self._next_seq = last_seq(self._reader) + 1
            self._next_transaction: int = self._reader.execute(
                "SELECT coalesce(max(transaction_id), 0) + 1 FROM transactions"
            ).fetchone()[0]
            self._held = opening.pop_all()
        self._fresh_starts: dict[tuple[Any, ...], int] = {}
        self._loop = asyncio.get_running_loop()
        self._group = Group()
        self._is_late_set = False
        self._busy = False  # the writer has a group, or will be handed one when this turn of the loop ends
        self._inbox: queue.SimpleQueue[Group | tuple[Callable[[sqlite3.Connection], Any], asyncio.Future[Any]] | None]
        self._inbox = queue.SimpleQueue()
        self._stopping = threading.Event()
        self.failure: str | None = None
        self.commit_seconds: Callable[[float], None] = lambda _seconds: None
        self._thread = threading.Thread(target=self._write, name="journal")
        self._thread.start()

    @property
    def last_seq(self) -> int:
        """Number of the newest row, on disk or on its way there."""
        return self._next_seq - 1

    def append(self, table: Table, values: Sequence[Any], *, soon: bool = True) -> int:
        """Add a row, `values` in the order of `columns(table)` without seq; returns its seq at once.

        One that nothing waits for need not be committed `soon`: it goes with the next one that does, a twentieth of
        a second later at most. Else it would start a commit of its own, which the next row has to wait for.
        """
        seq = self._next_seq
        self._next_seq = seq + 1
        rows = self._group.values[table.name]
        rows.append(seq)
        rows.extend(values)
        if soon:
            self._await_group()
        elif not self._is_late_set:
            self._is_late_set = True
            self._loop.call_later(_LATE_SECONDS, self._late)
        return seq

    def deliver(self, send: Deliver, data: bytes) -> None:
        """Call `send(data)` when everything appended so far is on disk."""
        self._group.deliveries.append((send, data))

    def transaction_id(self, station_id: str, start: Start) -> int:
        """The transaction id of a start: a new one, or the one it has got already. On disk with the next commit."""
        key = (station_id, *start)
        known = self._fresh_starts.get(key)
        if known is None:
            row = self._reader.execute(_FIND_TRANSACTION, key).fetchone()
            known = row[0] if row else None
        if known is None:
            known = self._fresh_starts[key] = self._next_transaction
            self._next_transaction += 1
            self._group.starts.append((known, *key))
        return known

    def end_lost(self) -> int:
        """Record the end of connections that a killed collector has left open; returns how many there were.

        The end is when the journal was last written; on replay connections the station's own last time.
        """
        lost = self._reader.execute(
            """
            SELECT connection_id, station_id, ocpp_version, clock,
                   CASE WHEN clock = 'replay' THEN coalesce(
                       (SELECT max(received_at) FROM messages WHERE messages.connection_id = connections.connection_id),
                       happened_at) ELSE max(happened_at, ?) END
            FROM connections
            WHERE event = 'opened'
              AND connection_id NOT IN (SELECT connection_id FROM connections WHERE event = 'closed')
            ORDER BY seq
            """,
            (self._last_written,),
        ).fetchall()
        for connection_id, station_id, version, clock, ended_at in lost:
            row = (
                connection_id,
                station_id,
                version,
                "closed",
                ended_at,
                clock,
                None,
                None,
                "the collector was killed",
            )
            self.append(CONNECTIONS, row)
        return len(lost)

    async def flush(self) -> None:
        """Wait until everything appended so far is on disk and its answers are sent."""
        if any(self._group.values.values()):
            self._await_group()
        if not self._busy:
            return
        future = self._loop.create_future()
        self._group.flushed.append(future)
        await future

    async def execute(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the writing connection, between two groups. It brings its own transaction."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._inbox.put((work, future))
        return await future

    async def close(self) -> None:
        """Write what is left and let go. What a failing disk has refused stays unanswered: stations repeat it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), _RETRY_SECONDS if self.failure else _CLOSE_SECONDS)
        self._stopping.set()
        self._inbox.put(None)
        await self._loop.run_in_executor(None, self._thread.join)
        self._held.close()

    def _await_group(self) -> None:
        """Have what was appended committed as soon as the writer is free."""
        self._group.awaited = True
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)

    def _late(self) -> None:
        self._is_late_set = False
        if any(self._group.values.values()):
            self._await_group()

    def _hand_over(self) -> None:
        group, self._group = self._group, Group()
        self._inbox.put(group)

    def _committed(self, group: Group) -> None:
        self.failure = None
        following = self._group
        if following.awaited or following.flushed:
            self._hand_over()  # first, so that the disk works while the answers go out
        else:
            self._busy = False
        for row in group.starts:
            self._fresh_starts.pop(row[1:], None)
        for send, data in group.deliveries:
            send(data)
        for future in group.flushed:
            if not future.done():
                future.set_result(None)

    def _refused(self, reason: str) -> None:
        if self.failure is None:
            log.error("The journal cannot be written (%s). Stations get no answers until it can: free space.", reason)
        self.failure = reason

    def _write(self) -> None:
        """The writing thread."""
        connection = connect(self._path)
        while (work := self._inbox.get()) is not None:
            if isinstance(work, Group):
                if self._commit(connection, work):
                    self._loop.call_soon_threadsafe(self._committed, work)
                continue
            function, future = work
            try:
                result = function(connection)
            except Exception as error:  # handed to the caller
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._loop.call_soon_threadsafe(_fail, future, error)
            else:
                self._loop.call_soon_threadsafe(_succeed, future, result)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, group: Group) -> bool:
        """Write `group`, again and again until the disk takes it; False when the journal closes before."""
        while True:
            begun = time.perf_counter()
            try:
                group.write(connection)
            except Exception as error:  # whatever it is, this thread must live on and /health must tell
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._loop.call_soon_threadsafe(self._refused, str(error))
                if self._stopping.wait(_RETRY_SECONDS):
                    return False
            else:
                self.commit_seconds(time.perf_counter() - begun)
                return True


def connect(path: Path) -> sqlite3.Connection:
    """A connection that commits to disk, not to the operating system's cache."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA journal_size_limit={_WAL_BYTES}")
    connection.execute("PRAGMA wal_autocheckpoint=4000")  # pages: 16 MB
    return connection


def last_seq(connection: sqlite3.Connection) -> int:
    """Greatest number ever given to a row on disk, also to rows that have landed since."""
    statements = [f"SELECT max(seq) FROM {table.name}" for table in TABLES]  # noqa: S608 (names of the contract)
    statements.append("SELECT max(last_seq) FROM landings")
    return max(connection.execute(statement).fetchone()[0] or 0 for statement in statements)


def _last_written_us(path: Path) -> int:
    """When the journal was last written, microseconds since 1970; 0 where there is none."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return max((file.stat().st_mtime_ns // 1000 for file in files if file.exists()), default=0)


def _identity(connection: sqlite3.Connection, name: str | None) -> str:
    row = connection.execute("SELECT collector_id FROM identity").fetchone()
    if row is None:
        made = name or f"collector-{uuid.uuid4().hex[:8]}"
        connection.execute("INSERT INTO identity VALUES (?)", (made,))
        return made
    if name is not None and name != row[0]:
        raise SettingsError(
            f"The journal in this data folder belongs to collector {row[0]}, not {name}. "
            f"Set KWHOUSE_COLLECTOR_ID={row[0]} or leave it out, or give {name} a KWHOUSE_HOME of its own."
        )
    return str(row[0])


def _succeed(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
