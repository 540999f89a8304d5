"""How often an address may knock, and how long it waits after wrong passwords.

Both by address: whoever floods the door or guesses shuts it for itself, not for the station whose name it uses.
Stations behind one address (a site's router) may all come back at once after a power cut: there is room for a thousand.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

BURST: Final = 1_000
A_SECOND: Final = 10.0
FREE_TRIES: Final = 5
LONGEST_WAIT_SECONDS: Final = 300.0
_ADDRESSES: Final = 20_000  # kept in mind; the longest silent one is forgotten first


@dataclass(slots=True)
class _Visitor:
    tokens: float
    seen_at: float = 0.0
    wrong: int = 0
    shut_until: float = 0.0


class Doorman:
    """Counts visitors by address. Times are seconds of one clock that never goes back.

    An address may knock `burst` times at once, and `a_second` times a second in the long run.
    """

    def __init__(self, burst: float = BURST, a_second: float = A_SECOND) -> None:
        self._burst, self._a_second = burst, a_second
        self._visitors: OrderedDict[str, _Visitor] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """How long `address` must wait before it may knock, in seconds; 0: it may, and this was one knock."""
        visitor = self._visitor(address)
        visitor.tokens = min(self._burst, visitor.tokens + (now - visitor.seen_at) * self._a_second)
        visitor.seen_at = now
        if visitor.shut_until > now:
            return visitor.shut_until - now
        if visitor.tokens < 1:
            return (1 - visitor.tokens) / self._a_second
        visitor.tokens -= 1
        return 0.0

    def wrong(self, address: str, now: float) -> None:
        """A wrong password came from there: after a few, each one doubles the wait."""
        visitor = self._visitor(address)
        visitor.wrong += 1
        if visitor.wrong >= FREE_TRIES:
            visitor.shut_until = now + min(LONGEST_WAIT_SECONDS, 2.0 ** (visitor.wrong - FREE_TRIES))

    def right(self, address: str) -> None:
        """A right password came from there."""
        self._visitor(address).wrong = 0

    def _visitor(self, address: str) -> _Visitor:
        visitor = self._visitors.get(address)
        if visitor is None:
            visitor = self._visitors[address] = _Visitor(self._burst)
            if len(self._visitors) > _ADDRESSES:
                self._visitors.popitem(last=False)
        else:
            self._visitors.move_to_end(address)
        return visitor
