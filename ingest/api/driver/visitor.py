"""What is known of who asks: who is signed in, whether a form is ours, how often they may try."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from fastapi import Request
from fastapi.responses import Response

from ingest.api.driver.accounts import Accounts
from ingest.api.driver.page import Reader
from ingest.api.driver.texts import language_of
from ingest.security.doorman import Doorman
from warehouse.errors import KwhouseError, SettingsError

COOKIE: Final = "kwhouse_driver"
_COOKIE_LASTS_SECONDS: Final = 60 * 24 * 3600
_MOST_FIELDS: Final = 20
_PORTS: Final = {"http": 80, "https": 443}


class Sent(KwhouseError):
    """The request is answered with a page that says why it is not done. `name`: of its text."""

    def __init__(self, status: int, name: str, **facts: str) -> None:
        super().__init__(name)
        self.status, self.name, self.facts = status, name, facts


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: who asks, and how they read."""

    driver_id: str | None
    reader: Reader


class Door:
    """The way in of the pages: cookies, forms, tries. `public_url`: the address under which phones reach us; None:
    that is not known, and the one that a browser asks for is taken for ours."""

    def __init__(self, accounts: Accounts, public_url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._accounts, self._clock = accounts, clock
        self._public = urlsplit(public_url) if public_url else None
        # Phones of one mobile network may share an address.
        self._passwords = Doorman(burst=60, a_second=1.0, most_wrong=50)
        self._begins = Doorman(burst=60, a_second=0.2)
        self._letters = Doorman(burst=5, a_second=5 / 3600)

    def visit(self, request: Request) -> Visit:
        """Who asks."""
        driver_id = self._accounts.visitor(request.cookies.get(COOKIE))
        return Visit(driver_id, Reader(language_of(request.headers.get("accept-language")), driver_id is not None))

    def base(self) -> str:
        """The address under which phones reach us, without a slash at its end.

        Raises `SettingsError` where it is not set: what a request says of it may be made up, and a mailed link with a
        made-up address would bring its reader's secret there.
        """
        if self._public is None:
            raise SettingsError("KWHOUSE_PUBLIC_URL is not set: mailed links must say how phones reach the HTTP API.")
        return self._public.geturl().rstrip("/")

    def form(self, request: Request, body: bytes) -> dict[str, str]:
        """The fields of a form that was sent from a page of ours. Raises `Sent` for one from elsewhere."""
        if not self._is_ours(request):
            raise Sent(403, "not_from_here")
        try:
            text = body.decode()
            fields = parse_qs(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise Sent(400, "bad_request_text") from None
        return {name: values[0] for name, values in fields.items()}

    def may_begin(self, request: Request) -> None:
        """Raises `Sent` where too many charges were begun from there lately."""
        self._wait(self._begins, request)

    def may_write(self, request: Request) -> None:
        """Raises `Sent` where too many links were asked for from there lately: mail reaches people who did not ask."""
        self._wait(self._letters, request)

    def may_try(self, request: Request, account: str = "") -> None:
        """Raises `Sent` where too many passwords of `account` (an e-mail address), or accounts, were tried from there
        lately."""
        self._wait(self._passwords, request, _same(account))

    def tried(self, request: Request, account: str = "", *, was_right: bool) -> None:
        """A password of `account` was tried."""
        address = _address(request)
        if was_right:
            self._passwords.right(address, _same(account))
        else:
            self._passwords.wrong(address, self._clock(), _same(account))

    def sign_in(self, request: Request, answer: Response, driver_id: str) -> None:
        """Sign that phone in."""
        answer.set_cookie(
            COOKIE,
            self._accounts.visit(driver_id),
            max_age=_COOKIE_LASTS_SECONDS,
            httponly=True,
            samesite="lax",
            secure=self._is_secure(request),
        )

    def sign_out(self, request: Request, answer: Response) -> None:
        """Sign that phone out."""
        if cookie := request.cookies.get(COOKIE):
            self._accounts.leave(cookie)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=self._is_secure(request))

    def _wait(self, doorman: Doorman, request: Request, account: str = "") -> None:
        seconds = doorman.wait(_address(request), self._clock(), account)
        if seconds > 0:
            raise Sent(429, "wait", seconds=str(int(seconds) + 1))

    def _is_secure(self, request: Request) -> bool:
        return request.url.scheme == "https" or (self._public is not None and self._public.scheme == "https")

    def _is_ours(self, request: Request) -> bool:
        """Browsers say with each POST where it comes from (Origin, RFC 6454); a page elsewhere cannot change that."""
        origin = urlsplit(request.headers.get("origin", ""))
        if not origin.netloc:
            return False
        if self._public is not None:
            return _origin(origin) == _origin(self._public)
        return origin.netloc == request.headers.get("host")


def _address(request: Request) -> str:
    """Behind a proxy that is believed (KWHOUSE_TRUSTED_PROXIES) the client's own: uvicorn reads X-Forwarded-For."""
    return request.client.host if request.client else ""


def _same(email: str) -> str:
    """An address as accounts have it."""
    return email.strip().lower()


def _origin(url: SplitResult) -> tuple[str, str | None, int | None] | None:
    """Scheme, host and port (RFC 6454, 4); None: it has none that can be read."""
    try:
        port = url.port or _PORTS.get(url.scheme)
    except ValueError:
        return None
    return url.scheme, url.hostname, port
