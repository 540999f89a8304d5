"""`/v1/sessions`: charging sessions by their begin, one with its story, and what one that goes on costs so far."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, RootModel

from ingest.api.models import Strict
from ingest.api.problems import Refused, declared
from ingest.api.v1 import rows, shapes
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import Desk, DeskHere
from ingest.api.v1.instants import DATE_TIME, Moment, read_moment
from warehouse import story
from warehouse.contract.core import SESSIONS
from warehouse.errors import SessionUnknown
from warehouse.people.roles import Permission
from warehouse.plain import for_json
from warehouse.readers import sessions as reader
from warehouse.store.sight import WHOLE

router = APIRouter(tags=["sessions"])
# Begin and id of the last session of a page.
_CURSOR = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z~[^/\x00-\x1f\x7f]+$"
Reader = Annotated[Caller, may(Permission.READ_REPORTS)]
Session = shapes.told_row(SESSIONS)
SessionPage = shapes.page_of(Session, "Sessions, the newest begin first.")


class Story(RootModel[dict[str, Any]]):
    """What a session rests on: `session`, `faults`, `decisions`, `cdrs`, `bills`, `records` and its `frames`.

    As `kwhouse session explain --json`. Tokens in frames are shown by their pseudonyms; who may not see bills
    gets none.
    """


class CostLine(Strict):
    """One price component of a cost."""

    dimension: str = Field(description="OCPI TariffDimensionType", examples=["ENERGY"])
    quantity: str
    quantity_unit: str = Field(examples=["kWh"])
    amount_excl_vat: str | None = Field(description="in the currency")
    amount_incl_vat: str | None = Field(description="in the currency")


class Cost(Strict):
    """What a session that goes on costs so far, priced as it will be when it ends."""

    session_id: str
    station_id: str
    started_at: str = Field(json_schema_extra=DATE_TIME)
    until: str = Field(description="the newest that the station has said", json_schema_extra=DATE_TIME)
    energy_wh: str | None = Field(description="energy so far (Wh)")
    tariff_id: str | None
    tariff_version: int | None
    currency: str | None
    total_excl_vat: str | None = Field(description="in the currency")
    total_incl_vat: str | None = Field(description="in the currency; null where its VAT is not known")
    reason: str | None = Field(description="why there is no price")
    power_w: str | None = Field(description="mean power of the newest step in which energy flowed (W)")
    lines: list[CostLine] = Field(description="what it is made of")


@router.get("/sessions", summary="List sessions", response_model=SessionPage, responses=declared(409))
def list_sessions(
    desk: DeskHere,
    caller: Reader,
    site_id: rows.Filter = None,
    station_id: rows.Filter = None,
    state: Annotated[
        Literal[SESSIONS.by_name["state"].values] | None,  # type: ignore[valid-type]
        Query(description="only those in this state"),
    ] = None,
    begun_from: Moment = None,
    begun_to: Moment = None,
    limit: rows.Limit = 100,
    cursor: Annotated[
        str | None, Query(description="`next` of the page before", pattern=_CURSOR, max_length=300)
    ] = None,
) -> dict[str, Any]:
    """As far as the warehouse has taken in what stations sent, which it does about every minute."""
    found = desk.lake.ask(
        caller.sight,
        reader.page,
        site_id=site_id,
        station_id=station_id,
        state=state,
        begun_from=read_moment(begun_from),
        begun_to=read_moment(begun_to),
        after=None if cursor is None else _after(cursor),
        limit=limit + 1,
    ).rows(named=True)
    last = found[limit - 1] if len(found) > limit else None
    return {
        "items": [shapes.told(SESSIONS, row) for row in found[:limit]],
        "next": None if last is None else f"{for_json(last['started_at'])}~{last['session_id']}",
    }


@router.get("/sessions/{session_id}", summary="Read a session", response_model=Session, responses=declared(404))
def read_session(desk: DeskHere, caller: Reader, session_id: rows.Key) -> dict[str, Any]:
    """By its id, or by its id in the system it came from."""
    return shapes.told(SESSIONS, _seen(desk, caller, session_id))


@router.get("/sessions/{session_id}/story", summary="What a session rests on", responses=declared(404))
def read_session_story(desk: DeskHere, caller: Reader, session_id: rows.Key) -> Story:
    row = _seen(desk, caller, session_id)
    found = dataclasses.asdict(desk.lake.ask(caller.sight, story.tell, row["session_id"]))
    if not caller.principal.may(Permission.READ_BILLING):
        found["bills"] = []
    return Story(for_json(found))


@router.get("/sessions/{session_id}/cost", summary="What a session costs so far", responses=declared(404))
def read_session_cost(desk: DeskHere, caller: Reader, session_id: rows.Key) -> Cost:
    """Of a session that goes on; one that has ended stands in the extract `cdrs` with its price."""
    row = _seen(desk, caller, session_id)
    # Its price rests on tariffs, which belong to no site.
    found = desk.lake.ask(WHOLE, desk.running_costs, row["session_id"])
    if not found:
        raise Refused(404, f"Session {row['session_id']} does not go on any more.")
    return Cost(**for_json(dataclasses.asdict(found[0])))


def _seen(desk: Desk, caller: Caller, session_id: str) -> dict[str, Any]:
    found = desk.lake.ask(caller.sight, reader.one, session_id)
    if found.is_empty():
        raise SessionUnknown(session_id)
    return found.row(0, named=True)


def _after(cursor: str) -> tuple[datetime, str]:
    started_at, _, session_id = cursor.partition("~")
    try:
        return datetime.fromisoformat(started_at), session_id
    except ValueError:
        raise Refused(409, "cursor: is not one that a page before has given.") from None
