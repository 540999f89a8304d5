"""Instants in queries: with their zone, so that nobody has to guess."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, WithJsonSchema
from pydantic.config import JsonDict

DATE_TIME: JsonDict = {"format": "date-time"}


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no instant with its zone, such as 2026-01-31T00:00:00Z") from None
    return text


Instant = Annotated[
    str,
    AfterValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T00:00:00Z"]}),
]
Moment = Annotated[Instant | None, Query(description="instant, in a query's spelling: 2026-01-31T00:00:00Z")]


def read_moment(text: str | None) -> datetime | None:
    """The instant, in UTC; None where none was given."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)
