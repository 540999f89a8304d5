"""Stage `core.sessions`: transactions become sessions with energy, flags and a grade.

Each rule is a step with a name and a SQL file of its own:

    touched_transactions   which transactions something new is said about
    transactions           who, where, when, by their events
    simultaneous_…         whose neighbours' flags depend on them
    session_frame          name, site, rating, origin
    readings               what was measured meanwhile
    registers              begin and end by the best evidence
    energy_steps           when the energy flowed
    sessions               figures, checks, grade
    faults                 what lowered a grade

A touched transaction is recomputed from all its facts, so the order and the batches in which they came do not matter.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse.contract import core, ops, raw
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent
# The flags that lower a session's grade, and to what; of several the worse grade holds.
GRADES = {
    "implausible_power": "suspect",
    "register_decreased": "unbillable",
    "no_registers": "unbillable",
    "simultaneous_start": "suspect",
}
OWN_FAULTS = f"kind IN {tuple(GRADES)}"


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Make the touched sessions, their steps and their faults anew."""
    for step in ("touched_transactions", "transactions"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    if not window.full:
        _touch_simultaneous(lake)
    temp_table(lake, "session_frame", sql(HERE / "session_frame.sql"))
    temp_table(lake, "readings", sql(HERE / "readings.sql"), {"since": _since(lake, window)})
    temp_table(lake, "registers", sql(HERE / "registers.sql"))
    temp_table(lake, "energy_step_rows", sql(HERE / "energy_steps.sql"))
    temp_table(
        lake, "session_rows", sql(HERE / "sessions.sql"), {grade: _kinds(grade) for grade in ("suspect", "unbillable")}
    )
    temp_table(lake, "session_fault_rows", sql(HERE / "faults.sql"), {"kinds": list(GRADES)})
    lake.con.execute("ALTER TABLE energy_step_rows DROP COLUMN is_implausible")
    # A session whose start is corrected gets another id: rows of the old one go too.
    temp_table(
        lake,
        "replaced_sessions",
        "SELECT session_id FROM core.sessions SEMI JOIN touched_transactions USING (station_id, transaction_id)",
    )
    replaced = "session_id IN (SELECT session_id FROM replaced_sessions)"
    return [
        Replacement(core.ENERGY_STEPS, "energy_step_rows", replaced),
        Replacement(ops.FAULTS, "session_fault_rows", f"{OWN_FAULTS} AND {replaced}", owned=OWN_FAULTS),
        Replacement(core.SESSIONS, "session_rows", replaced),
    ]


def _kinds(grade: str) -> list[str]:
    return [kind for kind, lowered_to in GRADES.items() if lowered_to == grade]


def _touch_simultaneous(lake: Lake) -> None:
    temp_table(lake, "simultaneous_transactions", sql(HERE / "simultaneous_transactions.sql"))
    count = lake.con.execute("INSERT INTO touched_transactions FROM simultaneous_transactions").fetchone()
    if count and count[0]:
        temp_table(lake, "transactions", sql(HERE / "transactions.sql"))


def _since(lake: Lake, window: Window) -> datetime:
    # Lets DuckLake skip files of readings older than any touched session.
    beginning = datetime(1970, 1, 1, tzinfo=UTC)
    if window.full:
        return beginning
    row = lake.con.execute("SELECT min(first_received_at) FROM transactions").fetchone()
    return beginning if row is None or row[0] is None else row[0] - timedelta(days=1)


STAGE = Stage(
    "sessions",
    (core.EVENTS, core.METER_VALUES, raw.CONNECTIONS, ops.REGISTRY_HISTORY),
    (core.SESSIONS, core.ENERGY_STEPS, ops.FAULTS),
    compute,
)
