"""`/v1/commands`: asking stations to do something, and what became of it.

A command is a resource: asking for it answers 202 at once with its address, where it is seen to be sent and answered.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from ingest.api.models import Strict
from ingest.api.problems import Refused, declared
from ingest.api.v1 import rows, shapes
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import Desk, DeskHere
from ingest.api.v1.instants import DATE_TIME
from ingest.api.v1.stations import known_station
from ingest.remote.asking import StartRefused, ask_start
from warehouse import exact_json
from warehouse.contract.remote import KINDS, STATES
from warehouse.people.roles import Permission
from warehouse.plain import for_json
from warehouse.remote import commands

router = APIRouter(tags=["commands"])
Operator = Annotated[Caller, may(Permission.OPERATE_STATIONS)]
Reader = Annotated[Caller, may(Permission.READ_STATIONS)]
Number = Annotated[int, Field(ge=1, le=1_000), shapes.WHOLE]
Repeat = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="the same command sent again with the same key is not asked for again",
        pattern=r"^[!-~]+$",
        max_length=100,
    ),
]
_LOOK_AGAIN_SECONDS = 0.2
_TOLD_OTHERWISE = {"arguments", "answer", "asked_by"}
_COMMANDS_OF_API = uuid.UUID("7d3f9f5c-0a5e-5d0e-9a52-3d9a4c1f8e11")


class Command(Strict):
    """One command to one station."""

    command_id: str
    station_id: str
    kind: Literal[KINDS]  # type: ignore[valid-type]
    arguments: dict[str, Any] | None = Field(description="how; null for who may not see personal data")
    asked_at: str = Field(json_schema_extra=DATE_TIME)
    expires_at: str = Field(description="from then on it is not sent any more", json_schema_extra=DATE_TIME)
    asked_by: str | None = Field(description="who asked; null for who may not see personal data")
    state: Literal[STATES] = Field(  # type: ignore[valid-type]
        description="waiting and sent: it is under way; accepted or rejected by the station; failed: it answered with "
        "an error, or cannot do it; unanswered; expired: it was not there in time; withdrawn before it was sent"
    )
    sent_at: str | None = Field(json_schema_extra=DATE_TIME)
    ended_at: str | None = Field(json_schema_extra=DATE_TIME)
    answer: Any = Field(description="what the station answered, as it came")
    reason: str | None = Field(description="why it did not come to be accepted")


class CommandList(Strict):
    """Commands, the newest first."""

    items: list[Command]


class Asked(BaseModel):
    """Base of what commands are asked with."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Start(Asked):
    """A session to be started for a token."""

    id_token: str = Field(pattern=shapes.TEXT, max_length=255, description="token it is for", examples=["T-1"])
    evse_id: Number | None = Field(
        None, description="EVSE (2.x) or connector (1.6); null: the station chooses, if it can"
    )
    force: bool = Field(False, description="ask the station even where the token would not be let in there")


class Stop(Asked):
    """A session to be stopped."""

    transaction_id: str = Field(
        pattern=r"^[!-~]{1,36}$", description="OCPP transaction, as the station's sessions name it", examples=["1042"]
    )


@router.post(
    "/stations/{station_id}/commands/start", summary="Start a session", status_code=202, responses=declared(404, 409)
)
def start_session(
    desk: DeskHere, caller: Operator, station_id: rows.Key, body: Start, response: Response, repeat: Repeat = None
) -> Command:
    """Whether the token may charge there is looked at first: 409 with the reason where it may not."""
    known_station(desk, caller, station_id)

    def ask(command_id: str) -> object:
        return ask_start(
            desk.engine,
            station_id,
            body.id_token,
            caller.author,
            body.evse_id,
            force=body.force,
            command_id=command_id,
        )

    wanted = {"id_token": body.id_token, "evse_id": body.evse_id}
    return answered(caller, once(desk, caller, repeat, Wanted(station_id, "start", wanted), ask), response)


@router.post(
    "/stations/{station_id}/commands/stop", summary="Stop a session", status_code=202, responses=declared(404, 409)
)
def stop_session(
    desk: DeskHere, caller: Operator, station_id: rows.Key, body: Stop, response: Response, repeat: Repeat = None
) -> Command:
    return ask_for(desk, caller, repeat, Wanted(station_id, "stop", body.model_dump()), response)


