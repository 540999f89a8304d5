"""What the collector asks: may this station connect, may this driver charge. Kept fresh in the background.

While the registry cannot be read, the last answer holds.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from typing import Final

from ingest.access.active import Active, Transaction
from ingest.access.directory import Directory
from ingest.access.known import Credential, Known, Subject
from ingest.access.rules import Ask, Decision, decide
from ingest.access.sharing import Sharing
from ingest.access.waiting import Knock, heard

log = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 2.0  # changes are to be known within five
_MANY_TOKENS: Final = 10_000


class Access:
    """The newest `Known` of a directory. `failure` is None, or why it could not be read lately."""

    def __init__(self, directory: Directory, sharing: Sharing | None = None, *, let_unknown_in: bool = False) -> None:
        self._directory, self._sharing = directory, sharing
        self._let_unknown_in = let_unknown_in
        self._known = Known()
        self._active = Active()
        self._knocks: dict[str, Knock] = {}
        self._remembered = False
        self.failure: str | None = None

    async def refresh(self) -> None:
        """Read the directory once, and tell and hear what goes on."""
        try:
            before, self._known = self._known, await asyncio.to_thread(self._directory.load)
            if len(self._known.tokens) - len(before.tokens) > _MANY_TOKENS:
                # They stay: the search for cycles would look at all of them again and again, a third of a second for
                # a million, in which nobody is answered.
                gc.freeze()
            if self._sharing is not None:
                await self._share(self._sharing)
            self.failure = None
        except Exception as error:
            # Whatever is wrong with the database must not stop stations that are known already.
            if self.failure is None:
                log.exception("The registry cannot be read; what was known of it before still holds.")
            self.failure = f"{type(error).__name__}: {error}"

    async def _share(self, sharing: Sharing) -> None:
        changes = self._active.changes()
        knocks, self._knocks = self._knocks, {}
        try:
            if knocks:
                await asyncio.to_thread(sharing.knocked, knocks)
            if changes:
                await asyncio.to_thread(sharing.tell, changes)
            told = await asyncio.to_thread(sharing.told)
        except Exception:
            self._active.unsaid(changes)
            raise
        if not self._remembered:
            self._active.remember(told.here)
            self._remembered = True
        self._active.hear(told.elsewhere)

    async def keep_fresh(self) -> None:
        """Read the directory every few seconds until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self.refresh()

    @property
    def known(self) -> Known:
        """What the registry said last; another object as soon as it says something else."""
        return self._known

    def knows_station(self, station_id: str) -> bool:
        return station_id in self._known.stations

    def knocked(self, station_id: str, now: int, remote_address: str | None) -> None:
        """A station that the registry does not know has knocked: it waits for a person."""
        heard(self._knocks, station_id, now, remote_address)

    def credential(self, station_id: str) -> Credential | None:
        """How the station proves itself, where something is said of that."""
        return self._known.credentials.get(station_id)

    def decide(self, ask: Ask, transaction: Transaction | None = None, place: str | None = None) -> Decision:
        """The decision on `ask`. A start that is let in counts as going on: `transaction`, at `place`."""
        known = self._known
        decision = decide(
            ask,
            known,
            lambda subject: self._active.going_on(subject, transaction),
            let_unknown_in=self._let_unknown_in,
        )
        if transaction is not None and place is not None and ask.purpose == "start" and decision.status == "Accepted":
            key = ask.id_token.casefold()
            token = known.tokens.get(key)
            subjects = known.subjects(key, token) if token is not None else (Subject("token", key),)
            self._active.start(transaction, place, ask.now, subjects)
        return decision

    def ended(self, transaction: Transaction) -> None:
        """A transaction has ended."""
        self._active.end(transaction)

    def free(self, station_id: str, place: str) -> None:
        """A connector is told to be free."""
        self._active.free(station_id, place)
