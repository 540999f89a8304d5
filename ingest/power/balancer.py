"""Shares the power of sites with a grid limit, round by round, on the state database.

Of several collectors one does it at a time (a lease), for all sites: the commands reach a station through whichever
collector holds it. What a round sends is written together with what it thereby knows, so that a crash loses neither.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ingest.clock import microseconds
from ingest.power import sites
from ingest.power.plan import PURPOSES, Evse, EvseKey, Order, Plan, Purpose, Standing, amperes, plan
from ingest.power.sites import Limited
from ingest.power.told import LimitKey, Told, doubted, keep_limits, read_limits, settled, standings
from warehouse.registry.changes import Author
from warehouse.remote import commands, leases

if TYPE_CHECKING:
    import sqlalchemy as sa

log = logging.getLogger(__name__)

ROUND_SECONDS: Final = 2.0
_LEASE_SECONDS: Final = 15.0
_TASK: Final = "site power"
_AUTHOR: Final = Author("kwhouse", "site power")
_STACK_LEVEL: Final = 1  # over what a station may hold from its factory, at 0

Online = Callable[[datetime], Mapping[str, datetime]]
"""The stations that are connected anywhere at a time, and since when."""


class Balancer:
    """One process's part in it. `online` tells which stations are connected anywhere. `failure`: as in `Access`."""

    def __init__(self, engine: sa.Engine, holder: str, online: Online) -> None:
        self._engine, self._holder, self._online = engine, holder, online
        self._told: dict[str, tuple[EvseKey, ...]] = {}
        self.failure: str | None = None

    async def balance(self) -> None:
        """Do it every few seconds until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.round, datetime.now(UTC))
                self.failure = None
            except Exception as error:
                # Limits that were told hold; stations must not suffer for a database that is away.
                if self.failure is None:
                    log.exception("The power of sites is not shared at the moment; what was told before still holds.")
                self.failure = f"{type(error).__name__}: {error}"
            await asyncio.sleep(ROUND_SECONDS)

    def round(self, now: datetime) -> dict[str, Plan]:
        """One round, the plan of each site; nothing while another process does it."""
        # Most networks limit no site: their collectors write nothing here, and look for no stations.
        with self._engine.connect() as connection:
            if not sites.any_limited(connection) and not read_limits(connection):
                return {}
        if not leases.hold(self._engine, _TASK, self._holder, now, _LEASE_SECONDS):
            return {}
        there = self._online(now)
        with self._engine.begin() as connection:
            limited = sites.limited_sites(connection, there.__contains__, now)
            found = _Round(connection, there, now, read_limits(connection)).all(limited)
        for site_id, one in found.items():
            self._tell(site_id, one)
        return found

    def _tell(self, site_id: str, found: Plan) -> None:
        if found.unbound != self._told.get(site_id, ()) and found.unbound:
            names = ", ".join(f"{key.station_id}/{key.evse_id}" for key in found.unbound[:10])
            log.warning("Site %s: no limit binds these EVSEs yet, the others get less: %s", site_id, names)
        self._told[site_id] = found.unbound


class _Round:
    """One round within one transaction: the answers that came, the limits to send, those to take back."""

    def __init__(
        self, connection: sa.Connection, there: Mapping[str, datetime], now: datetime, before: Mapping[LimitKey, Told]
    ) -> None:
        self._connection, self._there, self._now, self._before = connection, there, now, before
        self._us = microseconds(now.isoformat()) or 0
        self._limits: dict[LimitKey, Told] = {}

    def all(self, limited: Sequence[Limited]) -> dict[str, Plan]:
        """The plan of each site."""
        self._settle()
        wanted = {evse.key for site in limited for evse in site.evses}
        self._take_back([key for key in self._limits if key[0] not in wanted])
        found = {site.site_id: self._send(site) for site in limited}
        keep_limits(self._connection, self._before, self._limits)
        return found

    def _settle(self) -> None:
        for key, told in self._before.items():
            left: Told | None = told
            if told.command_id is not None:
                left = settled(told, commands.read(self._connection, told.command_id), self._us)
            if left is not None:
                self._limits[key] = doubted(left, self._there.get(key[0].station_id))

    def _take_back(self, keys: Sequence[LimitKey]) -> None:
        for key in keys:
            told, (evse, purpose) = self._limits[key], key
            if told.command_id is not None and not told.taken_back:
                continue  # its answer first
            command_id = told.command_id
            if command_id is None and evse.station_id in self._there and told.standing.retry_at <= self._us:
                arguments = {"profile_id": _profile_id(evse, purpose)}
                command_id = self._ask(evse.station_id, "clear_charging_profile", arguments)
            self._limits[key] = replace(told, command_id=command_id, taken_back=True)

    def _send(self, site: Limited) -> Plan:
        # One that was being taken back when its site got a limit again is sent anew.
        for evse in site.evses:
            for purpose in PURPOSES:
                if (told := self._limits.get((evse.key, purpose))) is not None and told.taken_back:
                    self._limits[evse.key, purpose] = Told(Standing(transaction_id=told.standing.transaction_id))
        found = plan(site.limit_w, site.evses, standings(self._limits), self._us)
        evses = {evse.key: evse for evse in site.evses}
        for order in found.orders:
            command_id = self._ask(order.key.station_id, "set_charging_profile", _arguments(order, evses[order.key]))
            told = self._limits.get((order.key, order.purpose), Told(Standing()))
            sent = told.standing.sent(order.limit_w, order.transaction_id)
            self._limits[order.key, order.purpose] = Told(sent, command_id, told.told_at)
        return found

    def _ask(self, station_id: str, kind: str, arguments: Mapping[str, Any]) -> str:
        return commands.enter(self._connection, station_id, kind, arguments, _AUTHOR, now=self._now)


def _profile_id(evse: EvseKey, purpose: Purpose) -> int:
    """Of its own for each EVSE and purpose: OCPP replaces the profile with the same id."""
    return evse.evse_id * 10 + (1 if purpose == "TxDefaultProfile" else 2)


def _arguments(order: Order, evse: Evse) -> dict[str, Any]:
    """The charging profile: in W for direct current, in A per phase for alternating current, as stations of each do."""
    phases = evse.phases
    return {
        "profile_id": _profile_id(order.key, order.purpose),
        "stack_level": _STACK_LEVEL,
        "purpose": order.purpose,
        "evse_id": order.key.evse_id,
        "transaction_id": order.transaction_id,
        "unit": "W" if phases is None else "A",
        "limit": order.limit_w if phases is None else Decimal(amperes(order.limit_w, phases)),
        "phases": phases,
    }
