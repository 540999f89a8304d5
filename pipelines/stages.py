"""How a stage of the pipeline runs: find what is new, compute it aside, publish it in one transaction.

A stage is a pure description (`Stage`): the tables it follows, the tables it replaces, and a function that makes
temporary tables from the exposed views (`new_…`, `changed_…`, `all_…`, see `warehouse.store.changes.expose`).
Dagster's assets and the tests run the same `run_stage`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from warehouse.contract import Table
from warehouse.contract.ddl import quoted
from warehouse.errors import StoreError
from warehouse.store import Lake, NothingToWrite
from warehouse.store.appending import FEW_ROWS, WrittenFile, append_file, remove_unused, write_file
from warehouse.store.changes import GREATEST_LAG, Window, changes_within, expose, rows_within, window_for
from warehouse.store.watermarks import advance, watermark

# What a transaction has made itself it takes for empty when it plans. Few rows are joined fast in any order; beyond
# them a new transaction, which knows their number, is worth what it costs: asking the catalog again.
FEW_TO_PLAN_WITH = 10_000
# As long as no more rows than these are new, or come of a step, one thread is faster than several: to wake the others
# for each part of a statement takes longer than its few rows do. (What is searched for them may be more.)
FEW_TO_SHARE = 500_000


@dataclass(frozen=True, slots=True)
class Replacement:
    """New rows of one table, and which old ones they take the place of.

    `rows` is a temporary table with the contract's columns, and maybe more. `touched` is a SQL predicate on the old
    rows (it may read temporary tables); None: nothing is replaced, the rows are appended, and `rows` may be a temporary
    view: it is written to a file without being kept in between. In a full rebuild all old rows go, or only those that
    `owned` (a predicate too) tells as this stage's, where several stages write the table. Rows that a stage reads again
    before they are published it writes itself: `rows` are then the written files.
    """

    table: Table
    rows: str | tuple[WrittenFile, ...]
    touched: str | None
    owned: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline, named like its main table.

    `is_outdated` tells whether an older version left its tables so that only a full rebuild makes them whole.
    """

    name: str
    inputs: tuple[Table, ...]
    outputs: tuple[Table, ...]
    compute: Callable[[Lake, Window], Sequence[Replacement]]
    is_outdated: Callable[[Lake], bool] | None = None


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a run did. `rows` counts the rows written by table; empty where nothing was changed."""

    stage: str
    window: Window | None
    seconds: float
    rows: dict[str, int] = field(default_factory=dict)


class Overtaken(StoreError):
    """Another run of the same stage published meanwhile (a retry helps: its work is then already done)."""

    retryable = True

    def __init__(self, stage: str) -> None:
        super().__init__(f"Another run of stage {stage} finished first. Run `kwhouse refresh` again.")
        self.stage = stage


def run_stage(lake: Lake, stage: Stage, *, full: bool = False) -> StageResult:
    """Run `stage` for what is new (`full`: for everything). Computes without the writer's lock, publishes under it."""
    lake.work_alone()
    try:
        return _run(lake, stage, full=full)
    finally:
        lake.share_work()


def _run(lake: Lake, stage: Stage, *, full: bool) -> StageResult:
    started = time.perf_counter()
    with lake.read():
        before = watermark(lake, stage.name)  # asked before the work: whoever publishes meanwhile is seen at its end
        full = full or (stage.is_outdated is not None and stage.is_outdated(lake))
        window = window_for(lake, before, full=full)
        changes = None if window is None else changes_within(lake, window)
        is_idle = window is not None and not window.full and changes is not None and not changes.of(stage.inputs)
        if window is not None and not is_idle:
            if rows_within(lake, window) > FEW_TO_SHARE:
                lake.share_work()
            for table in stage.inputs:
                expose(lake, window, table, changes)
            replacements = stage.compute(lake, window)
            files = _write_all(lake, replacements)
    if window is None or is_idle:
        if window is not None and window.until - window.after > GREATEST_LAG:
            with lake.write(f"{stage.name}: nothing new"):
                advance(lake, stage.name, window.until)
        return StageResult(stage.name, None, time.perf_counter() - started)
    rows = _publish(lake, stage, window, before, replacements, files)
    views = [f"{prefix}_{table.name}" for table in stage.inputs for prefix in ("new", "changed", "all")]
    lake.con.execute(";".join(f"DROP VIEW IF EXISTS {view}" for view in views))
    return StageResult(stage.name, window, time.perf_counter() - started, rows)


