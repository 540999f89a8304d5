"""What of a workload the central system has acknowledged, kept on disk: a second run tells only the rest.

A session is marked after the answer to its *last* call has arrived. The collector answers only what its journal holds
on disk, so a marked session is safe there. A run that is killed in between leaves at most the sessions that were being
told (one or two a station) unmarked: the next run tells these again from their begin, with the same transaction ids
and registers, and the warehouse counts a transaction once. So: each session exactly once in `core.sessions`, each frame
at least once in `raw.messages`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self


class Marks:
    """Marks of one workload at one central system (`target`)."""

    def __init__(self, path: Path, source: str, target: str) -> None:
        self._scope = (source, target)
        self._database = sqlite3.connect(path, isolation_level=None, timeout=10)
        # NORMAL: a killed process loses no mark. A power cut may lose the last ones, which only repeats their sessions.
        self._database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS acknowledged ("
            " source TEXT NOT NULL, target TEXT NOT NULL, station_id TEXT NOT NULL, item TEXT NOT NULL,"
            " PRIMARY KEY (source, target, station_id, item)) WITHOUT ROWID"
        )

    def read(self) -> set[tuple[str, str]]:
        """All marks: (station, id of a session or key of a shift)."""
        query = "SELECT station_id, item FROM acknowledged WHERE source = ? AND target = ?"
        return set(self._database.execute(query, self._scope))

    def add(self, station_id: str, item: str) -> None:
        """Mark one item; in the file when this returns."""
        self._database.execute(
            "INSERT OR IGNORE INTO acknowledged VALUES (?, ?, ?, ?)", (*self._scope, station_id, item)
        )

    def clear(self) -> None:
        """Forget all marks of this workload."""
        self._database.execute("DELETE FROM acknowledged WHERE source = ? AND target = ?", self._scope)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
