"""Who asks, and what they may: an API key in each request, and the scope that a route takes.

A key is always needed, on this machine too: behind a proxy everybody comes from this machine, and any page in a browser
can send requests to it. Nothing is taken from cookies, so no other page can act for somebody.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ingest.api.problems import Refused
from ingest.api.v1.desk import desk_of
from warehouse.people.roles import NotAllowed, Permission, Principal
from warehouse.registry.changes import Author
from warehouse.store.sight import Sight

_BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="An API key, as `kwhouse key add` makes it.")
_LONGEST_KEY = 256


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request. `author` is what records of changes bear."""

    principal: Principal
    author: Author

    def require_everywhere(self) -> None:
        """Raises `NotAllowed` for who sees only some sites: drivers and their tokens belong to no site."""
        if self.principal.sites is not None:
            told = f"{self.principal.name} sees the rows of some sites only, and these belong to no site."
            raise NotAllowed(told)

    @property
    def sight(self) -> Sight:
        """What they see of the lake."""
        return Sight.of(self.principal)

    @property
    def sites(self) -> list[str] | None:
        """The sites whose rows they see; None: all."""
        return None if self.principal.sites is None else sorted(self.principal.sites)


def caller(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    kwhouse_for: Annotated[
        str | None,
        Header(
            description="Person for whom a program with the scope keys:manage asks, for the records; what is not "
            "ASCII, and %, is percent-encoded (UTF-8).",
            pattern=r"^[!-~]([ -~]*[!-~])?$",
            max_length=2_400,
        ),
    ] = None,
) -> Caller:
    """Who asks. Answers 401 without a good key, 429 where an address has shown many bad ones."""
    desk = desk_of(request)
    text = "" if credentials is None else credentials.credentials
    principal = desk.authenticate(text) if 0 < len(text) <= _LONGEST_KEY and text.isascii() else None
    address = request.client.host if request.client else ""
    # Who has a good key is never shut out: it is 256 random bits, which nobody guesses. Others only make noise.
    if principal is None:
        if text and (wait := desk.doorman.wait(address, time.monotonic())):
            raise Refused(429, "Too many wrong keys came from this address.", headers={"retry-after": _seconds(wait)})
        if text:
            desk.doorman.wrong(address, time.monotonic())
        told = "This key is not good." if text else "Send an API key: `Authorization: Bearer kwh_…`."
        raise Refused(401, f"{told} `kwhouse key add` makes one.", headers={"www-authenticate": "Bearer"})
    desk.doorman.right(address)
    name = principal.name
    if kwhouse_for is not None:
        principal.require(Permission.MANAGE_KEYS)
        name = f"{_in_plain(kwhouse_for)} ({principal.name})"
    return Caller(principal, Author(name, "api"))


def may(permission: Permission, *, everywhere: bool = False) -> Any:
    """A dependency: the caller, who must have `permission`; `everywhere`: and see every site."""

    def allowed(found: Annotated[Caller, Depends(caller)]) -> Caller:
        found.principal.require(permission)
        if everywhere:
            found.require_everywhere()
        return found

    check: Callable[..., Caller] = allowed
    # As scopes they stand in the OpenAPI document.
    return Security(check, scopes=[permission.value])


def _in_plain(text: str) -> str:
    """A name as it was before it was percent-encoded. What no record can show is shown to have been there."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in unquote(text))


def _seconds(wait: float) -> str:
    return str(max(1, math.ceil(wait)))
