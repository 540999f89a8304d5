"""Open DuckDB with the DuckLake catalog and the state database attached.

A process opens one `Lake`; threads take `cursor()`s of it. People and pages read `schema.table`: views in the
connection's own memory over the lake and over the state database, so that both look alike.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from warehouse.contract import LAKE_TABLES, STATE_TABLES, VIEWS, ops
from warehouse.contract.ddl import CATALOG, quoted, view_statement
from warehouse.errors import StoreMissing, StoreMoved, StoreOutdated, StoreUnreachable
from warehouse.settings import Settings
from warehouse.store.as_of import as_of_views
from warehouse.store.bucket import make_secret
from warehouse.store.extensions import connect_with
from warehouse.store.lock import advisory_lock, file_lock
from warehouse.store.macros import macros
from warehouse.store.shown import show
from warehouse.store.sight import WHOLE, Sight
from warehouse.store.views import definition
from warehouse.store.watermarks import Watermarks

STATE = "state"


class NothingToWrite(Exception):
    """Raised in a block of `Lake.write` that has changed nothing: no snapshot is made of it."""


@dataclass(slots=True)
class Lake:
    """An open store.

    `con` is DuckDB with the catalog attached as `lake` and the state database as `state` (read-only). Whoever asks it,
    or its cursors, for `schema.table` is shown what `sight` lets them see. `watermarks`: how far its stages are.
    """

    settings: Settings
    con: duckdb.DuckDBPyConnection
    read_only: bool
    sight: Sight = WHOLE
    watermarks: Watermarks = field(default_factory=Watermarks, init=False, repr=False)
    _reads: bool = field(default=False, init=False, repr=False)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection for one thread. DuckDB cursors do not inherit the time zone."""
        cursor = self.con.cursor()
        cursor.execute("SET TimeZone='UTC'")
        if not self.sight.is_whole:
            show(cursor, self.sight)
        return cursor

    def seen_with(self, sight: Sight) -> Lake:
        """The same store for somebody who sees no more than `sight` (nor more than this one shows)."""
        narrowed = self.sight.within(sight)
        lake = Lake(self.settings, self.con, self.read_only, narrowed)
        lake.con = lake.cursor()
        return lake

    def snapshot(self) -> int:
        """The newest snapshot of the lake: pages and extracts name it, caches are keyed by it."""
        row = self.con.execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def write(self, message: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """One write transaction under the writer's lock; `message` is kept with its snapshot.

        Rolled back when the block raises, and without a word for `NothingToWrite`. Not reentrant: a stage publishes
        once.
        """
        with self.lock():
            self.con.execute("BEGIN")
            try:
                yield self.con
                self.con.execute("CALL lake.set_commit_message('kwhouse', ?)", [message])
                self.con.execute("COMMIT")
                self.watermarks.commit()
            except NothingToWrite:
                self.watermarks.roll_back()
                self.con.execute("ROLLBACK")
            except BaseException:
                self.watermarks.roll_back()
                # A COMMIT that failed has ended the transaction; why it failed is what is to be told.
                with suppress(duckdb.Error):
                    self.con.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One read transaction: all statements see the same lake, and the catalog is asked for it once.

        By itself each statement that names a table of the lake asks anew, which takes longer than reading few rows.
        Temporary tables that are made meanwhile stay; those of a block that raises are rolled back. Not reentrant.
        """
        self.con.execute("BEGIN")
        self._reads = True
        try:
            yield self.con
            self.con.execute("COMMIT")
        except BaseException:
            self.con.execute("ROLLBACK")
            raise
        finally:
            self._reads = False

    def read_anew(self, *, failed: bool = False) -> None:
        """Within `read`: keep what was made so far, and see what has been written to lake and state meanwhile.

        `failed`: a statement raised, after which its transaction takes no other one; what was made since the last
        call is lost.
        """
        if self._reads:
            self.con.execute("ROLLBACK" if failed else "COMMIT")
            self.con.execute("BEGIN")

    def work_alone(self) -> None:
        """Use one thread from here on: handing few rows to others takes longer than doing it."""
        self.con.execute("SET threads = 1")

    def share_work(self) -> None:
        """Use all threads again that the settings allow."""
        allowed = self.settings.duckdb_threads
        self.con.execute("RESET threads" if allowed is None else f"SET threads = {allowed:d}")

    def lock(self) -> AbstractContextManager[None]:
        """The writer's lock, for maintenance that makes transactions of its own. Not reentrant."""
        if (conninfo := postgres_conninfo(self.settings)) is not None:
            return advisory_lock(conninfo)
        return file_lock(self.settings.home / "catalog.lock")

    def close(self) -> None:
        self.con.close()

    def __enter__(self) -> Lake:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def postgres_conninfo(settings: Settings) -> str | None:
    """libpq's connection string where the catalog is PostgreSQL, else None."""
    if settings.catalog and settings.catalog.startswith("postgres:"):
        return settings.catalog.removeprefix("postgres:")
    return None


def data_path(settings: Settings) -> str:
    """Where the lake keeps its files: a folder or a bucket, with a slash at its end."""
    path = settings.data_path or str(settings.home / "lake")
    return path if path.endswith("/") else f"{path}/"


def open_lake(
    settings: Settings,
    *,
    read_only: bool = False,
    at: int | None = None,
    until: datetime | None = None,
    sight: Sight = WHOLE,
) -> Lake:
    """Open the store. A writer makes what is missing; a reader raises `StoreMissing` where nothing was written yet.

    `at`: a reader sees the lake as it was at that snapshot. What the contract has gained since is NULL or empty there;
    the state database is as it is now; with `until` it is as it was: documents that were issued up to that instant, and
    the registry as the snapshot has it. `sight`: what is shown of it.
    """
    from warehouse.state import open_state

    made = has_catalog(settings)
    read_only = read_only or at is not None
    if read_only and not made:
        raise StoreMissing(f"The warehouse in {settings.home}")
    settings.home.mkdir(parents=True, exist_ok=True)
    open_state(settings).dispose()
    con = connect(settings)
    lake = Lake(settings, con, read_only)
    try:
        # The first ATTACH makes the catalog's tables, which two processes must not do at once.
        with nullcontext() if made else lake.lock():
            _attach(con, settings, read_only=read_only, at=at)
        if not read_only:
            from warehouse.store.setup import ensure_tables

            ensure_tables(lake)
        with lake.read():  # each view by itself would ask for the catalog anew
            if read_only and at is None:
                _require_tables(con, settings)
            _make_views(con, None if at is None else _lake_columns(con), until)
    except BaseException:
        con.close()
        raise
    return lake if sight.is_whole else lake.seen_with(sight)


def has_catalog(settings: Settings) -> bool:
    """Whether DuckLake has made its tables; asks the catalog's database without making anything."""
    if (conninfo := postgres_conninfo(settings)) is not None:
        import psycopg

        try:
            with psycopg.connect(conninfo) as server:
                row = server.execute("SELECT to_regclass('ducklake_metadata')").fetchone()
                return row is not None and row[0] is not None
        except psycopg.OperationalError as error:
            raise StoreUnreachable(str(error).splitlines()[0]) from error
    path = settings.home / "catalog.sqlite"
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as catalog:
        found = catalog.execute("SELECT 1 FROM sqlite_master WHERE name = 'ducklake_metadata'").fetchone()
        return found is not None


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """DuckDB in memory with our extensions and limits; spills to `home/tmp`."""
    extensions = ["ducklake", "sqlite_scanner"]
    if postgres_conninfo(settings) is not None:
        extensions.append("postgres_scanner")
    if settings.data_path and "://" in settings.data_path:
        extensions.append("httpfs")
    con = connect_with(
        extensions,
        {
            "memory_limit": settings.duckdb_memory,
            "temp_directory": str(settings.home / "tmp"),
            **({"threads": str(settings.duckdb_threads)} if settings.duckdb_threads else {}),
        },
    )
    con.execute("SET TimeZone='UTC'")
    con.execute("SET preserve_insertion_order=false")
    # What a transaction has made itself is planned as if it were empty: no join may become a nested loop for that.
    con.execute("SET nested_loop_join_threshold=0")
    con.execute("SET asof_loop_join_threshold=0")
    return con


def _attach(con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool, at: int | None) -> None:
    conninfo = postgres_conninfo(settings)
    files = data_path(settings)
    if "://" in files:
        make_secret(con)
    catalog = f"postgres:{conninfo}" if conninfo else f"sqlite:{settings.home / 'catalog.sqlite'}"
    sqlite_options = "" if conninfo else ", META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 10000"
    mode = ", READ_ONLY" if read_only else ""
    mode += "" if at is None else f", SNAPSHOT_VERSION {at:d}"
    try:
        con.execute(
            f"ATTACH {quoted('ducklake:' + catalog)} AS {CATALOG} "
            f"(DATA_PATH {quoted(files)}, DATA_INLINING_ROW_LIMIT 10{sqlite_options}{mode})"
        )
    except duckdb.Error as error:
        # DuckLake has no error class of its own for this.
        if moved := re.search(r'does not match existing data path in the catalog "([^"]*)"', str(error)):
            raise StoreMoved(files, moved[1]) from None
        raise
    state = conninfo or str(settings.home / "state.sqlite")
    kind = "postgres" if conninfo else "sqlite"
    con.execute(f"ATTACH {quoted(state)} AS {STATE} (TYPE {kind}, READ_ONLY)")


def _require_tables(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """A reader cannot make what is missing; it can say so."""
    found = _lake_columns(con)
    if not any(declared.full_name in found for declared in LAKE_TABLES):
        raise StoreMissing(f"The warehouse in {settings.home}")
    for declared in LAKE_TABLES:
        missing = [name for name in declared.column_names if name not in found.get(declared.full_name, ())]
        if missing:
            raise StoreOutdated(str(settings.home), declared.full_name, missing)


def _lake_columns(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in con.execute(
        "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() WHERE database_name = ?", [CATALOG]
    ).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def _make_views(
    con: duckdb.DuckDBPyConnection, stored: dict[str, set[str]] | None = None, until: datetime | None = None
) -> None:
    """Views over lake and state; `stored`: the columns that an old snapshot has, where they may be fewer."""
    schemas = sorted({table.schema for table in (*LAKE_TABLES, *STATE_TABLES)})
    statements = [f"CREATE SCHEMA IF NOT EXISTS memory.{schema}" for schema in schemas]
    for table in LAKE_TABLES:
        there = None if stored is None else stored.get(table.full_name, set())
        statements.append(view_statement(table, CATALOG, there))
    statements += [view_statement(table, STATE) for table in STATE_TABLES]
    if until is not None and (stored is None or ops.REGISTRY_HISTORY.full_name in stored):
        statements += as_of_views(STATE, until)
    statements += macros("memory")
    for table in VIEWS:
        # An old snapshot may still hold it as a table.
        if stored and table.full_name in stored:
            statements.append(view_statement(table, CATALOG, stored[table.full_name]))
        else:
            statements.append(f"CREATE OR REPLACE VIEW memory.{table.full_name} AS {definition(table)}")
    con.execute(";\n".join(statements))
