"""How far each stage has taken in the lake: the newest of its snapshots in `ops.watermarks`.

Stages store theirs in the transaction that publishes their output; one that had nothing to write makes no snapshot for
that, and the next one that writes stores it too. Reading the table takes as long as reading a small stage's input, so
stages that follow each other read it once: again only where something else was written in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.store.connection import Lake


@dataclass(slots=True)
class Watermarks:
    """What one connection knows of them: the stored ones as of snapshot `at`, and those `ahead`, yet to be stored."""

    at: int | None = None
    stored: dict[str, int] = field(default_factory=dict)
    ahead: dict[str, int] = field(default_factory=dict)
    # What the open transaction stores, and the snapshot it began at.
    writing: tuple[int, dict[str, int]] | None = None

    def commit(self) -> None:
        """The open transaction was committed. Writers have the lock, so its snapshot follows the one it began at."""
        if self.writing is None:
            return
        began_at, written = self.writing
        self.writing = None
        self.ahead = {stage: at for stage, at in self.ahead.items() if at > written.get(stage, -1)}
        if began_at == self.at:
            # What was ahead here another process may have overtaken.
            self.stored |= {stage: max(at, self.stored.get(stage, at)) for stage, at in written.items()}
            self.at = began_at + 1

    def roll_back(self) -> None:
        """The open transaction was not committed."""
        self.writing = None


def watermark(lake: Lake, stage: str) -> int | None:
    """The newest snapshot that `stage` has taken in; None where it never ran."""
    known = lake.watermarks
    snapshot = lake.snapshot()
    if known.at != snapshot:
        query = "SELECT stage, max(snapshot_id) FROM ops.watermarks GROUP BY stage"
        known.stored = {stage: int(newest) for stage, newest in lake.con.execute(query).fetchall()}
        known.at = snapshot
    found = [of[stage] for of in (known.stored, known.ahead) if stage in of]
    return max(found, default=None)


def advance(lake: Lake, stage: str, taken_in: int) -> None:
    """Store that `stage` has taken in snapshot `taken_in`. Call inside the transaction that publishes its output."""
    _store(lake, lake.watermarks.ahead | {stage: taken_in})


def settle(lake: Lake) -> None:
    """Store what stages have taken in since the last of them wrote anything."""
    if lake.watermarks.ahead:
        with lake.write("nothing new"):
            _store(lake, dict(lake.watermarks.ahead))


def _store(lake: Lake, written: dict[str, int]) -> None:
    lake.watermarks.writing = lake.snapshot(), written
    rows = [list(written), list(written.values())]
    lake.con.execute("INSERT INTO lake.ops.watermarks SELECT unnest(?), unnest(?), now()", rows)
