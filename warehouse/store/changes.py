"""What is new since a stage last ran: DuckLake's change feed between two snapshots.

A stage stores the snapshot it has taken in (see `watermarks`). It must recompute what the new rows touch and never
add deltas: maintenance re-emits surviving rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from warehouse.contract import Table
from warehouse.contract.ddl import METADATA, no_rows
from warehouse.store.connection import Lake

# An idle stage moves its watermark on at this lag, or its start would pin old snapshots for ever.
GREATEST_LAG = 100
# What DuckLake's catalog calls a change that did nothing else to a table.
INSERTIONS = ("inserted_into_table", "inlined_insert")
DELETIONS = ("deleted_from_table", "inlined_delete")


@dataclass(frozen=True, slots=True)
class Window:
    """The snapshots after `after` up to `until`. `full`: everything up to `until`, because the stage starts anew."""

    after: int
    until: int
    full: bool


def window_for(lake: Lake, after: int | None, *, full: bool = False) -> Window | None:
    """What a stage whose watermark is `after` has yet to take in, or None where there is nothing.

    A full rebuild is due when asked for, on the first run, and when the snapshots needed have been expired.
    """
    until = lake.snapshot()
    if full or after is None:
        return Window(after or 0, until, True)
    if until <= after:
        return None
    oldest = lake.con.execute(f"SELECT min(snapshot_id) FROM {METADATA}.ducklake_snapshot").fetchone()  # noqa: S608
    return Window(after, until, oldest is not None and oldest[0] > after + 1)


@dataclass(frozen=True, slots=True)
class Changes:
    """The full names of the tables that had rows inserted, and of those that had rows deleted, within a window."""

    inserted: frozenset[str]
    deleted: frozenset[str]

    def of(self, tables: Iterable[Table]) -> set[str]:
        """Which of `tables` had either."""
        return {table.full_name for table in tables if table.full_name in self.inserted | self.deleted}


def changes_within(lake: Lake, window: Window) -> Changes:
    """What was written within `window`: from the catalog alone, no file is read."""
    # From DuckLake's own table, written `inserted_into_table:41,inlined_delete:39`: `ducklake_snapshots` reads all
    # snapshots that are kept, which takes seconds for those of a week.
    rows = lake.con.execute(
        "SELECT DISTINCT string_split(change, ':')[1], schema_name || '.' || table_name "  # noqa: S608 (no input)
        "FROM (SELECT unnest(regexp_extract_all(changes_made, '[a-z_]+:[0-9]+')) AS change "
        f"FROM {METADATA}.ducklake_snapshot_changes WHERE snapshot_id > ? AND snapshot_id <= ?) "
        f"JOIN {METADATA}.ducklake_table AS changed ON changed.table_id = CAST(string_split(change, ':')[2] AS BIGINT) "
        f"JOIN {METADATA}.ducklake_schema USING (schema_id)",
        [window.after, window.until],
    ).fetchall()
    # Whatever is neither (a file that maintenance has written anew) may be both.
    return Changes(
        inserted=frozenset(table for kind, table in rows if kind not in DELETIONS),
        deleted=frozenset(table for kind, table in rows if kind not in INSERTIONS),
    )


def rows_within(lake: Lake, window: Window) -> int:
    """How many rows the files hold that came within `window`, or ever where it is full.

    Few rows are kept in the catalog and not counted.
    """
    row = lake.con.execute(
        f"SELECT sum(record_count)::BIGINT FROM {METADATA}.ducklake_data_file "  # noqa: S608 (no input)
        "WHERE begin_snapshot > ? AND begin_snapshot <= ?",
        [-1 if window.full else window.after, window.until],
    ).fetchone()
    return 0 if row is None or row[0] is None else int(row[0])


def expose(lake: Lake, window: Window, table: Table, changes: Changes | None = None) -> None:
    """Make temporary views over the rows of `table` within `window`, which the stage's SQL reads.

    `new_<table>`: rows inserted; `changed_<table>`: rows inserted or deleted (for inputs that are themselves
    replaced); `all_<table>`: the table as of the window's end, whatever is written meanwhile. In a full rebuild
    all three are the same. Where `changes` names no such rows the views are empty, and nothing is searched for them.
    """
    until, first = int(window.until), int(window.after) + 1
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    everything = f"SELECT {columns} FROM lake.{table.full_name} AT (VERSION => {until})"  # noqa: S608
    feed = "SELECT {columns} FROM {function}('lake', '{schema}', '{name}', {first}, {until})"
    inserted, deleted = (
        feed.format(columns=columns, function=function, schema=table.schema, name=table.name, first=first, until=until)
        for function in ("ducklake_table_insertions", "ducklake_table_deletions")
    )
    new, changed = [inserted], [inserted, deleted]
    if window.full:
        new = changed = [everything]
    elif changes is not None:
        new = [inserted] if table.full_name in changes.inserted else []
        changed = new + ([deleted] if table.full_name in changes.deleted else [])
    for prefix, parts in (("new", new), ("changed", changed), ("all", [everything])):
        body = " UNION ALL ".join(parts) or no_rows(table.columns)
        lake.con.execute(f"CREATE OR REPLACE TEMP VIEW {prefix}_{table.name} AS {body}")
