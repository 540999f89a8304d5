"""Power: how a site's grid limit is shared now, and the limit of a single station."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Response
from pydantic import Field

from ingest.api.models import Strict
from ingest.api.problems import Refused, declared
from ingest.api.v1 import rows, shapes
from ingest.api.v1.commands import Asked, Command, Operator, Reader, answered, found_command
from ingest.api.v1.desk import DeskHere
from ingest.api.v1.stations import known_station
from ingest.power.shown import shown_sites
from ingest.power.station_limit import NoConnectors, clear_limit, set_limit
from warehouse.state import table

router = APIRouter(tags=["power"])


class EvsePower(Strict):
    """What one EVSE may take."""

    station_id: str
    evse_id: int
    rated_power_w: int
    may_take_w: int
    transaction_id: str | None = Field(description="session that goes on there; null: none")
    remark: str = Field(description='why no limit binds it; "": one does, or none has to')


class SitePower(Strict):
    """How a site's power is shared now."""

    site_id: str
    grid_limit_w: int | None = Field(description="what the site may take; null: no limit, and nothing is shared")
    may_take_w: int | None = Field(description="what its EVSEs may take together; null: no limit")
    evses: list[EvsePower]


class Limit(Asked):
    """What a station may take at most, all EVSEs together."""

    limit_w: Annotated[int, Field(ge=0, le=100_000_000), shapes.WHOLE] = Field(examples=[22_000])


@router.get("/sites/{site_id}/power", summary="Read how a site's power is shared", responses=declared(404))
def read_site_power(desk: DeskHere, caller: Reader, site_id: rows.Key) -> SitePower:
    sites = table("registry", "sites")
    with desk.engine.connect() as connection:
        known = connection.execute(sa.select(sites.c.site_id).where(sites.c.site_id == site_id)).first()
    if known is None or not caller.principal.sees(site_id):
        raise Refused(404, f"There is no site {site_id}.")
    for found in shown_sites(desk.engine, datetime.now(UTC), site_id):
        evses = [EvsePower(**evse) for evse in found["evses"]]
        return SitePower(**{**found, "evses": evses})
    return SitePower(site_id=site_id, grid_limit_w=None, may_take_w=None, evses=[])


@router.put(
    "/stations/{station_id}/power-limit", summary="Limit a station", status_code=202, responses=declared(404, 409)
)
def limit_station(desk: DeskHere, caller: Operator, station_id: rows.Key, body: Limit, response: Response) -> Command:
    """It holds beside its share of the site's power, the lower one counts; until it is taken back."""
    known_station(desk, caller, station_id)
    try:
        command_id = set_limit(desk.engine, station_id, body.limit_w, caller.author)
    except NoConnectors as error:
        raise Refused(409, str(error)) from error
    return answered(caller, found_command(desk, caller, command_id), response)


@router.delete(
    "/stations/{station_id}/power-limit",
    summary="Take a station's limit back",
    status_code=202,
    responses=declared(404),
)
def unlimit_station(desk: DeskHere, caller: Operator, station_id: rows.Key, response: Response) -> Command:
    known_station(desk, caller, station_id)
    command_id = clear_limit(desk.engine, station_id, caller.author)
    return answered(caller, found_command(desk, caller, command_id), response)
