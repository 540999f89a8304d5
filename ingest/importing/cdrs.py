"""`kwhouse import cdrs`: OCPI 2.2.1 and 2.3.0 charge detail records into `raw.session_records`.

A credit CDR takes an earlier one back. Both are kept; the credit bears the id of the one it takes back, so that the
sessions are made of neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.importing.cdr_documents import Document, documents
from ingest.importing.chunks import ROWS_A_FILE
from ingest.importing.instants import NoTime, instant, microseconds
from ingest.importing.job import Job, import_id, silent
from ingest.importing.report import ImportReport
from ingest.importing.session_rows import BadRow
from ingest.importing.source import PARQUET_MARK, Source, Unreadable
from ingest.progress import Progress, Words
from warehouse.contract.raw import SESSION_RECORDS
from warehouse.settings import Settings

WORDS: Final = Words("import", "CDRs", "beginning")
_UTC: Final = ZoneInfo("UTC")
_PROGRESS_DOCUMENTS: Final = 5_000
_MOST: Final = Decimal(10) ** 12
_MISSING: Final = "is missing"


def import_cdrs(
    settings: Settings, files: Sequence[str], *, progress: Progress = silent, rows_a_file: int = ROWS_A_FILE
) -> ImportReport:
    """Land the CDRs of `files`. Raises `InputError` where a file is not there."""
    job = Job(settings, "CDRs", progress, rows_a_file)
    return job.run(files, partial(_import_one, job))


def _import_one(job: Job, source: Source) -> None:
    if source.mark().startswith(PARQUET_MARK):
        raise Unreadable(source.name, "is Parquet; CDRs come as JSON")
    content = job.examine(source)
    count = sum(1 for _ in documents(source))
    received_at = microseconds(datetime.now(UTC))
    with job.chunks(source, import_id(content, []), count, (SESSION_RECORDS,)) as chunks:
        if chunks is None:
            return
        for number, document in enumerate(documents(source), start=1):
            place = f"{source.name}:{number}"
            try:
                row = cdr_row(document, place, received_at)
            except BadRow as bad:
                job.report.refuse(f"{bad.field} {bad.reason}", place, document.text)
                continue
            chunks.add(SESSION_RECORDS, (number, *row), len(document.text))
            job.report.count(row[0])
            if number % _PROGRESS_DOCUMENTS == 0:
                job.progress(number, count)
        job.progress(count, count)


def cdr_row(document: Document, place: str, received_at: int) -> tuple[Any, ...]:
    """The row of `raw.session_records` after collector_id and seq. Raises `BadRow`.

    `received_at` (microseconds since 1970) is for CDRs without last_updated.
    """
    if document.defect is not None:
        raise BadRow("the document", document.defect)
    cdr = document.value
    if not isinstance(cdr, dict):
        raise BadRow("the document", "is not a JSON object")
    location = cdr.get("cdr_location")
    if not isinstance(location, dict):
        raise BadRow("cdr_location", f"{_MISSING}: OCPI 2.2.1 and 2.3.0 have it")
    token = cdr.get("cdr_token")
    begin, end = _time(cdr, "start_date_time"), _time(cdr, "end_date_time")
    if end < begin:
        raise BadRow("end_date_time", "is before start_date_time")
    credit = cdr.get("credit") is True
    connector = _connector(location)
    # An EVSE charges one car at a time, as a connector of OCPP 1.6 does: it is the station, its connector the number.
    station = _optional_text(location, "evse_uid") or _text(location, "evse_id")
    if cdr.get("last_updated") is not None:  # so that a credit is newer than what it takes back, whichever came first
        received_at = _time(cdr, "last_updated")
    return (
        station, received_at, "ocpi_credit" if credit else "ocpi_cdr", _id(cdr, credit), connector, connector,
        _optional_text(location, "id"), _optional_text(token, "uid") if isinstance(token, dict) else None, begin, end,
        _energy(cdr, credit), _charging_seconds(cdr), _max_power_w(cdr), place, document.text,
    )  # fmt: skip


def _id(cdr: dict[str, Any], credit: bool) -> str:
    own = _text(cdr, "id")
    if credit:
        own = _text(cdr, "credit_reference_id")
    return "*".join((_text(cdr, "country_code").upper(), _text(cdr, "party_id").upper(), own))


def _energy(cdr: dict[str, Any], credit: bool) -> Decimal:
    """kWh to Wh, exactly; a credit may tell it below zero."""
    energy = _decimal(cdr, "total_energy")
    if energy is None:
        raise BadRow("total_energy", _MISSING)
    if not (-_MOST if credit else 0) <= energy < _MOST:
        raise BadRow("total_energy", "is not between 0 and a billion kWh")
    return energy.scaleb(3).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def _charging_seconds(cdr: dict[str, Any]) -> int | None:
    """total_time less total_parking_time, both in hours; no parking time told is none."""
    total = _decimal(cdr, "total_time")
    if total is None:
        return None
    seconds = (total - (_decimal(cdr, "total_parking_time") or Decimal(0))) * 3600
    return int(seconds.to_integral_value()) if 0 <= seconds < _MOST else None


def _max_power_w(cdr: dict[str, Any]) -> Decimal | None:
    """The greatest MAX_POWER (kW) of all charging periods."""
    periods = cdr.get("charging_periods")
    powers = [
        dimension["volume"] * 1000
        for period in (periods if isinstance(periods, list) else ())
        for dimension in _dimensions(period)
        if dimension.get("type") == "MAX_POWER" and isinstance(dimension.get("volume"), Decimal)
    ]
    greatest = max(powers, default=None)
    return greatest.quantize(Decimal("0.001")) if greatest is not None and 0 <= greatest < _MOST else None


def _dimensions(period: object) -> list[dict[str, Any]]:
    found = period.get("dimensions") if isinstance(period, dict) else None
    return [dimension for dimension in found if isinstance(dimension, dict)] if isinstance(found, list) else []


def _connector(location: dict[str, Any]) -> int | None:
    """OCPI's connector id is a text; only a whole number is a connector's number to us."""
    text = str(location.get("connector_id", ""))
    return int(text) if _is_whole(text) else None


def _is_whole(text: str) -> bool:
    return text.isdecimal() and len(text) <= 9 and int(text) >= 1


def _time(cdr: dict[str, Any], field: str) -> int:
    try:
        return instant(_text(cdr, field), _UTC)  # OCPI part "types": times without offset are UTC
    except NoTime:
        raise BadRow(field, "is not an RFC 3339 time") from None


def _text(where: dict[str, Any], field: str) -> str:
    text = _optional_text(where, field)
    if text is None:
        raise BadRow(field, _MISSING)
    return text


def _optional_text(where: dict[str, Any], field: str) -> str | None:
    value = where.get(field)
    text = str(value).strip() if isinstance(value, (str, Decimal)) else ""
    return text.encode("utf-8", "replace").decode() or None


def _decimal(cdr: dict[str, Any], field: str) -> Decimal | None:
    value = cdr.get(field)
    if value is None or isinstance(value, Decimal):
        return value
    raise BadRow(field, "is not a number")
