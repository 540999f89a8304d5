"""What a table is: columns with type, unit and meaning, declared once.

From a `Table` come the DDL with comments (`ddl.py`), the Polars schema (`schemas.py`), SQLAlchemy tables of the
state database (`warehouse/state/tables.py`), Dagster's column schema (`pipelines/defs/metadata.py`), the checks
(`checks.py`) and the generated reference page (`reference.py`). A column that is not declared does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

_TYPES = re.compile(r"(VARCHAR|BIGINT|INTEGER|BOOLEAN|DOUBLE|TIMESTAMPTZ|DATE|JSON|DECIMAL\(\d+,\d+\))(\[\])?")


class Home(StrEnum):
    """Where a table is kept."""

    LAKE = "lake"
    STATE = "state"
    VIEW = "view"  # kept nowhere: a view over other tables, `warehouse/store/views/<schema>_<name>.sql`


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `type` is a DuckDB type (JSON: text that holds JSON). `unit` is "Wh", "s", "W", "currency" … where the values
    have one. `values` lists all values there can be. `personal` marks personal data: state database only.
    `secret`: who knows it may act with it, so it is in no view and no SQL question reaches it.
    `references` names the column ("sites.site_id", same schema) that must hold the value too.
    """

    name: str
    type: str
    meaning: str
    unit: str | None = None
    nullable: bool = True
    values: tuple[str, ...] = ()
    personal: bool = False
    references: str | None = None
    secret: bool = False

    def __post_init__(self) -> None:
        if not _TYPES.fullmatch(self.type):
            raise ValueError(f"column {self.name}: type {self.type} is not one the contract knows")


@dataclass(frozen=True, slots=True)
class Table:
    """One table: `grain` says what one row is, `key` what identifies it, `sort` how the lake keeps its files.

    `unique`: further sets of columns that no two rows share. The state database holds to them; the lake has no keys.
    `rows_of`: the table, by full name, whose rows its rows belong to, by that one's key. Who sees some sites only sees
    them with those; without it, rows with a site (or else a station) are seen with that, and others not at all, unless
    the table is `for_everybody`.
    """

    schema: str
    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    home: Home = Home.LAKE
    sort: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    rows_of: str | None = None
    for_everybody: bool = False
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {column.name: column for column in self.columns}
        object.__setattr__(self, "by_name", by_name)
        missing = [
            name
            for name in (*self.key, *self.sort, *(name for some in self.unique for name in some))
            if name not in by_name
        ]
        if missing or len(by_name) != len(self.columns):
            raise ValueError(f"{self.schema}.{self.name}: unknown key or repeated column {missing}")
        if self.home is Home.LAKE and any(column.personal for column in self.columns):
            raise ValueError(f"{self.schema}.{self.name}: personal data belong in the state database")

    @property
    def full_name(self) -> str:
        """`schema.table`, as people write it in SQL."""
        return f"{self.schema}.{self.name}"

    @property
    def belongs_by(self) -> str | None:
        """What says whose its rows are: a column, or the table whose rows they go with; None: they are of no site."""
        if self.rows_of is not None:
            return self.rows_of
        by_column = {"owner_id": "owner_id", "site_id": "site_id", "station_id": "registry.stations"}
        return next((whose for name, whose in by_column.items() if name in self.by_name), None)

    @property
    def readable(self) -> tuple[Column, ...]:
        """The columns that its view has: all but secret ones."""
        return tuple(column for column in self.columns if not column.secret)

    @property
    def readable_key(self) -> tuple[str, ...]:
        """The key, where its view has all of it; else nothing: a part of a key identifies no row."""
        return () if any(self.by_name[name].secret for name in self.key) else self.key

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def required(
    name: str,
    type: str,  # noqa: A002
    meaning: str,
    unit: str | None = None,
    values: Iterable[str] = (),
    references: str | None = None,
) -> Column:
    """A column that is never NULL."""
    return Column(name, type, meaning, unit, nullable=False, values=tuple(values), references=references)


def optional(
    name: str,
    type: str,  # noqa: A002
    meaning: str,
    unit: str | None = None,
    values: Iterable[str] = (),
    references: str | None = None,
) -> Column:
    """A column that may be NULL; the meaning says when."""
    return Column(name, type, meaning, unit, values=tuple(values), references=references)
