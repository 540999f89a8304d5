"""`/v1`: drivers, tokens, rules, stations, commands, sessions and extracts as resources, for who has an API key.

`desk.py` is what the resources work with, `caller.py` who asks and what they may, `shapes.py` makes models from the
table contract, `registry.py` the resources that are tables of the registry; each other module is one resource.
"""

from __future__ import annotations

from fastapi import APIRouter

from ingest.api.problems import declared
from ingest.api.v1 import (
    access,
    changes,
    commands,
    extracts,
    power,
    registry,
    reservations,
    sessions,
    sites,
    stations,
    upkeep,
    whoami,
)
from ingest.api.v1.desk import Desk

ROUTERS = (
    whoami.router,
    registry.drivers,
    registry.contracts,
    registry.tokens,
    registry.rules,
    access.router,
    sites.router,
    stations.router,
    commands.router,
    upkeep.router,
    power.router,
    reservations.router,
    sessions.router,
    extracts.router,
    changes.router,
)


def router() -> APIRouter:
    """All of `/v1`. The application's state must hold a `Desk` as `desk`."""
    found = APIRouter(prefix="/v1", responses=declared(400, 401, 403, 422, 429, 503))
    for one in ROUTERS:
        found.include_router(one)
    return found


__all__ = ["Desk", "router"]
