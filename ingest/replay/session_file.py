"""Session files that people bring, for a replay: CSV or Parquet, one charging session a row.

What a row is, is in `ingest.importing.session_rows`.
"""

from __future__ import annotations

from pathlib import Path

from ingest.fleet.session import Session
from ingest.importing.session_rows import BadRow, SessionRow, read_row, require_columns
from ingest.importing.session_table import open_table
from ingest.importing.source import find_sources
from warehouse.errors import Problem


def read_session_file(path: Path, ocpp_version: str = "1.6") -> tuple[list[Session], list[Problem]]:
    """The usable sessions of `path`, and what is wrong with the other rows (line and reason).

    In OCPP 1.6 a connector has no EVSE, so its number stands for both; in 2.x it becomes the EVSE with one connector.
    Raises `InputError` where the file itself cannot be read or lacks a column.
    """
    sessions: dict[str, Session] = {}
    problems: list[Problem] = []
    (source,) = find_sources([str(path)])
    table = open_table(source)
    require_columns(str(path), table.columns)
    for line, row in table.rows:
        try:
            session = _session(read_row(row), ocpp_version)
            if session.external_session_id in sessions:
                raise BadRow("session_id", f"{session.external_session_id} stands in an earlier line already")
            sessions[session.external_session_id] = session
        except BadRow as bad:
            problems.append(Problem(path.name, line, bad.field, bad.reason))
    return sorted(sessions.values(), key=lambda session: session.order), problems


def _session(row: SessionRow, ocpp_version: str) -> Session:
    # Required columns, so that they are told in every row.
    assert row.site_id is not None and row.connector_id is not None and row.energy_wh is not None  # noqa: S101, PT018
    return Session(
        site_id=row.site_id,
        station_id=row.station_id,
        evse_id=row.connector_id,
        connector_id=row.connector_id if ocpp_version == "1.6" else 1,
        started_at=row.started_at,
        ended_at=row.ended_at,
        energy_wh=row.energy_wh,
        id_token=row.id_token,
        external_session_id=row.session_id or row.place_and_start,
    )
