"""What the resources of `/v1` work with: the state database, the lake, and what other rooms hand in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from ingest.security.doorman import Doorman
from warehouse.people.roles import Principal
from warehouse.settings import Settings
from warehouse.store import Lake, open_lake
from warehouse.store.sight import Sight

if TYPE_CHECKING:
    import sqlalchemy as sa

# The text of an API key → whose it is; None: nobody's.
Authenticate = Callable[[str], Principal | None]
# An open lake and a session → what sessions that go on cost so far: none or one row.
RunningCosts = Callable[[Lake, str], Sequence[Mapping[str, Any]]]


class Desk:
    """One for each application. Safe to use from several threads."""

    def __init__(
        self, settings: Settings, engine: sa.Engine, authenticate: Authenticate, running_costs: RunningCosts
    ) -> None:
        self.settings, self.engine = settings, engine
        self.authenticate, self.running_costs = authenticate, running_costs
        self.doorman = Doorman()
        self._lake: Lake | None = None
        self._opening = threading.Lock()

    @contextmanager
    def lake(self, sight: Sight) -> Iterator[Lake]:
        """The lake as somebody sees it, for one request: temporary tables that it makes are its own.

        Raises `StoreMissing`.
        """
        with self._opening:
            if self._lake is None:
                self._lake = open_lake(self.settings, read_only=True)
            seen = self._lake.seen_with(sight)
        try:
            yield seen
        finally:
            seen.close()

    def close(self) -> None:
        """Close the lake; the engine belongs to whoever made it."""
        if self._lake is not None:
            self._lake.close()


def desk_of(request: Request) -> Desk:
    """The desk of the application that answers `request`."""
    found: Desk = request.app.state.desk
    return found


DeskHere = Annotated[Desk, Depends(desk_of)]
