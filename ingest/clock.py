"""Whose time counts on a connection: the collector's own, or on a replay the station's.

Times are integers: microseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Protocol

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Clock(Protocol):
    """The time of one connection."""

    kind: Literal["live", "replay"]

    def now(self) -> int:
        """Microseconds since 1970."""
        ...

    def observe(self, payload: Any) -> None:
        """Take note of the times in a payload the station has sent."""
        ...


class LiveClock:
    """The collector's own clock; what stations think the time is does not matter."""

    kind: Literal["live", "replay"] = "live"

    def now(self) -> int:
        return time.time_ns() // 1000

    def observe(self, payload: Any) -> None:
        """Nothing: the time passes by itself."""


class ReplayClock:
    """Stands at the newest time the station has sent, and never goes back."""

    kind: Literal["live", "replay"] = "replay"

    def __init__(self, start: int) -> None:
        self._now = start
        self._newest: object = None  # the text read last: most frames say their time more than once

    def now(self) -> int:
        return self._now

    def observe(self, payload: Any) -> None:
        if not isinstance(payload, dict):
            return
        self._see(payload.get("timestamp"))
        self._see(payload.get("generatedAt"))
        for name in ("meterValue", "transactionData", "eventData"):
            entries = payload.get(name)
            if isinstance(entries, list):
                for entry in entries:
                    if isinstance(entry, dict):
                        self._see(entry.get("timestamp"))

    def _see(self, text: object) -> None:
        if text is None or text == self._newest:
            return
        self._newest = text
        instant = microseconds(text)
        if instant is not None and instant > self._now:
            self._now = instant


def microseconds(text: Any) -> int | None:
    """An ISO 8601 time as microseconds since 1970, taken as UTC where it has no offset; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=UTC)
        return (instant.astimezone(UTC) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


def instant(us: int) -> datetime:
    """Microseconds since 1970 as an aware datetime in UTC."""
    return _EPOCH + us * _MICROSECOND


def iso(instant: int) -> str:
    """`2019-05-01T00:00:00.000Z`: the form every OCPP version takes."""
    text = (_EPOCH + instant * _MICROSECOND).isoformat(timespec="milliseconds")
    return f"{text.removesuffix('+00:00')}Z"
