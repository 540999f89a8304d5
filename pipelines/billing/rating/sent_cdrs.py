"""One OCPI CDR as sent, read into usage; and the CDR with what it costs.

A CDR's periods are priced as they stand: nobody else can cut them further. Volumes are the periods' dimensions (kWh and
hours); restrictions are tested at each period's start, in the site's zone. Where a period gives only one of MIN_ and
MAX_ (or CURRENT, POWER) of what flowed, that value stands for both. A reservation that no charging follows has expired.
Source: OCPI 2.2.1-d2 and 2.3.0, mod_cdrs.asciidoc, "CDR Object", "ChargingPeriod Class", "CdrDimensionType".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.billing.rating.rate import GREATEST_VOLUME
from pipelines.billing.tariffs.model import Tariff
from warehouse.errors import InputError

_VOLUMES = ("ENERGY", "TIME", "PARKING_TIME", "RESERVATION_TIME")
_FLOW = ("MIN_CURRENT", "CURRENT", "MAX_CURRENT", "MIN_POWER", "POWER", "MAX_POWER")
_OTHERS = ("ENERGY_EXPORT", "ENERGY_IMPORT", "STATE_OF_CHARGE")
_DIGITS = 6
_TIME_DECIMALS = 3  # what is given with fewer is rounded no coarser than this
# OCPI rounds volumes to four decimals at least; totals and parts may differ by what each lost.
_TOLERANCE = Decimal("0.001")


class CdrRefused(InputError):
    """A CDR that cannot be priced. `field` is the place within the object, `reason` why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, slots=True)
class CdrPeriod:
    """One charging period as `rate` reads it: volumes and thresholds in Wh and s, power in W, current in A."""

    started_at: datetime
    local_started_at: datetime
    session_seconds: Decimal
    session_energy_wh: Decimal
    energy_wh: Decimal
    charging_seconds: Decimal
    parking_seconds: Decimal
    reservation_seconds: Decimal
    min_power_w: Decimal | None
    max_power_w: Decimal | None
    min_current_a: Decimal | None
    max_current_a: Decimal | None
    reservation: str | None


def read_periods(cdr: Mapping[str, Any], tariff: Tariff, zone: ZoneInfo) -> list[CdrPeriod]:
    """The CDR's periods, in order. Raises `CdrRefused` where readings are missing or contradict each other."""
    currency = cdr.get("currency")
    if currency is not None and currency != tariff.currency:
        raise CdrRefused("cdr.currency", f"is {currency!r}, the tariff's is {tariff.currency}")
    items = cdr.get("charging_periods")
    if not isinstance(items, list) or not items:
        raise CdrRefused("cdr.charging_periods", "must be a list with at least one period")
    starts = [instant(f"cdr.charging_periods[{n}].start_date_time", _member(n, item)) for n, item in enumerate(items)]
    dimensions = [_dimensions(f"cdr.charging_periods[{n}].dimensions", item) for n, item in enumerate(items)]
    _check_order(cdr, starts)
    _check_totals(cdr, tariff, dimensions)
    if len({item["tariff_id"] for item in items if item.get("tariff_id") is not None}) > 1:
        raise CdrRefused("cdr.charging_periods", "name several tariffs, and one is given")
    ends = [*starts[1:], instant("cdr.end_date_time", cdr["end_date_time"]) if cdr.get("end_date_time") else None]
    timed = [_by_the_clock(found, begin, end) for found, begin, end in zip(dimensions, starts, ends, strict=True)]
    return list(_periods(starts, timed, zone))


