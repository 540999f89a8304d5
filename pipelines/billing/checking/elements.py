"""What of a tariff's elements can never be chosen, and where a dimension that the tariff prices has no element.

Exact: all combinations that the boundaries of the restrictions make are looked at (see `regions`). The rule is the
engine's: each dimension takes its price from the first element that holds and has it; FLAT is paid once, in the first
period where one holds; reservations have elements of their own, and one that expired tries RESERVATION_EXPIRES first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from pipelines.billing.checking.regions import Grid, grid
from pipelines.billing.checking.words import box_in_words, joined, plain
from pipelines.billing.tariffs.model import DIMENSIONS, Tariff
from pipelines.billing.tariffs.restrictions import Restrictions

MOST_GAPS = 5  # a list that is longer is not read


@dataclass(frozen=True, slots=True)
class Hidden:
    """Dimensions of an element that it never prices. `by`: the earlier elements that take them, in their order; none
    where the restrictions cannot hold, and `impossible` says why. `paid_before`: it holds only after the session's
    start, and by then another FLAT has been paid."""

    element_no: int
    dimensions: tuple[str, ...]
    whole: bool
    by: tuple[int, ...] = ()
    impossible: str | None = None
    paid_before: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Where no element prices a dimension that is priced elsewhere; `dimension` None: where no element holds at all.
    `reserved`: while the connector is reserved only. `more`: there are more places than are told."""

    dimension: str | None
    reserved: bool
    places: tuple[str, ...]
    more: bool


def looked_at(tariff: Tariff, first_day: date | None = None) -> tuple[list[Hidden], list[Gap]]:
    """What is hidden and what has gaps; no session has a local day before `first_day`. Raises `TooManyCells`."""
    found = _Looked(tariff, grid((element.restrictions for element in tariff.elements), first_day))
    return list(found.hidden(first_day)), list(found.gaps())


class _Looked:
    """One tariff: what is left for each element and dimension, in each of the ways in which elements are tried."""

    def __init__(self, tariff: Tariff, cells: Grid) -> None:
        self.tariff, self.cells = tariff, cells
        self.regions = [cells.region(element.restrictions) for element in tariff.elements]
        self.reached: list[dict[str, bool]] = [dict.fromkeys(self._has(n), False) for n in range(len(self.regions))]
        self.takers: list[dict[str, set[int]]] = [
            {name: set() for name in self._has(n)} for n in range(len(self.regions))
        ]
        self.open: dict[tuple[bool, str], int] = {}
        charging = self._tried(None)
        self._take(charging, charging=True)
        for dimension in DIMENSIONS:
            self.open[False, dimension] = self._left(charging, dimension)
        expired = [*self._tried("RESERVATION_EXPIRES"), *self._tried("RESERVATION")]
        self._take(expired)
        self._take(self._tried("RESERVATION"))
        for dimension in ("TIME", "FLAT"):
            self.open[True, dimension] = self._left(self._tried("RESERVATION"), dimension)

    def _has(self, number: int) -> set[str]:
        return {component.dimension for component in self.tariff.elements[number].components}

    def _tried(self, reservation: str | None) -> list[int]:
        elements = self.tariff.elements
        return [n for n, element in enumerate(elements) if element.restrictions.reservation == reservation]

    def _left(self, tried: Sequence[int], dimension: str) -> int:
        left = self.cells.everything
        for number in tried:
            if dimension in self._has(number):
                left &= ~self.regions[number]
        return left

    def _take(self, tried: Sequence[int], *, charging: bool = False) -> None:
        for dimension in DIMENSIONS:
            able = [n for n in tried if dimension in self._has(n)]
            left = self.cells.everything
            # Where every session pays a FLAT at its start, it pays no other one later.
            if charging and dimension == "FLAT" and not self._left(able, dimension) & self.cells.start:
                left = self.cells.start
            for place, number in enumerate(able):
                if self.regions[number] & left:
                    self.reached[number][dimension] = True
                else:
                    self.takers[number][dimension] |= {
                        n for n in able[:place] if self.regions[n] & self.regions[number]
                    }
                left &= ~self.regions[number]

    def hidden(self, first_day: date | None) -> Iterator[Hidden]:
        for number, element in enumerate(self.tariff.elements):
            never = tuple(name for name in DIMENSIONS if self.reached[number].get(name) is False)
            if not never:
                continue
            whole = len(never) == len(self.reached[number])
            if not self.regions[number]:
                yield Hidden(number, never, whole, impossible=impossible(element.restrictions, first_day))
                continue
            by = {n for name in never for n in self.takers[number][name]}
            paid_before = never == ("FLAT",) and not self.regions[number] & self.cells.start
            yield Hidden(number, never, whole, tuple(sorted(by)), paid_before=paid_before)

    def gaps(self) -> Iterator[Gap]:
        nowhere = self.cells.everything
        for number in self._tried(None):
            nowhere &= ~self.regions[number]
        priced = {(False, name) for n in self._tried(None) for name in self._has(n)}
        priced |= {(True, name) for n in self._tried("RESERVATION") for name in self._has(n)}
        if nowhere:
            yield self._gap(None, False, nowhere)
        for (reserved, dimension), left in self.open.items():
            if dimension == "FLAT":
                left &= self.cells.start
            if not reserved:
                left &= ~nowhere
            if left and (reserved, dimension) in priced:
                yield self._gap(dimension, reserved, left)

    def _gap(self, dimension: str | None, reserved: bool, region: int) -> Gap:
        boxes = self.cells.boxes(region)
        told = tuple(box_in_words(self.cells, box) for box in islice(boxes, MOST_GAPS))
        return Gap(dimension, reserved, told, next(boxes, None) is not None)


def impossible(asked: Restrictions, first_day: date | None = None) -> str:
    """Why `asked` never holds."""
    pairs = (
        ("min_kwh", asked.min_kwh, "max_kwh", asked.max_kwh),
        ("min_duration", asked.min_duration, "max_duration", asked.max_duration),
        ("min_power", asked.min_power, "max_power", asked.max_power),
        ("min_current", asked.min_current, "max_current", asked.max_current),
    )
    reasons = [
        f"{least_name} {plain(least)} is not below {most_name} {plain(most)}"
        for least_name, least, most_name, most in pairs
        if least is not None and most is not None and least >= most
    ]
    reasons += [f"{name} 0 leaves nothing" for _, _, name, most in pairs if most is not None and most == 0]
    if asked.start_date and asked.end_date and asked.start_date >= asked.end_date:
        reasons.append(f"start_date {asked.start_date} is not before end_date {asked.end_date}")
    elif asked.end_date and first_day and asked.end_date <= first_day:
        reasons.append(f"end_date {asked.end_date} is over before the version is in force")
    return joined(reasons) or "no day between its dates is one of its weekdays"
