"""What ties one collector to the others and to whoever gives orders: all of it goes through the state database."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ingest.access.gate import Access
from ingest.metrics import Tally
from ingest.power.balancer import Balancer
from ingest.presence import Presence
from ingest.remote.delivery import Delivery
from ingest.remote.local_lists import LocalLists
from ingest.remote.passwords import PasswordRotation
from ingest.remote.queue import StateQueue
from warehouse.remote.online import stations_online

if TYPE_CHECKING:
    import sqlalchemy as sa

    from ingest.remote.line import Line
    from warehouse.remote.online import Connected


@dataclass(frozen=True, slots=True)
class Links:
    """Who is told which stations are connected here, the commands they get, their lists, passwords and sites' power."""

    presence: Presence
    delivery: Delivery
    lists: LocalLists
    rotation: PasswordRotation
    balancer: Balancer

    def chores(self) -> list[Coroutine[Any, Any, None]]:
        """What is to be done meanwhile, until cancelled."""
        return [
            self.presence.keep_told(),
            self.delivery.deliver(),
            self.lists.keep_in_step(),
            self.rotation.settle(),
            self.balancer.balance(),
        ]

    def facts(self) -> dict[str, Any]:
        """For /health."""
        return {"commands_failure": self.delivery.failure, "site_power_failure": self.balancer.failure}

    def came(self, present: Connected, line: Line) -> None:
        """A station has connected."""
        self.presence.came(present)
        self.delivery.enter(line)

    def left(self, present: Connected, line: Line) -> None:
        """That connection has ended."""
        self.presence.left(present)
        self.delivery.leave(line)


def links_by(engine: sa.Engine, collector_id: str, access: Access, tally: Tally) -> Links:
    """The links of a collector by its state database."""

    def connected_since(now: datetime) -> dict[str, datetime]:
        return {name: held.connected_at for name, held in stations_online(engine, now).items()}

    delivery = Delivery(StateQueue(engine, collector_id), tally)
    return Links(
        Presence(engine, collector_id),
        delivery,
        LocalLists(engine, access, delivery),
        PasswordRotation(engine, access, delivery),
        Balancer(engine, collector_id, connected_since),
    )
