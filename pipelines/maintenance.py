"""Housekeeping of the lake: merge small files, drop snapshots that nothing needs, delete files nobody refers to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from warehouse.contract import LAKE_TABLES, raw
from warehouse.store import Lake

# How long a figure on a page or in an extract can be looked up as of its snapshot.
KEEP_SNAPSHOTS = timedelta(days=7)
# A reader that began before stays undisturbed, and a file half written by a crash is surely dead.
KEEP_FILES = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Maintained:
    """What one maintenance did."""

    expired_snapshots: int
    merged_files: int


def maintain(
    lake: Lake,
    stages: Collection[str],
    *,
    keep_snapshots: timedelta = KEEP_SNAPSHOTS,
    keep_files: timedelta = KEEP_FILES,
) -> Maintained:
    """Tidy the lake while nobody writes. `stages`: names of all stages, whose next start must stay readable."""
    con = lake.con
    with lake.lock():
        con.execute("CALL ducklake_flush_inlined_data('lake')")
        merged = con.execute("CALL ducklake_merge_adjacent_files('lake')").fetchall()
        for table in LAKE_TABLES:
            # Rewriting shows every surviving row as new. Stages that append what is new from raw would double it;
            # raw has no deleted rows to get rid of.
            if table not in raw.TABLES:
                con.execute(
                    "CALL ducklake_rewrite_data_files('lake', ?, schema => ?, delete_threshold => 0.2)",
                    [table.name, table.schema],
                )
        expired = _expire(lake, stages, keep_snapshots)
        con.execute("CALL ducklake_cleanup_old_files('lake', older_than => now() - ?)", [keep_files])
        con.execute("CALL ducklake_delete_orphaned_files('lake', older_than => now() - ?)", [keep_files])
    return Maintained(expired, sum(int(row[-1] or 0) for row in merged if isinstance(row[-1], int)))


def _expire(lake: Lake, stages: Collection[str], keep: timedelta) -> int:
    """Expire snapshots that every stage has passed and that are older than `keep`."""
    passed = lake.con.execute(
        """
        SELECT min(snapshot_id), count(*)
        FROM (SELECT max(snapshot_id) AS snapshot_id FROM ops.watermarks WHERE list_contains(?, stage) GROUP BY stage)
        """,
        [list(stages)],
    ).fetchone()
    if passed is None or passed[1] < len(stages):  # a stage that never ran has yet to read everything
        return 0
    old = lake.con.execute(
        "SELECT list(snapshot_id) FROM ducklake_snapshots('lake') WHERE snapshot_id < ? AND snapshot_time < now() - ?",
        [passed[0], keep],
    ).fetchone()
    versions = [int(version) for version in (old[0] or [])] if old else []
    if versions:
        lake.con.execute(f"CALL ducklake_expire_snapshots('lake', versions => {versions})")
    return len(versions)