def _publish(
    lake: Lake,
    stage: Stage,
    window: Window,
    before: int | None,
    replacements: Sequence[Replacement],
    files: Sequence[tuple[WrittenFile, ...] | None],
) -> dict[str, int]:
    rows: dict[str, int] = {}
    deleted = 0
    with lake.write(stage.name) as con:
        # Where nothing was written meanwhile, no other run of this stage was; that is cheaper to ask.
        if lake.snapshot() != window.until and watermark(lake, stage.name) != before:
            remove_unused(file for some in files for file in some or ())
            raise Overtaken(stage.name)
        for replacement, written in zip(replacements, files, strict=True):
            name = f"lake.{replacement.table.full_name}"
            replaced = replacement.owned if window.full else replacement.touched
            if window.full or replaced is not None:
                gone = con.execute(f"DELETE FROM {name}" + (f" WHERE {replaced}" if replaced else "")).fetchone()  # noqa: S608
                deleted += int(gone[0]) if gone else 0
            if written is not None:
                rows[replacement.table.full_name] = sum(append_file(lake, replacement.table, file) for file in written)
                continue
            order = ", ".join(replacement.table.sort)
            columns = ", ".join(replacement.table.column_names)
            inserted = con.execute(
                f"INSERT INTO {name} BY NAME SELECT {columns} FROM {replacement.rows}"  # noqa: S608
                + (f" ORDER BY {order}" if order else "")
            ).fetchone()
            rows[replacement.table.full_name] = int(inserted[0]) if inserted else 0
        if not window.full and not deleted and not any(rows.values()):
            lake.watermarks.ahead[stage.name] = window.until
            rows.clear()
            raise NothingToWrite
        advance(lake, stage.name, window.until)
    remove_unused(file for some in files for file in some or () if not file.is_registered)
    for replacement in replacements:
        if replacement.touched is not None and isinstance(replacement.rows, str):
            con.execute(f"DROP TABLE IF EXISTS {replacement.rows}")
    return rows


def _write_all(lake: Lake, replacements: Sequence[Replacement]) -> list[tuple[WrittenFile, ...] | None]:
    written: list[tuple[WrittenFile, ...] | None] = []
    try:
        for replacement in replacements:
            written.append(_written(lake, replacement))  # noqa: PERF401 (an error leaves what was written so far)
    except BaseException:
        remove_unused(file for some in written for file in some or ())
        raise
    return written


def _written(lake: Lake, replacement: Replacement) -> tuple[WrittenFile, ...] | None:
    """The rows as files, so that the lock is not held while they are written; None for few rows of a table."""
    if not isinstance(replacement.rows, str):
        return replacement.rows
    if replacement.touched is not None:
        count = lake.con.execute(f"SELECT count(*) FROM {replacement.rows}").fetchone()  # noqa: S608 (our own table)
        if count is None or count[0] < FEW_ROWS:
            return None
    return (write_file(lake, replacement.table, replacement.rows),)


@cache
def sql(path: Path) -> str:
    """The text of a SQL file."""
    return path.read_text(encoding="utf-8")


def temp_view(lake: Lake, name: str, query: str) -> None:
    """Give a SELECT without parameters a name: it runs where it is read, and its rows are kept nowhere."""
    lake.con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")


def temp_table(lake: Lake, name: str, query: str, parameters: dict[str, object] | None = None) -> None:
    """Keep the result of a SELECT as temporary table `name`.

    Named parameters ($name) are bound; names that start with `new_`, `changed_` and `all_` are the exposed views.
    """
    made = lake.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", parameters or {}).fetchone()
    if made and made[0] > FEW_TO_PLAN_WITH:
        lake.read_anew()
        if made[0] > FEW_TO_SHARE:
            lake.share_work()


def any_row(lake: Lake, query: str) -> bool:
    """Whether the query gives any row."""
    return bool(lake.con.execute(f"SELECT EXISTS ({query})").fetchall()[0][0])


def set_variable(lake: Lake, name: str, value: datetime | int) -> None:
    """A variable for SQL that stands in views, where no parameter can be bound."""
    text = str(value) if isinstance(value, int) else f"CAST({quoted(value.isoformat())} AS TIMESTAMPTZ)"
    lake.con.execute(f"SET VARIABLE {name} = {text}")
