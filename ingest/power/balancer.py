"""Shares the power of sites with a grid limit, round by round, on the state database.

Of several collectors one does it at a time (a lease), for all sites: the commands reach a station through whichever
collector holds it. What a round sends is written together with what it thereby knows, so that a crash loses neither.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ingest.clock import microseconds
from ingest.power import sites
from ingest.power.plan import Evse, EvseKey, Order, Plan, Standing, amperes, plan
from warehouse.registry.changes import Author
from warehouse.remote import commands, leases
from warehouse.remote.commands import Command

if TYPE_CHECKING:
    import sqlalchemy as sa

log = logging.getLogger(__name__)

ROUND_SECONDS: Final = 2.0
_LEASE_SECONDS: Final = 15.0
_TASK: Final = "site power"
_AUTHOR: Final = Author("kwhouse", "site power")
_STACK_LEVEL: Final = 1  # over what a station may hold from its factory, at 0
_SECOND: Final = 1_000_000
# What refuses has no smart charging, or not now; what was not reached or did not answer is tried again sooner.
_RETRY_AFTER: Final[Mapping[str, int]] = {"rejected": 600, "failed": 600, "expired": 10, "unanswered": 60}

Online = Callable[[datetime], Collection[str]]


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
        if not leases.hold(self._engine, _TASK, self._holder, now, _LEASE_SECONDS):
            return {}
        found: dict[str, Plan] = {}
        there = self._online(now)
        with self._engine.begin() as connection:
            limited = sites.limited_sites(connection, there.__contains__, now)
            if not limited:
                return {}
            standings, out = sites.standings(connection)
            changed: dict[tuple[EvseKey, Any], tuple[Standing, str]] = {}
            us = microseconds(now.isoformat()) or 0
            for command_id, key in out.items():
                standing = _settled(standings[key], commands.read(connection, command_id), us)
                if standing is not standings[key]:
                    standings[key] = standing
                    changed[key] = (standing, command_id)
            for site in limited:
                found[site.site_id] = plan(site.limit_w, site.evses, standings, us)
                evses = {evse.key: evse for evse in site.evses}
                for order in found[site.site_id].orders:
                    command_id = commands.enter(
                        connection,
                        order.key.station_id,
                        "set_charging_profile",
                        _arguments(order, evses[order.key]),
                        _AUTHOR,
                        now=now,
                    )
                    before = standings.get((order.key, order.purpose), Standing())
                    changed[order.key, order.purpose] = (before.sent(order.limit_w, order.transaction_id), command_id)
            sites.keep(connection, changed)
        for site_id, one in found.items():
            self._tell(site_id, one)
        return found

    def _tell(self, site_id: str, found: Plan) -> None:
        if found.unbound != self._told.get(site_id, ()) and found.unbound:
            names = ", ".join(f"{key.station_id}/{key.evse_id}" for key in found.unbound[:10])
            log.warning("Site %s: no limit binds these EVSEs yet, the others get less: %s", site_id, names)
        self._told[site_id] = found.unbound


def _settled(standing: Standing, command: Command | None, now: int) -> Standing:
    """What is known once the newest command about a limit is over."""
    if command is not None and not command.is_over:
        return standing
    state = "expired" if command is None else command.state
    if state == "accepted":
        return standing.accepted()
    retry_at = now + _RETRY_AFTER[state] * _SECOND
    return standing.lost(retry_at) if state == "unanswered" else standing.refused(retry_at)


def _arguments(order: Order, evse: Evse) -> dict[str, Any]:
    """The charging profile: in W for direct current, in A per phase for alternating current, as stations of each do."""
    phases = evse.phases
    return {
        # Of its own for each EVSE and purpose: OCPP replaces the profile with the same id.
        "profile_id": order.key.evse_id * 10 + (1 if order.purpose == "TxDefaultProfile" else 2),
        "stack_level": _STACK_LEVEL,
        "purpose": order.purpose,
        "evse_id": order.key.evse_id,
        "transaction_id": order.transaction_id,
        "unit": "W" if phases is None else "A",
        "limit": order.limit_w if phases is None else Decimal(amperes(order.limit_w, phases)),
        "phases": phases,
    }
