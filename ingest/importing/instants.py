"""Times as files and logs write them, to microseconds since 1970 (UTC). No date is ever guessed at.

Day and month are only read where they cannot be mixed up: the year first, or the month as a word.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from warehouse.errors import InputError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MONTHS: Final = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
)}  # fmt: skip

_ZONE = r"(?:\s?(?P<zone>(?:Z|UTC|GMT)(?!\w)|[+-]\d\d:?\d\d(?!\d)))?"
IN_TEXT: Final = re.compile(
    r"(?<!\d)(?:(?P<y>\d{4})[-/](?P<m>\d\d)[-/](?P<d>\d\d)[Tt\s]\s?"
    r"|(?P<d2>\d\d)[/-](?P<month>[A-Z][a-z]{2})[/-](?P<y2>\d{4})[:T\s])"
    rf"(?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{{1,9}}))?{_ZONE}"
)


class NaiveTime(Exception):
    """A time has no UTC offset and no zone is given for such."""


class NoTime(Exception):
    """No time stands there."""


def microseconds(when: datetime) -> int:
    """Microseconds since 1970 of an aware datetime, exact."""
    return (when - _EPOCH) // _MICROSECOND


def zone_of(name: str) -> ZoneInfo:
    """The IANA zone. Raises `InputError` where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InputError(f"{name} is not an IANA time zone; write it as Europe/Berlin or UTC.") from None


def instant(text: str, zone: ZoneInfo | None, fold: int = 0) -> int:
    """A time that stands alone, ISO 8601; `fold` 1: the second of two, where clocks are put back.

    Raises `NoTime`, or `NaiveTime` where `zone` is needed and missing.
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return found_instant(text, zone, fold)
    if when.tzinfo is None:
        if zone is None:
            raise NaiveTime
        when = when.replace(tzinfo=zone, fold=fold)
    return _bounded(when)


def found_instant(text: str, zone: ZoneInfo | None, fold: int = 0) -> int:
    """The first time within `text` that has an offset, else the first one. Raises as `instant`."""
    first: datetime | None = None
    for match in IN_TEXT.finditer(text):
        when = _datetime(match)
        if when is None:
            continue
        if when.tzinfo is not None:
            return _bounded(when)
        first = first or when
    if first is None:
        raise NoTime
    if zone is None:
        raise NaiveTime
    return _bounded(first.replace(tzinfo=zone, fold=fold))


def _datetime(match: re.Match[str]) -> datetime | None:
    month = match["m"] or _MONTHS.get((match["month"] or "").lower())
    if month is None:
        return None
    fraction = (match["fraction"] or "").ljust(6, "0")[:6]
    zone = (match["zone"] or "").replace("UTC", "Z").replace("GMT", "Z")
    iso = f"{match['y'] or match['y2']}-{int(month):02d}-{match['d'] or match['d2']}T{match['clock']}.{fraction}{zone}"
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        return None


def _bounded(when: datetime) -> int:
    try:
        return microseconds(when)
    except OverflowError:  # the first or last day there is, in a zone that has another day
        raise NoTime from None
