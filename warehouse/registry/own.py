"""Rows that drivers made for themselves on their phones: files need not name them, and do not remove them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from warehouse.registry.records import Record
from warehouse.registry.values import Value
from warehouse.state import table

# Registry table → the column that names its rows, and the table of `access` that has those made on phones.
_MADE_ON_PHONES: Final = {"drivers": ("driver_id", "driver_accounts"), "tokens": ("id_token", "starts")}


def kept(
    connection: sa.Connection, name: str, stored: Sequence[Mapping[str, Value]], records: Sequence[Record]
) -> Iterator[Record]:
    """The stored rows of registry table `name` that were made on phones and that the file's `records` do not name."""
    if name not in _MADE_ON_PHONES:
        return
    key, made_in = _MADE_ON_PHONES[name]
    made = set(connection.execute(sa.select(table("access", made_in).c[key]).distinct()).scalars())
    made -= {record.get(key) for record in records}
    yield from (Record(dict(row)) for row in stored if row[key] in made)
