"""Rows of the state database as pages and as single resources with their ETags."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import Header, Query
from fastapi import Path as InPath

from ingest.api.problems import Refused
from warehouse.registry.changes import Row

MOST = 500
# What stands in an address: everything that prints, but no slash.
KEY = r"^[^/\x00-\x1f\x7f]+$"
Key = Annotated[str, InPath(pattern=KEY, max_length=255)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="rows at most")]
Cursor = Annotated[str | None, Query(description="`next` of the page before", pattern=KEY, max_length=255)]
Search = Annotated[
    str | None, Query(description="looked for in names and keys, in any case", min_length=1, max_length=100)
]
Filter = Annotated[str | None, Query(description="only of this one", pattern=KEY, max_length=255)]
IfMatch = Annotated[
    str | None,
    Header(description="ETag of the row as it was read: 412 where somebody has changed it since", max_length=100),
]


def page(
    engine: sa.Engine, query: sa.Select[Any], key: sa.ColumnElement[Any], limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """At most `limit` rows of `query` in the order of `key`, from behind `cursor` on, and the cursor of the next page.

    A cursor is the last row's key.
    """
    if cursor is not None:
        query = query.where(key > cursor)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(key).limit(limit + 1)).mappings().all()
    rows = [dict(row) for row in found[:limit]]
    return rows, str(rows[-1][key.name]) if len(found) > limit else None


def holding(text: str, *columns: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether one of `columns` holds `text`, in any case."""
    return sa.or_(*(sa.func.lower(column).contains(text.lower(), autoescape=True) for column in columns))


def etag(row: Mapping[str, Any]) -> str:
    """What names a row as it stands."""
    text = json.dumps([[name, row[name]] for name in sorted(row)], default=str)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def unchanged(if_match: str | None) -> Callable[[Row], None]:
    """A look at the row before it is changed: answers 412 where it is not the one that `if_match` names."""

    def look(row: Row) -> None:
        if if_match is not None and if_match not in ("*", etag(row)):
            raise Refused(412, "The row was changed since it was read. Read it again, then change it.")

    return look
