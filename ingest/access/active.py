"""Sessions that go on, so that rules on how many there may be can be asked.

A session counts from the start that was let in until its end is heard, another one begins on its connector, the
connector is told to be free, or nothing ended it for three days: a stop that got lost must not lock a driver out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ingest.access.known import Subject

FORGOTTEN_AFTER: Final = 3 * 24 * 3600 * 1_000_000  # microseconds


class Transaction(NamedTuple):
    """A transaction's name: the same text from its start to its end."""

    station_id: str
    transaction_id: str


class Going(NamedTuple):
    """A session that goes on: where, since when (microseconds since 1970), and whom it counts for."""

    place: str
    started_at: int
    subjects: tuple[Subject, ...]


@dataclass(slots=True)
class Active:
    """Which sessions go on. `here` are those of this process's stations, `elsewhere` those of other collectors."""

    here: dict[Transaction, Going] = field(default_factory=dict)
    elsewhere: Mapping[Transaction, Going] = field(default_factory=dict)
    _at: dict[tuple[str, str], Transaction] = field(default_factory=dict)
    _counts: Counter[Subject] = field(default_factory=Counter)
    _changed: set[Transaction] = field(default_factory=set)

    def start(self, transaction: Transaction, place: str, started_at: int, subjects: tuple[Subject, ...]) -> None:
        """A session was let in at `place` (EVSE or connector of its station). The same one again changes nothing."""
        if transaction in self.here:
            return
        # A station that moved to this collector brings what goes on there with it.
        if transaction in self.elsewhere:
            self.hear({name: going for name, going in self.elsewhere.items() if name != transaction})
        self.free(transaction.station_id, place)
        self._forget(started_at)
        self._enter(transaction, Going(place, started_at, subjects))
        self._changed.add(transaction)

    def end(self, transaction: Transaction) -> None:
        """A session has ended."""
        going = self.here.pop(transaction, None)
        if going is None:
            return
        self._at.pop((transaction.station_id, going.place), None)
        self._discount(going)
        self._changed.add(transaction)

    def free(self, station_id: str, place: str) -> None:
        """Nothing goes on at `place` any more."""
        before = self._at.get((station_id, place))
        if before is not None:
            self.end(before)

    def going_on(self, subject: Subject, without: Transaction | None) -> int:
        """How many sessions of `subject` go on, besides `without`."""
        count = self._counts[subject]
        if without is not None:
            going = self.here.get(without)
            count -= going is not None and subject in going.subjects
        return count

    def changes(self) -> dict[Transaction, Going | None]:
        """What has begun (and goes on) and what has ended (None) since this was asked last."""
        changed, self._changed = self._changed, set()
        return {transaction: self.here.get(transaction) for transaction in changed}

    def unsaid(self, changes: Iterable[Transaction]) -> None:
        """Nobody could be told of these: they are to be told with the next ones."""
        self._changed.update(changes)

    def remember(self, here: Mapping[Transaction, Going]) -> None:
        """What went on at this process's stations when it was stopped."""
        for transaction, going in here.items():
            if transaction not in self.here and transaction not in self._changed:
                self._enter(transaction, going)

    def hear(self, elsewhere: Mapping[Transaction, Going]) -> None:
        """What other collectors say goes on, in place of what they said before."""
        for going in self.elsewhere.values():
            self._discount(going)
        self.elsewhere = elsewhere
        for going in elsewhere.values():
            self._counts.update(going.subjects)

    def _enter(self, transaction: Transaction, going: Going) -> None:
        self.here[transaction] = going
        self._at[transaction.station_id, going.place] = transaction
        self._counts.update(going.subjects)

    def _forget(self, now: int) -> None:
        # In the order in which they began, but for what little clocks of replays differ.
        while self.here:
            name, going = next(iter(self.here.items()))
            if going.started_at >= now - FORGOTTEN_AFTER:
                return
            self.end(name)

    def _discount(self, going: Going) -> None:
        self._counts.subtract(going.subjects)
        for subject in going.subjects:
            if self._counts[subject] <= 0:
                del self._counts[subject]
