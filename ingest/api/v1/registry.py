"""Drivers, contracts, tokens and access rules: tables of the registry as resources, read and changed row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Body, Query, Response
from fastapi import Path as InPath
from pydantic import ConfigDict, Field, create_model

from ingest.api.problems import Refused, declared
from ingest.api.v1 import rows, shapes
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import DeskHere
from warehouse.contract import Table
from warehouse.contract.access import ACCESS_RULES, DAYS_OF_WEEK
from warehouse.contract.registry import CONTRACTS, DRIVERS, TOKENS
from warehouse.people.roles import Permission
from warehouse.registry.editing import add_row, change_row, remove_row
from warehouse.state import table as state_table

Reader = Annotated[Caller, may(Permission.READ_PERSONAL, everywhere=True)]
Writer = Annotated[Caller, may(Permission.WRITE_ACCESS, everywhere=True)]


def resource(
    table: Table,
    path: str,
    *,
    search: tuple[str, ...],
    filters: tuple[str, ...] = (),
    lists: Mapping[str, str] | None = None,
    removable: bool = False,
) -> APIRouter:
    """The routes of one table with one key column.

    `search`: columns that `q` is looked for in; `filters`: columns that a query may name; `lists`: patterns of what the
    lists in JSON columns hold.
    """
    words = path.replace("-", " ")
    router = APIRouter(prefix=f"/{path}", tags=[words])
    (key,) = table.key
    row_model = shapes.told_row(table)

    def row_of(desk: DeskHere, wanted: str) -> dict[str, Any]:
        there = state_table("registry", table.name)
        with desk.engine.connect() as connection:
            found = connection.execute(sa.select(there).where(there.c[key] == wanted)).mappings().first()
        if found is None:
            raise Refused(404, f"There is no {key} {wanted}.")
        return dict(found)

    def tell(row: Mapping[str, Any], response: Response) -> dict[str, Any]:
        response.headers["etag"] = rows.etag(row)
        return shapes.told(table, row)

    def listed(desk: DeskHere, caller: Reader, wanted: Any) -> dict[str, Any]:
        there = state_table("registry", table.name)
        query = sa.select(there)
        if wanted.q is not None:
            query = query.where(rows.holding(wanted.q, *(there.c[name] for name in search)))
        for name in filters:
            if (value := getattr(wanted, name)) is not None:
                query = query.where(there.c[name] == value)
        found, following = rows.page(desk.engine, query, [there.c[key]], wanted.limit, wanted.cursor)
        return {"items": [shapes.told(table, row) for row in found], "next": following}

    def added(desk: DeskHere, caller: Writer, body: Any, response: Response) -> dict[str, Any]:
        row = add_row(desk.engine, table.name, shapes.given(body), caller.author).after or {}
        response.headers["location"] = f"/v1/{path}/{quote(str(row[key]), safe='')}"
        return tell(row, response)

    def single(desk: DeskHere, caller: Reader, wanted: Any, response: Response) -> dict[str, Any]:
        return tell(row_of(desk, wanted), response)

    def changed(
        desk: DeskHere, caller: Writer, wanted: Any, body: Any, response: Response, if_match: rows.IfMatch = None
    ) -> dict[str, Any]:
        row_of(desk, wanted)
        look = rows.unchanged(if_match)
        done = change_row(desk.engine, table.name, {key: wanted}, shapes.given(body), caller.author, look=look)
        return tell(done.after or {}, response)

    def removed(desk: DeskHere, caller: Writer, wanted: Any, if_match: rows.IfMatch = None) -> None:
        row_of(desk, wanted)
        remove_row(desk.engine, table.name, {key: wanted}, caller.author, look=rows.unchanged(if_match))

    # These models are made here, from the table: FastAPI finds them where annotations would stand.
    listed.__annotations__["wanted"] = Annotated[_query(table, filters), Query()]
    added.__annotations__["body"] = Annotated[shapes.new_row(table, lists or {}), Body()]
    changed.__annotations__["body"] = Annotated[shapes.changed_row(table, lists or {}), Body()]
    for endpoint in (single, changed, removed):
        endpoint.__annotations__["wanted"] = Annotated[str, InPath(alias=key, pattern=rows.KEY, max_length=255)]

    one = f"/{{{key}}}"
    page_model = _page(row_model)
    router.add_api_route("", listed, response_model=page_model, summary=f"List {words}")
    router.add_api_route(
        one, single, response_model=row_model, summary=f"Read one of {words}", responses=declared(404)
    )
    router.add_api_route(
        "",
        added,
        response_model=row_model,
        summary=f"Add one of {words}",
        methods=["POST"],
        status_code=201,
        responses=declared(409),
    )
    router.add_api_route(
        one,
        changed,
        response_model=row_model,
        summary=f"Change one of {words}",
        methods=["PATCH"],
        responses=declared(404, 409, 412),
    )
    if removable:
        router.add_api_route(
            one,
            removed,
            summary=f"Remove one of {words}",
            methods=["DELETE"],
            status_code=204,
            responses=declared(404, 412),
        )
    return router


def _page(row_model: Any) -> Any:
    return create_model(
        f"{row_model.__name__}Page",
        __doc__="Rows in the order of their keys.",
        items=(list[row_model], ...),
        next=(str | None, Field(description="`cursor` of the next page; null: there is none")),
    )


def _query(table: Table, filters: tuple[str, ...]) -> Any:
    text = Annotated[str, Field(min_length=1, max_length=255)]
    fields: dict[str, Any] = {
        name: (text | None, Field(None, description=f"only these: {table.by_name[name].meaning}")) for name in filters
    }
    return create_model(
        f"{table.name}_query",
        __config__=ConfigDict(extra="forbid"),
        q=(rows.Search, None),
        limit=(rows.Limit, 100),
        cursor=(rows.Cursor, None),
        **fields,
    )


_ANY_SITE = r"^[^\x00-\x1f\x7f]{1,255}$"

drivers = resource(DRIVERS, "drivers", search=("driver_id", "name", "email", "company"))
contracts = resource(CONTRACTS, "contracts", search=("contract_id", "driver_id", "note"), filters=("driver_id", "operator_id"))
tokens = resource(
    TOKENS, "tokens", search=("id_token", "contract_id", "note"), filters=("contract_id", "token_group", "status")
)
rules = resource(
    ACCESS_RULES,
    "access-rules",
    search=("access_rule_id", "token_group", "contract_id", "driver_id", "note"),
    filters=("id_token", "token_group", "contract_id", "driver_id"),
    lists={"site_ids": _ANY_SITE, "day_of_week": f"^({'|'.join(DAYS_OF_WEEK)})$"},
    removable=True,
)
