"""What the pages' routes have in common: answers, and refusals that are pages for people."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from fastapi.routing import APIRoute

from ingest.api.driver.page import POLICY, Reader, plain
from ingest.api.driver.texts import language_of
from ingest.api.driver.visitor import Sent
from warehouse.errors import InputError, KwhouseError

log = logging.getLogger(__name__)

_HEADERS = {
    "content-security-policy": POLICY,
    # Without any referrer browsers hide the origin of forms, too; other sites still learn nothing.
    "referrer-policy": "same-origin",
}


async def _body_of(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body_of)]
"""The body of a request, for routes that run in threads."""


class PageRoute(APIRoute):
    """A route whose refusals are pages for people."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                return _refused(request, Sent(404, "not_found"))
            except KwhouseError as error:
                return _refused(request, error)
            except Exception:
                log.exception("%s %s", request.method, _kind(request))
                return _unable(_reader(request), 500)

        return answered


def new_router() -> APIRouter:
    """A router of pages; none of them is part of the API that programs use."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def page(html: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(html, status, headers=_HEADERS)


def pdf(number: str, content: bytes) -> Response:
    name = quote(f"{number}.pdf", safe="")
    headers = {"content-disposition": f"inline; filename*=UTF-8''{name}"}
    return Response(content, media_type="application/pdf", headers=headers)


def _refused(request: Request, error: KwhouseError) -> Response:
    reader = _reader(request)
    if isinstance(error, Sent):
        if error.status == 404:
            return page(plain(reader, reader.text(error.name), reader.text("no_such_place_text")), 404)
        return page(plain(reader, reader.text("bad_request"), reader.text(error.name, **error.facts)), error.status)
    if isinstance(error, InputError):
        return page(plain(reader, reader.text("bad_request"), reader.text("bad_request_text")), 400)
    log.error("%s %s: %s", request.method, _kind(request), error)
    return _unable(reader, 503 if error.retryable else 500)


def _unable(reader: Reader, status: int) -> Response:
    return page(plain(reader, reader.text("error"), reader.text("error_text")), status)


def _reader(request: Request) -> Reader:
    return Reader(language_of(request.headers.get("accept-language")))


def _kind(request: Request) -> str:
    """What kind of request it was: the whole address of a charge's page is its driver's secret."""
    return "/" + request.url.path.split("/")[1]
