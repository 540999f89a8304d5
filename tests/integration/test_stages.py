"""How a stage runs, shown by a toy that counts messages per station: the change feed, replacing, being overtaken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pipelines.stages import Overtaken, Replacement, Stage, run_stage, temp_table
from tests.homes import new_home
from warehouse.contract.ops import FAULTS, REGISTRY_HISTORY
from warehouse.settings import Settings
from warehouse.store import Lake, changes, open_lake
from warehouse.store.changes import Window, changes_within, expose, window_for
from warehouse.store.watermarks import advance, settle, watermark

# The toy: per station of `ops.faults` one row in `ops.registry_history` with the number of faults.
COUNTS = """
    SELECT 'faults' AS table_name, station_id AS row_key, max(last_seen_at) AS changed_at, 'set' AS change,
           CAST(count(*) AS VARCHAR) AS row_hash, NULL AS row_json
    FROM all_faults WHERE station_id IN (SELECT station_id FROM changed_faults) GROUP BY station_id
"""


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    temp_table(lake, "counted", COUNTS)
    temp_table(lake, "touched", "SELECT DISTINCT station_id FROM changed_faults")
    return [Replacement(REGISTRY_HISTORY, "counted", "row_key IN (SELECT station_id FROM touched)")]


TOY = Stage("toy", (FAULTS,), (REGISTRY_HISTORY,), compute)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with open_lake(Settings(home=new_home(tmp_path))) as lake:
        yield lake


def add(lake: Lake, *faults: tuple[str, str]) -> None:
    with lake.write("faults") as con:
        for fault_id, station in faults:
            con.execute(
                "INSERT INTO lake.ops.faults BY NAME SELECT ? AS fault_id, 'toy' AS kind, ? AS station_id,"
                " '{}' AS evidence, TIMESTAMPTZ '2026-01-01 00:00:00Z' AS first_seen_at, first_seen_at AS last_seen_at",
                [fault_id, station],
            )


def counts(lake: Lake) -> dict[str, str]:
    return dict(lake.con.execute("SELECT row_key, row_hash FROM ops.registry_history ORDER BY ALL").fetchall())


def test_the_first_run_takes_everything_the_next_what_is_new(lake: Lake) -> None:
    add(lake, ("1", "A"), ("2", "A"), ("3", "B"))
    first = run_stage(lake, TOY)
    assert first.window is not None
    assert first.window.full
    assert first.rows == {"ops.registry_history": 2}
    assert counts(lake) == {"A": "2", "B": "1"}

    add(lake, ("4", "B"))
    second = run_stage(lake, TOY)
    assert second.window is not None
    assert not second.window.full
    assert second.rows == {"ops.registry_history": 1}, "only the touched station is written again"
    assert counts(lake) == {"A": "2", "B": "2"}


def test_nothing_new_writes_nothing(lake: Lake) -> None:
    add(lake, ("1", "A"))
    run_stage(lake, TOY)
    snapshot = lake.snapshot()
    assert run_stage(lake, TOY).window is None
    assert lake.snapshot() == snapshot
    with lake.write("something else") as con:
        con.execute("INSERT INTO lake.ops.landed_files VALUES ('x', now())")
    assert run_stage(lake, TOY).window is None, "another table's rows do not concern it"


def test_an_idle_stage_moves_on_before_it_pins_too_much(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.stages.GREATEST_LAG", 2)
    add(lake, ("1", "A"))
    run_stage(lake, TOY)
    before = watermark(lake, "toy")
    for n in range(4):
        with lake.write("something else") as con:
            con.execute("INSERT INTO lake.ops.landed_files VALUES (?, now())", [str(n)])
    assert run_stage(lake, TOY).rows == {}
    assert (watermark(lake, "toy") or 0) > (before or 0)


def test_what_changes_nothing_makes_no_snapshot_and_is_stored_with_the_next(lake: Lake) -> None:
    def no_rows(lake: Lake, _window: Window) -> Sequence[Replacement]:
        temp_table(lake, "counted", "SELECT * FROM ops.registry_history LIMIT 0")
        return [Replacement(REGISTRY_HISTORY, "counted", "false")]

    quiet = Stage("quiet", (FAULTS,), (REGISTRY_HISTORY,), no_rows)
    add(lake, ("1", "A"))
    run_stage(lake, quiet)
    add(lake, ("2", "A"))
    snapshot = lake.snapshot()
    assert run_stage(lake, quiet).rows == {}
    assert lake.snapshot() == snapshot
    assert watermark(lake, "quiet") == snapshot
    assert run_stage(lake, quiet).window is None
    with open_lake(lake.settings) as other:
        assert (watermark(other, "quiet") or 0) < snapshot
        run_stage(lake, TOY)
        assert watermark(other, "quiet") == snapshot
        add(lake, ("3", "A"))
        run_stage(lake, quiet)
        settle(lake)
        assert watermark(other, "quiet") == lake.snapshot() - 1
    before = lake.snapshot()
    settle(lake)
    assert lake.snapshot() == before


def test_removed_rows_are_seen_too(lake: Lake) -> None:
    add(lake, ("1", "A"), ("2", "A"), ("3", "B"))
    run_stage(lake, TOY)
    with lake.write("mended") as con:
        con.execute("DELETE FROM lake.ops.faults WHERE fault_id IN ('2', '3')")
    run_stage(lake, TOY)
    assert counts(lake) == {"A": "1"}


def test_full_is_the_same_as_step_by_step(lake: Lake) -> None:
    for n in range(6):
        add(lake, (str(n), "AB"[n % 2]))
        run_stage(lake, TOY)
    stepwise = counts(lake)
    result = run_stage(lake, TOY, full=True)
    assert result.window is not None
    assert result.window.full
    assert counts(lake) == stepwise == {"A": "3", "B": "3"}


def test_snapshots_that_were_expired_ask_for_a_full_rebuild(lake: Lake) -> None:
    add(lake, ("1", "A"))
    run_stage(lake, TOY)
    add(lake, ("2", "A"))
    add(lake, ("3", "B"))
    newest = lake.snapshot()
    lake.con.execute(f"CALL ducklake_expire_snapshots('lake', versions => {list(range(newest))})")
    window = window_for(lake, watermark(lake, "toy"))
    assert window is not None
    assert window.full
    run_stage(lake, TOY)
    assert counts(lake) == {"A": "2", "B": "1"}


def test_a_run_that_another_overtook_publishes_nothing(lake: Lake) -> None:
    add(lake, ("1", "A"))

    def slow(lake: Lake, window: Window) -> Sequence[Replacement]:
        made = compute(lake, window)
        with open_lake(lake.settings) as other, other.write("the other run") as con:
            con.execute("INSERT INTO lake.ops.watermarks VALUES ('toy', ?, now())", [window.until])
        return made

    with pytest.raises(Overtaken, match="finished first") as overtaken:
        run_stage(lake, Stage("toy", (FAULTS,), (REGISTRY_HISTORY,), slow))
    assert overtaken.value.retryable
    assert counts(lake) == {}
    assert run_stage(lake, TOY).window is None


def test_a_stage_that_fails_leaves_watermark_and_tables(lake: Lake) -> None:
    add(lake, ("1", "A"))

    def broken(lake: Lake, window: Window) -> Sequence[Replacement]:
        compute(lake, window)
        return [Replacement(REGISTRY_HISTORY, "no_such_table", None)]

    with pytest.raises(Exception, match="no_such_table"):
        run_stage(lake, Stage("toy", (FAULTS,), (REGISTRY_HISTORY,), broken))
    assert watermark(lake, "toy") is None
    run_stage(lake, TOY)
    assert counts(lake) == {"A": "1"}


def test_what_is_exposed_is_of_the_window_whatever_is_written_meanwhile(lake: Lake) -> None:
    add(lake, ("1", "A"))
    first = lake.snapshot()
    add(lake, ("2", "A"))
    with lake.write("mended") as con:
        con.execute("DELETE FROM lake.ops.faults WHERE fault_id = '1'")
    window = Window(first, lake.snapshot(), full=False)
    add(lake, ("3", "B"))
    expose(lake, window, FAULTS)

    def ids(view: str) -> list[str]:
        return [row[0] for row in lake.con.execute(f"SELECT fault_id FROM {view} ORDER BY 1").fetchall()]

    assert ids("new_faults") == ["2"]
    assert ids("changed_faults") == ["1", "2"]
    assert ids("all_faults") == ["2"]
    assert changes_within(lake, window).of([FAULTS, REGISTRY_HISTORY]) == {"ops.faults"}
    assert changes.GREATEST_LAG > 0


def test_changes_are_those_that_ducklake_tells_of(lake: Lake) -> None:
    add(lake, ("1", "A"))
    others = "FROM ops.faults, range(10, 40) AS others(number) WHERE fault_id = '1'"
    many = f"SELECT faults.* REPLACE (CAST(number AS VARCHAR) AS fault_id) {others}"
    for statement in (
        f"INSERT INTO lake.ops.faults BY NAME {many}",
        f"INSERT INTO lake.ops.faults BY NAME {many}",
        "DELETE FROM lake.ops.faults WHERE fault_id = '1'",
        "DELETE FROM lake.ops.faults WHERE fault_id BETWEEN '10' AND '30'",
    ):
        with lake.write("faults") as con:
            con.execute(statement)
    with lake.lock():
        for step in ("flush_inlined_data('lake')", "merge_adjacent_files('lake')"):
            lake.con.execute(f"CALL ducklake_{step}")
        rewrite = "CALL ducklake_rewrite_data_files('lake', 'faults', schema => 'ops', delete_threshold => 0.01)"
        lake.con.execute(rewrite)
    told = dict[int, set[str]]()
    for snapshot, kind in lake.con.execute(
        "SELECT snapshot_id, unnest(map_keys(changes)) FROM ducklake_snapshots('lake') WHERE snapshot_id > 1"
    ).fetchall():
        told.setdefault(snapshot, set()).add(kind)
    assert {"tables_inserted_into", "tables_deleted_from", "rewrite_delete"} <= set().union(*told.values())
    for snapshot, kinds in told.items():
        found = changes_within(lake, Window(snapshot - 1, snapshot, full=False))
        assert bool(found.inserted) == bool(kinds - {"tables_deleted_from", "inlined_delete"}), (snapshot, kinds)
        assert bool(found.deleted) == bool(kinds - {"tables_inserted_into", "inlined_insert"}), (snapshot, kinds)
        assert found.inserted | found.deleted <= {"ops.faults"}


def test_watermarks_are_read_once_as_long_as_nobody_else_writes(lake: Lake) -> None:
    add(lake, ("1", "A"))
    run_stage(lake, TOY)
    known = lake.watermarks
    assert (known.at, known.stored) == (lake.snapshot(), {"toy": lake.snapshot() - 1}), "kept up by its own writing"
    with open_lake(lake.settings) as other:
        add(other, ("2", "B"))
        run_stage(other, TOY)
        assert watermark(lake, "toy") == watermark(other, "toy") == other.snapshot() - 1
    assert run_stage(lake, TOY).window is None


def test_what_is_not_committed_is_not_taken_in_and_what_was_ahead_still_is(lake: Lake) -> None:
    add(lake, ("1", "A"))
    lake.watermarks.ahead["quiet"] = lake.snapshot()

    def advance_and_fail() -> None:
        with lake.write("fails"):
            advance(lake, "toy", lake.snapshot())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        advance_and_fail()
    assert watermark(lake, "toy") is None
    settle(lake)
    with open_lake(lake.settings) as other:
        assert watermark(other, "quiet") == other.snapshot() - 1
        assert watermark(other, "toy") is None
    assert not lake.watermarks.ahead


def test_a_watermark_that_another_process_has_overtaken_does_not_go_back(lake: Lake) -> None:
    def fresh(lake: Lake, _window: Window) -> Sequence[Replacement]:
        faults = "FROM new_faults WHERE station_id <> 'boring'"
        columns = "'faults' AS table_name, fault_id AS row_key, now() AS changed_at, 'set' AS change, '' AS row_hash"
        temp_table(lake, "fresh", f"SELECT {columns}, NULL AS row_json {faults}")
        return [Replacement(REGISTRY_HISTORY, "fresh", None)]

    appending = Stage("appending", (FAULTS,), (REGISTRY_HISTORY,), fresh)
    for fault in (("1", "A"), ("2", "boring")):
        add(lake, fault)
        run_stage(lake, appending)
    with open_lake(lake.settings) as other:
        add(other, ("3", "B"))
        run_stage(other, appending)
        assert watermark(lake, "appending") == watermark(other, "appending")
        settle(lake)
        assert watermark(lake, "appending") == watermark(other, "appending")
    run_stage(lake, appending)
    appended = "SELECT row_key FROM ops.registry_history WHERE table_name = 'faults' ORDER BY ALL"
    assert lake.con.execute(appended).fetchall() == [("1",), ("3",)]
