"""Stage `core.readings`: what stations measure, every value in its canonical unit, and sums of it for the sessions.

The frames are parsed once. What has been written is then read again, from the file:

    reading_calls, told_sets, lone_sets     the sets of samples in the new frames, as they were told
    canonical_layouts                       which layouts' values need no look at their units
    readings                                a set a row, values in canonical units
    first_sets, reading_layouts             what the samples are, where a layout of them is new
    reading_runs, reading_quarters          each transaction's energy and power, summed up: sessions rest on these
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.sessions.parsing import parse
from pipelines.stages import Replacement, Stage, any_row, set_variable, sql, temp_table, temp_view
from warehouse.contract import core, raw
from warehouse.contract.ddl import no_rows, quoted
from warehouse.store import Lake
from warehouse.store.appending import WrittenFile, remove_unused, write_file
from warehouse.store.changes import Window
from warehouse.store.views import definition

HERE = Path(__file__).parent


def meter_values_of(readings: str) -> str:
    """`core.meter_values` of other readings: those of a moment, or some of them."""
    text = definition(core.METER_VALUES)
    return text.replace("core.readings", readings).replace("core.reading_layouts", "all_reading_layouts")


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Read the samples of the new frames. Append-only: a frame never changes."""
    lake.con.execute(sql(HERE / "macros.sql"))
    set_variable(lake, "taken_in", window.until)
    files = parse(lake, lambda: tuple(_read(lake)))
    try:
        paths = ", ".join(quoted(file.path) for file in files)
        temp_view(lake, "written_readings", f"SELECT * FROM read_parquet([{paths}])")  # noqa: S608 (our own files)
        _name_layouts(lake, full=window.full)
        temp_table(lake, "layouts", sql(HERE / "layouts.sql"))
        for step in ("reading_runs", "reading_quarters"):
            temp_view(lake, f"{step}_read", sql(HERE / f"{step}.sql"))
    except BaseException:
        remove_unused(files)
        raise
    return [
        Replacement(core.READINGS, files, touched=None),
        Replacement(core.READING_LAYOUTS, "new_layouts", touched=None),
        Replacement(core.READING_RUNS, "reading_runs_read", touched=None),
        Replacement(core.READING_QUARTERS, "reading_quarters_read", touched=None),
    ]


def _read(lake: Lake) -> Iterator[WrittenFile]:
    """Write the readings of all frames, and of those that send a lone set in their own way."""
    temp_view(lake, "reading_calls", sql(HERE / "reading_calls.sql"))
    lone = any_row(lake, "SELECT 1 FROM reading_calls WHERE breaks_schema")
    for sets in ("told_sets", "lone_sets") if lone else ("told_sets",):
        temp_view(lake, "told_sets", sql(HERE / f"{sets}.sql"))
        lake.con.execute(f"SET VARIABLE canonical_layouts = ({sql(HERE / 'canonical_layouts.sql')})")
        temp_view(lake, "reading_rows", sql(HERE / "readings.sql"))
        yield write_file(lake, core.READINGS, "reading_rows")


def _name_layouts(lake: Lake, *, full: bool) -> None:
    """Make `new_layouts`, and `known_layouts` of these and all that were known."""
    known = no_rows(core.READING_LAYOUTS.columns) if full else "SELECT * FROM core.reading_layouts"
    temp_view(lake, "known_layouts", known)
    temp_table(lake, "first_sets", sql(HERE / "first_sets.sql"))
    between = lake.con.execute("SELECT min(seq), max(seq) FROM first_sets").fetchone() or (None, None)
    known_ones = {"first_seq": between[0] or 0, "last_seq": between[1] or 0}
    temp_table(lake, "new_layouts", sql(HERE / "reading_layouts.sql"), known_ones)
    temp_view(lake, "known_layouts", f"{known} UNION ALL BY NAME SELECT * FROM new_layouts")  # noqa: S608


STAGE = Stage(
    "readings",
    (raw.MESSAGES,),
    (core.READINGS, core.READING_LAYOUTS, core.READING_RUNS, core.READING_QUARTERS),
    compute,
)
