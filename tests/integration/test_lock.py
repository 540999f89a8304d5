"""One writer at a time, between processes, and a lock that dies with its holder."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from warehouse.errors import StoreBusy
from warehouse.settings import Settings
from warehouse.store import open_lake
from warehouse.store.lock import file_lock

SPAWN = multiprocessing.get_context("spawn")


def _hold(path: str, told: Connection) -> None:
    with file_lock(Path(path)):
        told.send(os.getpid())
        time.sleep(60)


def _add(home: str, name: str) -> None:
    with open_lake(Settings(home=Path(home))) as lake:
        for n in range(5):
            with lake.write(f"{name} {n}") as con:
                con.execute("INSERT INTO lake.ops.watermarks VALUES (?, ?, now())", [name, n])


def test_a_held_lock_is_told_and_freed_by_kill(tmp_path: Path) -> None:
    lock = tmp_path / "catalog.lock"
    here, there = SPAWN.Pipe()
    holder = SPAWN.Process(target=_hold, args=(str(lock), there))
    holder.start()
    assert here.recv() == holder.pid
    assert lock.read_text() == str(holder.pid), "doctor names it"

    with pytest.raises(StoreBusy, match="kwhouse doctor") as busy, file_lock(lock, patience_seconds=0.1):
        pytest.fail("two writers")
    assert busy.value.retryable
    assert busy.value.waited_seconds == 0.1

    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with file_lock(lock, patience_seconds=5):
        assert lock.read_text() == str(os.getpid())


def test_the_lock_is_freed_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), file_lock(tmp_path / "lock"):
        raise RuntimeError
    with file_lock(tmp_path / "lock", patience_seconds=0):
        pass


def test_two_processes_write_one_after_the_other(tmp_path: Path) -> None:
    open_lake(Settings(home=tmp_path)).close()
    writers = [SPAWN.Process(target=_add, args=(str(tmp_path), name)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    with open_lake(Settings(home=tmp_path), read_only=True) as lake:
        rows = lake.con.execute("SELECT stage, count(*) FROM ops.watermarks GROUP BY stage ORDER BY stage").fetchall()
    assert rows == [("one", 5), ("two", 5)]
