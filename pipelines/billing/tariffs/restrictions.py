"""OCPI TariffRestrictions: when an element of a tariff holds.

Restrictions are tested at the start of a charging period, in the site's local time. All that are given must hold.
Source: OCPI 2.2.1-d2 and 2.3.0, mod_tariffs.asciidoc, "TariffRestrictions class".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from pipelines.billing.refusal import TariffRefused, decimal, one_of, the_object

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
RESERVATIONS = ("RESERVATION", "RESERVATION_EXPIRES")
DAY_SECONDS = 86_400

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_THRESHOLD_DIGITS, _GREATEST_THRESHOLD = 6, Decimal(1_000_000)
_GREATEST_DURATION = Decimal(1_000_000_000)


@dataclass(frozen=True, slots=True)
class Restrictions:
    """What must hold at a period's start; None: nothing is asked. `min_…` is inclusive, `max_…` exclusive.

    `start_second` and `end_second` are seconds of the local day, the end exclusive and 86,400 for 00:00; where the end
    is not after the start the window wraps midnight. `start_date` is inclusive, `end_date` exclusive. `days` are ISO
    weekdays, 1 for Monday; of a window that wraps midnight the weekday is that of the instant. Energy in kWh, current
    in A (sum of the phases), power in kW, durations in s, energy and duration counted from the session's start.
    """

    start_second: int | None = None
    end_second: int | None = None
    start_date: date | None = None
    end_date: date | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: Decimal | None = None
    max_duration: Decimal | None = None
    days: frozenset[int] = frozenset()
    reservation: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the element always holds."""
        return self == Restrictions()

    @property
    def clock_seconds(self) -> frozenset[int]:
        """Seconds of the local day at which the restrictions may begin or cease to hold."""
        times = {second % DAY_SECONDS for second in (self.start_second, self.end_second) if second is not None}
        by_day = self.days or self.start_date or self.end_date
        return frozenset(times | {0}) if by_day else frozenset(times)

    @property
    def kwh_thresholds(self) -> frozenset[Decimal]:
        """Energies from the session's start at which they may begin or cease to hold."""
        return frozenset(kwh for kwh in (self.min_kwh, self.max_kwh) if kwh)

    @property
    def duration_thresholds(self) -> frozenset[Decimal]:
        """Seconds from the session's start at which they may begin or cease to hold."""
        return frozenset(seconds for seconds in (self.min_duration, self.max_duration) if seconds)

    @property
    def asks_flow(self) -> bool:
        """Whether power or current is asked."""
        return any(x is not None for x in (self.min_power, self.max_power, self.min_current, self.max_current))


_NAMES = {field.name for field in fields(Restrictions)} - {"start_second", "end_second", "days"}
KNOWN = _NAMES | {"start_time", "end_time", "day_of_week"}


def parse_restrictions(place: str, value: object) -> Restrictions:
    """Restrictions of one element; none where `value` is None or empty. Raises `TariffRefused`."""
    if value is None:
        return Restrictions()
    given = {name: item for name, item in the_object(place, value, KNOWN).items() if item is not None}

    def threshold(name: str) -> Decimal | None:
        greatest = _GREATEST_DURATION if name.endswith("duration") else _GREATEST_THRESHOLD
        digits = 0 if name.endswith("duration") else _THRESHOLD_DIGITS
        return decimal(f"{place}.{name}", given[name], digits, greatest) if name in given else None

    start, end = _second(place, "start_time", given), _second(place, "end_time", given)
    if start is not None or end is not None:
        start, end = start or 0, end or DAY_SECONDS
    reservation = given.get("reservation")
    return Restrictions(
        start_second=start,
        end_second=end,
        start_date=_date(f"{place}.start_date", given.get("start_date")),
        end_date=_date(f"{place}.end_date", given.get("end_date")),
        min_kwh=threshold("min_kwh"),
        max_kwh=threshold("max_kwh"),
        min_current=threshold("min_current"),
        max_current=threshold("max_current"),
        min_power=threshold("min_power"),
        max_power=threshold("max_power"),
        min_duration=threshold("min_duration"),
        max_duration=threshold("max_duration"),
        days=_days(f"{place}.day_of_week", given.get("day_of_week")),
        reservation=None if reservation is None else one_of(f"{place}.reservation", reservation, RESERVATIONS),
    )


def _second(place: str, name: str, given: dict[str, object]) -> int | None:
    if name not in given:
        return None
    text = given[name]
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise TariffRefused(f"{place}.{name}", f"must be a time as 08:30, from 00:00 to 23:59, not {text!r}")
    return int(found[1]) * 3600 + int(found[2]) * 60


def _date(place: str, text: object) -> date | None:
    if text is None:
        return None
    try:
        if isinstance(text, str) and _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise TariffRefused(place, f"must be a day as 2026-03-31, not {text!r}")


def _days(place: str, value: object) -> frozenset[int]:
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        raise TariffRefused(place, "must be a list of weekdays")
    return frozenset(DAYS.index(one_of(f"{place}[{n}]", day, DAYS)) + 1 for n, day in enumerate(value))
