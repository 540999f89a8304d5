"""Why an element does not hold at the start of a period, in words. The rule is that of `rated_choices.sql`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pipelines.billing.checking.words import clock, plain, span_of_time, weekdays
from pipelines.billing.tariffs.restrictions import Restrictions

Row = Mapping[str, Any]


def reasons_against(asked: Restrictions, period: Row, local: datetime) -> tuple[str, ...]:
    """What of `asked` does not hold in a row of `usage` that starts at `local`; none where the element holds."""
    return tuple(
        reason
        for found in (
            _reservation(asked, period),
            _calendar(asked, local),
            _counted(asked, period),
            _flow(asked, period),
        )
        for reason in found
    )


def _reservation(asked: Restrictions, period: Row) -> Iterator[str]:
    now = period["reservation"]
    if now is None and asked.reservation is not None:
        yield "it is for reservations"
    elif now is not None and asked.reservation is None:
        yield "it is not for reservations"
    elif now == "RESERVATION" and asked.reservation == "RESERVATION_EXPIRES":
        yield "the reservation did not expire"


def _calendar(asked: Restrictions, local: datetime) -> Iterator[str]:
    start, end = asked.start_second, asked.end_second
    if start is not None and end is not None:
        second = local.hour * 3600 + local.minute * 60 + local.second
        holds = start <= second < end if start < end else second >= start or second < end
        if not holds:
            yield f"{local:%H:%M:%S} is not within {clock(start)}–{clock(end)}"
    if asked.days and local.isoweekday() not in asked.days:
        yield f"{weekdays([local.isoweekday()])} is not {weekdays(asked.days)}"
    day = local.date()
    if asked.start_date is not None and day < asked.start_date:
        yield f"{day} is before {asked.start_date}"
    if asked.end_date is not None and day >= asked.end_date:
        yield f"{day} is not before {asked.end_date}"


def _counted(asked: Restrictions, period: Row) -> Iterator[str]:
    wh, seconds = period["session_energy_wh"], period["session_seconds"]
    if asked.min_kwh is not None and wh < asked.min_kwh * 1000:
        yield f"{plain(wh / 1000)} kWh so far are below {plain(asked.min_kwh)} kWh"
    if asked.max_kwh is not None and wh >= asked.max_kwh * 1000:
        yield f"{plain(wh / 1000)} kWh so far are not below {plain(asked.max_kwh)} kWh"
    if asked.min_duration is not None and seconds < asked.min_duration:
        yield f"{span_of_time(seconds)} since the start are below {span_of_time(asked.min_duration)}"
    if asked.max_duration is not None and seconds >= asked.max_duration:
        yield f"{span_of_time(seconds)} since the start are not below {span_of_time(asked.max_duration)}"


def _flow(asked: Restrictions, period: Row) -> Iterator[str]:
    flows = (
        ("power", period["min_power_w"], period["max_power_w"], 1000, asked.min_power, asked.max_power, "kW"),
        ("current", period["min_current_a"], period["max_current_a"], 1, asked.min_current, asked.max_current, "A"),
    )
    for name, low, high, factor, least, most, unit in flows:
        yield from _within(name, low, high, Decimal(factor), least, most, unit)


def _within(
    name: str,
    low: Decimal | None,
    high: Decimal | None,
    factor: Decimal,
    least: Decimal | None,
    most: Decimal | None,
    unit: str,
) -> Iterator[str]:
    if (least is not None and low is None) or (most is not None and high is None):
        yield f"the {name} is not known"
        return
    if least is not None and low is not None and low < least * factor:
        yield f"{name} {plain(low / factor)} {unit} is below {plain(least)} {unit}"
    if most is not None and high is not None and high >= most * factor:
        yield f"{name} {plain(high / factor)} {unit} is not below {plain(most)} {unit}"
