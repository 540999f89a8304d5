"""OCPI's rules with fractions, one session at a time: what the engine must give. Written apart from it, and plainly.

`cut_session` walks through a session minute by minute; `price` prices periods. Neither knows the engine's tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.billing.tariffs.model import Component, Tariff
from pipelines.billing.tariffs.restrictions import Restrictions
from tests.cut import Session
from tests.rated import Period

UNITS = {"ENERGY": 1000, "TIME": 3600, "PARKING_TIME": 3600, "FLAT": 1}
ORDER = ("ENERGY", "TIME", "PARKING_TIME", "FLAT", "RESERVATION_TIME", "RESERVATION_FLAT")


@dataclass(frozen=True)
class Piece:
    """A period with what is known at its begin: local time, seconds and Wh since the session's start."""

    at: datetime
    seconds: Fraction
    wh: Fraction
    period: Period


@dataclass(frozen=True)
class Price:
    """Exact amounts: lines (dimension, element, amount as the tariff has it), net and gross or None."""

    lines: list[tuple[str, int, Fraction]]
    net: Fraction | None
    gross: Fraction | None
    has_element: bool


def half_up(value: Fraction, places: int) -> Decimal:
    """Halves away from zero."""
    scaled = floor(abs(value) * 10**places + Fraction(1, 2))
    return Decimal(scaled if value >= 0 else -scaled).scaleb(-places)


def holds(asked: Restrictions, piece: Piece) -> bool:
    """Whether all restrictions but the one on reservations hold at the piece's begin."""
    clock = piece.at.hour * 3600 + piece.at.minute * 60 + piece.at.second + Fraction(piece.at.microsecond, 10**6)
    day = piece.at.date()
    if asked.start_second is not None and asked.end_second is not None:
        begun, over = clock >= asked.start_second, clock >= asked.end_second
        if not (begun and not over if asked.start_second < asked.end_second else begun or not over):
            return False
    if asked.days and day.isoweekday() not in asked.days:
        return False
    if (asked.start_date and day < asked.start_date) or (asked.end_date and day >= asked.end_date):
        return False
    period = piece.period
    ranges: list[tuple[Any, Any, Any, Any]] = [
        (asked.min_kwh, asked.max_kwh, piece.wh / 1000, piece.wh / 1000),
        (asked.min_duration, asked.max_duration, piece.seconds, piece.seconds),
        (asked.min_power, asked.max_power, _kilo(period.min_power), _kilo(period.max_power)),
        (asked.min_current, asked.max_current, period.min_current, period.max_current),
    ]
    for least, greatest, low, high in ranges:
        if least is not None and (low is None or low < Fraction(least)):
            return False
        if greatest is not None and (high is None or high >= Fraction(greatest)):
            return False
    return True


def _kilo(watts: Any) -> Fraction | None:
    return None if watts is None else Fraction(watts) / 1000


def active(tariff: Tariff, piece: Piece) -> list[tuple[int, dict[str, Component]]]:
    """Elements that hold, in the order in which they count."""
    kinds: dict[str | None, list[str | None]] = {
        None: [None],
        "RESERVATION": ["RESERVATION"],
        "RESERVATION_EXPIRES": ["RESERVATION_EXPIRES", "RESERVATION"],
    }
    return [
        (number, {component.dimension: component for component in element.components})
        for kind in kinds[piece.period.reservation]
        for number, element in enumerate(tariff.elements)
        if element.restrictions.reservation == kind and holds(element.restrictions, piece)
    ]


def price(tariff: Tariff, pieces: Sequence[Piece]) -> Price:
    used: list[tuple[str, int, Component, Fraction]] = []
    has_element = False
    for piece in pieces:
        found = active(tariff, piece)
        has_element = has_element or bool(found)
        period = piece.period
        if period.reservation is None:
            volumes = {"ENERGY": period.energy, "TIME": period.charging, "PARKING_TIME": period.parking, "FLAT": 1}
        else:
            volumes = {"RESERVATION_TIME": period.reserved, "RESERVATION_FLAT": 1}
        for name, volume in volumes.items():
            dimension = name.removeprefix("RESERVATION_")
            number, components = next(((n, c) for n, c in found if dimension in c), (0, {}))
            once = name.endswith("FLAT") and any(entry[0] == name for entry in used)
            if components and volume > 0 and not once:
                used.append((name, number, components[dimension], Fraction(volume)))
    for family in (("ENERGY",), ("TIME", "PARKING_TIME"), ("RESERVATION_TIME",)):
        places = [index for index, entry in enumerate(used) if entry[0] in family]
        if places:
            name, number, component, volume = used[places[-1]]
            total = sum(entry[3] for entry in used if entry[0] == name)
            extra = ceil(total / component.step_size) * component.step_size - total
            used[places[-1]] = (name, number, component, volume + extra)
    return _total(tariff, used, has_element)


def _total(tariff: Tariff, used: list[tuple[str, int, Component, Fraction]], has_element: bool) -> Price:
    amounts: dict[tuple[str, int], Fraction] = {}
    rates: dict[tuple[str, int], Fraction | None] = {}
    for name, number, component, volume in used:
        amount = volume / UNITS[component.dimension] * Fraction(component.price)
        amounts[name, number] = amounts.get((name, number), Fraction(0)) + amount
        rates[name, number] = _rate(tariff, component)
    net: Fraction | None = Fraction(0)
    gross: Fraction | None = Fraction(0)
    for key, amount in amounts.items():
        rate = rates[key]
        if tariff.tax_included == "YES":
            gross = None if gross is None else gross + amount
            net = None if net is None or rate is None else net + amount / (1 + rate)
        else:
            net = None if net is None else net + amount
            gross = None if gross is None or rate is None else gross + amount * (1 + rate)
    keys = sorted(amounts, key=lambda key: (ORDER.index(key[0]), key[1]))
    greatest = max(keys, key=lambda key: amounts[key], default=None)
    rate = rates[greatest] if greatest else _rate(tariff, tariff.elements[0].components[0])
    net, gross = _bounded(tariff.min_price, max, *_bounded(tariff.max_price, min, net, gross, rate), rate)
    return Price([(*key, amounts[key]) for key in keys], net, gross, has_element)


