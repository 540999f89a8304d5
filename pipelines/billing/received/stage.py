"""Stage `received_cdrs`: CDRs that were imported, each priced by the tariff that it carries, and compared.

A CDR never changes (OCPI, mod_cdrs.asciidoc, "Flow and Lifecycle"): of several that say something else under one
identity the oldest counts and the others are refused. The same one again is one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

from pipelines.billing.rating.lines import Read, costs_of, read_request, zone_of
from pipelines.billing.received.comparison import Comparison, compare
from pipelines.billing.registry import load_registry
from pipelines.billing.tariffs.model import Tariff, TariffRefused
from pipelines.stages import Replacement, Stage, sql, temp_table
from warehouse import exact_json
from warehouse.contract import billing, ops, raw
from warehouse.contract.ddl import stored_type
from warehouse.contract.schemas import polars_schema
from warehouse.ocpi_prices import Cost
from warehouse.store import Lake
from warehouse.store.changes import Window

_HERE = Path(__file__).parent
# Identities whose documents are in Python's memory at one time.
AT_ONCE = 20_000
_COLUMNS = (
    "identity, is_credit, credit_reference_id, station_id, site_id, time_zone, started_at, ended_at, energy_wh, "
    "source, document"
)


@dataclass(frozen=True, slots=True)
class Record:
    """A received CDR with its place; `time_zone` None: not known. Energy in Wh."""

    identity: str
    is_credit: bool
    credit_reference_id: str | None
    station_id: str
    site_id: str | None
    time_zone: str | None
    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal | None
    source: str
    document: str


def compute(lake: Lake, _window: Window) -> Sequence[Replacement]:
    """Price and compare the touched identities into `made_received_cdrs` and `made_received_faults`."""
    load_registry(lake, "stations", "sites")
    temp_table(lake, "received_records", sql(_HERE / "records.sql"), {"at_once": AT_ONCE})
    batches = lake.con.execute("SELECT DISTINCT batch_no FROM received_records ORDER BY 1").fetchall()
    if not batches:
        return []
    columns = ", ".join(f"{column.name} {stored_type(column)}" for column in billing.RECEIVED_CDRS.columns)
    lake.con.execute(f"CREATE OR REPLACE TEMP TABLE made_received_cdrs ({columns})")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for (batch_no,) in batches:
            rows = lake.con.execute(
                f"SELECT {_COLUMNS} FROM received_records WHERE batch_no = $batch_no "  # noqa: S608 (names from above)
                "ORDER BY identity, received_at, collector_id, seq",
                {"batch_no": batch_no},
            ).fetchall()
            _append(lake, list(compared(con, [Record(*row) for row in rows])))
    temp_table(lake, "made_received_faults", sql(_HERE / "work_list.sql"))
    touched = "IN (SELECT identity FROM received_records)"
    of_faults = f"kind = 'received_cdr' AND (evidence ->> '$.cdr') {touched}"
    return (
        Replacement(billing.RECEIVED_CDRS, "made_received_cdrs", f"received_cdr_id {touched}"),
        Replacement(ops.FAULTS, "made_received_faults", of_faults, owned="kind = 'received_cdr'"),
    )


def compared(con: duckdb.DuckDBPyConnection, records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """Rows of `billing.received_cdrs` of records in the order of identity and age; `con` takes temporary tables."""
    versions: list[tuple[int, Record, dict[str, Any]]] = []
    for _, group in groupby(records, key=lambda record: record.identity):
        seen: dict[str, int] = {}
        for record in group:
            cdr = _document(record.document)
            content = _content(cdr)
            if content not in seen:
                seen[content] = len(seen) + 1
                versions.append((seen[content], record, cdr))
    first = [(record, cdr) for version_no, record, cdr in versions if version_no == 1]
    prices = iter(_priced(con, first))
    standing = ""
    for version_no, record, cdr in versions:
        if version_no == 1:
            standing = record.source
            comparison = compare(cdr, next(prices), is_credit=record.is_credit)
        else:
            comparison = _refused(cdr, standing)
        yield _row(record, version_no, cdr, comparison)


def _document(text: str) -> dict[str, Any]:
    try:
        found = exact_json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _content(cdr: dict[str, Any]) -> str:
    """What a CDR says, however it is written; when it was last sent does not count."""
    said = {name: value for name, value in cdr.items() if name != "last_updated"}
    return hashlib.sha256(exact_json.dumps(_ordered(said)).encode("utf-8", "surrogatepass")).hexdigest()


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    return value.normalize() if isinstance(value, Decimal) else value


def _priced(con: duckdb.DuckDBPyConnection, cdrs: Sequence[tuple[Record, dict[str, Any]]]) -> list[Cost | str]:
    parsed: dict[str, Tariff | TariffRefused] = {}
    read = [_read(record, cdr, parsed) for record, cdr in cdrs]
    costs = costs_of(con, read)
    nothing = "tariff: no element matches anything of the session, and nothing says that it is free"
    return [
        one.error or (costs[number]["total_cost"] if number in costs else nothing) for number, one in enumerate(read)
    ]


def _read(record: Record, cdr: dict[str, Any], parsed: dict[str, Tariff | TariffRefused]) -> Read:
    zone = zone_of(record.time_zone) if record.time_zone else None
    read = read_request({"cdr": cdr, "time_zone": str(zone or "UTC")}, parsed)
    asks_clock = read.tariff is not None and any(one.restrictions.clock_seconds for one in read.tariff.elements)
    if zone is None and asks_clock:
        reason = f"time_zone: the tariff asks for times of day, and station {record.station_id} has no registered site"
        return Read(None, {}, error=reason)
    return read


def _refused(cdr: dict[str, Any], standing: str) -> Comparison:
    reason = f"Another CDR with this identity stands, from {standing}, and a CDR never changes."
    told = compare(cdr, reason)
    return Comparison("refused", reason, told.sent, told.priced)


def _row(record: Record, version_no: int, cdr: dict[str, Any], found: Comparison) -> dict[str, Any]:
    zone = (zone_of(record.time_zone) if record.time_zone else None) or ZoneInfo("UTC")
    currency = cdr.get("currency")
    return {
        "received_cdr_id": record.identity,
        "version_no": version_no,
        "kind": "credit" if record.is_credit else "cdr",
        "credit_reference_id": record.credit_reference_id,
        "station_id": record.station_id,
        "site_id": record.site_id,
        "started_at": record.started_at.astimezone(UTC),
        "ended_at": record.ended_at.astimezone(UTC),
        "local_date": record.started_at.astimezone(zone).date(),
        "currency": currency if isinstance(currency, str) else None,
        "energy_wh": None if record.energy_wh is None else abs(record.energy_wh),
        "sent_excl_vat": found.sent.net,
        "sent_incl_vat": found.sent.gross,
        "priced_excl_vat": found.priced.net,
        "priced_incl_vat": found.priced.gross,
        "difference_excl_vat": found.difference.net,
        "difference_incl_vat": found.difference.gross,
        "verdict": found.verdict,
        "reason": found.reason,
        "source": record.source,
    }


def _append(lake: Lake, rows: Sequence[dict[str, Any]]) -> None:
    lake.con.register("compared_rows", pl.DataFrame(rows, schema=polars_schema(billing.RECEIVED_CDRS)))
    lake.con.execute("INSERT INTO made_received_cdrs BY NAME FROM compared_rows")
    lake.con.unregister("compared_rows")


STAGE = Stage(
    "received_cdrs",
    (raw.SESSION_RECORDS, ops.REGISTRY_HISTORY),
    (billing.RECEIVED_CDRS, ops.FAULTS),
    compute,
)
