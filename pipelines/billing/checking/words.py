"""Regions, amounts and times in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from pipelines.billing.checking.regions import Box, Cell, Days, Flow, Grid, Number, Span
from pipelines.billing.tariffs.restrictions import DAY_SECONDS, DAYS

_NAMES = tuple(day.capitalize() for day in DAYS)


def plain(value: Number) -> str:
    """A number without trailing zeros: 0.3 for 0.300000."""
    text = format(Decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def joined(words: Sequence[str], last: str = "and") -> str:
    """`a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def clock(second: Number) -> str:
    """Second of the local day as 08:30; 24:00 for its end."""
    return f"{int(second) // 3600:02d}:{int(second) % 3600 // 60:02d}"


def span_of_time(seconds: Number) -> str:
    """`1 h 5 min 3 s`; parts that are 0 are left out."""
    whole = int(seconds)
    rest = Decimal(seconds) - whole
    hours, minutes, few = whole // 3600, whole % 3600 // 60, whole % 60 + rest
    parts: list[tuple[Number, str]] = [(hours, "h"), (minutes, "min"), (few, "s")]
    told = " ".join(f"{plain(value)} {unit}" for value, unit in parts if value)
    return told or "0 s"


def moment(at: datetime | None) -> str:
    """An instant as 2026-03-31 12:00 UTC."""
    return "no end" if at is None else f"{at:%Y-%m-%d %H:%M} UTC"


def weekdays(days: Iterable[int]) -> str:
    """ISO weekdays; three and more in a row as Monday to Friday."""
    ordered = sorted(set(days))
    runs = [[day for _, day in run] for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1] - pair[0])]
    names: list[str] = []
    for run in runs:
        names += [f"{_NAMES[run[0] - 1]} to {_NAMES[run[-1] - 1]}"] if len(run) > 2 else [_NAMES[d - 1] for d in run]
    return joined(names)


def box_in_words(grid: Grid, box: Box) -> str:
    """Where and when: `Saturday and Sunday, 22:00–06:00, from 10 kWh on`; `always` for everything."""
    tellers = (_days, _clock, _kwh, _seconds, _power, _current)
    parts = [
        tell(cells, axis) for tell, cells, axis in zip(tellers, box, grid.axes, strict=True) if len(cells) < len(axis)
    ]
    return ", ".join(part for part in parts if part) or "always"


_EVERY_DAY = set(range(1, 8))
_Dates = tuple[date | None, date | None]


def _days(cells: Sequence[Cell], axis: Sequence[Cell]) -> str:
    found, there = _by_dates(cells), _by_dates(axis)
    origin = next(iter(there))[0]
    return " or ".join(_dates_and_days(dates, days, there.get(dates), origin) for dates, days in _runs(found))


def _by_dates(cells: Sequence[Cell]) -> dict[_Dates, set[int]]:
    found: dict[_Dates, set[int]] = {}
    for cell in cells:
        if isinstance(cell, Days):
            found.setdefault((cell.first, cell.last), set()).add(cell.weekday)
    return found


def _runs(by_dates: dict[_Dates, set[int]]) -> Iterator[tuple[_Dates, set[int]]]:
    """Neighbouring times with the same weekdays as one."""
    merged: list[tuple[_Dates, set[int]]] = []
    for (first, last), days in by_dates.items():
        if merged and merged[-1][0][1] == first and merged[-1][1] == days:
            merged[-1] = ((merged[-1][0][0], last), days)
        else:
            merged.append(((first, last), days))
    yield from merged


def _dates_and_days(dates: _Dates, found: set[int], there: set[int] | None, origin: date | None) -> str:
    first, last = dates
    told = [] if found == (there or _EVERY_DAY) else [weekdays(found)]
    if first is not None and first != origin:
        told.append(f"from {first} on")
    if last is not None:
        told.append(f"until before {last}")
    return " ".join(told)


def _intervals(cells: Iterable[Cell]) -> list[tuple[Number, Number | None]]:
    found: list[tuple[Number, Number | None]] = []
    for cell in cells:
        if not isinstance(cell, Span):
            continue
        if found and found[-1][1] == cell.low:
            found[-1] = (found[-1][0], cell.high)
        else:
            found.append((cell.low, cell.high))
    return found


def _clock(cells: Sequence[Cell], _axis: Sequence[Cell]) -> str:
    found = _intervals(cells)
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == DAY_SECONDS:
        found = [*found[1:-1], (found[-1][0], found[0][1])]
    return joined([f"{clock(low)}–{clock(high or 0)}" for low, high in found])


def _amounts(cells: Sequence[Cell], unit: str) -> str:
    return joined([_between(low, high, unit) for low, high in _intervals(cells)], "or")


def _between(low: Number, high: Number | None, unit: str) -> str:
    def told(value: Number) -> str:
        return span_of_time(value) if unit == "s" else f"{plain(value)} {unit}"

    if high is None:
        return f"from {told(low)} on"
    return f"below {told(high)}" if not low else f"from {told(low)} to below {told(high)}"


def _kwh(cells: Sequence[Cell], _axis: Sequence[Cell]) -> str:
    return _amounts(cells, "kWh")


def _seconds(cells: Sequence[Cell], _axis: Sequence[Cell]) -> str:
    return f"{_amounts(cells, 's')} after the start"


def _flow(cells: Sequence[Cell], axis: Sequence[Cell], name: str, unit: str) -> str:
    flows = [cell for cell in cells if isinstance(cell, Flow)]
    unknown = any(flow.least is None for flow in flows)
    known = [flow for flow in flows if flow.least is not None]
    if not known:
        return f"{name} not known"
    if len(known) == len(axis) - 1:
        return f"{name} known"
    steady = [flow.least for flow in known if flow.least == flow.greatest and flow.least is not None]
    parts = [f"{name} {_amounts(steady, unit)}"] if steady else [f"{name} changing across a boundary"]
    return " or ".join([*parts, *([f"{name} not known"] if unknown else [])])


def _power(cells: Sequence[Cell], axis: Sequence[Cell]) -> str:
    return _flow(cells, axis, "power", "kW")


def _current(cells: Sequence[Cell], axis: Sequence[Cell]) -> str:
    return _flow(cells, axis, "current", "A")