def _rate(tariff: Tariff, component: Component) -> Fraction | None:
    if tariff.tax_included == "N/A":
        return Fraction(0)
    return None if component.vat_percent is None else Fraction(component.vat_percent) / 100


def _bounded(
    limit: Any, pick: Callable[..., Fraction], net: Fraction | None, gross: Fraction | None, rate: Fraction | None
) -> tuple[Fraction | None, Fraction | None]:
    if limit is None:
        return net, gross
    bound = None if net is None else pick(net, Fraction(limit.before_taxes))
    if limit.after_taxes is not None:
        gross = None if gross is None else pick(gross, Fraction(limit.after_taxes))
    elif bound != net and gross is not None:
        assert bound is not None
        assert net is not None
        gross = None if rate is None else gross + (bound - net) * (1 + rate)
    return bound, gross


# ---- cutting


def cut_session(tariff: Tariff, session: Session) -> list[Piece]:
    """The session's pieces. Steps must not overlap."""
    zone = ZoneInfo(session.zone)
    lasts = max((session.charging or 0) + (session.idle or 0), session.seconds or 0)
    charging = lasts if session.charging is None else session.charging
    steps = [(Fraction(s.begin), Fraction(s.end), Fraction(s.energy), s) for s in session.steps]
    steps = steps or [(Fraction(0), Fraction(min(charging, lasts)), Fraction(session.energy), None)]
    asked = [e.restrictions for e in tariff.elements if e.restrictions.reservation is None]
    cuts = {Fraction(0)} | _edges(steps) | _clock_cuts(asked, session.start, zone, lasts)
    cuts |= {Fraction(seconds) for one in asked for seconds in one.duration_thresholds}
    if any(element.restrictions.asks_flow for element in tariff.elements):
        cuts |= {edge for step in steps for edge in step[:2]}
    marks: dict[Fraction, Fraction] = {}
    for threshold in (Fraction(kwh) * 1000 for one in asked for kwh in one.kwh_thresholds):
        reached = _reached(steps, threshold)
        if reached is not None:
            marks[Fraction(half_up(reached, 6))] = threshold
    times = sorted(t for t in cuts | marks.keys() if t < lasts or t == 0)
    energies = [marks[t] if t in marks else Fraction(half_up(_energy(steps, t), 6)) for t in times]
    covered = [_covered(steps, begin, end) for begin, end in zip(times, [*times[1:], Fraction(lasts)], strict=True)]
    lengths = [end - begin for begin, end in zip(times, [*times[1:], Fraction(lasts)], strict=True)]
    gaps = [length - part for length, part in zip(lengths, covered, strict=True)]
    charged, parked = _shared(covered, session.charging or 0), _shared(gaps, session.idle or 0)
    pieces = []
    for n, begin in enumerate(times):
        end_energy = energies[n + 1] if n + 1 < len(times) else Fraction(session.energy)
        under_way = next((s for a, b, _, s in steps if s is not None and a <= begin < b), None)
        power, current = (under_way.power, under_way.current) if under_way else (None, None)
        period = Period(end_energy - energies[n], charged[n], parked[n], 0, None, power, power, current, current)
        local = (session.start + timedelta(microseconds=int(begin * 10**6))).astimezone(zone).replace(tzinfo=None)
        pieces.append(Piece(local, begin, energies[n], period))
    return pieces


def _edges(steps: Sequence[Any]) -> set[Fraction]:
    """Where charging begins or ends."""
    begins, ends = {step[0] for step in steps}, {step[1] for step in steps}
    return begins ^ ends


def _clock_cuts(asked: Sequence[Restrictions], start: datetime, zone: ZoneInfo, lasts: int) -> set[Fraction]:
    marks = {second for one in asked for second in one.clock_seconds}
    found: set[Fraction] = set()
    at = start.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    while at < start + timedelta(seconds=lasts):
        local, before = at.astimezone(zone), (at - timedelta(minutes=1)).astimezone(zone)
        if local.hour * 3600 + local.minute * 60 in marks or local.utcoffset() != before.utcoffset():
            found.add(Fraction((at - start) // timedelta(microseconds=1), 10**6))
        at += timedelta(minutes=1)
    return found


def _energy(steps: Sequence[Any], at: Fraction) -> Fraction:
    return sum((wh * min(max(at - a, 0), b - a) / (b - a) for a, b, wh, _ in steps if b > a), Fraction(0))


def _reached(steps: Sequence[Any], threshold: Fraction) -> Fraction | None:
    before = Fraction(0)
    for begin, end, wh, _ in steps:
        if before < threshold <= before + wh:
            return begin + (threshold - before) / wh * (end - begin)
        before += wh
    return None


def _covered(steps: Sequence[Any], begin: Fraction, end: Fraction) -> Fraction:
    return sum((max(min(end, b) - max(begin, a), Fraction(0)) for a, b, _, _ in steps), Fraction(0))


def _shared(parts: Sequence[Fraction], total: int) -> list[Fraction]:
    """`total` laid on the parts in their order; what is left goes to the last one that is not empty, or the last."""
    left, shares = Fraction(total), []
    for part in parts:
        shares.append(min(part, left))
        left -= shares[-1]
    shares[max((n for n, part in enumerate(parts) if part), default=-1)] += left
    return shares
