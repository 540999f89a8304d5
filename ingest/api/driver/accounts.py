"""Who is signed in: drivers' accounts, the links that prove an address, and the phones that are signed in.

An address is proved by a link that is mailed: whoever opens it chooses the password of the account, which it makes
where there is none. So registering and a forgotten password are one thing, nobody learns whether an address is
registered, and who asks for links to the addresses of others gains nothing: what counts is typed behind the link. Where
no mail server is set, an account is made at once; then only that can tell that an address is taken.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import BoundedSemaphore
from typing import Any, Final

import sqlalchemy as sa

from ingest.security import passwords
from warehouse.contract import BY_NAME
from warehouse.errors import InputError
from warehouse.registry import changes
from warehouse.registry.changes import Author
from warehouse.state import table

SOURCE: Final = "phone page"
# NIST SP 800-63B, 3.1.1.2: eight characters at least, no rules on what they are; 64 and more are allowed.
SHORTEST, LONGEST = 8, 200
# As our mails take them (RFC 5321): beyond ASCII every server on the way would need SMTPUTF8.
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LONGEST_EMAIL, _LONGEST_NAME = 254, 120
_MOST_LETTERS: Final = 3  # to one address within an hour
_LETTER_LASTS: Final = timedelta(hours=1)
_VISIT_LASTS: Final = timedelta(days=60)
_HASHES_AT_ONCE: Final = 2  # each takes 19 MiB


class Refused(InputError):
    """What was typed cannot be taken. `why` is a word for it: email, password, name, taken."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This account cannot be made: {why}.")
        self.why = why


def _now() -> datetime:
    return datetime.now(UTC)