def _by_the_clock(found: Mapping[str, Decimal], begin: datetime, end: datetime | None) -> Mapping[str, Decimal]:
    """Hours are rounded, 40 minutes to 0.6667, and a step must not take the rounding for one second more: where the
    period's own time is what was rounded, it counts."""
    names = [name for name in _VOLUMES if name.endswith("TIME") and found.get(name)]
    if end is None or len(names) != 1:
        return found
    hours = found[names[0]]
    decimals = max(_TIME_DECIMALS, -int(hours.as_tuple().exponent))
    seconds = Decimal((end - begin) // timedelta(milliseconds=1)) / 1000
    if abs(seconds - hours * 3600) * 2 > Decimal(3600).scaleb(-decimals):
        return found
    return {**found, names[0]: seconds / 3600}


def _periods(
    starts: Sequence[datetime], dimensions: Sequence[Mapping[str, Decimal]], zone: ZoneInfo
) -> Iterator[CdrPeriod]:
    reserved = [_is_reservation(found) for found in dimensions]
    kind = "RESERVATION_EXPIRES" if all(reserved) else "RESERVATION"
    charged_from = next((at for at, only in zip(starts, reserved, strict=True) if not only), starts[0])
    energy = Decimal(0)
    for at, found, only in zip(starts, dimensions, reserved, strict=True):
        since = at - (starts[0] if only else charged_from)
        volume = {name: found.get(name, Decimal(0)) for name in _VOLUMES}
        least_a, greatest_a = _range(found, "CURRENT")
        least_kw, greatest_kw = _range(found, "POWER")
        if not only and volume["RESERVATION_TIME"]:
            # Reserved and charged within one period: the reservation came first.
            yield _period(at, zone, since, Decimal(0), {"RESERVATION_TIME": volume["RESERVATION_TIME"]}, "RESERVATION")
            volume["RESERVATION_TIME"] = Decimal(0)
        yield _period(
            at, zone, since, energy, volume, kind if only else None, (least_kw, greatest_kw, least_a, greatest_a)
        )
        energy += volume["ENERGY"]


def _period(
    at: datetime,
    zone: ZoneInfo,
    since: Any,
    energy_kwh: Decimal,
    volume: Mapping[str, Decimal],
    reservation: str | None,
    flow: tuple[Decimal | None, Decimal | None, Decimal | None, Decimal | None] = (None, None, None, None),
) -> CdrPeriod:
    zero = Decimal(0)
    least_kw, greatest_kw, least_a, greatest_a = flow
    return CdrPeriod(
        started_at=at,
        local_started_at=at.astimezone(zone).replace(tzinfo=None),
        session_seconds=Decimal(since.days * 86_400 + since.seconds) + Decimal(since.microseconds) / 1_000_000,
        session_energy_wh=energy_kwh * 1000,
        energy_wh=volume.get("ENERGY", zero) * 1000,
        charging_seconds=_seconds(volume.get("TIME", zero)),
        parking_seconds=_seconds(volume.get("PARKING_TIME", zero)),
        reservation_seconds=_seconds(volume.get("RESERVATION_TIME", zero)),
        min_power_w=None if least_kw is None else least_kw * 1000,
        max_power_w=None if greatest_kw is None else greatest_kw * 1000,
        min_current_a=least_a,
        max_current_a=greatest_a,
        reservation=reservation,
    )


def _seconds(hours: Decimal) -> Decimal:
    return round(hours * 3600, _DIGITS)


def _is_reservation(found: Mapping[str, Decimal]) -> bool:
    return "RESERVATION_TIME" in found and not any(found.get(name) for name in ("ENERGY", "TIME", "PARKING_TIME"))


def _range(found: Mapping[str, Decimal], what: str) -> tuple[Decimal | None, Decimal | None]:
    known = [found[name] for name in (f"MIN_{what}", what, f"MAX_{what}") if name in found]
    return (min(known), max(known)) if known else (None, None)


def _member(number: int, item: object) -> object:
    if not isinstance(item, dict):
        raise CdrRefused(f"cdr.charging_periods[{number}]", "must be an object")
    return item.get("start_date_time")


def instant(place: str, text: object) -> datetime:
    """A time of an OCPI object. Raises `CdrRefused`."""
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None:
        raise CdrRefused(
            place, "is missing" if text is None else f"must be a time as 2026-03-31T12:00:00Z, not {text!r}"
        )
    # OCPI times without a zone are UTC.
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _dimensions(place: str, item: Mapping[str, Any]) -> dict[str, Decimal]:
    items = item.get("dimensions")
    if not isinstance(items, list) or not items:
        raise CdrRefused(place, "must be a list with at least one dimension")
    found: dict[str, Decimal] = {}
    for number, dimension in enumerate(items):
        at = f"{place}[{number}]"
        name = dimension.get("type") if isinstance(dimension, dict) else None
        if name not in _VOLUMES and name not in _FLOW and name not in _OTHERS:
            raise CdrRefused(f"{at}.type", f"is no dimension of OCPI: {name!r}")
        if name in found:
            raise CdrRefused(f"{at}.type", f"{name} is given twice")
        found[name] = _volume(f"{at}.volume", dimension.get("volume"), name)
    for what in ("CURRENT", "POWER"):
        if f"MIN_{what}" in found and f"MAX_{what}" in found and found[f"MIN_{what}"] > found[f"MAX_{what}"]:
            raise CdrRefused(place, f"MIN_{what} is above MAX_{what}: contradictory readings")
    return found


def _volume(place: str, value: object, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal):
        raise CdrRefused(place, "is missing" if value is None else f"must be a number, not {value!r}")
    greatest = Decimal(GREATEST_VOLUME) / (3600 if name.endswith("TIME") else 1000)
    if not abs(value) <= greatest or (value < 0 and name in _VOLUMES):
        raise CdrRefused(place, f"must be between 0 and {greatest:.0f}, not {value}")
    return value if -int(value.as_tuple().exponent) <= _DIGITS else round(value, _DIGITS)


def _check_order(cdr: Mapping[str, Any], starts: Sequence[datetime]) -> None:
    for number, (before, after) in enumerate(pairwise(starts), start=1):
        if after < before:
            raise CdrRefused(f"cdr.charging_periods[{number}].start_date_time", "is before the period before it")
    begin, end = cdr.get("start_date_time"), cdr.get("end_date_time")
    if end is not None:
        ended_at = instant("cdr.end_date_time", end)
        if begin is not None and ended_at < instant("cdr.start_date_time", begin):
            raise CdrRefused("cdr.end_date_time", "is before start_date_time: contradictory readings")
        if starts[-1] > ended_at:
            raise CdrRefused("cdr.end_date_time", "is before the last period's start: contradictory readings")


def _check_totals(cdr: Mapping[str, Any], tariff: Tariff, dimensions: Sequence[Mapping[str, Decimal]]) -> None:
    priced = {
        component.dimension
        for element in tariff.elements
        if element.restrictions.reservation is None
        for component in element.components
    }
    slack = _TOLERANCE * (len(dimensions) + 1)
    sums = {name: sum(found.get(name, Decimal(0)) for found in dimensions) for name in _VOLUMES}
    given = {name for found in dimensions for name in found}
    pairs = (("ENERGY", "total_energy"), ("PARKING_TIME", "total_parking_time"))
    for name, total in pairs:
        told = cdr.get(total)
        if not isinstance(told, Decimal):
            continue
        if name in given and abs(sums[name] - told) > slack:
            raise CdrRefused(f"cdr.{total}", f"is {told}, the periods' {name} adds up to {sums[name]}: contradictory")
        if name in priced and name not in given and told > slack:
            raise CdrRefused(f"cdr.{total}", f"is {told}, the tariff prices {name} and no period gives it")
    told = cdr.get("total_time")
    if isinstance(told, Decimal):
        timed = Decimal(sums["TIME"] + sums["PARKING_TIME"])
        if timed > told + slack:
            raise CdrRefused("cdr.total_time", f"is {told}, the periods add up to {timed}: contradictory readings")
        if "TIME" in priced and not given & {"TIME", "PARKING_TIME"} and told > slack:
            raise CdrRefused("cdr.total_time", f"is {told}, the tariff prices TIME and no period gives it")
