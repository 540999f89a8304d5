"""One writer at a time: `flock` beside a SQLite catalog, an advisory lock in a PostgreSQL one.

DuckLake has no keys and two writers of one table do not see each other's rows, so every write transaction is
made under this lock. Compute first; hold it only to publish.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.errors import StoreBusy

# Any number will do, as long as all kwhouse processes use the same: "kwhouse" in ASCII.
ADVISORY_KEY = int.from_bytes(b"kwhouse", "big")


@contextmanager
def file_lock(path: Path, patience_seconds: float = 600.0, busy: type[StoreBusy] = StoreBusy) -> Iterator[None]:
    """Hold an exclusive lock on `path`; the kernel frees it if the process dies.

    Raises `busy`, which names the holder, when another process has held it for `patience_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(handle, path, patience_seconds, busy)
        # Who holds it, for `kwhouse doctor` and those who wait.
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, path: Path, patience_seconds: float, busy: type[StoreBusy]) -> None:
    deadline = time.monotonic() + patience_seconds
    wait_seconds = 0.001
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 20, 0).decode("ascii", "replace")
                raise busy(str(path), patience_seconds, holder) from None
            time.sleep(wait_seconds)
            wait_seconds = min(wait_seconds * 2, 0.05)
        else:
            return


@contextmanager
def advisory_lock(conninfo: str, patience_seconds: float = 600.0) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock on a connection of its own; the server frees it if the process dies."""
    import psycopg

    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{int(patience_seconds * 1000)}ms",))
        try:
            connection.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_KEY,))
        except psycopg.errors.LockNotAvailable:
            raise StoreBusy("pg_advisory_lock", patience_seconds) from None
        yield
