"""Warnings of what comes in bursts: the first one at once, then one every ten minutes with how many there were.

Who is refused tries again and again, and who attacks does so on purpose: neither fills the log. /metrics counts each.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, NamedTuple

EVERY_SECONDS: Final = 600.0
MOST: Final = 1_000  # sources kept apart; beyond them one line stands for all of a kind
_MANY: Final = "many addresses"


class _Told(NamedTuple):
    at: float
    silenced: int


class Bursts:
    """Tells of each kind from each source once in `EVERY_SECONDS`. `clock` gives seconds and never goes back."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._told: dict[tuple[str, str], _Told] = {}

    def tell(self, kind: str, source: str, text: str) -> None:
        """`text` says what happened; `source` is whoever did it."""
        now = self._clock()
        before = self._told.get((kind, source))
        if before is None and len(self._told) >= MOST:
            self._told = {key: told for key, told in self._told.items() if told.at > now - EVERY_SECONDS}
            if len(self._told) >= MOST:
                source = _MANY
                before = self._told.get((kind, source))
        if before is not None and now - before.at < EVERY_SECONDS:
            self._told[kind, source] = before._replace(silenced=before.silenced + 1)
            return
        self._told[kind, source] = _Told(now, 0)
        more = (
            f" ({before.silenced} more like this since the last line)" if before is not None and before.silenced else ""
        )
        self._log.warning("%s: %s%s", source, text, more)