@router.get("/stations/{station_id}/commands", summary="List commands to a station", responses=declared(404))
def list_station_commands(desk: DeskHere, caller: Reader, station_id: rows.Key, limit: rows.Limit = 20) -> CommandList:
    known_station(desk, caller, station_id)
    found = commands.listing(desk.engine, station_id, limit)
    return CommandList(items=[told(caller, one) for one in found])


@router.get("/commands/{command_id}", summary="What became of a command", responses=declared(404))
async def read_command(
    desk: DeskHere,
    caller: Reader,
    command_id: rows.Key,
    wait_seconds: Annotated[
        float, Query(ge=0, le=30, allow_inf_nan=False, description="wait so long for it to be over")
    ] = 0.0,
) -> Command:
    until = time.monotonic() + wait_seconds
    while True:
        found = await run_in_threadpool(found_command, desk, caller, command_id)
        if found.is_over or time.monotonic() >= until:
            return told(caller, found)
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def found_command(desk: Desk, caller: Caller, command_id: str) -> commands.Command:
    """The command as it stands; answers 404 where there is none, or not at a station that the caller sees."""
    found = commands.find(desk.engine, command_id)
    if found is None:
        raise Refused(404, f"There is no command {command_id}.")
    now = datetime.now(UTC)
    if commands.is_overdue(found, now):
        commands.give_up(desk.engine, now)
        return found_command(desk, caller, command_id)
    known_station(desk, caller, found.station_id)
    return found


class Wanted(NamedTuple):
    """What a request asks of a station; a repeated one must ask for the same."""

    station_id: str
    kind: str
    arguments: Mapping[str, Any]

    def is_asked_by(self, found: commands.Command) -> bool:
        """Whether `found` is it. A token is the same in any case, and stands in the registry's spelling."""
        if (found.station_id, found.kind) != (self.station_id, self.kind):
            return False
        given = {name: found.arguments.get(name) for name in self.arguments}
        return _uncased(given) == _uncased(self.arguments)


def once(
    desk: Desk, caller: Caller, repeat: str | None, wanted: Wanted, ask: Callable[[str], object]
) -> commands.Command:
    """The command that was asked for with the key `repeat` before; else the one that `ask` enters under the id given.

    Answers 409 where another one was asked for with it. Whether it may be asked for is for `ask` to say: what was begun
    is told again even if it could not begin once more.
    """
    command_id = uuid.uuid4().hex
    if repeat is not None:
        command_id = uuid.uuid5(_COMMANDS_OF_API, f"{caller.principal.name} {repeat}").hex
    found = commands.find(desk.engine, command_id)
    if found is None:
        try:
            ask(command_id)
        except (IntegrityError, StartRefused):
            # The same request may have come twice at once, and the other one was first.
            if commands.find(desk.engine, command_id) is None:
                raise
        found = commands.find(desk.engine, command_id)
    if found is None or not wanted.is_asked_by(found):
        raise Refused(409, "Another command was asked for with this Idempotency-Key.")
    return found


def ask_for(desk: Desk, caller: Caller, repeat: str | None, wanted: Wanted, response: Response) -> Command:
    """Ask a station for what needs no look before, and answer with the command."""
    known_station(desk, caller, wanted.station_id)

    def ask(command_id: str) -> object:
        return commands.ask(desk.engine, *wanted, caller.author, command_id=command_id)

    return answered(caller, once(desk, caller, repeat, wanted, ask), response)


def answered(caller: Caller, found: commands.Command, response: Response) -> Command:
    """The answer to who has asked for a command, with its address."""
    response.headers["location"] = f"/v1/commands/{found.command_id}"
    return told(caller, found)


def _uncased(arguments: Mapping[str, Any]) -> dict[str, Any]:
    token = arguments.get("id_token")
    return {**arguments, "id_token": token.lower() if isinstance(token, str) else token}


def _as_it_came(value: Any) -> Any:
    return json.loads(exact_json.dumps(value))


def told(caller: Caller, found: commands.Command) -> Command:
    """The command as `caller` may see it."""
    personal = caller.principal.may(Permission.READ_PERSONAL)
    return Command(
        **{name: for_json(getattr(found, name)) for name in Command.model_fields.keys() - _TOLD_OTHERWISE},
        arguments=_as_it_came(dict(found.arguments)) if personal else None,
        answer=_as_it_came(found.answer),
        asked_by=found.asked_by if personal else None,
    )
