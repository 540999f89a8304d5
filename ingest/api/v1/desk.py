"""What the resources of `/v1` work with: the state database, the lake, and what other rooms hand in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from ingest.security.doorman import Doorman
from warehouse.people.roles import Principal
from warehouse.store import Lake
from warehouse.store.apart import LakeApart

if TYPE_CHECKING:
    import sqlalchemy as sa
    from _typeshed import DataclassInstance

# The text of an API key → whose it is; None: nobody's.
Authenticate = Callable[[str], Principal | None]
# The lake and a session → what it costs so far, if it goes on: none or one. A function of a module (`LakeApart.ask`).
RunningCosts = Callable[[Lake, str], "Sequence[DataclassInstance]"]


class Desk:
    """One for each application. Safe to use from several threads.

    `lake` is asked in a process of its own: this one has the state database open.
    """

    def __init__(
        self, lake: LakeApart, engine: sa.Engine, authenticate: Authenticate, running_costs: RunningCosts
    ) -> None:
        self.engine, self.lake = engine, lake
        self.authenticate, self.running_costs = authenticate, running_costs
        self.doorman = Doorman()


def desk_of(request: Request) -> Desk:
    """The desk of the application that answers `request`."""
    found: Desk = request.app.state.desk
    return found


DeskHere = Annotated[Desk, Depends(desk_of)]
