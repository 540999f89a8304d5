"""`/v1/stations`: which there are, which wait for a person, taking one in, and its password."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from ingest.access.waiting import accepted, listing
from ingest.api.models import Strict
from ingest.api.problems import Refused, declared
from ingest.api.v1 import rows, shapes
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import Desk, DeskHere
from ingest.api.v1.instants import DATE_TIME
from ingest.security import passwords
from ingest.security.credentials import set_password
from warehouse.people.roles import NotAllowed, Permission
from warehouse.plain import for_json
from warehouse.remote.online import Held, stations_online
from warehouse.state import table

router = APIRouter(tags=["stations"])
Reader = Annotated[Caller, may(Permission.READ_STATIONS)]
Operator = Annotated[Caller, may(Permission.OPERATE_STATIONS)]


class Going(Strict):
    """A session that goes on."""

    transaction_id: str
    evse_or_connector: str = Field(description="number of the EVSE (2.x) or connector (1.6)")
    started_at: str = Field(json_schema_extra=DATE_TIME)


class Station(Strict):
    """One charging station of the registry."""

    station_id: str = Field(description="OCPP identity", examples=["CP-1"])
    site_id: str = Field(description="site where it stands")
    name: str | None = Field(description="name that people use; null: the identity")
    vendor: str | None
    model: str | None
    security_profile: int = Field(description="OCPP security profile", ge=0, le=3)
    online_since: str | None = Field(
        description="when it connected; null: it is not connected", json_schema_extra=DATE_TIME
    )
    ocpp_version: str | None = Field(description="version it speaks; null: it is not connected", examples=["2.0.1"])
    sessions: list[Going] = Field(description="sessions that go on there, as its collector told")


class StationPage(Strict):
    """Stations in the order of their identities."""

    items: list[Station]
    next: str | None = Field(description="`cursor` of the next page; null: there is none")


class NewStation(BaseModel):
    """A station to be taken in."""

    model_config = ConfigDict(extra="forbid", strict=True)

    station_id: str = Field(pattern=shapes.KEY, max_length=48, description="OCPP identity", examples=["CP-1"])
    site_id: str = Field(pattern=shapes.TEXT, max_length=255, description="site where it stands")
    name: str | None = Field(None, pattern=shapes.TEXT, max_length=255, description="name that people use")


class Waiting(Strict):
    """One station that has knocked and that the registry does not know."""

    station_id: str
    first_at: str = Field(json_schema_extra=DATE_TIME)
    last_at: str = Field(json_schema_extra=DATE_TIME)
    knocks: int
    remote_address: str | None


class WaitingList(Strict):
    """Stations that wait for a person, the newest knock first."""

    items: list[Waiting]


class Password(Strict):
    """A station's new password: it is told this once."""

    station_id: str
    password: str
    security_profile: int = Field(ge=0, le=3)


def known_station(desk: Desk, caller: Caller, station_id: str) -> dict[str, Any]:
    """The station's row; answers 404 where there is none that the caller sees."""
    stations = table("registry", "stations")
    with desk.engine.connect() as connection:
        found = connection.execute(sa.select(stations).where(stations.c.station_id == station_id)).mappings().first()
    if found is None or not caller.principal.sees(found["site_id"]):
        raise Refused(404, f"There is no station {station_id}.")
    return dict(found)


@router.get("/stations", summary="List stations")
def list_stations(
    desk: DeskHere,
    caller: Reader,
    q: rows.Search = None,
    site_id: rows.Filter = None,
    limit: rows.Limit = 100,
    cursor: rows.Cursor = None,
) -> StationPage:
    there = table("registry", "stations")
    query = sa.select(there)
    if caller.sites is not None:
        query = query.where(there.c.site_id.in_(caller.sites))
    if site_id is not None:
        query = query.where(there.c.site_id == site_id)
    if q is not None:
        query = query.where(rows.holding(q, there.c.station_id, there.c.name))
    found, following = rows.page(desk.engine, query, there.c.station_id, limit, cursor)
    return StationPage(items=_told(desk, found), next=following)


@router.get("/stations/{station_id}", summary="Read a station", responses=declared(404))
def read_station(desk: DeskHere, caller: Reader, station_id: rows.Key) -> Station:
    return _told(desk, [known_station(desk, caller, station_id)])[0]


@router.post("/stations", summary="Take a station in", status_code=201, responses=declared(409))
def accept_station(desk: DeskHere, caller: Operator, body: NewStation, response: Response) -> Station:
    """One that waits, or one that is still to come: it may connect within seconds."""
    if not caller.principal.sees(body.site_id):
        raise NotAllowed(f"{caller.principal.name} may not put stations at {body.site_id}.")
    row = accepted(desk.engine, body.station_id, body.site_id, body.name, caller.author)
    response.headers["location"] = f"/v1/stations/{quote(body.station_id, safe='')}"
    return _told(desk, [row])[0]


@router.get("/waiting-stations", summary="List stations that wait to be taken in")
def list_waiting_stations(
    desk: DeskHere, caller: Annotated[Caller, may(Permission.READ_STATIONS, everywhere=True)]
) -> WaitingList:
    personal = caller.principal.may(Permission.READ_PERSONAL)
    return WaitingList(
        items=[
            Waiting(**for_json({**row, "remote_address": row["remote_address"] if personal else None}))
            for row in listing(desk.engine)
        ]
    )


@router.post("/stations/{station_id}/password", summary="Make a new password", responses=declared(404))
def make_station_password(desk: DeskHere, caller: Operator, station_id: rows.Key) -> Password:
    """Of HTTP Basic auth. The one before stays good until the next change; only a hash is kept."""
    known_station(desk, caller, station_id)
    made = passwords.made_up()
    profile = set_password(desk.engine, station_id, made, caller.author, datetime.now(UTC))
    return Password(station_id=station_id, password=made, security_profile=profile)


def _told(desk: Desk, found: list[dict[str, Any]]) -> list[Station]:
    """Stations with what the state database knows of them besides."""
    names = [row["station_id"] for row in found]
    online = stations_online(desk.engine, datetime.now(UTC), names)
    credentials, going = table("access", "station_credentials"), table("access", "transactions")
    profile = sa.select(credentials.c.station_id, credentials.c.security_profile)
    with desk.engine.connect() as connection:
        found_profiles = connection.execute(profile.where(credentials.c.station_id.in_(names)))
        profiles = {str(name): int(number) for name, number in found_profiles}
        sessions: dict[str, list[Going]] = {name: [] for name in names}
        for row in connection.execute(
            sa.select(going).where(going.c.station_id.in_(names)).order_by(going.c.started_at)
        ).mappings():
            told = {name: row[name] for name in Going.model_fields}
            sessions[row["station_id"]].append(Going(**for_json(told)))
    return [
        Station(
            **{name: row[name] for name in ("station_id", "site_id", "name", "vendor", "model")},
            security_profile=profiles.get(row["station_id"], 0),
            **_connection(online.get(row["station_id"])),
            sessions=sessions[row["station_id"]],
        )
        for row in found
    ]


def _connection(held: Held | None) -> dict[str, Any]:
    if held is None:
        return {"online_since": None, "ocpp_version": None}
    return {"online_since": for_json(held.connected_at), "ocpp_version": held.ocpp_version}
