"""Spans of time in which rows of the registry are in force: begin, and end (exclusive)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipelines.billing.checking.words import moment

Span = tuple[datetime, datetime]
EVER, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def without(span: Span, others: Iterable[Span]) -> Iterator[Span]:
    """The parts of `span` that none of `others` covers, in order."""
    begin, end = span
    for first, last in sorted(others):
        if first > begin and begin < end:
            yield begin, min(first, end)
        begin = max(begin, last)
    if begin < end:
        yield begin, end


def shared(one: Span, other: Span) -> Span | None:
    """The time that two spans have in common."""
    begin, end = max(one[0], other[0]), min(one[1], other[1])
    return (begin, end) if begin < end else None


def span_of(row: Mapping[str, Any]) -> Span:
    """When a row of the registry is in force."""
    return row["valid_from"], row.get("valid_to") or NEVER


def told_span(span: Span) -> str:
    """A span in words."""
    begin, end = span
    parts = [] if begin == EVER else [f"from {moment(begin)} on"]
    parts += [] if end == NEVER else [f"until {moment(end)}"]
    return " ".join(parts).replace(" on until", " until") or "at any time"
