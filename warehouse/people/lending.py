"""A key for as long as a program runs: it stands in no file, and opens nothing afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from warehouse.people.keys import Grant, make_key, revoke
from warehouse.people.roles import Permission, Role
from warehouse.registry.changes import Author

# What the dashboard's pages do through the API. Which of it a visitor may, the pages decide; keys:manage lets them name
# the visitor in the records.
OF_DASHBOARD = Grant(
    roles=[Role.ADMIN],
    scopes=[
        Permission.READ_STATIONS,
        Permission.OPERATE_STATIONS,
        Permission.READ_PERSONAL,
        Permission.WRITE_ACCESS,
        Permission.MANAGE_KEYS,
    ],
)


@contextmanager
def lent_key(engine: sa.Engine, name: str, grant: Grant, author: Author) -> Iterator[str]:
    """The text of a new key, which is revoked when the block ends."""
    text = make_key(engine, name, grant, author)
    try:
        yield text
    finally:
        revoke(engine, text.split("_")[1], author)
