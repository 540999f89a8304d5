"""Which stations may connect and which tokens may charge, answered from memory.

The registry in the state database is read again every few seconds; while it cannot be read, the last answer holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from ingest.clock import iso, microseconds
from ingest.ocpp.desk import Verdict

if TYPE_CHECKING:
    from warehouse.settings import Settings

log = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 5.0
_INVALID: Final = Verdict("Invalid")


@dataclass(frozen=True, slots=True)
class Token:
    """What the registry says of an idToken; times in microseconds since 1970, UTC."""

    blocked: bool = False
    valid_from: int | None = None
    valid_to: int | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the collector needs of the registry. Keys of `tokens` are casefolded: OCPP tokens ignore case."""

    stations: frozenset[str] = frozenset()
    tokens: Mapping[str, Token] = field(default_factory=dict)


class Directory(Protocol):
    """Where stations and tokens are looked up."""

    def load(self) -> Known:
        """Read all of it; called in a thread."""
        ...


class Access:
    """The newest `Known` of a directory. `failure` is None, or why it could not be read lately."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._known = Known()
        self.failure: str | None = None

    async def refresh(self) -> None:
        """Read the directory once."""
        try:
            self._known = await asyncio.to_thread(self._directory.load)
            self.failure = None
        except Exception as error:
            # Whatever is wrong with the database must not stop stations that are known already.
            if self.failure is None:
                log.exception("The registry cannot be read; what was known of it before still holds.")
            self.failure = f"{type(error).__name__}: {error}"

    async def keep_fresh(self) -> None:
        """Read the directory every few seconds until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await self.refresh()

    def knows_station(self, station_id: str) -> bool:
        return station_id in self._known.stations

    def verdict(self, id_token: str, now: int) -> Verdict:
        """What holds for a token at `now` (microseconds since 1970)."""
        token = self._known.tokens.get(id_token.casefold())
        if token is None:
            return _INVALID
        if token.blocked:
            return Verdict("Blocked", None, token.group)
        if token.valid_from is not None and now < token.valid_from:
            return Verdict("Invalid", None, token.group)
        if token.valid_to is None:
            return Verdict("Accepted", None, token.group)
        return Verdict("Accepted" if now < token.valid_to else "Expired", iso(token.valid_to), token.group)


class Registry:
    """The directory in the state database."""

    def __init__(self, settings: Settings) -> None:
        from warehouse.state import open_state

        self._engine = open_state(settings)

    def load(self) -> Known:
        import sqlalchemy as sa

        from warehouse.state import table

        stations, tokens = table("registry", "stations"), table("registry", "tokens")
        wanted = (tokens.c.id_token, tokens.c.status, tokens.c.valid_from, tokens.c.valid_to, tokens.c.token_group)
        with self._engine.connect() as connection:
            return Known(
                frozenset(connection.scalars(sa.select(stations.c.station_id))),
                {
                    id_token.casefold(): Token(status == "blocked", _instant(begin), _instant(end), group)
                    for id_token, status, begin, end, group in connection.execute(sa.select(*wanted))
                },
            )


def _instant(value: datetime | None) -> int | None:
    return None if value is None else microseconds(value.isoformat())
