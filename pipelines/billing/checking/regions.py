"""What restrictions cut the world into: regions, exact, as sets of cells.

Between two neighbouring boundaries of all restrictions of a tariff nothing changes, so the finitely many cells between
them stand for everything that a session can be at a period's start. An axis is a list of such cells:

- days: weekday, within the dates between two boundaries; only weekdays that occur there;
- clock: seconds of the local day;
- kwh, seconds: energy and time since the session's start;
- power (kW), current (A): not known, or from where to where it lay within the period (first and last cell).

A region is an int whose bits are the cells of the product of the axes; set operations are those of ints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import prod

from pipelines.billing.tariffs.restrictions import DAY_SECONDS, Restrictions

# Beyond it the sets would no longer be quick to compute; a tariff with as many boundaries has not been seen.
MOST_CELLS = 1 << 22

Number = Decimal | int
AXES = ("days", "clock", "kwh", "seconds", "power", "current")


class TooManyCells(Exception):
    """A tariff with more boundaries than can be looked at exactly."""

    def __init__(self, cells: int) -> None:
        super().__init__(f"{cells} combinations of boundaries")
        self.cells = cells


@dataclass(frozen=True, slots=True)
class Days:
    """A weekday (ISO, 1 for Monday) from `first` on, until before `last`; None: open."""

    weekday: int
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` until before `high`; None: no end."""

    low: Number
    high: Number | None


@dataclass(frozen=True, slots=True)
class Flow:
    """What flowed within a period lay in `least` at its least and in `greatest` at its most; None: not known."""

    least: Span | None
    greatest: Span | None


Cell = Days | Span | Flow
Box = tuple[tuple[Cell, ...], ...]  # cells by axis, in the order of AXES


@dataclass(frozen=True, slots=True)
class Grid:
    """The axes of one tariff."""

    days: tuple[Days, ...]
    clock: tuple[Span, ...]
    kwh: tuple[Span, ...]
    seconds: tuple[Span, ...]
    power: tuple[Flow, ...]
    current: tuple[Flow, ...]

    @property
    def axes(self) -> tuple[Sequence[Cell], ...]:
        """The axes in their order."""
        return (self.days, self.clock, self.kwh, self.seconds, self.power, self.current)

    @property
    def everything(self) -> int:
        """All cells."""
        return (1 << prod(map(len, self.axes))) - 1

    @property
    def start(self) -> int:
        """Where a session begins: no energy and no time yet."""
        masks = [(1 << len(axis)) - 1 for axis in self.axes]
        masks[2] = masks[3] = 1
        return self._product(masks)

    def region(self, asked: Restrictions) -> int:
        """The cells in which `asked` holds; reservations are not looked at."""
        held = (
            (_days_hold(cell, asked) for cell in self.days),
            (_clock_holds(cell, asked) for cell in self.clock),
            (_within(cell, asked.min_kwh, asked.max_kwh) for cell in self.kwh),
            (_within(cell, asked.min_duration, asked.max_duration) for cell in self.seconds),
            (_flows(cell, asked.min_power, asked.max_power) for cell in self.power),
            (_flows(cell, asked.min_current, asked.max_current) for cell in self.current),
        )
        return self._product([sum(1 << n for n, holds in enumerate(axis) if holds) for axis in held])

    def boxes(self, region: int) -> Iterator[Box]:
        """Products of cells that together make up `region`, each as great as it can be along the axes in turn."""
        left = region
        while left:
            place = self._place((left & -left).bit_length() - 1)
            masks = [1 << n for n in place]
            for number, axis in enumerate(self.axes):
                for n in range(len(axis)):
                    alone = self._product([*masks[:number], 1 << n, *masks[number + 1 :]])
                    if alone & region == alone:
                        masks[number] |= 1 << n
            left &= ~self._product(masks)
            yield tuple(
                tuple(cell for n, cell in enumerate(axis) if mask >> n & 1)
                for axis, mask in zip(self.axes, masks, strict=True)
            )

    def _place(self, bit: int) -> list[int]:
        place: list[int] = []
        for axis in reversed(self.axes):
            bit, n = divmod(bit, len(axis))
            place.insert(0, n)
        return place

    def _product(self, masks: Sequence[int]) -> int:
        found, size = 1, 1
        for axis, mask in zip(reversed(self.axes), reversed(masks), strict=True):
            found = sum(found << n * size for n in range(len(axis)) if mask >> n & 1)
            size *= len(axis)
        return found


