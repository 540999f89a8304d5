"""Which stations this collector holds, told to everybody in the state database, in step with its connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from warehouse.remote import online
from warehouse.remote.online import Connected

if TYPE_CHECKING:
    import sqlalchemy as sa

log = logging.getLogger(__name__)

ROUND_SECONDS: Final = 2.0


class Presence:
    """Keeps `access.online_stations` of one collector."""

    def __init__(self, engine: sa.Engine, collector_id: str) -> None:
        self._engine, self._collector_id = engine, collector_id
        self._held: dict[str, Connected] = {}
        self._told: Mapping[str, Connected] | None = None  # None: nothing was told yet
        self._failed = False

    def came(self, station: Connected) -> None:
        """A station has connected; a connection that it had before counts no more."""
        self._held[station.station_id] = station

    def left(self, station: Connected) -> None:
        """The connection that `came` has ended."""
        if self._held.get(station.station_id) is station:
            del self._held[station.station_id]

    async def keep_told(self) -> None:
        """Tell what has changed every few seconds until cancelled, and then that this collector is gone."""
        try:
            while True:
                await self._round(self._engine)
                await asyncio.sleep(ROUND_SECONDS)
        finally:
            await asyncio.to_thread(self._end, self._engine)

    async def _round(self, engine: sa.Engine) -> None:
        held = self._held.copy()
        try:
            await asyncio.to_thread(self._tell, engine, held)
            self._failed = False
        except Exception:
            # Stations are served all the same; whoever asks sees this collector's word grow old.
            if not self._failed:
                log.exception("Nobody can be told which stations are connected.")
            self._failed = True

    def _tell(self, engine: sa.Engine, held: Mapping[str, Connected]) -> None:
        now = datetime.now(UTC)
        if self._told is None:
            online.begin(engine, self._collector_id, now)
            self._told = {}
        told = self._told
        came = [station for name, station in held.items() if told.get(name) is not station]
        online.tell(engine, self._collector_id, came, [name for name in told if name not in held], now)
        self._told = held

    def _end(self, engine: sa.Engine) -> None:
        try:
            online.end(engine, self._collector_id)
        except Exception:
            log.exception("Nobody can be told that this collector is gone; its word grows old.")
