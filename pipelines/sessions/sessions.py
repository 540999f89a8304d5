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

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.pseudonyms import ensure_pseudonyms
from pipelines.sessions.doubtful import look_closely
from pipelines.sessions.readings import meter_values_of
from pipelines.stages import Replacement, Stage, sql, temp_table, temp_view
from warehouse.contract import core, ops, raw
from warehouse.contract.ddl import quoted
from warehouse.store import Lake
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
# A session with one of these may look different as soon as its station says anything.
UNSETTLED = ("inferred_end", "closed_by_next_start", "matched_without_id", "missing_start", "missing_end_register")
OWN_FAULTS = f"kind IN {(*FAULTS, 'orphan_stop')}"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# How long a start without an answer, or a stop without an id, can find what it lacks.
LOOSE = timedelta(days=7)
# An answer follows its start, and a reading its session's start, but clocks differ.
MARGIN = timedelta(days=1)


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Make the touched sessions, their events, their steps and their faults anew."""
    known_until = _known_until(lake)
    lake.con.execute(sql(HERE / "macros.sql"))
    temp_view(lake, "all_meter_values", meter_values_of("all_readings"))
    temp_view(lake, "known_layouts", "SELECT * FROM all_reading_layouts")
    temp_table(lake, "layouts", sql(HERE / "layouts.sql"))
    for step in ("touched_registry", "overridden_stations", "connector_ratings", "replayed", "touched_records"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    loose_since = BEGINNING
    if window.full:
        temp_table(lake, "touched_transactions", sql(HERE / "all_transactions.sql"))
        temp_table(lake, "heard_stations", "SELECT DISTINCT station_id FROM touched_transactions")
        lake.con.execute("INSERT INTO heard_stations SELECT DISTINCT station_id FROM all_transaction_events "
                         "ANTI JOIN heard_stations USING (station_id)")  # fmt: skip
    else:
        loose_since = _touch(lake, known_until)
    _find_transactions(lake, loose_since, full=window.full)
    _measure(lake, known_until, full=window.full)
    if not window.full and _touch_more(lake, "touched_followers"):
        _find_transactions(lake, loose_since, full=False)
        _measure(lake, known_until, full=False)
    _put_together(lake)
    return _replacements(lake, loose_since, full=window.full)


def _known_until(lake: Lake) -> datetime:
    """Now, as far as the lake knows: the receipt of its newest frame. One from the future would end all sessions."""
    query = "SELECT max(received_at) FROM all_messages WHERE received_at <= now() + INTERVAL 1 DAY"
    row = lake.con.execute(query).fetchone()
    return BEGINNING if row is None or row[0] is None else row[0]


def _touch(lake: Lake, known_until: datetime) -> datetime:
    """Find what the news touches; returns from when on events without an id are looked at."""
    temp_table(lake, "touched_stations", sql(HERE / "touched_stations.sql"), {"known_until": known_until})
    parameters = {"known_until": known_until, "unsettled": list(UNSETTLED)}
    temp_table(lake, "touched_transactions", sql(HERE / "touched_transactions.sql"), parameters)
    temp_table(
        lake,
        "heard_stations",
        "SELECT station_id FROM touched_stations UNION SELECT station_id FROM touched_transactions",
    )
    row = lake.con.execute("SELECT min(from_at) FROM touched_stations").fetchone()
    return known_until if row is None or row[0] is None else row[0] - LOOSE


def _find_transactions(lake: Lake, loose_since: datetime, *, full: bool) -> None:
    _read_events(lake, loose_since, full=full)
    if not full and _touch_more(lake, "touched_simultaneous"):
        _read_events(lake, loose_since, full=full)


def _touch_more(lake: Lake, step: str) -> bool:
    """Add what the step finds to the touched transactions; whether it found any."""
    temp_table(lake, step, sql(HERE / f"{step}.sql"))
    count = lake.con.execute(f"INSERT INTO touched_transactions FROM {step}").fetchone()
    return bool(count and count[0])


def _read_events(lake: Lake, loose_since: datetime, *, full: bool) -> None:
    since = BEGINNING
    touched = "SELECT * FROM all_transaction_events"
    if not full:
        row = lake.con.execute(
            "SELECT min(received_at) FROM all_transaction_events "
            "SEMI JOIN touched_transactions USING (station_id, transaction_id)"
        ).fetchone()
        since = loose_since if row is None or row[0] is None else min(loose_since, row[0] - MARGIN)
        touched += " SEMI JOIN touched_transactions USING (station_id, transaction_id)"
    _set(lake, "since", since)
    _set(lake, "loose_since", loose_since)
    temp_view(lake, "touched_events", touched)
    temp_table(lake, "starts_without_id", sql(HERE / "starts.sql"))
    temp_view(lake, "told_events", sql(HERE / "told_events.sql"))
    temp_view(lake, "events", _tokens_by_rule(lake))
    temp_table(lake, "transactions", sql(HERE / "transactions.sql"))


def _tokens_by_rule(lake: Lake) -> str:
    """Take off what readers of some models append to a token, where the operator says how."""
    if not _any(lake, "SELECT 1 FROM registry.station_profiles WHERE token_pattern IS NOT NULL"):
        return "SELECT * FROM told_events"
    temp_table(lake, "token_rules", sql(HERE / "token_rules.sql"))
    ensure_pseudonyms(lake, "SELECT token FROM token_rules")
    return sql(HERE / "renamed_events.sql")


def _any(lake: Lake, query: str) -> bool:
    """Whether the query gives any row."""
    return bool(lake.con.execute(f"SELECT EXISTS ({query})").fetchall()[0][0])


def _readings_since(lake: Lake) -> datetime:
    """Lets DuckLake skip files of readings older than any touched session."""
    rows = lake.con.execute(
        """
        SELECT min(least(received_at, CASE WHEN event_at >= TIMESTAMPTZ '2010-01-01 00:00:00+00' THEN event_at END))
        FROM events
        UNION ALL
        SELECT min(first_received_at)
        FROM all_reading_runs
        SEMI JOIN (FROM touched_transactions ANTI JOIN transactions USING (station_id, transaction_id))
            USING (station_id, transaction_id)
        """
    ).fetchall()
    known = [row[0] for row in rows if row[0] is not None]
    return min(known) - MARGIN if known else BEGINNING


def _measure(lake: Lake, known_until: datetime, *, full: bool) -> None:
    since = BEGINNING if full else _readings_since(lake)
    _measure_plain(lake, since)
    look_closely(lake, since, known_until)


def _measure_plain(lake: Lake, since: datetime) -> None:
    temp_table(lake, "plain_transactions", sql(HERE / "plain_transactions.sql"))
    temp_table(lake, "loose_readings", sql(HERE / "loose_readings.sql"), {"since": since})
    for step in ("plain_runs", "plain_quarters"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    if _any(lake, "SELECT 1 FROM plain_runs WHERE is_one_of_several"):
        _read_again(lake, since)
    temp_table(lake, "loosely_read", sql(HERE / "loosely_read.sql"))
    temp_table(lake, "plain_sessions", sql(HERE / "plain_sessions.sql"))
    lake.con.execute(
        "UPDATE transactions SET is_plain = false FROM plain_sessions AS plain WHERE NOT plain.is_clean "
        "AND transactions.station_id = plain.station_id AND transactions.transaction_id = plain.transaction_id"
    )


def _read_again(lake: Lake, since: datetime) -> None:
    """Sum up anew what several refreshes have read of one transaction: they may have read it in any order."""
    _set(lake, "taken_in", 0)
    _set(lake, "readings_since", since)
    temp_view(lake, "written_readings", sql(HERE / "readings_of_several.sql"))
    temp_view(lake, "quarters_again", sql(HERE / "reading_quarters.sql"))
    lake.con.execute(
        "INSERT INTO plain_quarters BY NAME SELECT no, quarter.* FROM quarters_again AS quarter "
        "JOIN (SELECT no, run_of(station_id, transaction_id) AS run_id FROM plain_transactions) AS plain USING (run_id)"
    )


def _set(lake: Lake, name: str, value: datetime | int) -> None:
    """A variable for SQL that stands in views, where no parameter can be bound."""
    text = str(value) if isinstance(value, int) else f"CAST({quoted(value.isoformat())} AS TIMESTAMPTZ)"
    lake.con.execute(f"SET VARIABLE {name} = {text}")


def _put_together(lake: Lake) -> None:
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
    temp_table(lake, "energy_step_rows", sql(HERE / "energy_steps.sql"))
    temp_table(lake, "session_fault_rows", sql(HERE / "faults.sql"), {"kinds": list(FAULTS)})


def _replacements(lake: Lake, loose_since: datetime, *, full: bool) -> list[Replacement]:
    if not full:
        temp_table(lake, "replaced_sessions", sql(HERE / "replaced_sessions.sql"))
        temp_table(lake, "replaced_orphans", sql(HERE / "replaced_orphans.sql"), {"loose_since": loose_since})
    replaced = "session_id IN (SELECT session_id FROM replaced_sessions)"
    faults = f"{OWN_FAULTS} AND ({replaced} OR fault_id IN (SELECT fault_id FROM replaced_orphans))"  # noqa: S608 (own SQL)
    return [
        Replacement(core.ENERGY_STEPS, "energy_step_rows", replaced),
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
        core.BOOTS,
        ops.REGISTRY_HISTORY,
    ),
    (core.SESSIONS, core.SESSION_EVENTS, core.ENERGY_STEPS, ops.FAULTS),
    compute,
)
