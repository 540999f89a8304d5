"""New passwords for stations, pushed over OCPP (1.6 security whitepaper A01, 2.0.1 A01).

The password is made here when it is sent, and stands nowhere but in the frame: only its hash is kept, before the
frame leaves, so that the station gets in with it whatever becomes of the answer. The one before stays good until the
station has connected with the new one.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from ingest.access.gate import REFRESH_SECONDS, Access
from ingest.ocpp.calls import call_for
from ingest.remote.delivery import Delivery, Outcome, outcome, own_number
from ingest.remote.line import Line
from ingest.security import credentials
from ingest.security.passwords import hashed, made_up
from warehouse.registry.changes import Author
from warehouse.remote.commands import Command

if TYPE_CHECKING:
    import sqlalchemy as sa

log = logging.getLogger(__name__)

KNOWN_EVERYWHERE_SECONDS: Final = REFRESH_SECONDS + 1  # the station may come back to any collector
LOOK_SECONDS: Final = 5.0


class PasswordRotation:
    """Carries out `set_password`, and forgets passwords that have had their day."""

    def __init__(self, engine: sa.Engine, access: Access, delivery: Delivery) -> None:
        self._engine, self._access, self._delivery = engine, access, delivery
        delivery.carries("set_password", self.rotate)

    async def rotate(self, command: Command, line: Line) -> Outcome:
        """Have the station take a new password. Raises `credentials.NotSettled`, `NotAnswered`."""
        password = made_up()
        phc = await asyncio.to_thread(hashed, password)
        author = Author(command.asked_by, command.source)
        offer = credentials.Offer(command.station_id, phc, line.password_hash, line.connected_at)
        before = await asyncio.to_thread(credentials.offer, self._engine, offer, author, datetime.now(UTC))
        await asyncio.sleep(KNOWN_EVERYWHERE_SECONDS)
        call = call_for(line.version, command.kind, {"password": password}, own_number(command))
        found = outcome(line, call.action, await line.call(call, command.command_id, secret=password))
        if found.state == "accepted":
            settle = partial(credentials.taken, self._engine, command.station_id)
        else:
            settle = partial(credentials.take_back, self._engine, before)
        await asyncio.to_thread(settle, phc, author, datetime.now(UTC))
        return found

    async def settle(self) -> None:
        """Forget the password before, where a station has connected with the newest one; until cancelled."""
        failing = False
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                for station_id, credential in list(self._access.known.credentials.items()):
                    line = self._delivery.line(station_id)
                    if len(credential.hashes) > 1 and line is not None and line.password_hash == credential.hashes[0]:
                        newest = credential.hashes[0]
                        await asyncio.to_thread(
                            credentials.settled, self._engine, station_id, newest, datetime.now(UTC)
                        )
                failing = False
            except Exception:
                if not failing:
                    log.exception("Passwords that stations do not need any more cannot be forgotten.")
                failing = True