class Accounts:
    """The accounts in the state database behind `engine`."""

    def __init__(self, engine: sa.Engine, now: Callable[[], datetime] = _now) -> None:
        self._engine, self._now = engine, now
        self._turns = BoundedSemaphore(_HASHES_AT_ONCE)

    def letter(self, email: str) -> str | None:
        """A link to prove an address: gives what it ends with. Raises `Refused`.

        None: enough of them are on their way to that address already.
        """
        address = checked_email(email)
        token = secrets.token_urlsafe(24)
        rows = table("access", "driver_letters")
        row = {"letter_hash": _digest(token), "email": address, "ends_at": self._now() + _LETTER_LASTS}
        with self._engine.begin() as connection:
            connection.execute(sa.delete(rows).where(rows.c.ends_at <= self._now()))
            waiting = sa.select(sa.func.count()).select_from(rows).where(rows.c.email == address)
            if connection.execute(waiting).scalar_one() >= _MOST_LETTERS:
                return None
            connection.execute(sa.insert(rows), row)
        return token

    def addressed(self, token: str) -> tuple[str, bool] | None:
        """The address that a link proves, and whether there is an account with it; None for a link that is over."""
        rows, accounts = table("access", "driver_letters"), table("access", "driver_accounts")
        mine = sa.select(rows.c.email).where(rows.c.letter_hash == _digest(token), rows.c.ends_at > self._now())
        with self._engine.connect() as connection:
            email = connection.execute(mine).scalar()
            known = connection.execute(sa.select(accounts.c.driver_id).where(accounts.c.email == email)).first()
        return None if email is None else (email, known is not None)

    def open_letter(self, token: str, name: str, password: str) -> str | None:
        """Whoever holds the link chose a password: the account has it now. Gives its driver; None for a link that is
        over. It ends all links to that address. Raises `Refused`: then the link goes on to hold."""
        found = self.addressed(token)
        if found is None:
            return None
        check_password(password)
        shown, phc = _name(name), self._hashed(password)
        rows = table("access", "driver_letters")
        with self._engine.begin() as connection:
            if connection.execute(sa.delete(rows).where(rows.c.letter_hash == _digest(token))).rowcount != 1:
                return None
            connection.execute(sa.delete(rows).where(rows.c.email == found[0]))
        return self._keep(found[0], shown, phc, may_exist=True)

    def register(self, email: str, name: str, password: str) -> str:
        """Make an account at once; gives its driver. Raises `Refused` (`taken`: there is one with that address)."""
        address = checked_email(email)
        check_password(password)
        return self._keep(address, _name(name), self._hashed(password), may_exist=False)

    def sign_in(self, email: str, password: str) -> str | None:
        """The driver with that address and password; None where they do not fit. It takes as long either way."""
        rows = table("access", "driver_accounts")
        mine = sa.select(rows.c.driver_id, rows.c.password_hash).where(rows.c.email == email.strip().lower())
        with self._engine.connect() as connection:
            row = connection.execute(mine).first()
        with self._turns:
            fits = passwords.is_of(password[:LONGEST], _nobodys_hash() if row is None else row.password_hash)
        return row.driver_id if row is not None and fits else None

    def visit(self, driver_id: str) -> str:
        """Sign a phone in; gives its cookie."""
        cookie = secrets.token_urlsafe(32)
        rows, now = table("access", "driver_visits"), self._now()
        row = {
            "visit_hash": _digest(cookie),
            "driver_id": driver_id,
            "begun_at": now,
            "ends_at": now + _VISIT_LASTS,
        }
        with self._engine.begin() as connection:
            connection.execute(sa.delete(rows).where(rows.c.ends_at <= now))
            connection.execute(sa.insert(rows), row)
        return cookie

    def leave(self, cookie: str) -> None:
        """Sign a phone out."""
        rows = table("access", "driver_visits")
        with self._engine.begin() as connection:
            connection.execute(sa.delete(rows).where(rows.c.visit_hash == _digest(cookie)))

    def visitor(self, cookie: str | None) -> str | None:
        """The driver of a signed-in phone; None for another cookie."""
        if not cookie:
            return None
        rows = table("access", "driver_visits")
        mine = sa.select(rows.c.driver_id).where(rows.c.visit_hash == _digest(cookie), rows.c.ends_at > self._now())
        with self._engine.connect() as connection:
            return connection.execute(mine).scalar()

    def of_driver(self, driver_id: str) -> tuple[str, str | None]:
        """Address and name of a driver who is signed in."""
        accounts, drivers = table("access", "driver_accounts"), table("registry", "drivers")
        query = sa.select(accounts.c.email, drivers.c.name).outerjoin(
            drivers, drivers.c.driver_id == accounts.c.driver_id
        )
        with self._engine.connect() as connection:
            row = connection.execute(query.where(accounts.c.driver_id == driver_id)).one()
        return row.email, row.name

    def _hashed(self, password: str) -> str:
        with self._turns:
            return passwords.hashed(password)

    def _keep(self, email: str, name: str | None, phc: str, *, may_exist: bool) -> str:
        """Make the account, or give the one with that address the password: then all its phones are signed out."""
        accounts, visits = table("access", "driver_accounts"), table("access", "driver_visits")
        now = self._now()
        with self._engine.begin() as connection:
            changes.lock(connection)
            row = connection.execute(sa.select(accounts).where(accounts.c.email == email)).mappings().first()
            if row is not None and not may_exist:
                raise Refused("taken")
            if row is None:
                driver_id = f"driver-{secrets.token_hex(6)}"
                driver = {"driver_id": driver_id, "name": name, "email": email}
                connection.execute(sa.insert(table("registry", "drivers")), driver)
                changes.record(connection, BY_NAME["registry.drivers"], [(None, driver)], _author(driver_id))
                after: dict[str, Any] = {"driver_id": driver_id, "email": email, "password_hash": phc}
                after |= {"made_at": now, "set_at": now}
                connection.execute(sa.insert(accounts), after)
            else:
                after = {**row, "password_hash": phc, "set_at": now}
                mine = accounts.c.driver_id == after["driver_id"]
                connection.execute(sa.update(accounts).where(mine).values(password_hash=phc, set_at=now))
                connection.execute(sa.delete(visits).where(visits.c.driver_id == after["driver_id"]))
            before = None if row is None else dict(row)
            changes.record(
                connection, BY_NAME["access.driver_accounts"], [(before, after)], _author(after["driver_id"])
            )
        return str(after["driver_id"])


def is_email(text: str) -> bool:
    """Whether a text has the shape of an e-mail address: whether there is one, only a mail can tell."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def checked_email(email: str) -> str:
    """The address in lower case, if it can be taken. Raises `Refused`."""
    address = email.strip().lower()
    if not is_email(address):
        raise Refused("email")
    return address


def check_password(password: str) -> None:
    """Raises `Refused` for a password that cannot be taken."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused("password")


def _name(name: str) -> str | None:
    plain = " ".join(name.split())
    if len(plain) > _LONGEST_NAME:
        raise Refused("name")
    return plain or None


def _author(driver_id: str) -> Author:
    return Author(driver_id, SOURCE)


def _digest(token: str) -> str:
    """A random token of 144 bits and more needs no slow hash: nobody tries them all."""
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _nobodys_hash() -> str:
    return passwords.hashed(secrets.token_hex(16))
