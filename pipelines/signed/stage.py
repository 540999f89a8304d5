"""Stage `signed_readings`: what meters have signed, whether it holds, and what a session's signed values say together.

A touched transaction is judged anew from all its frames, with the keys and sessions that there are then: the order and
the batches in which they came do not matter. The records themselves stay in `raw.messages`, because they name drivers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.billing.registry import load_registry
from pipelines.sessions.parsing import parse
from pipelines.signed.judging import Frame, Judged, RegisteredKey, Session, by_station, judge
from pipelines.signed.transaction import SignedTransaction
from pipelines.stages import Replacement, Stage, sql, temp_table, temp_view
from warehouse.contract import Table, core, ops, raw, signed
from warehouse.contract.ddl import stored_type
from warehouse.contract.schemas import polars_schema
from warehouse.store import Lake
from warehouse.store.changes import Window

HERE = Path(__file__).parent
# Frames whose payloads are in Python's memory at one time; a transaction is never cut.
AT_ONCE = 20_000


def compute(lake: Lake, window: Window) -> list[Replacement]:
    """Judge the touched transactions into `made_signed_readings` and `made_signed_sessions`."""
    load_registry(lake, "meter_keys")
    temp_view(lake, "signed_messages", "SELECT * FROM new_messages")
    parse(lake, lambda: temp_table(lake, "new_signed_frames", sql(HERE / "signed_frames.sql")))
    temp_table(lake, "changed_meter_keys", sql(HERE / "changed_meter_keys.sql"))
    if not window.full and not _any(lake, "FROM new_signed_frames") and not _any(lake, "FROM core.signed_readings"):
        return []
    temp_table(lake, "touched_signed", sql(HERE / "touched_transactions.sql"))
    if not window.full:
        _add_known_frames(lake)
    for table in (signed.SIGNED_READINGS, signed.SIGNED_SESSIONS):
        columns = ", ".join(f"{column.name} {stored_type(column)}" for column in table.columns)
        lake.con.execute(f"CREATE OR REPLACE TEMP TABLE made_{table.name} ({columns})")
    _judge_all(lake)
    return [
        Replacement(
            signed.SIGNED_READINGS,
            "made_signed_readings",
            "(collector_id, seq) IN (SELECT (collector_id, seq) FROM new_signed_frames)",
        ),
        Replacement(
            signed.SIGNED_SESSIONS,
            "made_signed_sessions",
            "(station_id, transaction_id) IN (SELECT (station_id, transaction_id) FROM touched_signed)",
        ),
    ]


def _any(lake: Lake, source: str) -> bool:
    return bool(lake.con.execute(f"SELECT EXISTS ({source} LIMIT 1)").fetchall()[0][0])


def _add_known_frames(lake: Lake) -> None:
    """Add to `new_signed_frames` what was read before of the touched transactions."""
    temp_table(lake, "known_signed_frames", sql(HERE / "known_frames.sql"))
    first, last = lake.con.execute("SELECT min(received_at), max(received_at) FROM known_signed_frames").fetchall()[0]
    if first is None:
        return
    # Only files of that time are opened.
    lake.con.execute("SET VARIABLE signed_since = $first", {"first": first})
    lake.con.execute("SET VARIABLE signed_until = $last", {"last": last})
    temp_view(
        lake,
        "signed_messages",
        "SELECT all_messages.* FROM all_messages SEMI JOIN known_signed_frames USING (collector_id, seq) "
        "WHERE received_at BETWEEN getvariable('signed_since') AND getvariable('signed_until')",
    )
    parse(lake, lambda: temp_table(lake, "told_again", sql(HERE / "signed_frames.sql")))
    lake.con.execute(
        "INSERT INTO new_signed_frames BY NAME FROM told_again ANTI JOIN new_signed_frames USING (collector_id, seq)"
    )


def _judge_all(lake: Lake) -> None:
    keys = by_station(
        (station_id, RegisteredKey(*key))
        for station_id, *key in lake.con.execute(
            "SELECT station_id, evse_id, public_key, valid_from, valid_to FROM registry_meter_keys "
            "ORDER BY station_id, evse_id, valid_from"
        ).fetchall()
    )
    sessions: dict[tuple[str, str], list[Session]] = {}
    for station_id, transaction_id, *session in lake.con.execute(
        "SELECT station_id, transaction_id, session_id, evse_id, started_at FROM all_sessions "
        "SEMI JOIN touched_signed USING (station_id, transaction_id)"
    ).fetchall():
        sessions.setdefault((station_id, transaction_id), []).append(Session(*session))
    for frames in _batches(lake):
        readings: list[dict[str, Any]] = []
        joined: list[dict[str, Any]] = []
        for (station_id, transaction_id, _), group in groupby(frames, key=_transaction):
            of_it = sessions.get((station_id, transaction_id or ""), [])
            judged, together = judge(list(group), of_it, keys.get(station_id, []))
            readings.extend(map(_reading_row, judged))
            joined.extend(
                _session_row(station_id, transaction_id, session_id, found) for session_id, found in together.items()
            )
        _append(lake, signed.SIGNED_READINGS, readings)
        _append(lake, signed.SIGNED_SESSIONS, joined)


def _transaction(frame: Frame) -> tuple[str, str | None, tuple[str, int] | None]:
    """Frames without a transaction stand each by itself."""
    alone = (frame.collector_id, frame.seq) if frame.transaction_id is None else None
    return frame.station_id, frame.transaction_id, alone


def _batches(lake: Lake) -> Iterator[list[Frame]]:
    """All frames by transaction, whole transactions at a time."""
    temp_table(lake, "numbered_signed_frames", sql(HERE / "numbered_frames.sql"), {"at_once": AT_ONCE})
    batches = lake.con.execute("SELECT DISTINCT batch_no FROM numbered_signed_frames ORDER BY batch_no").fetchall()
    for (batch_no,) in batches:
        rows = lake.con.execute(
            "SELECT collector_id, seq, station_id, evse_id, connector_id, transaction_id, received_at, payload "
            "FROM numbered_signed_frames WHERE batch_no = $batch_no "
            "ORDER BY station_id, transaction_id, collector_id, seq",
            {"batch_no": batch_no},
        ).fetchall()
        yield [Frame(*row) for row in rows]


def _append(lake: Lake, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    lake.con.register("judged_rows", pl.DataFrame(rows, schema=polars_schema(table)))
    lake.con.execute(f"INSERT INTO made_{table.name} BY NAME FROM judged_rows")
    lake.con.unregister("judged_rows")


def _reading_row(one: Judged) -> dict[str, Any]:
    frame, record = one.frame, one.checked.record
    readings = record.readings if record else ()
    flags = "".join(sorted({flag for reading in readings for flag in reading.errors}))
    return {
        "collector_id": frame.collector_id,
        "seq": frame.seq,
        "value_no": one.value_no,
        "station_id": frame.station_id,
        "evse_id": frame.evse_id,
        "connector_id": frame.connector_id,
        "transaction_id": frame.transaction_id,
        "received_at": frame.received_at,
        "measured_at": one.measured_at,
        "format": "ocmf" if one.value.is_ocmf else "other",
        "verdict": str(one.checked.verdict),
        "reason": one.checked.reason,
        "key_source": one.key_source,
        "key_id": one.checked.key_id,
        "meter_serial": record.meter_serial if record else None,
        "pagination": f"{record.page_context}{record.page}" if record and record.page is not None else None,
        "markers": [reading.marker or "" for reading in readings],
        "obis_codes": [reading.obis or "" for reading in readings],
        "registers_wh": [reading.register_wh for reading in readings],
        "error_flags": flags or None,
    }


def _session_row(
    station_id: str, transaction_id: str | None, session_id: str, found: SignedTransaction
) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "station_id": station_id,
        "transaction_id": transaction_id,
        "verdict": str(found.verdict),
        "reason": found.reason,
        "energy_wh": found.energy_wh,
        "billable": found.billable,
        "time_billable": found.time_billable,
        "begin_register_wh": found.begin_wh,
        "end_register_wh": found.end_wh,
        "obis_code": found.obis,
        "is_compensated": found.is_compensated,
        "begin_at": found.begin_at,
        "end_at": found.end_at,
        "clock": found.clock,
        "first_page": found.first_page,
        "last_page": found.last_page,
        "records": found.records,
        "meter_serial": found.meter_serial,
        "key_id": found.key_id,
    }


STAGE = Stage(
    "signed_readings",
    (raw.MESSAGES, core.SESSIONS, ops.REGISTRY_HISTORY),
    (signed.SIGNED_READINGS, signed.SIGNED_SESSIONS),
    compute,
)