def grid(asked: Iterable[Restrictions], first_day: date | None = None) -> Grid:
    """The axes that the boundaries of all of `asked` make. Sessions have no day before `first_day`.

    Raises `TooManyCells`.
    """
    some = list(asked)
    dates = {day for one in some for day in (one.start_date, one.end_date) if day is not None}
    found = Grid(
        days=tuple(_days(sorted(dates), first_day, by_weekday=any(one.days for one in some))),
        clock=tuple(_clock(some)),
        kwh=tuple(_spans(kwh for one in some for kwh in one.kwh_thresholds)),
        seconds=tuple(_spans(seconds for one in some for seconds in one.duration_thresholds)),
        power=tuple(_flow_cells(some, "power")),
        current=tuple(_flow_cells(some, "current")),
    )
    if (cells := prod(map(len, found.axes))) > MOST_CELLS:
        raise TooManyCells(cells)
    return found


def _days(dates: Sequence[date], first_day: date | None, *, by_weekday: bool) -> Iterator[Days]:
    inner = [day for day in dates if first_day is None or day > first_day]
    for first, last in zip([first_day, *inner], [*inner, None], strict=True):
        length = 7 if first is None or last is None else min(7, (last - first).days)
        if not by_weekday:
            length = 1  # one stands for all
        begin = first or (last - timedelta(days=7) if last is not None else date(2001, 1, 1))  # a Monday
        yield from sorted(
            (Days((begin + timedelta(days=n)).isoweekday(), first, last) for n in range(length)),
            key=lambda days: days.weekday,
        )


def _clock(asked: Sequence[Restrictions]) -> Iterator[Span]:
    cuts = {second for one in asked for second in one.clock_seconds} | {0, DAY_SECONDS}
    ordered = sorted(cuts)
    yield from (Span(low, high) for low, high in pairwise(ordered))


def _spans(thresholds: Iterable[Decimal]) -> Iterator[Span]:
    ordered = [Decimal(0), *sorted(set(thresholds))]
    yield from (Span(low, high) for low, high in zip(ordered, [*ordered[1:], None], strict=True))


def _flow_cells(asked: Sequence[Restrictions], name: str) -> Iterator[Flow]:
    bounds = (getattr(one, f"{side}_{name}") for one in asked for side in ("min", "max"))
    given = [bound for bound in bounds if bound is not None]
    yield Flow(None, None)
    if given:
        spans = list(_spans(bound for bound in given if bound))
        yield from (Flow(least, most) for n, least in enumerate(spans) for most in spans[n:])


def _days_hold(cell: Days, asked: Restrictions) -> bool:
    return (
        (not asked.days or cell.weekday in asked.days)
        and (asked.start_date is None or (cell.first is not None and cell.first >= asked.start_date))
        and (asked.end_date is None or (cell.last is not None and cell.last <= asked.end_date))
    )


def _clock_holds(cell: Span, asked: Restrictions) -> bool:
    if asked.start_second is None or asked.end_second is None:
        return True
    after, before = cell.low >= asked.start_second, cell.low < asked.end_second
    return after and before if asked.start_second < asked.end_second else after or before


def _within(cell: Span, least: Decimal | None, most: Decimal | None) -> bool:
    return (least is None or cell.low >= least) and (most is None or cell.low < most)


def _flows(cell: Flow, least: Decimal | None, most: Decimal | None) -> bool:
    if least is None and most is None:
        return True
    if cell.least is None or cell.greatest is None:
        return False
    return (least is None or cell.least.low >= least) and (most is None or cell.greatest.low < most)
