"""Drivers, contracts, tokens and access rules: tables of the registry as resources, read and changed row by row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Body, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field, create_model

from ingest.api.problems import Refused, declared
from ingest.api.v1 import rows, shapes
from ingest.api.v1.caller import Caller, may
from ingest.api.v1.desk import Desk, DeskHere
from warehouse.contract import Table
from warehouse.contract.access import ACCESS_RULES, DAYS_OF_WEEK
from warehouse.contract.registry import CONTRACTS, DRIVERS, TOKENS
from warehouse.people.roles import Permission
from warehouse.registry.editing import add_row, change_row, remove_row
from warehouse.state import table as state_table

READING = may(Permission.READ_PERSONAL, everywhere=True)
Writer = Annotated[Caller, may(Permission.WRITE_ACCESS, everywhere=True)]


@dataclass(frozen=True)
class Resource:
    """A table with one key column, at `/v1/<path>`.

    `search`: columns that `q` is looked for in; `filters`: columns that a query may name; `lists`: patterns of what the
    lists in JSON columns hold.
    """

    table: Table
    path: str
    search: tuple[str, ...]
    filters: tuple[str, ...] = ()
    lists: Mapping[str, str] = field(default_factory=dict)
    removable: bool = False

    @property
    def words(self) -> str:
        return self.path.replace("-", " ")

    @property
    def name(self) -> str:
        """Of one row, in names of operations."""
        return self.path.replace("-", "_").removesuffix("s")

    @property
    def key(self) -> str:
        (name,) = self.table.key
        return name

    @property
    def in_path(self) -> Any:
        """The key as a parameter of the address."""
        return Annotated[str, InPath(alias=self.key, pattern=rows.KEY, max_length=255)]

    def router(self) -> APIRouter:
        """Its routes. What they tell is one model, made here: FastAPI finds models where annotations would stand."""
        router = APIRouter(prefix=f"/{self.path}", tags=[self.words])
        told = shapes.told_row(self.table)
        _reads(self, router, told)
        _writes(self, router, told)
        if self.removable:
            _removes(self, router)
        return router

    def row(self, desk: Desk, wanted: str) -> dict[str, Any]:
        """The row with that key. Answers 404 where there is none."""
        there = state_table("registry", self.table.name)
        with desk.engine.connect() as connection:
            found = connection.execute(sa.select(there).where(there.c[self.key] == wanted)).mappings().first()
        if found is None:
            raise Refused(404, f"There is no {self.key} {wanted}.")
        return dict(found)

    def tell(self, row: Mapping[str, Any], response: Response) -> dict[str, Any]:
        """The row as an answer, with its ETag."""
        response.headers["etag"] = rows.etag(row)
        return shapes.told(self.table, row)


def _reads(of: Resource, router: APIRouter, told: type[BaseModel]) -> None:
    def listed(desk: DeskHere, wanted: Any) -> dict[str, Any]:
        there = state_table("registry", of.table.name)
        query = sa.select(there)
        if wanted.q is not None:
            query = query.where(rows.holding(wanted.q, *(there.c[name] for name in of.search)))
        for name in of.filters:
            if (value := getattr(wanted, name)) is not None:
                query = query.where(there.c[name] == value)
        found, following = rows.page(desk.engine, query, there.c[of.key], wanted.limit, wanted.cursor)
        return {"items": [shapes.told(of.table, row) for row in found], "next": following}

    def single(desk: DeskHere, wanted: Any, response: Response) -> dict[str, Any]:
        return of.tell(of.row(desk, wanted), response)

    listed.__annotations__["wanted"] = Annotated[_query(of), Query()]
    single.__annotations__["wanted"] = of.in_path
    router.add_api_route(
        "",
        listed,
        name=f"list_{of.name}s",
        summary=f"List {of.words}",
        response_model=shapes.page_of(told, "Rows in the order of their keys."),
        dependencies=[READING],
    )
    router.add_api_route(
        f"/{{{of.key}}}",
        single,
        name=f"read_{of.name}",
        summary=f"Read one of {of.words}",
        response_model=told,
        responses=declared(404),
        dependencies=[READING],
    )


def _writes(of: Resource, router: APIRouter, told: type[BaseModel]) -> None:
    def added(desk: DeskHere, caller: Writer, body: Any, response: Response) -> dict[str, Any]:
        row = add_row(desk.engine, of.table.name, shapes.given(body), caller.author).after or {}
        response.headers["location"] = f"/v1/{of.path}/{quote(str(row[of.key]), safe='')}"
        return of.tell(row, response)

    def changed(
        desk: DeskHere, caller: Writer, wanted: Any, body: Any, response: Response, if_match: rows.IfMatch = None
    ) -> dict[str, Any]:
        of.row(desk, wanted)
        look = rows.unchanged(if_match)
        done = change_row(desk.engine, of.table.name, {of.key: wanted}, shapes.given(body), caller.author, look=look)
        return of.tell(done.after or {}, response)

    added.__annotations__["body"] = Annotated[shapes.new_row(of.table, of.lists), Body()]
    changed.__annotations__["body"] = Annotated[shapes.changed_row(of.table, of.lists), Body()]
    changed.__annotations__["wanted"] = of.in_path
    router.add_api_route(
        "",
        added,
        name=f"add_{of.name}",
        summary=f"Add one of {of.words}",
        methods=["POST"],
        status_code=201,
        response_model=told,
        responses=declared(409),
    )
    router.add_api_route(
        f"/{{{of.key}}}",
        changed,
        name=f"change_{of.name}",
        summary=f"Change one of {of.words}",
        methods=["PATCH"],
        response_model=told,
        responses=declared(404, 409, 412),
    )


def _removes(of: Resource, router: APIRouter) -> None:
    def removed(desk: DeskHere, caller: Writer, wanted: Any, if_match: rows.IfMatch = None) -> None:
        of.row(desk, wanted)
        remove_row(desk.engine, of.table.name, {of.key: wanted}, caller.author, look=rows.unchanged(if_match))

    removed.__annotations__["wanted"] = of.in_path
    router.add_api_route(
        f"/{{{of.key}}}",
        removed,
        name=f"remove_{of.name}",
        summary=f"Remove one of {of.words}",
        methods=["DELETE"],
        status_code=204,
        responses=declared(404, 412),
    )


def _query(of: Resource) -> Any:
    text = Annotated[str, Field(min_length=1, max_length=255)]
    fields: dict[str, Any] = {
        name: (text | None, Field(None, description=f"only these: {of.table.by_name[name].meaning}"))
        for name in of.filters
    }
    return create_model(
        f"{of.table.name}_query",
        __config__=ConfigDict(extra="forbid"),
        q=(rows.Search, None),
        limit=(rows.Limit, 100),
        cursor=(rows.Cursor, None),
        **fields,
    )


drivers = Resource(DRIVERS, "drivers", search=("driver_id", "name", "email", "company")).router()
contracts = Resource(
    CONTRACTS, "contracts", search=("contract_id", "driver_id", "note"), filters=("driver_id", "operator_id")
).router()
tokens = Resource(
    TOKENS,
    "tokens",
    search=("id_token", "contract_id", "note"),
    filters=("contract_id", "token_group", "status"),
).router()
rules = Resource(
    ACCESS_RULES,
    "access-rules",
    search=("access_rule_id", "token_group", "contract_id", "driver_id", "note"),
    filters=("id_token", "token_group", "contract_id", "driver_id"),
    lists={"site_ids": r"^[^\x00-\x1f\x7f]{1,255}$", "day_of_week": f"^({'|'.join(DAYS_OF_WEEK)})$"},
    removable=True,
).router()
