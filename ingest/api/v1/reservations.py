"""`/v1/reservations`: EVSEs that stations keep for somebody."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import Field

from ingest.api.models import Strict
from ingest.api.problems import Refused, declared
from ingest.api.v1 import commands, rows, shapes
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import DeskHere
from ingest.api.v1.instants import DATE_TIME, Instant, read_moment
from ingest.api.v1.stations import known_station
from ingest.remote.reserving import ask_reservation
from warehouse.people.roles import Permission
from warehouse.plain import for_json
from warehouse.remote import reservations
from warehouse.state import table

router = APIRouter(tags=["reservations"])
Operator = Annotated[Caller, may(Permission.OPERATE_STATIONS)]


class Reservation(Strict):
    """An EVSE that a station keeps for somebody."""

    reservation_id: int
    station_id: str
    evse_id: int | None = Field(description="EVSE (2.x) or connector (1.6); null: any of the station's")
    id_token: str
    expires_at: str = Field(json_schema_extra=DATE_TIME)
    command_id: str = Field(description="command that asks the station for it")
    state: Literal["asked", "kept", "refused", "cancelled", "over"]
    reason: str | None = Field(description="why it is not kept")


class ReservationList(Strict):
    """Reservations, the newest first."""

    items: list[Reservation]


class NewReservation(commands.Asked):
    """An EVSE to be kept."""

    id_token: str = Field(pattern=shapes.TEXT, max_length=255, description="who may use it", examples=["T-1"])
    expires_at: Instant = Field(description="how long it is kept")
    evse_id: commands.Number | None = Field(None, description="EVSE (2.x) or connector (1.6); null: any of them")
    force: bool = Field(False, description="ask the station even where the token would not be let in there")


@router.post(
    "/stations/{station_id}/reservations", summary="Reserve an EVSE", status_code=202, responses=declared(404, 409)
)
def reserve(
    desk: DeskHere,
    caller: Operator,
    station_id: rows.Key,
    body: NewReservation,
    response: Response,
    repeat: commands.Repeat = None,
) -> Reservation:
    """Whether the token may charge there is looked at first: 409 with the reason where it may not."""
    known_station(desk, caller, station_id)
    until = read_moment(body.expires_at) or datetime.now(UTC)

    def ask(command_id: str) -> object:
        if until <= datetime.now(UTC):
            told = "It would be over already; give a later time."
            raise Refused(409, told, problems={"expires_at": "is over already"})
        return ask_reservation(
            desk.engine,
            station_id,
            body.evse_id,
            body.id_token,
            until,
            caller.author,
            force=body.force,
            command_id=command_id,
        )

    arguments = {
        "id_token": body.id_token,
        "evse_id": body.evse_id,
        "expires_at": until.astimezone(UTC).isoformat(),
    }
    asked = commands.once(desk, caller, repeat, commands.Wanted(station_id, "reserve", arguments), ask)
    response.headers["location"] = f"/v1/commands/{asked.command_id}"
    found = reservations.asked_by_command(desk.engine, asked.command_id, datetime.now(UTC))
    return _told(found)


@router.get("/reservations", summary="List reservations", dependencies=[may(Permission.READ_PERSONAL, everywhere=True)])
def list_reservations(
    desk: DeskHere,
    station_id: Annotated[
        str | None, Query(description="only of this station", pattern=rows.KEY, max_length=255)
    ] = None,
    limit: rows.Limit = 100,
) -> ReservationList:
    found = reservations.listing(desk.engine, datetime.now(UTC), station_id, limit)
    return ReservationList(items=[_told(one) for one in found])


@router.delete(
    "/reservations/{reservation_id}", summary="Give a reservation up", status_code=202, responses=declared(404)
)
def cancel_reservation(
    desk: DeskHere,
    caller: Operator,
    reservation_id: Annotated[int, InPath(ge=1, lt=2**63)],
    response: Response,
) -> commands.Command:
    there = table("remote", "reservations")
    with desk.engine.connect() as connection:
        station_id = connection.execute(
            there.select().with_only_columns(there.c.station_id).where(there.c.reservation_id == reservation_id)
        ).scalar()
    if station_id is None:
        raise Refused(404, f"There is no reservation {reservation_id}.")
    known_station(desk, caller, station_id)
    command_id = reservations.cancel(desk.engine, reservation_id, caller.author)
    return commands.answered(caller, commands.found_command(desk, caller, command_id), response)


def _told(found: reservations.Reservation) -> Reservation:
    facts: dict[str, Any] = for_json(asdict(found))
    return Reservation(**facts)
