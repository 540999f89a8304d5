"""What went wrong, as the HTTP API tells it: problem details (RFC 9457). Pages for people are answered as pages."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from ingest.api.door import SAFE_HEADERS
from ingest.api.models import Strict
from ingest.remote.asking import StartRefused
from warehouse.errors import (
    InputError,
    KwhouseError,
    SessionAmbiguous,
    SessionGone,
    SessionUnknown,
    StationUnknown,
    StoreMissing,
)
from warehouse.people.roles import NotAllowed
from warehouse.registry.editing import RowRefused

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_RETRY_SECONDS = "30"
_UNFORESEEN = "This cannot be answered; see the log."
# The most particular error first; whatever else a person handed in is 400.
_STATUSES: tuple[tuple[type[KwhouseError], int], ...] = (
    (NotAllowed, 403),
    (RowRefused, 409),
    (StartRefused, 409),
    (StationUnknown, 404),
    (SessionUnknown, 404),
    (SessionGone, 410),
    (SessionAmbiguous, 409),
    (InputError, 400),
    (StoreMissing, 503),
)


class Problem(Strict):
    """Why a request was not answered (RFC 9457)."""

    type: str = Field(
        default="about:blank", description="always about:blank: the status says what kind of problem it is"
    )
    title: str = Field(description="the status in words", examples=["Conflict"])
    status: int = Field(description="HTTP status", ge=400, le=599, examples=[409])
    detail: str = Field(description="what is wrong, and the mend", examples=["registry.tokens: T-1 is there already."])
    problems: dict[str, str] = Field(
        default={},
        description='reasons by field, "" for the whole',
        examples=[{"contract_id": "C-9: contracts has none"}],
    )


class Refused(Exception):
    """Answered with a status and the reason; `headers` go with it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        problems: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.problems, self.headers = dict(problems or {}), dict(headers or {})


def told(
    status: int, detail: str, problems: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer that tells a problem."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, problems=dict(problems or {}))
    return JSONResponse(body.model_dump(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def status_of(error: KwhouseError) -> int:
    """The HTTP status of one of our errors."""
    known = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    return known or (503 if error.retryable else 500)


def of_error(request: Request, error: KwhouseError) -> Response:
    """The answer to a request that raised. What is not the sender's business stands in the log only."""
    status = status_of(error)
    if status == 500:
        # Addresses may hold secrets and tokens: only what kind of request it was is logged.
        log.error("%s %s: %s", request.method, request.url.path.split("/")[1], error)
        return told(500, _UNFORESEEN)
    if status == 503:
        detail = str(error) if isinstance(error, StoreMissing) else "Not at the moment; try again."
        return told(503, detail, headers={"retry-after": _RETRY_SECONDS})
    return told(status, str(error), _by_field(error))


def _by_field(error: KwhouseError) -> Mapping[str, str] | None:
    if isinstance(error, StartRefused):
        return {"id_token": error.reason}
    return error.problems if isinstance(error, RowRefused) else None


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses for a route's `responses`."""
    return {status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses}


def install(app: FastAPI) -> None:
    """Let `app` answer in this way whatever goes wrong, and say so in its OpenAPI document."""

    @app.exception_handler(Refused)
    def refused(_request: Request, error: Refused) -> Response:
        return told(error.status, error.detail, error.problems, error.headers)

    @app.exception_handler(RequestValidationError)
    def malformed(_request: Request, error: RequestValidationError) -> Response:
        problems = {_place(found["loc"]): str(found["msg"]).removeprefix("Value error, ") for found in error.errors()}
        detail = "; ".join(f"{name}: {reason}" if name else reason for name, reason in problems.items())
        return told(422, detail, problems)

    @app.exception_handler(HTTPException)
    def of_framework(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            # Routes answer for themselves, and there is one for each method of a resource.
            headers["allow"] = ", ".join(_methods(app.routes, request))
        return told(error.status_code, str(error.detail), headers=headers)

    # Answered past all middleware, so the headers of `SafeHeaders` go with it here. The server logs what went wrong.
    @app.exception_handler(Exception)
    def unforeseen(_request: Request, _error: Exception) -> Response:
        return told(500, _UNFORESEEN, headers=SAFE_HEADERS)

    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _as_problems(plain())
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]


def _methods(routes: Sequence[BaseRoute], request: Request) -> list[str]:
    """What may be done at the address of a request."""
    asked = ({**request.scope, "method": method} for method in ("DELETE", "GET", "PATCH", "POST", "PUT"))
    return [scope["method"] for scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def _place(loc: tuple[Any, ...]) -> str:
    """Where it stands: the field, without body, query or header before it."""
    return ".".join(str(part) for part in loc[1:])


def _as_problems(document: dict[str, Any]) -> None:
    """FastAPI declares answers of models as application/json; problems have a type of their own."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "4" and "application/json" in answer.get("content", {}):
                    answer["content"] = {MEDIA_TYPE: answer["content"]["application/json"]}
