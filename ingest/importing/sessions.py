"""`kwhouse import sessions`: history from another system, row by row into `raw.session_records`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from ingest.importing.chunks import ROWS_A_FILE, Chunks
from ingest.importing.instants import microseconds, zone_of
from ingest.importing.job import Job, import_id, silent
from ingest.importing.report import ImportReport
from ingest.importing.session_map import SessionMap, read_map
from ingest.importing.session_rows import BadRow, SessionRow, read_row, require_columns
from ingest.importing.session_table import SessionTable, open_table
from ingest.importing.source import Source, Unreadable
from ingest.importing.starting_registry import Seen, write_starting_registry
from ingest.progress import Progress, Words
from warehouse.contract.raw import SESSION_RECORDS
from warehouse.errors import InputError
from warehouse.settings import Settings

WORDS: Final = Words("import", "rows", "beginning")
_PROGRESS_ROWS: Final = 5_000


def import_sessions(
    settings: Settings,
    files: Sequence[str],
    map_file: Path | None = None,
    time_zone: str | None = None,
    *,
    registry_folder: Path | None = None,
    progress: Progress = silent,
    rows_a_file: int = ROWS_A_FILE,
) -> ImportReport:
    """Land the sessions of `files` (CSV or Parquet). `time_zone` holds for rows that name none.

    `registry_folder`: where to write registry files of the stations that are not registered. Raises `InputError`
    where a file is not there or the map cannot be used.
    """
    session_map = read_map(map_file) if map_file else SessionMap()
    if time_zone:
        zone_of(time_zone)
    seen = Seen() if registry_folder else None
    job = Job(settings, "sessions", progress, rows_a_file)
    report = job.run(files, partial(_import_one, job, session_map, time_zone, seen))
    if registry_folder and seen and write_starting_registry(settings, registry_folder, seen):
        report.starting_registry = str(registry_folder)
    return report


def _import_one(job: Job, session_map: SessionMap, time_zone: str | None, seen: Seen | None, source: Source) -> None:
    content = job.examine(source)
    table = open_table(source, session_map.encoding)
    try:
        if session_map.entries:
            session_map.require_columns(source.name, table.columns)
        else:
            require_columns(source.name, table.columns)
    except InputError as error:
        raise Unreadable(source.name, str(error).removeprefix(f"{source.name} ")) from None
    numbers = content.lines if table.count is None else table.count
    identity = import_id(content, [session_map.text, time_zone])
    with job.chunks(source, identity, numbers, (SESSION_RECORDS,)) as chunks:
        if chunks is not None:
            _take_rows(job, source.name, session_map, time_zone, table, chunks, numbers)
    if seen is not None:
        for row in _usable(open_table(source, session_map.encoding), session_map, time_zone):
            seen.note(row)


def _take_rows(
    job: Job,
    name: str,
    session_map: SessionMap,
    time_zone: str | None,
    table: SessionTable,
    chunks: Chunks,
    numbers: int,
) -> None:
    received_at = microseconds(datetime.now(UTC))
    taken: set[str] = set()
    for number, theirs in table.rows:
        try:
            row = _read(theirs, session_map, time_zone)
            # With the end: exports that know no connectors have two sessions of a station in one minute.
            session_id = row.session_id or f"{row.place_and_start}/{row.ended_at:%Y-%m-%dT%H:%M:%S}"
            if session_id in taken:
                raise BadRow("session_id", f"{session_id} stands in an earlier line already")
        except BadRow as bad:
            job.report.refuse(_kind(bad), f"{name}:{number}", bad.reason)
            continue
        taken.add(session_id)
        document = json.dumps(theirs, default=str, ensure_ascii=False)
        chunks.add(
            SESSION_RECORDS,
            (
                number, row.station_id, received_at, "session", session_id, row.connector_id,
                row.connector_id, row.site_id, row.id_token, microseconds(row.started_at), microseconds(row.ended_at),
                row.energy_wh, row.charging_seconds, row.max_power_w, f"{name}:{number}", document,
            ),
            len(document),
        )  # fmt: skip
        job.report.count(row.station_id)
        if number % _PROGRESS_ROWS == 0:
            job.progress(number, numbers)
    job.progress(numbers, numbers)


def _usable(table: SessionTable, session_map: SessionMap, time_zone: str | None) -> Iterator[SessionRow]:
    for _, theirs in table.rows:
        try:
            yield _read(theirs, session_map, time_zone)
        except BadRow:
            continue


def _read(theirs: Mapping[str, Any], session_map: SessionMap, time_zone: str | None) -> SessionRow:
    if "" in theirs:
        raise BadRow("line", "has more fields than there are columns")
    ours = session_map.ours(theirs)
    if time_zone and not ours.get("time_zone"):
        ours = {**ours, "time_zone": time_zone}
    return read_row(ours)


def _kind(bad: BadRow) -> str:
    """The reason in general, for counting: the row's own values stand in the example."""
    return f"{bad.field} cannot be used"
