"""What somebody sees of the store: which rows, and whether personal columns."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warehouse.people.roles import Principal


@dataclass(frozen=True, slots=True)
class Sight:
    """`sites` None: every row. Else only rows of these sites, and those about the owner of sites `owner_id` (if any).

    Rows of neither (drivers, invoices, payments, tariffs …) are not seen then, nor is a table that nobody thought of.
    """

    personal: bool = True
    sites: frozenset[str] | None = None
    owner_id: str | None = None

    @classmethod
    def of(cls, who: Principal) -> Sight:
        """What `who` sees."""
        from warehouse.people.roles import Permission

        return cls(who.may(Permission.READ_PERSONAL), who.sites, who.owner_id)

    def within(self, other: Sight) -> Sight:
        """What both see."""
        if self.sites is None or other.sites is None:
            sites = self.sites if other.sites is None else other.sites
            owner_id = self.owner_id if other.sites is None else other.owner_id
        else:
            sites = self.sites & other.sites
            owner_id = self.owner_id if self.owner_id == other.owner_id else None
        return Sight(self.personal and other.personal, sites, owner_id)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.personal and self.sites is None

    @property
    def catalog(self) -> str:
        """The name of the DuckDB catalog whose views show it: the same for the same sight."""
        facts = [self.personal, None if self.sites is None else sorted(self.sites), self.owner_id]
        return f"shown_{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"


WHOLE = Sight()
