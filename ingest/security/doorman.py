"""How often an address may knock, and how long whoever guesses there waits.

Whoever floods the door or guesses shuts it for itself, not for the account or station whose name it uses. Wrong tries
are counted for each account at each address, so one who mistypes does not shut out the others behind the same router or
mobile network, and one's own right password does not wipe out guesses at others. All wrong tries of an address together
have a limit of their own, for who tries one password at many accounts. Stations behind one address may all come back
at once after a power cut: there is room for a thousand.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

BURST: Final = 1_000
A_SECOND: Final = 10.0
FREE_TRIES: Final = 5
MOST_WRONG: Final = 500  # a hundred stations behind one address may all have lost their passwords
FORGIVEN_SECONDS: Final = 600.0  # one wrong try for each so long without another
LONGEST_WAIT_SECONDS: Final = 300.0
_ADDRESSES: Final = 20_000  # kept in mind; the longest silent one is forgotten first
_LONGEST_NAME: Final = 255


@dataclass(slots=True)
class _Guesses:
    """Wrong tries at one account from one address."""

    wrong: int = 0
    at: float = 0.0
    shut_until: float = 0.0

    def left(self, now: float) -> int:
        """How many of them count still."""
        return max(0, self.wrong - int((now - self.at) // FORGIVEN_SECONDS))


@dataclass(slots=True)
class _Visitor:
    tokens: float
    seen_at: float = 0.0
    shut_until: float = 0.0
    guesses: dict[str, _Guesses] = field(default_factory=dict)


class Doorman:
    """Counts visitors by address; may be called from several threads.

    An address may knock `burst` times at once, and `a_second` times a second in the long run; after `most_wrong` wrong
    tries at whatever accounts it waits. Times are seconds of one clock that never goes back. An address of IPv6 is its
    network of 64 bits: a customer has all of one.
    """

    def __init__(self, burst: float = BURST, a_second: float = A_SECOND, most_wrong: int = MOST_WRONG) -> None:
        self._burst, self._a_second, self._most_wrong = burst, a_second, most_wrong
        self._visitors: OrderedDict[str, _Visitor] = OrderedDict()
        self._turn = Lock()

    def wait(self, address: str, now: float, account: str = "") -> float:
        """How long `address` must wait before it may try at `account`, in seconds; 0: this was one knock."""
        with self._turn:
            visitor = self._visitor(address)
            visitor.tokens = min(self._burst, visitor.tokens + (now - visitor.seen_at) * self._a_second)
            visitor.seen_at = now
            guesses = visitor.guesses.get(_name(account))
            shut_until = max(visitor.shut_until, 0.0 if guesses is None else guesses.shut_until)
            if shut_until > now:
                return shut_until - now
            if visitor.tokens < 1:
                return (1 - visitor.tokens) / self._a_second
            visitor.tokens -= 1
            return 0.0

    def wrong(self, address: str, now: float, account: str = "") -> None:
        """A wrong password for `account` came from there: after a few, each one doubles the wait."""
        with self._turn:
            visitor = self._visitor(address)
            visitor.guesses = {name: one for name, one in visitor.guesses.items() if one.left(now)}
            guesses = visitor.guesses.setdefault(_name(account), _Guesses())
            guesses.wrong, guesses.at = guesses.left(now) + 1, now
            guesses.shut_until = _shut_until(guesses.wrong - FREE_TRIES, now)
            # An account counts up to its free tries: then its own wait holds, and a station that tries the same wrong
            # password for ever does not shut out its neighbours.
            together = sum(min(one.left(now), FREE_TRIES) for one in visitor.guesses.values())
            visitor.shut_until = max(visitor.shut_until, _shut_until(together - self._most_wrong, now))

    def right(self, address: str, account: str = "") -> None:
        """The right password for `account` came from there: what was wrong with it before is forgotten."""
        with self._turn:
            self._visitor(address).guesses.pop(_name(account), None)

    def _visitor(self, address: str) -> _Visitor:
        source = source_of(address)
        visitor = self._visitors.get(source)
        if visitor is None:
            visitor = self._visitors[source] = _Visitor(self._burst)
            if len(self._visitors) > _ADDRESSES:
                self._visitors.popitem(last=False)
        else:
            self._visitors.move_to_end(source)
        return visitor


def source_of(address: str) -> str:
    """Whom an address stands for: of IPv6 its network of 64 bits, an IPv4 address that is written as IPv6 itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _shut_until(too_many: int, now: float) -> float:
    return 0.0 if too_many < 0 else now + min(LONGEST_WAIT_SECONDS, 2.0 ** min(too_many, 20))


def _name(account: str) -> str:
    return account[:_LONGEST_NAME]
