"""The pages' one way to act on registry and stations: requests to the HTTP API.

The key comes from the settings (`KWHOUSE_API_KEY`), where `kwhouse up` puts one for as long as it runs. Who is signed
in is named with each request, so that records of changes bear their name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from dashboards.access import ANYBODY_HERE, visitor
from warehouse.errors import KwhouseError
from warehouse.people.roles import Permission, Principal
from warehouse.settings import Settings, load_settings

# What it takes to ask for the resources of the pages; for all others access:write.
_PERMISSIONS = {
    "sites": Permission.READ_STATIONS,
    "stations": Permission.OPERATE_STATIONS,
    "waiting-stations": Permission.OPERATE_STATIONS,
    "commands": Permission.OPERATE_STATIONS,
}
_LONGEST_NAME = 200
_TIMEOUT_SECONDS = 40.0  # longer than a command may take


class ApiMissing(KwhouseError):
    """The HTTP API cannot be asked."""


class ApiRefused(KwhouseError):
    """The HTTP API said no. `problems`: reasons by field."""

    def __init__(self, status: int, detail: str, problems: Mapping[str, str]) -> None:
        super().__init__(detail)
        self.status, self.problems = status, dict(problems)


def get(path: str, **query: object) -> Any:
    """What stands at `path` below `/v1/`; query values of None are left out. Raises `ApiMissing`, `ApiRefused`."""
    given = {name: value for name, value in query.items() if value is not None}
    return _ask("GET", f"{path}?{urlencode(given)}" if given else path, None)


def post(path: str, body: Mapping[str, object] | None = None) -> Any:
    """Add something, or ask a station for something; what is None is left out."""
    return _ask("POST", path, None if body is None else {k: v for k, v in body.items() if v is not None})


def put(path: str, body: Mapping[str, object]) -> Any:
    """Have something be as `body` says."""
    return _ask("PUT", path, body)


def patch(path: str, body: Mapping[str, object]) -> Any:
    """Change something; None empties."""
    return _ask("PATCH", path, body)


def delete(path: str) -> Any:
    """Take something away; gives the command, where a station is asked for it."""
    return _ask("DELETE", path, None)


def part(text: str) -> str:
    """A key as a part of an address."""
    return quote(text, safe="")


def address(settings: Settings) -> str:
    """Where the API is."""
    if settings.api_url is not None:
        return settings.api_url.rstrip("/")
    every = settings.api_host in ("0.0.0.0", "::")  # noqa: S104 (it listens there; it is asked on this machine)
    host = "127.0.0.1" if every else settings.api_host
    return f"http://[{host}]:{settings.api_port}" if ":" in host else f"http://{host}:{settings.api_port}"


def _ask(method: str, path: str, body: Mapping[str, object] | None) -> Any:
    who = visitor()
    # The key may more than some visitors: their roles decide here, whatever page they came by.
    who.require(_PERMISSIONS.get(path.partition("?")[0].partition("/")[0], Permission.WRITE_ACCESS))
    settings = load_settings()
    if settings.api_key is None:
        raise ApiMissing(
            "This page acts through the HTTP API and has no key for it. `kwhouse up` gives it one; a dashboard that "
            "runs alone takes one from KWHOUSE_API_KEY (`kwhouse key add` makes it)."
        )
    headers = _headers(settings.api_key.get_secret_value(), who)
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        headers["Content-Type"] = "application/json"
    where = address(settings)
    request = Request(f"{where}/v1/{path}", data, headers, method=method)  # noqa: S310 (http or https by the settings)
    try:
        # No proxy stands between programs of one network.
        with build_opener(ProxyHandler({})).open(request, timeout=_TIMEOUT_SECONDS) as answer:
            text = answer.read()
    except HTTPError as error:
        raise _refused(error) from error
    except (URLError, OSError) as error:
        raise ApiMissing(
            f"The HTTP API does not answer at {where}. `kwhouse up` runs it beside the dashboard, `kwhouse api` alone."
        ) from error
    return json.loads(text) if text else None


def _refused(error: HTTPError) -> ApiRefused:
    try:
        told = json.loads(error.read())
        return ApiRefused(error.code, str(told["detail"]), told.get("problems", {}))
    except (ValueError, KeyError, TypeError):
        return ApiRefused(error.code, f"The HTTP API answered {error.code} {error.reason}.", {})


def _headers(key: str, who: Principal) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
    if who is ANYBODY_HERE or not who.name.strip():
        return headers
    # A header holds ASCII only; the API reads it back.
    return {**headers, "Kwhouse-For": quote(who.name[:_LONGEST_NAME].strip(), safe="@ ()+")}
