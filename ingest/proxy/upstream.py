"""The central system that the operator has: its address, and a handshake there for each station that knocks here."""

from __future__ import annotations

import logging
import ssl
from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ingest.online import CLOSE_SECONDS, offered
from ingest.proxy.sockets import MOST_QUEUED, PING_SECONDS, PONG_SECONDS, UpstreamSocket, silent_logger
from warehouse.errors import SettingsError
from warehouse.settings import is_loopback

log = logging.getLogger(__name__)

OPEN_SECONDS: Final = 10.0
# Headers of a handshake that concern one hop only (RFC 9110 section 7.6.1); each side has its own.
_HOP: Final = frozenset(
    (
        "host", "connection", "upgrade", "keep-alive", "te", "trailer", "transfer-encoding", "content-length",
        "proxy-authorization", "proxy-authenticate", "proxy-connection",
    )
)  # fmt: skip
_OF_REFUSALS: Final = ("WWW-Authenticate", "Retry-After", "Location", "Content-Type")


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """A redirect is an answer like any other: the station gets it."""
        return exc


class Upstream:
    """Opens connections to the central system. `failure` is None, or why it could not be reached lately."""

    def __init__(self, url: str, max_frame_bytes: int) -> None:
        self._base = _checked(url)
        self._max_frame_bytes = max_frame_bytes
        # One for all connections: making it reads the certificates of all authorities.
        self._ssl = ssl.create_default_context() if self._base.scheme == "wss" else None
        self.shown = urlunsplit(self._base._replace(query=""))
        self.failure: str | None = None

    @property
    def is_readable(self) -> bool:
        """True where passwords cross a network as plain text."""
        return self._ssl is None and not is_loopback(self._base.hostname or "")

    async def connect(self, request: Request) -> UpstreamSocket | Response:
        """Do the handshake of a station there: its path, its headers, its sub-protocols.

        The response is for the station: what the central system refused it with, 503 where it cannot be reached and
        502 where what answers is no WebSocket server.
        """
        asked = offered(request)
        try:
            socket = await _Connect(
                self._address(request.path),
                additional_headers=_passed_on(request.headers),
                user_agent_header=None,
                subprotocols=[Subprotocol(name) for name in asked] or None,
                compression="deflate",
                open_timeout=OPEN_SECONDS,
                ping_interval=PING_SECONDS,
                ping_timeout=PONG_SECONDS,
                close_timeout=CLOSE_SECONDS,
                max_size=self._max_frame_bytes,
                max_queue=MOST_QUEUED,
                logger=silent_logger(),
                create_connection=UpstreamSocket,
                proxy=None,
                ssl=self._ssl,
            )
        except InvalidStatus as error:
            self._reached()
            return _refusal(error.response)
        except InvalidURI:  # its message holds the address, and that may hold a token
            return answer(HTTPStatus.BAD_REQUEST, "The address cannot be passed on.\n")
        except InvalidHandshake as error:
            self._failed(f"no WebSocket server: {error}")
            return answer(HTTPStatus.BAD_GATEWAY, "The central system does not answer as a WebSocket server.\n")
        except OSError as error:
            self._failed(str(error) or type(error).__name__)
            return answer(HTTPStatus.SERVICE_UNAVAILABLE, "The central system cannot be reached. Try again later.\n")
        assert isinstance(socket, UpstreamSocket)  # noqa: S101 (made by create_connection)
        self._reached()
        return socket

    def _address(self, path: str) -> str:
        """The address for a request path /ocpp/<station_id>, spelt as the station spells it."""
        asked = urlsplit(path)
        name = asked.path.rpartition("/")[2].replace(";", "%3B")  # else taken for a parameter of the path
        query = "&".join(filter(None, (self._base.query, asked.query)))
        return urlunsplit(self._base._replace(path=f"{self._base.path.rstrip('/')}/{name}", query=query))

    def _reached(self) -> None:
        if self.failure is not None:
            log.warning("The central system %s is reached again.", self.shown)
        self.failure = None

    def _failed(self, reason: str) -> None:
        if self.failure is None:
            log.warning(
                "The central system %s cannot be used (%s). Stations are told to try again until it can.",
                self.shown,
                reason,
            )
        self.failure = reason


def answer(status: HTTPStatus, text: str) -> Response:
    """A refusal of our own."""
    body = text.encode()
    headers = Headers({"Connection": "close", "Content-Type": "text/plain; charset=utf-8"})
    headers["Content-Length"] = str(len(body))
    return Response(status.value, status.phrase, headers, body)


def _checked(url: str) -> SplitResult:
    """The parts of the central system's address. Raises `SettingsError`, which never repeats a password."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingsError("--upstream must look like wss://HOST/PATH; the station's id is appended.")
    if parts.username is not None:
        raise SettingsError(
            "--upstream holds a user and password. Leave them out: what each station sends as Authorization passes on."
        )
    return parts


def _passed_on(headers: Headers) -> Headers:
    """The station's headers that are meant for the central system, Authorization among them."""
    named = {name.strip().lower() for value in headers.get_all("Connection") for name in value.split(",")}
    return Headers(
        (name, value)
        for name, value in headers.raw_items()
        if name.lower() not in _HOP | named and not name.lower().startswith("sec-websocket-")
    )


def _refusal(response: Response) -> Response:
    """What the central system refused with, as far as it concerns the station."""
    body = bytes(response.body or b"")
    headers = Headers({"Connection": "close", "Content-Length": str(len(body))})
    for name in _OF_REFUSALS:
        for value in response.headers.get_all(name):
            headers[name] = value
    return Response(response.status_code, response.reason_phrase, headers, body)
