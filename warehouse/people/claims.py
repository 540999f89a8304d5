"""Who a signed-in person is here, by the claims that their OpenID Connect provider makes about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from warehouse.people.roles import NotAllowed, Principal, Role
from warehouse.people.sites import seen_sites

# A working day. The provider is asked again after it, so that a role that was taken away there ends here, too: the
# cookie by itself would keep it for thirty days.
SIGNED_IN_FOR: Final = timedelta(hours=12)


_MISSING: Final = object()


class NoRole(NotAllowed):
    """Somebody signed in whom the provider gives no role here, or a site owner whose sites nobody names."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name} is signed in, but {why}. Ask whoever runs your sign-in to set it.")
        self.name = name


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """What the provider calls them. A dot leads into an object, as in `realm_access.roles`."""

    roles: str = "roles"
    sites: str = "sites"
    owner: str = "owner_id"


def is_fresh(claims: Mapping[str, object], now: datetime) -> bool:
    """Whether the provider has told them (`iat`, OpenID Connect Core 1.0, section 2) less than `SIGNED_IN_FOR` ago."""
    issued_at = claims.get("iat")
    if not isinstance(issued_at, int | float):
        return False
    return now.timestamp() - issued_at < SIGNED_IN_FOR.total_seconds()


def principal_of_claims(engine: sa.Engine, claims: Mapping[str, object], names: ClaimNames, now: datetime) -> Principal:
    """Who `claims` tell of. Roles that are none of ours are left aside.

    Whoever has sites or an owner in the claims sees only those sites, whatever their roles. Raises `NoRole`, also for
    such a claim that is there and names nothing: that it limits nobody would be a guess.
    """
    name = _name(claims)
    told = _texts(_at(claims, names.roles))
    known = {role.value: role for role in Role}
    roles = frozenset(known[text] for one in told if (text := one.lower().replace("-", "_")) in known)
    if not roles:
        raise NoRole(name, f"has no role here: the claim {names.roles!r} names none of {', '.join(Role)}")
    sites, owners = _texts(_at(claims, names.sites)), _texts(_at(claims, names.owner))
    empty = [claim for claim in (names.sites, names.owner) if _at(claims, claim) is not _MISSING]
    if empty and not sites and not owners:
        raise NoRole(name, f"the claim {empty[0]!r} limits them to some sites and names none")
    if Role.SITE_OWNER in roles and not sites and not owners:
        raise NoRole(name, f"a site owner needs the claim {names.owner!r} (or {names.sites!r}), and has none")
    owner_id = owners[0] if owners else None
    with engine.connect() as connection:
        seen = seen_sites(connection, owner_id, sites or None, now)
    return Principal(name, roles, seen, owner_id=owner_id)


def _name(claims: Mapping[str, object]) -> str:
    """What the records call them: the address or, without one that is theirs, the provider's own key of them.

    At many providers people choose `name` themselves, so it only stands beside that.
    """
    address = None if claims.get("email_verified") is False else claims.get("email")
    known_by = str(address or claims.get("sub") or "Somebody")
    called = str(claims.get("name") or known_by)
    return known_by if called == known_by else f"{known_by} ({called})"


def _at(claims: Mapping[str, object], path: str) -> object:
    """The claim of that very name, else what a path of names with dots leads to; `_MISSING` where there is none."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name, _MISSING) if isinstance(found, Mapping) else _MISSING
    return found


def _texts(value: object) -> tuple[str, ...]:
    """A claim's texts: providers tell one as text, several as a list."""
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(one) for one in value) if isinstance(value, Iterable) and not isinstance(value, Mapping) else ()
