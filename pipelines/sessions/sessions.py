"""Stage `core.sessions`: transactions become sessions with energy, flags and a grade.

Most transactions are plain: one start, one stop, clocks and numbers that fit. They go through in one pass of few steps:

    starts, told_events    what belongs to the touched transactions; a 1.6 start gets its id from the answer
    transactions           who, where, when, and whether anything in the events is odd
    plain_runs             what was read of them
    plain_quarters         their registers by quarter-hour
    plain_sessions         energy; `is_clean` where every register follows from the one before

Whatever fails a check there is looked at closely, in the steps of `doubtful/` (see `doubtful/__init__.py`), a rule a
step. Both ways end in the same columns, and `sessions` adds place, checks and grade.

A touched transaction is made anew from all its facts, so the order and the batches in which they came do not matter.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipelines.pseudonyms import ensure_pseudonyms
from pipelines.sessions.doubtful import look_closely
from pipelines.sessions.touched import BEGINNING, MARGIN, find_answers, find_frames, least, touch, touch_all, touch_more
from pipelines.stages import Replacement, Stage, any_row, set_variable, sql, temp_table, temp_view
from warehouse.contract import core, ops, raw, stations
from warehouse.contract.ddl import no_rows
from warehouse.store import Lake
from warehouse.store.appending import WrittenFile, write_file
from warehouse.store.changes import Window

HERE = Path(__file__).parent
# What may be wrong with a session: FAULTS are told in ops.faults, SUSPECT ones make it suspect. A session without
# energy is unbillable, whatever the reason.
SUSPECT = (
    "closed_by_next_start",
    "conflicting_stop",
    "implausible_begin_register",
    "implausible_power",
    "inferred_end",
    "integrated_power",
    "matched_without_id",
    "missing_end_register",
    "missing_events",
    "missing_start",
    "register_decreased",
    "simultaneous_start",
    "unit_mismatch",
    "zero_readings",
)
FAULTS = (
    *SUSPECT,
    "clock_skew",
    "clock_unset",
    "late_data",
    "misreading",
    "mixed_registers",
    "no_registers",
    "reused_transaction_id",
    "schema_error",
    "tail_readings",
)
OWN_FAULTS = f"kind IN {(*FAULTS, 'orphan_stop')}"


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Make the touched sessions, their events, their steps and their faults anew."""
    full = window.full
    known_until = _known_until(lake)
    lake.con.execute(sql(HERE / "macros.sql"))
    temp_view(lake, "known_layouts", "SELECT * FROM all_reading_layouts")
    temp_table(lake, "layouts", sql(HERE / "layouts.sql"))
    if not any_row(lake, "SELECT 1 FROM all_session_records"):
        # Most networks import no sessions: their steps then search nothing.
        temp_view(lake, "all_session_records", no_rows(raw.SESSION_RECORDS.columns))
    for step in ("overridden_stations", "connector_ratings", "replayed"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    if full:
        touch_all(lake)
    else:
        touch(lake, known_until)
    _find_transactions(lake, full=full)
    _measure(lake, window, known_until)
    if not full and touch_more(lake, "touched_followers"):
        _find_transactions(lake, full=False)
        _measure(lake, window, known_until)
    _put_together(lake)
    return _replacements(lake, full=full)


def _known_until(lake: Lake) -> datetime:
    """Now, as far as the lake knows: the receipt of its newest frame. One from the future would end all sessions."""
    query = "SELECT max(received_at) FROM {} WHERE received_at <= now() + INTERVAL 1 DAY"
    # Only files that reach beyond the new frames are asked.
    newest = least(lake, query.format("new_messages")) or BEGINNING
    row = lake.con.execute(query.format("all_messages") + " AND received_at >= $newest", {"newest": newest}).fetchone()
    return BEGINNING if row is None or row[0] is None else row[0]


def _find_transactions(lake: Lake, *, full: bool) -> None:
    _read_events(lake, full=full)
    if not full and touch_more(lake, "touched_simultaneous"):
        _read_events(lake, full=full)


def _read_events(lake: Lake, *, full: bool) -> None:
    since = BEGINNING
    if full:
        temp_view(lake, "touched_events", "SELECT * FROM all_transaction_events")
        temp_view(lake, "touched_runs", "SELECT * FROM all_reading_runs")
    else:
        find_frames(lake)
        query = "SELECT min(received_at), min(seq), max(seq) FROM own_frames"
        first, first_seq, last_seq = lake.con.execute(query).fetchall()[0]
        loose_since = least(lake, "SELECT min(loose_since) FROM heard_stations")
        since = min((time for time in (loose_since, first and first - MARGIN) if time), default=BEGINNING)
        found = {"since": first, "first_seq": first_seq, "last_seq": last_seq}
        _keep(lake, "touched_events", sql(HERE / "touched_events.sql"), found)
        _keep(lake, "touched_runs", sql(HERE / "touched_runs.sql"))
    set_variable(lake, "since", since)
    # Read once: only a rebuild has too many.
    keep = temp_view if full else _keep
    keep(lake, "unnamed_events", sql(HERE / "unnamed_events.sql"))
    find_answers(lake, "unnamed_events")
    temp_table(lake, "starts_without_id", sql(HERE / "starts.sql"))
    temp_view(lake, "told_events", sql(HERE / "told_events.sql"))
    keep(lake, "events", _tokens_by_rule(lake))
    temp_table(lake, "transactions", sql(HERE / "transactions.sql"))


def _keep(lake: Lake, name: str, query: str, parameters: dict[str, object] | None = None) -> None:
    """A view, as in a rebuild, of what is kept."""
    temp_table(lake, f"kept_{name}", query, parameters)
    temp_view(lake, name, f"FROM kept_{name}")


def _tokens_by_rule(lake: Lake) -> str:
    """Take off what readers of some models append to a token, where the operator says how."""
    if not any_row(lake, "SELECT 1 FROM registry.station_profiles WHERE token_pattern IS NOT NULL"):
        return "SELECT * FROM told_events"
    temp_table(lake, "token_rules", sql(HERE / "token_rules.sql"))
    ensure_pseudonyms(lake, "SELECT token FROM token_rules")
    return sql(HERE / "renamed_events.sql")


def _readings_since(lake: Lake) -> datetime:
    """Lets DuckLake skip files of readings older than any touched session."""
    rows = lake.con.execute(
        """
        SELECT min(least(received_at, CASE WHEN event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00' THEN event_at END))
        FROM events
        UNION ALL
        SELECT min(first_received_at) FROM touched_runs
        """
    ).fetchall()
    known = [row[0] for row in rows if row[0] is not None]
    return min(known) - MARGIN if known else BEGINNING


def _measure(lake: Lake, window: Window, known_until: datetime) -> None:
    since = BEGINNING if window.full else _readings_since(lake)
    _measure_plain(lake, since)
    look_closely(lake, window, since, known_until)


def _measure_plain(lake: Lake, since: datetime) -> None:
    temp_table(lake, "plain_transactions", sql(HERE / "plain_transactions.sql"))
    temp_table(lake, "loose_readings", sql(HERE / "loose_readings.sql"), {"since": since})
    for step in ("plain_runs", "plain_quarters"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    _read_again(lake)
    temp_table(lake, "loosely_read", sql(HERE / "loosely_read.sql"))
    temp_table(lake, "plain_sessions", sql(HERE / "plain_sessions.sql"))
    lake.con.execute(
        "UPDATE transactions SET is_plain = false FROM plain_sessions AS plain WHERE NOT plain.is_clean "
        "AND transactions.station_id = plain.station_id AND transactions.transaction_id = plain.transaction_id"
    )


def _read_again(lake: Lake) -> None:
    """Sum up anew what several refreshes have read of one transaction: they may have read it in any order."""
    since = least(lake, "SELECT min(first_received_at) FROM plain_runs WHERE is_one_of_several")
    if since is None:
        return
    set_variable(lake, "taken_in", 0)
    set_variable(lake, "readings_since", since)
    temp_view(lake, "written_readings", sql(HERE / "readings_of_several.sql"))
    temp_view(lake, "quarters_again", sql(HERE / "reading_quarters.sql"))
    lake.con.execute(
        "INSERT INTO plain_quarters BY NAME SELECT no, quarter.* FROM quarters_again AS quarter "
        "JOIN (SELECT no, run_of(station_id, transaction_id) AS run_id FROM plain_transactions) AS plain USING (run_id)"
    )


def _put_together(lake: Lake) -> None:
    if any_row(lake, "SELECT 1 FROM touched_records"):
        ensure_pseudonyms(lake, "SELECT id_token FROM all_session_records SEMI JOIN touched_records "
                                "USING (station_id, external_session_id)")  # fmt: skip
    temp_table(lake, "record_rows", sql(HERE / "record_rows.sql"))
    temp_view(lake, "clean_rows", sql(HERE / "clean_rows.sql"))
    temp_view(lake, "clean_step_rows", sql(HERE / "clean_steps.sql"))
    temp_table(
        lake,
        "measured_sessions",
        "FROM clean_rows UNION ALL BY NAME FROM doubtful_rows UNION ALL BY NAME FROM record_rows",
    )
    temp_table(lake, "unplugged", sql(HERE / "unplugged.sql"))
    temp_table(lake, "session_rows", sql(HERE / "sessions.sql"), {"suspect": list(SUSPECT)})
    temp_view(lake, "session_energy_steps", sql(HERE / "energy_steps.sql"))
    temp_table(lake, "session_fault_rows", sql(HERE / "faults.sql"), {"kinds": list(FAULTS)})


def _replacements(lake: Lake, *, full: bool) -> list[Replacement]:
    steps: str | tuple[WrittenFile, ...]
    if full:
        # The most rows of all: written without being kept in between.
        steps = (write_file(lake, core.ENERGY_STEPS, "session_energy_steps"),)
    else:
        steps = "energy_step_rows"
        temp_table(lake, steps, "FROM session_energy_steps")
        temp_table(lake, "replaced_sessions", sql(HERE / "replaced_sessions.sql"))
        temp_table(lake, "replaced_orphans", sql(HERE / "replaced_orphans.sql"))
    replaced = "session_id IN (SELECT session_id FROM replaced_sessions)"
    faults = f"{OWN_FAULTS} AND ({replaced} OR fault_id IN (SELECT fault_id FROM replaced_orphans))"  # noqa: S608 (own SQL)
    return [
        Replacement(core.ENERGY_STEPS, steps, replaced),
        Replacement(core.SESSION_EVENTS, "session_event_rows", replaced),
        Replacement(ops.FAULTS, "session_fault_rows", faults, owned=OWN_FAULTS),
        Replacement(core.SESSIONS, "session_rows", replaced),
    ]


STAGE = Stage(
    "sessions",
    (
        raw.MESSAGES,
        raw.CONNECTIONS,
        raw.SESSION_RECORDS,
        core.EVENTS,
        core.READINGS,
        core.READING_LAYOUTS,
        core.READING_RUNS,
        core.READING_QUARTERS,
        core.STATES,
        stations.BOOTS,
        ops.REGISTRY_HISTORY,
    ),
    (core.SESSIONS, core.SESSION_EVENTS, core.ENERGY_STEPS, ops.FAULTS),
    compute,
)
