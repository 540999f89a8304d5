"""What is odd about one version of a tariff."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.billing.checking.elements import Gap, Hidden, looked_at
from pipelines.billing.checking.finding import Finding
from pipelines.billing.checking.regions import TooManyCells
from pipelines.billing.checking.words import clock, joined, span_of_time
from pipelines.billing.tariffs.model import Tariff, TariffRefused, parse_tariff, tariff_object

LONGEST_STEP_SECONDS, GREATEST_STEP_WH = 3600, 1000
# Local days are at most this far from UTC's (IANA: Etc/GMT+12, Pacific/Kiritimati).
_FURTHEST = (timezone(timedelta(hours=-12)), timezone(timedelta(hours=14)))

_NAMES = {"ENERGY": "energy", "TIME": "charging time", "PARKING_TIME": "parking time", "FLAT": "the fixed fee"}


def check_version(row: Mapping[str, Any], zones: Collection[ZoneInfo] = ()) -> Iterator[Finding]:
    """Findings on a row of `registry.tariffs`, its JSON columns being read. `zones`: those of the sites, if known."""
    tariff_id, version = str(row["tariff_id"]), int(row["version"])
    said = _Said(tariff_id, version)
    try:
        tariff = parse_tariff(tariff_object(row))
    except TariffRefused as refused:
        yield said("error", "refused", f"It cannot be priced: {refused}.", "Mend that field in a new version.")
        return
    valid_from, valid_to = row.get("valid_from"), row.get("valid_to")
    first_day = min(_local_days(valid_from, zones)) if isinstance(valid_from, datetime) else None
    last_day = max(_local_days(valid_to, zones)) if isinstance(valid_to, datetime) else None
    try:
        hidden, gaps = looked_at(tariff, first_day)
    except TooManyCells as many:
        hidden, gaps = [], []
        yield said(
            "note",
            "not_looked_at",
            f"Its restrictions have too many boundaries to look at all of them ({many}): which elements can never be "
            "chosen and what has no price was not checked.",
            "Split it into versions.",
        )
    for one in hidden:
        yield _hidden(said, one)
    for gap in gaps:
        yield _gap(said, gap)
    yield from _elements(said, tariff, row.get("elements"), last_day)


def _local_days(at: datetime, zones: Collection[ZoneInfo]) -> list[date]:
    return [at.astimezone(zone).date() for zone in zones or _FURTHEST]


class _Said:
    """Findings on one version."""

    def __init__(self, tariff_id: str, version: int) -> None:
        self.tariff_id, self.version = tariff_id, version

    def __call__(self, level: str, kind: str, words: str, mend: str, element_no: int | None = None) -> Finding:
        place = f"tariff {self.tariff_id} version {self.version}"
        if element_no is not None:
            place += f" element {element_no}"
        return Finding(level, kind, place, words, mend, self.tariff_id, self.version, element_no)


def _hidden(said: _Said, one: Hidden) -> Finding:
    if one.impossible is not None:
        return said(
            "error",
            "impossible",
            f"It never holds: {one.impossible}.",
            "Mend its restrictions, or leave it out.",
            one.element_no,
        )
    level, kind = ("error", "unreachable") if one.whole else ("warning", "hidden")
    what = "It is never chosen" if one.whole else f"Its price for {joined(one.dimensions)} is never used"
    if one.paid_before:
        words = f"{what}: it holds only after the start, and every session pays another FLAT at its start."
    elif len(one.by) == 1:
        words = f"{what}: element {one.by[0]} before it holds wherever it does."
    else:
        words = f"{what}: of elements {joined([str(n) for n in one.by])} before it one holds wherever it does."
    mend = "Move it before, or leave it out." if one.whole else "Move it before, or leave that price out."
    return said(level, kind, words, mend, one.element_no)


def _gap(said: _Said, gap: Gap) -> Finding:
    where = "; ".join(gap.places) + ("; and more" if gap.more else "")
    if gap.dimension is None:
        return said(
            "warning",
            "no_element",
            f"No element holds: {where}. A session that lies wholly there has no price.",
            "Add an element without restrictions at the end, with the price 0 where it is meant to be free.",
        )
    name = _NAMES[gap.dimension]
    while_reserved = " of a reservation" if gap.reserved else ""
    return said(
        "warning" if gap.dimension == "ENERGY" else "note",
        "gap",
        f"{name[0].upper()}{name[1:]}{while_reserved} is free: {where}.",
        f"If that is not meant, add an element with a price for {gap.dimension} there.",
    )


def _elements(said: _Said, tariff: Tariff, given: object, last_day: date | None) -> Iterator[Finding]:
    for number, element in enumerate(tariff.elements):
        asked = element.restrictions
        if asked.start_second is not None and asked.start_second == asked.end_second:
            yield said(
                "warning",
                "whole_day",
                f"It starts and ends at {clock(asked.start_second)}: that is the whole day.",
                "Leave both out, or mend one.",
                number,
            )
        if last_day is not None and asked.start_date is not None and asked.start_date > last_day:
            yield said(
                "warning",
                "too_late",
                f"Its start_date {asked.start_date} is after the version's end: only a session "
                "that began before reaches it.",
                "Put it into the next version.",
                number,
            )
        if _empty_days(given, number):
            yield said(
                "warning",
                "no_weekday",
                "Its day_of_week is empty: that is every day.",
                "Leave it out, or name days.",
                number,
            )
        for component in element.components:
            step, dimension = component.step_size, component.dimension
            if dimension == "ENERGY" and step > GREATEST_STEP_WH:
                yield said(
                    "warning", "odd_step", f"ENERGY is billed in steps of {step:,} Wh.", "step_size is in Wh.", number
                )
            elif dimension in ("TIME", "PARKING_TIME") and step > LONGEST_STEP_SECONDS:
                yield said(
                    "warning",
                    "odd_step",
                    f"{dimension} is billed in steps of {span_of_time(step)}.",
                    "step_size is in seconds.",
                    number,
                )


def _empty_days(elements: object, number: int) -> bool:
    element = elements[number] if isinstance(elements, Sequence) else None
    asked = element.get("restrictions") if isinstance(element, Mapping) else None
    return isinstance(asked, Mapping) and asked.get("day_of_week") == []
