"""Which sites somebody sees: those that are named, and those that an owner's agreements in force are about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from warehouse.errors import InputError
from warehouse.people.roles import Principal, Role
from warehouse.state import table


class NobodyThere(InputError):
    """A site or an owner that the registry does not know. `what` and `missing` say which."""

    def __init__(self, what: str, missing: Iterable[str]) -> None:
        self.what, self.missing = what, tuple(sorted(missing))
        super().__init__(f"The registry knows no {what} {', '.join(self.missing)}. `kwhouse registry apply` adds them.")


def seen_sites(
    connection: sa.Connection, owner_id: str | None, site_ids: Iterable[str] | None, now: datetime
) -> frozenset[str] | None:
    """The sites named, and those of the owner's agreements that are in force now, with their whole past.

    None, all of them, where neither owner nor sites are given.
    """
    if owner_id is None and site_ids is None:
        return None
    found = frozenset(site_ids or ())
    return found if owner_id is None else found | _of_owner(connection, owner_id, now)


def owner_of_sites(engine: sa.Engine, owner_id: str, now: datetime) -> Principal:
    """The owner as one who asks: what is made for them holds nothing of others. Raises `NobodyThere`."""
    with engine.connect() as connection:
        check_known(connection, owner_id, None)
        sites = seen_sites(connection, owner_id, None, now)
    return Principal(f"Owner {owner_id}", frozenset({Role.SITE_OWNER}), sites, owner_id=owner_id)


def check_known(connection: sa.Connection, owner_id: str | None, site_ids: Iterable[str] | None) -> None:
    """Raises `NobodyThere` for an owner or sites that the registry does not know."""
    owners, sites = table("registry", "site_owners"), table("registry", "sites")
    for what, column, wanted in (
        ("owner", owners.c.owner_id, set() if owner_id is None else {owner_id}),
        ("site", sites.c.site_id, set(site_ids or ())),
    ):
        there = set(connection.scalars(sa.select(column).where(column.in_(wanted))))
        if wanted - there:
            raise NobodyThere(what, wanted - there)


def _of_owner(connection: sa.Connection, owner_id: str, now: datetime) -> frozenset[str]:
    agreements = table("registry", "owner_contracts")
    in_force = sa.and_(
        agreements.c.owner_id == owner_id,
        agreements.c.valid_from <= now,
        sa.or_(agreements.c.valid_to.is_(None), agreements.c.valid_to > now),
    )
    return frozenset(connection.scalars(sa.select(agreements.c.site_id).where(in_force)))
