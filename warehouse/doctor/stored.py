"""The state database, the lake, what waits before it and how fresh it is."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from warehouse.contract import LAKE_TABLES, raw
from warehouse.contract.checks import checks_of
from warehouse.doctor.finding import Finding, fail, ok, warn
from warehouse.errors import StoreError, StoreMissing
from warehouse.settings import Settings
from warehouse.store import Lake, open_lake
from warehouse.store.connection import postgres_conninfo
from warehouse.store.lock import ADVISORY_KEY

STALE_HOURS = 26  # a daily schedule with two hours to spare


def state(settings: Settings) -> Iterator[Finding]:
    """Whether the state database is there, at the newest revision, and holds a registry."""
    import sqlalchemy as sa

    from warehouse.state import HEAD, revision, table

    if postgres_conninfo(settings) is None and not (settings.home / "state.sqlite").exists():
        yield warn("state", "not made yet", "Nothing to do: the first command makes it.")
        return
    engine = sa.create_engine(settings.state_url)
    try:
        found = revision(engine)
        if found != HEAD:
            mend = "Run any writing command, such as `kwhouse refresh`: it brings the schema up to date."
            yield warn("state", f"schema revision {found or 'none'}, newest {HEAD}", mend)
            return
        yield ok("state", f"schema revision {found}")
        with engine.connect() as connection:
            counts = {
                name: connection.execute(sa.select(sa.func.count()).select_from(table("registry", name))).scalar_one()
                for name in ("sites", "stations", "tokens", "tariffs")
            }
    finally:
        engine.dispose()
    listing = ", ".join(f"{count} {name}" for name, count in counts.items())
    if counts["stations"]:
        yield ok("registry", listing)
    else:
        yield warn("registry", listing, "Declare sites and stations in files and run `kwhouse registry apply FOLDER`.")


def writer(settings: Settings) -> Iterator[Finding]:
    """Who holds the locks: of the lake, of a refresh and of the collector's journal."""
    lock = settings.home / "catalog.lock"
    if (conninfo := postgres_conninfo(settings)) is not None:
        yield _advisory_holder(conninfo)
    elif holder := _holder(lock):
        yield warn("writer", f"{holder} is writing", "Wait for it to end.")
    elif lock.exists():
        yield ok("writer", "nobody is writing")
    if holder := _holder(settings.home / "refresh.lock"):
        yield ok("refresh run", f"{holder} is refreshing; another refresh waits for it")
    if holder := _holder(settings.journal.with_name("journal.lock")):
        yield ok("collecting", f"{holder} writes the journal of this data folder")


def _holder(lock: Path) -> str:
    """The process that holds a lock file, in words; empty where nobody does."""
    if not lock.exists():
        return ""
    with lock.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = lock.read_text().strip()
            return f"process {holder} ({_command(holder)})"
    return ""


def _advisory_holder(conninfo: str) -> Finding:
    import psycopg

    with psycopg.connect(conninfo, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT pid, client_addr::text FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) + objid::bigint = %s",
            (ADVISORY_KEY,),
        ).fetchone()
    if row is None:
        return ok("writer", "nobody is writing")
    return warn("writer", f"server process {row[0]} for {row[1] or 'a local client'} is writing", "Wait for it to end.")


def _command(pid: str) -> str:
    try:
        return Path("/proc", pid, "cmdline").read_text().replace("\0", " ").strip() or "unknown"
    except OSError:
        return "unknown"


def lake(settings: Settings) -> Iterator[Finding]:
    """Catalog, tables, what waits and how fresh it is."""
    try:
        opened = open_lake(settings, read_only=True)
    except StoreMissing as error:
        yield warn("lake", "holds nothing yet", str(error))
        return
    except StoreError as error:
        yield fail("lake", "cannot be used", str(error))
        return
    with opened:
        yield ok("lake", f"snapshot {opened.snapshot()}")
        yield _contract(opened)
        yield from _landing(opened)
        yield from _freshness(opened)


def _contract(lake: Lake) -> Finding:
    differing = []
    for table in LAKE_TABLES:
        check = next(check for check in checks_of(table) if check.name == "types_as_declared")
        row = lake.con.execute(check.sql).fetchone()
        if row and row[0]:
            differing.append(table.full_name)
    if differing:
        mend = "Use the version of kwhouse that made this warehouse, or an empty KWHOUSE_HOME."
        return fail("tables", f"{', '.join(differing)} differ from their declaration", mend)
    return ok("tables", f"{len(LAKE_TABLES)} as declared")


def _landing(lake: Lake) -> Iterator[Finding]:
    settings = lake.settings
    known = {row[0] for row in lake.con.execute("SELECT path FROM ops.landed_files").fetchall()}
    waiting = [path for path in settings.landing.glob("*.parquet") if str(path) not in known]
    if waiting:
        yield warn("landing", f"{len(waiting)} files wait to be taken in", "Run `kwhouse refresh`.")
    else:
        yield ok("landing", "no file waits")
    if set_aside := sorted(settings.set_aside.glob("*")):
        mend = f"`ops.faults` has the reasons. Mend the files in {settings.set_aside} and move them up, or delete them."
        yield warn("unreadable", f"{len(set_aside)} landed files were set aside, such as {set_aside[0].name}", mend)


def _freshness(lake: Lake) -> Iterator[Finding]:
    row = lake.con.execute("SELECT max(done_at) FROM ops.watermarks").fetchone()
    last = row[0] if row else None
    if last is None:
        yield warn("refresh", "never ran", "Run `kwhouse refresh`.")
        return
    hours = (datetime.now(UTC) - last).total_seconds() / 3600
    stages = lake.con.execute("SELECT count(DISTINCT stage) FROM ops.watermarks").fetchone()
    found = f"{stages[0] if stages else 0} stages, the newest {_ago(hours)}"
    if hours > STALE_HOURS:
        yield warn("refresh", found, "Run `kwhouse refresh`, or `kwhouse up`, which does so by itself.")
    else:
        yield ok("refresh", found)
    newest = lake.con.execute("SELECT max(last_received_at) FROM core.sessions").fetchone()
    if newest and newest[0] is not None:
        yield ok("data", f"newest session evidence of {newest[0]:%Y-%m-%d %H:%M} UTC")


def _ago(hours: float) -> str:
    return (
        f"{hours * 60:.0f} min ago" if hours < 1 else f"{hours:.0f} h ago" if hours < 48 else f"{hours / 24:.0f} d ago"
    )


def journal(settings: Settings) -> Iterator[Finding]:
    """How much the collector has written down that has not landed yet. Only reads its file."""
    if not settings.journal.exists():
        return
    with closing(sqlite3.connect(f"file:{settings.journal}?mode=ro", uri=True, timeout=5)) as connection:
        row = connection.execute("SELECT max(last_seq) FROM landings WHERE finished_at IS NOT NULL").fetchone()
        landed = row[0] or 0
        waiting = sum(
            connection.execute(f"SELECT count(*) FROM {table.name} WHERE seq > ?", (landed,)).fetchone()[0]  # noqa: S608
            for table in (raw.MESSAGES, raw.CONNECTIONS, raw.REJECTED)
        )
    found = f"{waiting} entries not landed yet, {settings.journal.stat().st_size / 2**20:.0f} MB"
    if waiting > 2 * settings.landing_rows:
        mend = "Start `kwhouse collect`: it lands what waits. If it runs, look at its /health for `landing_failure`."
        yield warn("journal", found, mend)
    else:
        yield ok("journal", found)


CHECKS = (state, writer, lake, journal)
