"""What is looked at closely: transactions that failed a check, events that name no transaction.

Each rule is a step with a name and a SQL file of its own; a new fault is a new step, or a new line in `findings`:

    doubtful_runs, doubtful_readings    what was read of them
    doubtful_events     their events in order of receipt
    starts              each start once, however often it was told
    startless           transactions told of without a start
    adopted             starts without an answer that fit them
    begins              what begins a session
    assigned_events     which event belongs to which: by connector, token, register, time
    next_starts         what came next on the connector
    lone_stops          stops without a known id
    held                the sessions
    own_starts, own_events, samples     the frames of each
    profiles, ratings   what is known of model and connector
    clocks, dated       clocks that were never set or off; every frame at its true time
    stops, registers    which stop counts; one register a time
    spans               from when to when
    edges, told_points, scales, points  which registers count
    register_steps, curve_steps, substitutes, doubtful_steps, power, energies   what flowed when
    findings            what is wrong, with the frames that prove it
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipelines.sessions.readings import meter_values_of
from pipelines.stages import any_row, sql, temp_table, temp_view
from warehouse.contract import core
from warehouse.contract.ddl import no_rows
from warehouse.store import Lake
from warehouse.store.changes import Window, changes_within

HERE = Path(__file__).parent
SORTING = (
    "doubtful_events", "starts", "startless", "adopted", "begins", "assigned_events", "next_starts", "lone_stops",
    "held", "own_starts", "own_events", "samples",
)  # fmt: skip
MEASURING = (
    "profiles", "ratings", "clocks", "dated", "stops", "registers", "spans", "edges", "told_points", "scales",
    "points", "register_steps", "curve_steps", "substitutes", "doubtful_steps", "power", "energies", "findings",
    "doubtful_rows", "session_event_rows",
)  # fmt: skip


def look_closely(lake: Lake, window: Window, since: datetime, known_until: datetime) -> None:
    """Make `doubtful_rows`, `doubtful_steps`, `findings` and `session_event_rows` of all that is not plain."""
    # Where readings were only added, the new ones are exactly what was read since.
    only_new = not window.full and core.READINGS.full_name not in changes_within(lake, window).deleted
    _expose_unnamed(lake)
    _gather_readings(lake, only_new=only_new)
    _make(lake, SORTING, since, known_until)
    # Whoever follows an open session on its connector takes over what goes on under its id.
    temp_table(lake, "followers", sql(HERE / "followers.sql"))
    if any_row(lake, "SELECT 1 FROM followers"):
        for table, flag in (("transactions", "is_plain"), ("plain_sessions", "is_clean")):
            lake.con.execute(
                f"UPDATE {table} SET {flag} = false FROM followers AS f "  # noqa: S608 (own names)
                f"WHERE {table}.station_id = f.station_id AND {table}.transaction_id = f.transaction_id"
            )
        _gather_readings(lake, only_new=only_new)
        _make(lake, SORTING, since, known_until)
    _make(lake, MEASURING, since, known_until)


def _gather_readings(lake: Lake, *, only_new: bool) -> None:
    """What was read of the doubtful transactions, once for all steps."""
    temp_table(lake, "doubtful_runs", sql(HERE / "doubtful_runs.sql"), {"only_new": only_new})
    row = lake.con.execute("SELECT min(first_received_at) FROM doubtful_runs WHERE NOT is_new").fetchone()
    temp_table(lake, "doubtful_readings", sql(HERE / "doubtful_readings.sql"), {"old_since": row[0] if row else None})
    temp_view(lake, "doubtful_values", meter_values_of("doubtful_readings"))


def _expose_unnamed(lake: Lake) -> None:
    """Readings that may be looked for without the id of a transaction. Most fleets have none: not to be searched."""
    found = lake.con.execute(sql(HERE / "unnamed_are_needed.sql")).fetchone()
    needed = bool(found and found[0])
    temp_view(lake, "unnamed_values", meter_values_of("all_readings") if needed else no_rows(core.METER_VALUES.columns))


def _make(lake: Lake, steps: tuple[str, ...], since: datetime, known_until: datetime) -> None:
    known: dict[str, object] = {"since": since, "known_until": known_until}
    for step in steps:
        query = sql(HERE / f"{step}.sql")
        if "$first_begin" in query:
            known["first_begin"] = lake.con.execute("SELECT min(happened_at) FROM begins").fetchall()[0][0]
        temp_table(lake, step, query, {name: value for name, value in known.items() if f"${name}" in query})
