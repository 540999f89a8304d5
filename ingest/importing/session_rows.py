"""One row of a session file, checked: what `kwhouse import sessions` and `kwhouse replay` understand by a session.

Columns: `site_id, station_id, connector_id, started_at, ended_at, energy_kwh` and, where known, `id_token, session_id,
time_zone, charging_seconds, max_power_w`. Times without an offset are in the row's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Final
from zoneinfo import ZoneInfo

from warehouse.errors import InputError

REQUIRED: Final = ("site_id", "station_id", "connector_id", "started_at", "ended_at", "energy_kwh")
OPTIONAL: Final = ("id_token", "session_id", "time_zone", "charging_seconds", "max_power_w")
LEAST: Final = ("station_id", "started_at", "ended_at")
"""What a map must name at least; the rest is unknown then."""

_MICRO: Final = Decimal("0.000001")
_CLOCK: Final = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")


class BadRow(Exception):
    """One field of one row cannot be used."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as a file tells it. None: the file does not tell."""

    station_id: str
    started_at: datetime
    ended_at: datetime
    session_id: str | None
    site_id: str | None
    connector_id: int | None
    energy_wh: Decimal | None
    id_token: str | None
    charging_seconds: int | None
    max_power_w: Decimal | None
    time_zone: str | None

    @property
    def place_and_start(self) -> str:
        """An id for sessions that have none."""
        connector = "-" if self.connector_id is None else self.connector_id
        return f"{self.station_id}/{connector}/{self.started_at:%Y-%m-%dT%H:%M:%S}"


def require_columns(name: str, found: Iterable[str], required: Iterable[str] = REQUIRED) -> None:
    """Raise `InputError` where a column is missing."""
    missing = [column for column in required if column not in set(found)]
    if missing:
        raise InputError(
            f"{name} lacks the column(s) {', '.join(missing)}. Needed: {', '.join(REQUIRED)}; where known: "
            f"{', '.join(OPTIONAL)}. If the file calls them otherwise, `kwhouse import sessions --map FILE` says how."
        )


def read_row(row: Mapping[str, object]) -> SessionRow:
    """The session of `row`, which has our columns. Raises `BadRow`."""
    site = _text(row, "site_id") if "site_id" in row else None
    station = _text(row, "station_id")
    connector = _connector(row) if "connector_id" in row else None
    zone = _zone(row)
    begin = _instant(row, "started_at", zone)
    end = _instant(row, "ended_at", zone)
    if end <= begin:
        end = _instant(row, "ended_at", zone, fold=1)  # the hour that the clocks repeat, the second time
    if end <= begin:
        raise BadRow("ended_at", f"{row['ended_at']} is not after started_at {row['started_at']}")
    return SessionRow(
        station_id=station,
        started_at=begin,
        ended_at=end,
        session_id=known(row, "session_id"),
        site_id=site,
        connector_id=connector,
        energy_wh=_energy(row) if "energy_kwh" in row else None,
        id_token=known(row, "id_token"),
        charging_seconds=_seconds(row, "charging_seconds"),
        max_power_w=_power(row, "max_power_w"),
        time_zone=zone.key if zone else None,
    )


def known(row: Mapping[str, object], field: str) -> str | None:
    """The text of a field without blanks around it; None where it is empty or missing."""
    value = row.get(field)
    text = "" if value is None else str(value).strip()
    return text or None


def energy_wh(kwh_text: str) -> Decimal:
    """Decimal text in kWh as Wh with six decimals, half to even. Raises `decimal.InvalidOperation`."""
    return Decimal(kwh_text).scaleb(3).quantize(_MICRO, ROUND_HALF_EVEN)


def _text(row: Mapping[str, object], field: str) -> str:
    text = known(row, field)
    if text is None:
        raise BadRow(field, "is empty")
    return text


def _connector(row: Mapping[str, object]) -> int:
    text = _text(row, "connector_id")
    if not (text.isdecimal() and len(text) <= 10 and 1 <= int(text) <= 2**31 - 1):
        raise BadRow("connector_id", f"{text} is not a whole number from 1 on")
    return int(text)


def _energy(row: Mapping[str, object]) -> Decimal:
    text = _text(row, "energy_kwh")
    try:
        # the text of a binary number in Parquet is its shortest decimal form, which is what the writer meant
        energy = energy_wh(text)
    except InvalidOperation:
        raise BadRow("energy_kwh", f"{text} is not a decimal number") from None
    if energy.is_nan() or not 0 <= energy < 10**12:
        raise BadRow("energy_kwh", f"{text} is not between 0 and a billion kWh")
    return energy


def _seconds(row: Mapping[str, object], field: str) -> int | None:
    text = known(row, field)
    if text is None:
        return None
    if text.isdecimal() and len(text) <= 9:
        return int(text)
    if (clock := _CLOCK.fullmatch(text)) is not None:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    raise BadRow(field, f"{text} is neither whole seconds nor hours:minutes:seconds")


def _power(row: Mapping[str, object], field: str) -> Decimal | None:
    text = known(row, field)
    if text is None:
        return None
    try:
        power = Decimal(text).quantize(Decimal("0.001"))
    except InvalidOperation:
        raise BadRow(field, f"{text} is not a decimal number") from None
    if power.is_nan() or not 0 <= power < 10**12:
        raise BadRow(field, f"{text} is not between 0 and a terawatt")
    return power


def _zone(row: Mapping[str, object]) -> ZoneInfo | None:
    name = known(row, "time_zone")
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        raise BadRow("time_zone", f"{name} is not an IANA time zone") from None


def _instant(row: Mapping[str, object], field: str, zone: ZoneInfo | None, fold: int = 0) -> datetime:
    value = row.get(field)
    try:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(_text(row, field))
    except ValueError:
        raise BadRow(field, f"{value} is not an ISO 8601 time") from None
    try:
        if when.tzinfo is not None:
            return when.astimezone(UTC)
        return _localised(when, zone, field, fold)
    except OverflowError:
        raise BadRow(field, f"{value} is out of range") from None


def _localised(when: datetime, zone: ZoneInfo | None, field: str, fold: int) -> datetime:
    if zone is None:
        raise BadRow(field, f"{when} has no UTC offset and the row no time_zone")
    instant = when.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) != when.replace(fold=0):
        raise BadRow(field, f"{when} does not exist in {zone.key}: the clocks were put forward")
    return instant
