"""API keys: `kwh_<key id>_<secret>`, shown once, kept as a hash.

The secret is 256 random bits, so one SHA-256 is enough: nobody can try that many. A slow hash is for passwords that
people choose, and would cost every request 50 ms. What a key may do is what its roles may, narrowed by its scopes;
whose rows it sees is asked anew at each request, so that an owner's new site is seen and a lost one is not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from warehouse.contract.people import API_KEYS
from warehouse.errors import InputError
from warehouse.people.roles import PERMISSIONS, Permission, Principal, Role
from warehouse.people.sites import check_known, seen_sites
from warehouse.registry import changes
from warehouse.registry.changes import Author
from warehouse.state import table

_WRITTEN = re.compile(r"kwh_([0-9a-f]{12})_([0-9a-f]{64})")


class KeyRefused(InputError):
    """A key cannot be made, or is not there to be revoked."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new key may do, and what it sees.

    `scopes` None: all that its roles may. `owner_id` and `site_ids` None: all sites. The role `site_owner` needs one.
    """

    roles: Collection[Role]
    scopes: Collection[Permission] | None = None
    owner_id: str | None = None
    site_ids: Collection[str] | None = None
    expires_at: datetime | None = None

    def check(self, now: datetime) -> None:
        """Raises `KeyRefused` for a key that could do nothing, or more than its maker may mean."""
        if not self.roles:
            raise KeyRefused(f"A key needs a role: {', '.join(Role)}.")
        allowed = frozenset[Permission]().union(*(PERMISSIONS[role] for role in self.roles))
        if beyond := sorted(set(self.scopes or ()) - allowed):
            raise KeyRefused(f"The roles {', '.join(sorted(self.roles))} do not have the scope {', '.join(beyond)}.")
        if self.scopes is not None and not self.scopes:
            raise KeyRefused("A key without any scope could do nothing. Leave scopes away for all that its roles may.")
        if Role.SITE_OWNER in self.roles and self.owner_id is None and not self.site_ids:
            raise KeyRefused("A key of a site owner needs the owner, or sites: otherwise it would see every site.")
        if self.expires_at is not None and self.expires_at <= now:
            raise KeyRefused(f"It would have expired already, at {self.expires_at.isoformat()}.")


def make_key(engine: sa.Engine, name: str, grant: Grant, author: Author, *, now: datetime | None = None) -> str:
    """Make a key and give its text, which is kept nowhere.

    Raises `KeyRefused` (see `Grant.check`), `NobodyThere` for an owner or site that the registry does not know.
    """
    moment = now or datetime.now(UTC)
    grant.check(moment)
    if not name.strip():
        raise KeyRefused("A key needs a name that says what it is for.")
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    row: dict[str, Any] = {
        "key_id": key_id,
        "name": name.strip(),
        "secret_sha256": _digest(secret),
        "roles": _list(grant.roles),
        "scopes": None if grant.scopes is None else _list(grant.scopes),
        "owner_id": grant.owner_id,
        "site_ids": None if grant.site_ids is None else _list(grant.site_ids),
        "made_at": moment,
        "made_by": author.name,
        "expires_at": grant.expires_at,
        "revoked_at": None,
        "last_used_on": None,
    }
    with engine.begin() as connection:
        changes.lock(connection)
        check_known(connection, grant.owner_id, grant.site_ids)
        connection.execute(sa.insert(table("access", "api_keys")), row)
        changes.record(connection, API_KEYS, [(None, row)], author)
    return f"kwh_{key_id}_{secret}"


def principal_of(engine: sa.Engine, text: str, *, now: datetime | None = None) -> Principal | None:
    """Who asks with the key `text`; None where it is no key, or has expired or been revoked.

    The first use of a day is kept with the key.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    key_id, secret = written.groups()
    moment = now or datetime.now(UTC)
    rows = table("access", "api_keys")
    with engine.connect() as connection:
        row = connection.execute(sa.select(rows).where(rows.c.key_id == key_id)).mappings().first()
        # The time that the comparison takes tells nothing of the hash.
        if row is None or not hmac.compare_digest(row["secret_sha256"], _digest(secret)) or _is_over(row, moment):
            return None
        sites = seen_sites(connection, row["owner_id"], _read(row["site_ids"]), moment)
    if row["last_used_on"] != moment.astimezone(UTC).date():
        with engine.begin() as connection:
            today = moment.astimezone(UTC).date()
            connection.execute(sa.update(rows).where(rows.c.key_id == key_id).values(last_used_on=today))
    scopes = _read(row["scopes"])
    return Principal(
        name=f"API key {row['name']} ({key_id})",
        roles=frozenset(map(Role, _read(row["roles"]) or ())),
        sites=sites,
        scopes=None if scopes is None else frozenset(map(Permission, scopes)),
        owner_id=row["owner_id"],
    )


def revoke(engine: sa.Engine, key_id: str, author: Author, *, now: datetime | None = None) -> bool:
    """Let a key open nothing from now on; gives False where it was revoked before. Raises `KeyRefused`."""
    rows = table("access", "api_keys")
    with engine.begin() as connection:
        changes.lock(connection)
        before = connection.execute(sa.select(rows).where(rows.c.key_id == key_id)).mappings().first()
        if before is None:
            raise KeyRefused(f"There is no key {key_id}. `kwhouse key list` shows all; an id is the part after kwh_.")
        if before["revoked_at"] is not None:
            return False
        moment = now or datetime.now(UTC)
        connection.execute(sa.update(rows).where(rows.c.key_id == key_id).values(revoked_at=moment))
        changes.record(connection, API_KEYS, [(dict(before), {**before, "revoked_at": moment})], author)
    return True


def listing(engine: sa.Engine, *, now: datetime | None = None) -> list[dict[str, Any]]:
    """All keys, the newest first, without their hashes. `state`: valid, expired or revoked; lists are read."""
    moment = now or datetime.now(UTC)
    rows = table("access", "api_keys")
    shown = [rows.c[column.name] for column in API_KEYS.readable]
    with engine.connect() as connection:
        found = connection.execute(sa.select(*shown).order_by(rows.c.made_at.desc(), rows.c.key_id)).mappings().all()
    read = dict.fromkeys(("roles", "scopes", "site_ids"), _read)
    return [
        {
            "state": "revoked" if row["revoked_at"] else "expired" if _is_over(row, moment) else "valid",
            **{name: read[name](value) if name in read else value for name, value in row.items()},
        }
        for row in found
    ]


def _is_over(row: Mapping[Any, Any], now: datetime) -> bool:
    return row["revoked_at"] is not None or (row["expires_at"] is not None and row["expires_at"] <= now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _list(values: Collection[str]) -> str:
    return json.dumps(sorted(map(str, values)), ensure_ascii=False)


def _read(text: str | None) -> list[str] | None:
    return None if text is None else list(map(str, json.loads(text)))
