"""The PyPI package ocpp-lens 0.2 beside ours: its environment, the log as it reads it, and its facts in our tables.

ocpp-lens reads OCPP 1.6 logs and gives: the number of messages and the time from first to last; vendor, model, firmware
and serial number of the first BootNotification; sessions from StartTransaction, its answer and StopTransaction; faults
from StatusNotification; CALLERRORs. It reads no meter values.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from warehouse.store import Lake

HERE = Path(__file__).parent
PACKAGE = "ocpp-lens==0.2"
VARIABLE = "KWHOUSE_BENCH_OCPP_LENS"

# One line a frame, as it went over the wire.
WIRE_TEXT = """
    SELECT concat(
        CASE WHEN $timed THEN strftime(received_at, '%Y-%m-%dT%H:%M:%S.%fZ ') END,
        '[', message_type, ',"', message_id, '",', CASE WHEN message_type = 2 THEN concat('"', action, '",') END,
        -- A CALLERROR's payload is kept as the list of what follows the id.
        CASE WHEN message_type = 4 THEN payload[2:-2] ELSE payload END, ']'
    ) AS line
    FROM read_parquet($files)
    ORDER BY received_at, collector_id, seq
"""


def environment(folder: Path) -> Path | None:
    """A Python that has the package: the one named by KWHOUSE_BENCH_OCPP_LENS, else made in `folder`; None: no way."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    made = folder / "ocpp-lens"
    python = made / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(made)], check=True, capture_output=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", PACKAGE]
    return python if subprocess.run(install, check=False, capture_output=True).returncode == 0 else None


def write_log(con: duckdb.DuckDBPyConnection, landing: Path, log: Path, *, timed: bool) -> Path:
    """The landed frames as text, `timed`: with the time of receipt before each line."""
    parameters = {"timed": timed, "files": f"{landing}/messages-*.parquet"}
    con.execute(
        f"COPY ({WIRE_TEXT}) TO '{log}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')", parameters
    )
    return log


def run(python: Path, log: Path) -> dict[str, Any]:
    """Its facts, with `seconds` for reading and analysing (its start is not counted)."""
    facts = log.with_suffix(".json")
    subprocess.run([str(python), str(HERE / "ocpp_lens_run.py"), str(log), str(facts)], check=True)
    told: dict[str, Any] = json.loads(facts.read_text(encoding="utf-8"))
    return told


SESSIONS = """
    SELECT
        sessions.transaction_id, sessions.connector_id, pseudonyms.id_token, started_at, ended_at, begin_register_wh,
        end_register_wh, stop_reason, state = 'completed', energy_wh, date_sub('second', started_at, ended_at)
    FROM core.sessions AS sessions
    LEFT JOIN registry.pseudonyms AS pseudonyms ON pseudonyms.pseudonym = sessions.id_token
"""
STATUS = """
    SELECT message.* EXCLUDE (body), unnest(body)
    FROM (
        SELECT station_id, received_at, from_json(payload, '{"connectorId": "INTEGER", "errorCode": "VARCHAR",
            "status": "VARCHAR", "info": "VARCHAR", "vendorErrorCode": "VARCHAR", "timestamp": "TIMESTAMPTZ"}') AS body
        FROM raw.messages
        WHERE action = 'StatusNotification' AND direction = 'in' AND message_type = 2
    ) AS message
    WHERE body.errorCode <> 'NoError' OR body.status IN ('Faulted', 'Unavailable')
"""
CALL_ERRORS = "SELECT message_id, payload ->> 0, payload ->> 1 FROM raw.messages WHERE message_type = 4"
LOG = "SELECT count(*), min(received_at), max(received_at) FROM raw.messages"
CHARGER = """
    SELECT vendor, model, firmware, serial_number FROM core.boots ORDER BY received_at, collector_id, seq LIMIT 1
"""


def our_facts(lake: Lake) -> dict[str, Any]:
    """The same facts from our tables, in the same form."""
    con = lake.con
    (messages, begin, end) = con.execute(LOG).fetchall()[0]
    return {
        "messages": messages,
        "from": begin,
        "until": end,
        "charger": list(con.execute(CHARGER).fetchall()[0]),
        "sessions": con.execute(SESSIONS).fetchall(),
        "faults": con.execute(STATUS).fetchall(),
        "call_errors": con.execute(CALL_ERRORS).fetchall(),
    }


def require_same(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    """Raises AssertionError unless each of its facts is among ours, with the same value."""
    assert theirs["messages"] == ours["messages"]
    assert [_instant(theirs[edge]) for edge in ("from", "until")] == [ours["from"], ours["until"]]
    assert theirs["charger"] == ours["charger"]
    assert sorted(map(_their_session, theirs["sessions"])) == sorted(map(_our_session, ours["sessions"]))
    assert sorted(map(_their_fault, theirs["faults"])) == sorted(row[2:] for row in ours["faults"])
    assert sorted(map(tuple, theirs["call_errors"])) == sorted(ours["call_errors"])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _their_session(told: dict[str, Any]) -> tuple[object, ...]:
    return (
        str(told["transaction_id"]), told["connector_id"], told["id_tag"], _instant(told["start_time"]),
        _instant(told["stop_time"]), told["start_meter_wh"], told["stop_meter_wh"], told["stop_reason"],
        told["is_complete"], told["energy_kwh"], told["duration_minutes"], told["avg_power_kw"],
    )  # fmt: skip


def _our_session(row: tuple[Any, ...]) -> tuple[object, ...]:
    energy_wh, seconds = row[9:]
    energy_kwh = round(float(energy_wh) / 1000, 3)
    registers = (float(row[5]), float(row[6]))
    power_kw = round(energy_kwh / (seconds / 3600), 2)
    return (*row[:5], *registers, *row[7:9], energy_kwh, round(seconds / 60, 1), power_kw)


def _their_fault(told: dict[str, Any]) -> tuple[object, ...]:
    return (
        told["connector_id"], told["error_code"], told["status"], told["info"], told["vendor_error_code"],
        _instant(told["timestamp"]),
    )  # fmt: skip
