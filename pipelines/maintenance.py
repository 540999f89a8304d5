"""Housekeeping of the lake: merge small files, drop snapshots that nothing needs, delete files nobody refers to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from warehouse.contract import LAKE_TABLES, raw
from warehouse.contract.ddl import METADATA
from warehouse.store import Lake

# How long a figure on a page or in an extract can be looked up as of its snapshot.
KEEP_SNAPSHOTS = timedelta(days=7)
# A reader that began before stays undisturbed, and a file half written by a crash is surely dead.
KEEP_FILES = timedelta(days=2)


def maintain(
    lake: Lake,
    stages: Collection[str],
    *,
    keep_snapshots: timedelta = KEEP_SNAPSHOTS,
    keep_files: timedelta = KEEP_FILES,
) -> int:
    """Tidy the lake while nobody writes; returns how many snapshots were expired.

    `stages` are the names of all stages: what they have yet to read must stay readable.
    """
    con = lake.con
    with lake.lock():
        con.execute("CALL ducklake_flush_inlined_data('lake')")
        con.execute("CALL ducklake_merge_adjacent_files('lake')")
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
    return expired


def _expire(lake: Lake, stages: Collection[str], keep: timedelta) -> int:
    """Expire snapshots that every stage has passed and that are older than `keep`, but for those of closed months."""
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
        f"SELECT list(snapshot_id) FROM {METADATA}.ducklake_snapshot "  # noqa: S608 (no input)
        "WHERE snapshot_id < ? AND snapshot_time::TIMESTAMPTZ < now() - ?"
        # Extracts of a closed month can be made again for good.
        " AND snapshot_id NOT IN (SELECT snapshot FROM billing.periods WHERE snapshot IS NOT NULL)",
        [passed[0], keep],
    ).fetchone()
    versions = [int(version) for version in (old[0] or [])] if old else []
    if versions:
        lake.con.execute(f"CALL ducklake_expire_snapshots('lake', versions => {versions})")
    return len(versions)
