"""What keeps a station in order: its cache and local list, its password, and what it tells of itself."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Response
from pydantic import Field

from ingest.api.models import Strict
from ingest.api.problems import declared
from ingest.api.v1 import rows
from ingest.api.v1.commands import Asked, Command, Operator, Reader, Repeat, Wanted, ask_for
from ingest.api.v1.desk import Desk, DeskHere
from ingest.api.v1.instants import DATE_TIME
from ingest.api.v1.stations import known_station
from warehouse.plain import for_json
from warehouse.remote.local_lists import lists, switch

router = APIRouter(tags=["commands"])
_ANSWERS = declared(404, 409)


class LocalListSwitch(Asked):
    """Whether a station's local authorization list is kept in step."""

    enabled: bool = Field(description="false: it is emptied, and left so")


class LocalList(Strict):
    """What a station is to know by itself of who may charge."""

    station_id: str
    enabled: bool = Field(description="whether it is kept in step; false: the station's list is left empty")
    list_version: int = Field(description="as the station took it last; 0: none yet")
    tokens: int = Field(description="how many stand on it")
    in_step_at: str | None = Field(description="when it was brought in step last", json_schema_extra=DATE_TIME)
    reason: str | None = Field(description="why it is not in step")


class NewList(Asked):
    """A list to be brought in step now."""

    full: bool = Field(False, description="send all of it, whatever the station holds")


@router.post(
    "/stations/{station_id}/commands/clear-cache",
    summary="Let a station forget whom it has let in",
    status_code=202,
    responses=_ANSWERS,
)
def clear_cache(
    desk: DeskHere, caller: Operator, station_id: rows.Key, response: Response, repeat: Repeat = None
) -> Command:
    """It asks again about each of them."""
    return ask_for(desk, caller, repeat, Wanted(station_id, "clear_cache", {}), response)


@router.post(
    "/stations/{station_id}/commands/set-password",
    summary="Have a station take a new password",
    status_code=202,
    responses=_ANSWERS,
)
def rotate_password(
    desk: DeskHere, caller: Operator, station_id: rows.Key, response: Response, repeat: Repeat = None
) -> Command:
    """Nobody sees it. The one before stays good until the station has connected with the new one."""
    return ask_for(desk, caller, repeat, Wanted(station_id, "set_password", {}), response)


@router.post(
    "/stations/{station_id}/commands/report",
    summary="Have a station tell what it is",
    status_code=202,
    responses=_ANSWERS,
)
def ask_for_report(
    desk: DeskHere, caller: Operator, station_id: rows.Key, response: Response, repeat: Repeat = None
) -> Command:
    """All of its configuration (1.6) or its device model (2.x). It is in its frames then."""
    return ask_for(desk, caller, repeat, Wanted(station_id, "report", {}), response)


@router.post(
    "/stations/{station_id}/commands/send-local-list",
    summary="Bring a station's local list in step now",
    status_code=202,
    responses=_ANSWERS,
)
def send_local_list(
    desk: DeskHere, caller: Operator, station_id: rows.Key, body: NewList, response: Response, repeat: Repeat = None
) -> Command:
    return ask_for(desk, caller, repeat, Wanted(station_id, "send_local_list", body.model_dump()), response)


@router.get("/stations/{station_id}/local-list", summary="Read the state of a local list", responses=declared(404))
def read_local_list(desk: DeskHere, caller: Reader, station_id: rows.Key) -> LocalList:
    known_station(desk, caller, station_id)
    return _told(desk, station_id)


@router.put("/stations/{station_id}/local-list", summary="Switch a local list on or off", responses=declared(404))
def switch_local_list(desk: DeskHere, caller: Operator, station_id: rows.Key, body: LocalListSwitch) -> LocalList:
    """On: its collector keeps it in step from now on, and clears the station's cache when a token is blocked."""
    known_station(desk, caller, station_id)
    switch(desk.engine, [station_id], body.enabled, caller.author)
    return _told(desk, station_id)


def _told(desk: Desk, station_id: str) -> LocalList:
    found = next(iter(lists(desk.engine, station_id)), None)
    if found is None:
        return LocalList(station_id=station_id, enabled=False, list_version=0, tokens=0, in_step_at=None, reason=None)
    facts = for_json(asdict(found))
    return LocalList(**{name: facts[name] for name in LocalList.model_fields})
