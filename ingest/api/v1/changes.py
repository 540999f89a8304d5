"""`/v1/changes`: the audit of registry, credentials and keys: who changed what, the newest first."""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import Field

from ingest.api.models import Strict
from ingest.api.v1 import rows
from ingest.api.v1.caller import may
from ingest.api.v1.desk import DeskHere
from ingest.api.v1.instants import DATE_TIME
from warehouse.people.roles import Permission
from warehouse.plain import for_json
from warehouse.state import table

router = APIRouter(tags=["changes"])
Table = Annotated[str | None, Query(description="only of this table", pattern=r"^[a-z_]{1,60}$")]


class Change(Strict):
    """One change of one row of registry, credentials or API keys."""

    change_id: int
    changed_at: str = Field(json_schema_extra=DATE_TIME)
    table_name: str = Field(examples=["tokens"])
    row_key: list[Any] = Field(description="key of the row", examples=[["T-1"]])
    change: str = Field(description="added, changed or removed")
    before: dict[str, Any] | None = Field(description="the row as it was, or what changed of it; null: there was none")
    after: dict[str, Any] | None = Field(description="the row as it is, or what changed of it; null: there is none")
    changed_by: str
    source: str = Field(description="what it was changed with", examples=["api"])


class ChangePage(Strict):
    """Changes, the newest first."""

    items: list[Change]
    next: int | None = Field(description="`cursor` of the next page; null: there is none")


@router.get(
    "/changes", summary="List changes of the registry", dependencies=[may(Permission.READ_PERSONAL, everywhere=True)]
)
def list_changes(
    desk: DeskHere,
    table_name: Table = None,
    limit: rows.Limit = 100,
    cursor: Annotated[int | None, Query(ge=1, lt=2**63, description="`next` of the page before")] = None,
) -> ChangePage:
    there = table("registry", "changes")
    query = sa.select(there).order_by(there.c.change_id.desc()).limit(limit + 1)
    if table_name is not None:
        query = query.where(there.c.table_name == table_name)
    if cursor is not None:
        query = query.where(there.c.change_id < cursor)
    with desk.engine.connect() as connection:
        found = connection.execute(query).mappings().all()
    items = [
        Change(
            change_id=row["change_id"],
            changed_at=for_json(row["changed_at"]),
            table_name=row["table_name"],
            row_key=_read(row["row_key"]),
            change=row["change"],
            before=_read(row["before"]),
            after=_read(row["after"]),
            changed_by=row["changed_by"],
            source=row["source"],
        )
        for row in found[:limit]
    ]
    return ChangePage(items=items, next=items[-1].change_id if len(found) > limit else None)


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)
