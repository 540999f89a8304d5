"""Session files that people bring: CSV or Parquet, one charging session a row.

Columns: `site_id, station_id, connector_id, started_at, ended_at, energy_kwh` and, where known, `id_token, session_id,
time_zone`. Times without an offset are in that row's time zone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

from ingest.fleet.session import Session
from ingest.replay.dataset import energy_wh
from warehouse.errors import InputError, Problem

REQUIRED = ("site_id", "station_id", "connector_id", "started_at", "ended_at", "energy_kwh")
OPTIONAL = ("id_token", "session_id", "time_zone")


class _Bad(Exception):
    """One field of one row cannot be used."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def read_session_file(path: Path, ocpp_version: str = "1.6") -> tuple[list[Session], list[Problem]]:
    """The usable sessions of `path`, and what is wrong with the other rows (line and reason).

    In OCPP 1.6 a connector has no EVSE, so its number stands for both; in 2.x it becomes the EVSE with one connector.
    Raises `InputError` where the file itself cannot be read or lacks a column.
    """
    sessions: dict[str, Session] = {}
    problems: list[Problem] = []
    for line, row in _rows(path):
        try:
            session = _session(row, ocpp_version)
            if session.external_session_id in sessions:
                raise _Bad("session_id", f"{session.external_session_id} stands in an earlier line already")
            sessions[session.external_session_id] = session
        except _Bad as bad:
            problems.append(Problem(path.name, line, bad.field, bad.reason))
    return sorted(sessions.values(), key=lambda session: session.order), problems


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    """(line as an editor counts it, or row number in Parquet; the row)."""
    if not path.is_file():
        raise InputError(f"{path} is not a file. Name a CSV or Parquet file of sessions.")
    if path.suffix.lower() == ".parquet":
        yield from _parquet_rows(path)
        return
    with path.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        _require_columns(path, reader.fieldnames or ())
        try:
            for row in reader:
                yield reader.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}:{reader.line_num + 1}: not readable as CSV in UTF-8: {error}") from error


def _parquet_rows(path: Path) -> Iterator[tuple[int, Mapping[str, object]]]:
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error
    _require_columns(path, frame.columns)
    yield from enumerate(frame.iter_rows(named=True), start=1)


def _require_columns(path: Path, names: object) -> None:
    missing = [name for name in REQUIRED if name not in tuple(names)]  # type: ignore[arg-type]
    if missing:
        raise InputError(
            f"{path} lacks the column(s) {', '.join(missing)}. Needed: {', '.join(REQUIRED)}; "
            f"where known: {', '.join(OPTIONAL)}."
        )


def _session(row: Mapping[str, object], ocpp_version: str) -> Session:
    site, station = _text(row, "site_id"), _text(row, "station_id")
    connector = _connector(row)
    begin, end = _instant(row, "started_at"), _instant(row, "ended_at")
    if end <= begin:
        raise _Bad("ended_at", f"{row['ended_at']} is not after started_at {row['started_at']}")
    external = _known(row, "session_id") or f"{station}/{connector}/{begin:%Y-%m-%dT%H:%M:%S}"
    return Session(
        site_id=site,
        station_id=station,
        evse_id=connector,
        connector_id=connector if ocpp_version == "1.6" else 1,
        started_at=begin,
        ended_at=end,
        energy_wh=_energy(row),
        id_token=_known(row, "id_token"),
        external_session_id=external,
    )


def _known(row: Mapping[str, object], field: str) -> str | None:
    value = row.get(field)
    text = "" if value is None else str(value).strip()
    return text or None


def _text(row: Mapping[str, object], field: str) -> str:
    text = _known(row, field)
    if text is None:
        raise _Bad(field, "is empty")
    return text


def _connector(row: Mapping[str, object]) -> int:
    text = _text(row, "connector_id")
    if not (text.isdecimal() and 1 <= int(text) <= 2**31 - 1):
        raise _Bad("connector_id", f"{text} is not a whole number from 1 on")
    return int(text)


def _energy(row: Mapping[str, object]) -> Decimal:
    text = _text(row, "energy_kwh")
    try:
        # the text of a binary number in Parquet is its shortest decimal form, which is what the writer meant
        energy = energy_wh(text)
    except InvalidOperation:
        raise _Bad("energy_kwh", f"{text} is not a decimal number") from None
    if energy.is_nan() or not 0 <= energy < 10**12:
        raise _Bad("energy_kwh", f"{text} is not between 0 and a billion kWh")
    return energy


def _instant(row: Mapping[str, object], field: str) -> datetime:
    value = row.get(field)
    try:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(_text(row, field))
    except ValueError:
        raise _Bad(field, f"{value} is not an ISO 8601 time") from None
    if when.tzinfo is not None:
        return when.astimezone(UTC)
    return _localised(when, _known(row, "time_zone"), field)


def _localised(when: datetime, zone: str | None, field: str) -> datetime:
    if zone is None:
        raise _Bad(field, f"{when} has no UTC offset and the row no time_zone")
    try:
        local = when.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        raise _Bad("time_zone", f"{zone} is not an IANA time zone") from None
    instant = local.astimezone(UTC)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != when:
        raise _Bad(field, f"{when} does not exist in {zone}: the clocks were put forward")
    return instant
