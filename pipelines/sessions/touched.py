"""Which transactions a refresh makes anew: those that something new says anything about, and what hangs on them.

    news_events, news_readings, news_states     what is new, as far as it tells that
    touched_stations                            where, and since when
    touched_transactions                        what the news name, or reach by connector and time
    heard_stations, loose_events                what their stations said without an id, and since when that is looked at
    touched_repeated                            answered starts that were told again and not answered
    touched_unsettled                           sessions of these stations that are not settled yet
    touched_linked                              other ids of the sessions of all these
    looser_stations                             how much further back these sessions reach

`own_frames` holds the events that name them: it says since when to look for more.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.stages import any_row, set_variable, sql, temp_table, temp_view
from warehouse.store import Lake

HERE = Path(__file__).parent
# A session with one of these may look different as soon as its station says anything.
UNSETTLED = ("inferred_end", "closed_by_next_start", "matched_without_id", "missing_start", "missing_end_register")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# An answer follows its start, and a reading its session's start, but clocks differ.
MARGIN = timedelta(days=1)


def touch_all(lake: Lake) -> None:
    """Make `touched_transactions`, `touched_records` and `heard_stations` for a full rebuild."""
    temp_table(lake, "touched_records", "SELECT DISTINCT station_id, external_session_id FROM all_session_records")
    temp_table(lake, "touched_transactions", sql(HERE / "all_transactions.sql"))
    every_station = "SELECT DISTINCT station_id, $beginning AS loose_since FROM all_transaction_events"
    temp_table(lake, "heard_stations", every_station, {"beginning": BEGINNING})


def touch(lake: Lake, known_until: datetime) -> None:
    """Make `touched_transactions`, `touched_records` and `heard_stations` for what is new."""
    for step in ("touched_registry", "touched_records", "news_events", "news_readings", "news_states"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    temp_table(lake, "touched_stations", sql(HERE / "touched_stations.sql"), {"known_until": known_until})
    first_start = least(lake, "SELECT min(received_at) FROM news_events WHERE event = 'started'")
    answers_since = known_until if first_start is None else first_start - MARGIN
    parameters: dict[str, object] = {"known_until": known_until, "answers_since": answers_since}
    temp_table(lake, "touched_transactions", sql(HERE / "touched_transactions.sql"), parameters)
    parameters = {"known_until": known_until, "beginning": BEGINNING}
    temp_table(lake, "heard_stations", sql(HERE / "heard_stations.sql"), parameters)
    temp_table(lake, "unsettled_sessions", sql(HERE / "unsettled_sessions.sql"), {"unsettled": list(UNSETTLED)})
    _find_loose(lake)
    temp_table(lake, "framed", "FROM touched_transactions LIMIT 0")
    temp_table(lake, "own_frames", "SELECT collector_id, seq, received_at FROM all_transaction_events LIMIT 0")
    # Each may reach further back, and there find another one.
    while touch_more(lake, "touched_repeated") or _touch_unsettled(lake) or _touch_linked(lake) or _look_back(lake):
        pass


def touch_more(lake: Lake, step: str, parameters: dict[str, object] | None = None) -> bool:
    """Add what the step finds to the touched transactions; whether it found any."""
    temp_table(lake, step, sql(HERE / f"{step}.sql"), parameters)
    count = lake.con.execute(f"INSERT INTO touched_transactions FROM {step}").fetchone()
    return bool(count and count[0])


def find_frames(lake: Lake) -> None:
    """Bring `own_frames` up to what has been touched meanwhile."""
    temp_table(lake, "unframed", "FROM touched_transactions ANTI JOIN framed USING (station_id, transaction_id)")
    if any_row(lake, "SELECT 1 FROM unframed"):
        lake.con.execute(f"INSERT INTO own_frames {sql(HERE / 'own_frames.sql')}")
        lake.con.execute("INSERT INTO framed FROM unframed")


def least(lake: Lake, query: str) -> datetime | None:
    """The one time that the query gives, if any."""
    row = lake.con.execute(query).fetchone()
    return row[0] if row else None


def _touch_unsettled(lake: Lake) -> bool:
    temp_table(lake, "touched_since", sql(HERE / "touched_since.sql"))
    return touch_more(lake, "touched_unsettled")


def _touch_linked(lake: Lake) -> bool:
    find_frames(lake)
    for step in ("linked_sessions", "other_frames"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))
    first, last = lake.con.execute("SELECT min(seq), max(seq) FROM other_frames").fetchall()[0]
    return touch_more(lake, "touched_linked", {"first_seq": first, "last_seq": last})


def _look_back(lake: Lake) -> bool:
    temp_table(lake, "looser_stations", sql(HERE / "looser_stations.sql"))
    count = lake.con.execute(
        "UPDATE heard_stations SET loose_since = looser.loose_since FROM looser_stations AS looser "
        "WHERE looser.station_id = heard_stations.station_id AND looser.loose_since < heard_stations.loose_since"
    ).fetchone()
    if not (count and count[0]):
        return False
    _find_loose(lake)
    return True


def _find_loose(lake: Lake) -> None:
    set_variable(lake, "since", least(lake, "SELECT min(loose_since) FROM heard_stations") or BEGINNING)
    temp_view(lake, "unnamed_events", sql(HERE / "unnamed_events.sql"))
    temp_table(lake, "loose_calls", sql(HERE / "loose_calls.sql"))
    find_answers(lake, "loose_calls")
    for step in ("loose_events", "loose_stations"):
        temp_table(lake, step, sql(HERE / f"{step}.sql"))


def find_answers(lake: Lake, calls: str) -> None:
    """Make the view `answered_starts` of these events."""
    temp_view(lake, "told_calls", f"FROM {calls}")
    temp_view(lake, "answered_starts", sql(HERE / "answered_starts.sql"))
