"""`/v1/sites`: places with stations."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import Field

from ingest.api.models import Strict
from ingest.api.v1 import rows
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import DeskHere
from warehouse.people.roles import Permission
from warehouse.state import table

router = APIRouter(tags=["sites"])


class Site(Strict):
    """One place with stations."""

    site_id: str
    name: str
    time_zone: str = Field(description="IANA zone", examples=["Europe/Berlin"])
    currency: str = Field(description="ISO 4217 code of its prices", examples=["EUR"])


class SitePage(Strict):
    """Sites in the order of their keys."""

    items: list[Site]
    next: str | None = Field(description="`cursor` of the next page; null: there is none")


@router.get("/sites", summary="List sites")
def list_sites(
    desk: DeskHere,
    caller: Annotated[Caller, may(Permission.READ_STATIONS)],
    q: rows.Search = None,
    limit: rows.Limit = 100,
    cursor: rows.Cursor = None,
) -> SitePage:
    there = table("registry", "sites")
    query = sa.select(*(there.c[name] for name in Site.model_fields))
    if caller.sites is not None:
        query = query.where(there.c.site_id.in_(caller.sites))
    if q is not None:
        query = query.where(rows.holding(q, there.c.site_id, there.c.name))
    found, following = rows.page(desk.engine, query, there.c.site_id, limit, cursor)
    return SitePage(items=[Site(**row) for row in found], next=following)
