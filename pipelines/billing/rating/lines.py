"""`kwhouse rate`: JSON lines {"id", "cdr", "tariff", "time_zone"} in, one line out for each, in order.

A line out is {"id", "cdr"}: the CDR with its costs as the tariff makes them, in the tariff's version of OCPI; or {"id",
"error"}: why there is no price. A bad line stops nothing. Lines are priced many at a time by the same engine as our own
sessions. Without "tariff" the CDR's own one counts, where it carries one only; `time_zone` is the site's (IANA).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines.billing.rating.rate import rate
from pipelines.billing.rating.sent_cdrs import CdrPeriod, CdrRefused, read_periods
from pipelines.billing.rating.tables import load_tariffs
from pipelines.billing.refusal import TariffRefused
from pipelines.billing.tariffs.model import Tariff, parse_tariff
from pipelines.stages import sql
from warehouse import exact_json
from warehouse.ocpi_prices import TOTALS, Cost, ocpi_version, written

LINES_AT_ONCE = 20_000
_HERE = Path(__file__).parent


class LineRefused(CdrRefused):
    """A line that does not say what to price. `field` is the member, `reason` why."""


@dataclass(frozen=True, slots=True)
class Read:
    """A CDR that can be priced, or `error` why it cannot."""

    line_id: Any
    cdr: dict[str, Any]
    version: str = ""
    tariff_key: str = ""
    tariff: Tariff | None = None
    periods: Sequence[CdrPeriod] = ()
    error: str | None = None


def rate_lines(lines: Iterable[str]) -> Iterator[str]:
    """Price each of `lines` (blank ones are passed over); the lines out are without line ends, in the same order."""
    given = (line for line in lines if line.strip())
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        while batch := list(islice(given, LINES_AT_ONCE)):
            parsed: dict[str, Tariff | TariffRefused] = {}
            read = [_read(line, parsed) for line in batch]
            costs = costs_of(con, read)
            yield from (_answer(one, costs.get(number)) for number, one in enumerate(read))


def _read(line: str, parsed: dict[str, Tariff | TariffRefused]) -> Read:
    try:
        request = exact_json.loads(line)
    except (ValueError, RecursionError) as error:
        return Read(None, {}, error=f"line: cannot be read: {error}")
    if not isinstance(request, dict):
        return Read(None, {}, error="line: must be an object with id, cdr, tariff and time_zone")
    return read_request(request, parsed)


def read_request(request: dict[str, Any], parsed: dict[str, Tariff | TariffRefused]) -> Read:
    """One line's object, read. `parsed` takes the tariffs: many CDRs of one batch have the same."""
    line_id = request.get("id")
    try:
        cdr = request.get("cdr")
        if not isinstance(cdr, dict):
            raise LineRefused("cdr", "must be an OCPI CDR object")
        terms = _terms(request, cdr)
        zone = _zone(request.get("time_zone"))
        key = exact_json.dumps(terms)
        if key not in parsed:
            parsed[key] = _parsed(terms)
        tariff = parsed[key]
        if isinstance(tariff, TariffRefused):
            raise LineRefused(f"tariff.{tariff.field}", tariff.reason)
        return Read(line_id, cdr, ocpi_version(cdr, terms), key, tariff, read_periods(cdr, tariff, zone))
    except (CdrRefused, ValueError, RecursionError, OverflowError) as error:
        reason = str(error) if isinstance(error, CdrRefused) else f"line: cannot be read: {error}"
        return Read(line_id, {}, error=reason)


def _terms(request: dict[str, Any], cdr: dict[str, Any]) -> dict[str, Any]:
    terms = request.get("tariff")
    if terms is None:
        inside = cdr.get("tariffs")
        if not isinstance(inside, list) or len(inside) != 1:
            raise LineRefused("tariff", "is missing, and the CDR does not carry exactly one")
        terms = inside[0]
    if not isinstance(terms, dict):
        raise LineRefused("tariff", "must be an OCPI Tariff object")
    return terms


def _parsed(terms: dict[str, Any]) -> Tariff | TariffRefused:
    try:
        return parse_tariff(terms)
    except TariffRefused as refused:
        return refused


def _zone(name: object) -> ZoneInfo:
    zone = zone_of(name) if isinstance(name, str) else None
    if zone is None:
        raise LineRefused("time_zone", "is missing" if name is None else f"{name!r} is not a zone of the IANA database")
    return zone


@cache
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that name in the IANA database; None: there is none."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


def costs_of(con: duckdb.DuckDBPyConnection, read: Sequence[Read]) -> dict[int, dict[str, Cost]]:
    """Costs by name, of each line's number; none where no element of the tariff matched."""
    rate_cdrs(con, [(n, one.tariff_key, one.tariff, one.periods) for n, one in enumerate(read) if one.tariff])
    found: dict[int, dict[str, Cost]] = {}
    for (number,) in con.execute("SELECT session_no FROM rated_totals WHERE has_element").fetchall():
        found[number] = {"total_cost": Cost(Decimal("0.0000"), Decimal("0.0000"))}
    for number, name, net, gross, taxes in con.execute(sql(_HERE / "rated_costs.sql")).fetchall():
        if number in found:
            rates = tuple((tax["rate"], tax["tax"]) for tax in taxes or ())
            found[number][name] = Cost(net, gross, rates)
    return found


def rate_cdrs(con: duckdb.DuckDBPyConnection, cdrs: Iterable[tuple[int, str, Tariff, Sequence[CdrPeriod]]]) -> None:
    """Price CDRs, each with its number and a key of its tariff: equal keys, equal tariffs. `rate` leaves its tables."""
    numbers: dict[str, int] = {}
    tariffs: list[tuple[str, int, Tariff]] = []
    sessions: list[list[int]] = []
    usage: list[list[object]] = []
    for number, key, tariff, periods in cdrs:
        if key not in numbers:
            numbers[key] = len(tariffs)
            tariffs.append((str(len(tariffs)), 1, tariff))
        sessions.append([number, numbers[key]])
        usage += [[number, no, *map(_plain, astuple(period))] for no, period in enumerate(periods, start=1)]
    load_tariffs(con, tariffs)
    for name, rows in (("sessions_to_rate", sessions), ("usage", usage)):
        query = sql(_HERE / ("lines_usage.sql" if name == "usage" else "lines_sessions.sql"))
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}", {"rows": json.dumps(rows)})
    rate(con)


def _plain(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value  # type: ignore[return-value]


def _answer(read: Read, costs: dict[str, Cost] | None) -> str:
    if read.error is not None:
        return exact_json.dumps({"id": read.line_id, "error": read.error})
    if costs is None:
        reason = "tariff: no element matches anything of the session, and nothing says that it is free"
        return exact_json.dumps({"id": read.line_id, "error": reason})
    cdr = {name: value for name, value in read.cdr.items() if name not in TOTALS}
    cdr |= {name: written(cost, read.version) for name, cost in sorted(costs.items())}
    return exact_json.dumps({"id": read.line_id, "cdr": _trimmed(cdr)})


def _trimmed(cdr: dict[str, Any]) -> dict[str, Any]:
    """Costs as plain numbers: 5.5 for 5.5000."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return Decimal(format(value.normalize(), "f"))
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return {name: plain(value) if name == "total_cost" or name in TOTALS else value for name, value in cdr.items()}
