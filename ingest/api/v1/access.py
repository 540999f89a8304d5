"""`/v1/access`: what would be decided on a token, what was decided, and the groups that tokens stand in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field

from ingest.access.asking import would_be_decided
from ingest.api.models import Strict
from ingest.api.problems import declared
from ingest.api.v1 import rows
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import DeskHere
from ingest.api.v1.instants import DATE_TIME, Moment, read_moment
from ingest.api.v1.stations import known_station
from ingest.clock import instant
from ingest.ocpp.desk import Purpose, Status
from warehouse.contract.registry import OCPP_TOKEN_TYPES
from warehouse.people.roles import Permission
from warehouse.plain import for_json
from warehouse.readers import access as decided
from warehouse.state import table

router = APIRouter(tags=["access"])
Reader = Annotated[Caller, may(Permission.READ_PERSONAL)]
Text = Annotated[str, Query(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Decision(Strict):
    """What would be decided if somebody wanted to charge."""

    status: Literal[get_args(Status)] = Field(  # type: ignore[valid-type]
        description="OCPP 2.0.1 AuthorizationStatusEnumType", examples=["Accepted"]
    )
    reason: str = Field(description="question of the decision table that decided", examples=["token_blocked"])
    access_rule_id: str | None = Field(description="rule that decided, where one did")
    valid_until: str | None = Field(
        description="how long it will not be decided otherwise", json_schema_extra=DATE_TIME
    )


class Decided(Strict):
    """One decision that a collector took."""

    decided_at: str = Field(json_schema_extra=DATE_TIME)
    station_id: str
    purpose: Literal[get_args(Purpose)] = Field(description="what the token was wanted for")  # type: ignore[valid-type]
    id_token: str = Field(description="as the station sent it; empty where it sent none")
    token_type: str | None = Field(description="OCPP 2.x IdTokenEnumType; null with OCPP 1.6")
    status: str
    reason: str
    access_rule_id: str | None
    action: str = Field(description="OCPP action that asked", examples=["Authorize"])


class DecidedList(Strict):
    """Decisions, the newest first, as far as collectors' files have been taken into the warehouse."""

    items: list[Decided]
    until: str | None = Field(description="newest decision in the warehouse; null: none", json_schema_extra=DATE_TIME)


class Group(Strict):
    """A group of tokens (OCPP parentIdTag, groupIdToken)."""

    token_group: str
    tokens: int = Field(description="tokens in it", ge=0)
    access_rules: int = Field(description="rules about it", ge=0)


class GroupList(Strict):
    """All groups, in the order of their names."""

    items: list[Group]


@router.get("/access/decision", summary="What would be decided, and why", responses=declared(404))
def access_decision(
    desk: DeskHere,
    caller: Reader,
    id_token: Text,
    station_id: Text,
    at: Moment = None,
    ocpp_type: Annotated[
        Literal[OCPP_TOKEN_TYPES] | None,  # type: ignore[valid-type]
        Query(description="kind it is presented as (OCPP 2.x)"),
    ] = None,
) -> Decision:
    """Sessions that go on are counted as collectors have told of them."""
    known_station(desk, caller, station_id)
    moment = read_moment(at) or datetime.now(UTC)
    found, _ = would_be_decided(desk.engine, id_token, station_id, moment, ocpp_type)
    end = None if found.valid_until is None else for_json(instant(found.valid_until))
    return Decision(status=found.status, reason=found.reason, access_rule_id=found.rule_id, valid_until=end)


@router.get("/access/decisions", summary="What collectors decided")
def list_access_decisions(
    desk: DeskHere,
    caller: Reader,
    id_token: Annotated[Text | None, Query(description="only on this token, in any case")] = None,
    station_id: Annotated[Text | None, Query(description="only at this station")] = None,
    refused: Annotated[bool, Query(description="only those that did not let in")] = False,
    limit: rows.Limit = 100,
) -> DecidedList:
    found = desk.lake.ask(
        caller.sight, decided.decisions, id_token=id_token, station_id=station_id, refused=refused, limit=limit
    )
    until = desk.lake.ask(caller.sight, decided.newest)
    items: list[Any] = [Decided(**for_json(row)) for row in found.rows(named=True)]
    return DecidedList(items=items, until=for_json(until))


@router.get(
    "/token-groups",
    summary="List groups of tokens",
    dependencies=[may(Permission.READ_PERSONAL, everywhere=True)],
)
def list_token_groups(desk: DeskHere) -> GroupList:
    with desk.engine.connect() as connection:
        tokens, rules = _by_group(connection, "tokens"), _by_group(connection, "access_rules")
    return GroupList(
        items=[
            Group(token_group=name, tokens=tokens.get(name, 0), access_rules=rules.get(name, 0))
            for name in sorted(tokens.keys() | rules.keys())
        ]
    )


def _by_group(connection: sa.Connection, name: str) -> dict[str, int]:
    """How many rows of a table of the registry name each group."""
    there = table("registry", name)
    query = sa.select(there.c.token_group, sa.func.count()).where(there.c.token_group.is_not(None))
    return {str(group): int(count) for group, count in connection.execute(query.group_by(there.c.token_group))}
