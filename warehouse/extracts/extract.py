"""What an extract is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from warehouse.people.roles import Permission, Principal

Format = Literal["csv", "xlsx", "parquet", "json", "xml"]
FORMATS: tuple[Format, ...] = get_args(Format)
TABLES: tuple[Format, ...] = ("csv", "xlsx", "parquet", "json")

FOLDER = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Extract:
    """One extract. `sums`: columns whose sum over rows of one currency (if it has one) means something.

    `formats`: what it can be written as. `shape`: the format of others that it is written in, else its columns as they
    are. `source`: the SQL file, where it is not its name. `balanced`: `sql/journal_check.sql` finds nothing, or it is
    not written. `permission`: what it takes to read it. `of_owners`: its rows are of owners of sites, who may read
    their own.
    """

    name: str
    about: str
    columns: dict[str, str]
    sums: tuple[str, ...] = ()
    formats: tuple[Format, ...] = TABLES
    shape: Literal["table", "datev", "ocpi_2.2.1", "ocpi_2.3.0"] = "table"
    source: str | None = None
    balanced: bool = False
    permission: Permission = Permission.READ_BILLING
    of_owners: bool = False

    def is_open_to(self, who: Principal) -> bool:
        """Whether `who` may read it; which rows it has for them says their sight."""
        is_owner = who.owner_id is not None and who.may(Permission.READ_REPORTS)
        return who.may(self.permission) or (self.of_owners and is_owner)

    def require_open_to(self, who: Principal) -> None:
        """Raises `NotAllowed` unless `is_open_to`."""
        if not self.is_open_to(who):
            who.require(self.permission)

    @cached_property
    def sql(self) -> str:
        """Its SELECT, with $date_from (included), $date_to (not included), and $sites or $operator (NULL: all)."""
        return (FOLDER / f"{self.source or self.name}.sql").read_text(encoding="utf-8")

    @cached_property
    def check(self) -> str | None:
        """A SELECT of a transaction whose debit and credit differ, and both sums."""
        return (FOLDER / "journal_check.sql").read_text(encoding="utf-8") if self.balanced else None

    @property
    def by_site(self) -> bool:
        """Whether it can be narrowed to sites."""
        return "$sites" in self.sql

    @property
    def by_operator(self) -> bool:
        """Whether it can be narrowed to an operator."""
        return "$operator" in self.sql
