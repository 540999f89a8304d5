"""The application, made from functions that `kwhouse.py` hands in."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from ingest.api import problems, v1
from ingest.api.chores import Chore, lifespan
from ingest.api.door import BodyLimit, SafeHeaders
from ingest.api.payments import Pay, Webhook, not_now, payments_router
from warehouse.errors import KwhouseError

# Stripe's largest events are some tens of kilobytes.
BODY_LIMIT_BYTES = 262_144


def create_app(
    *,
    webhook: Webhook,
    pay: Pay,
    desk: v1.Desk,
    routers: Sequence[APIRouter] = (),
    chore: Chore | None = None,
    body_limit_bytes: int = BODY_LIMIT_BYTES,
) -> FastAPI:
    """The HTTP door. `routers` come besides `/v1` and the payments; `chore` is done every few seconds.

    What it calls may raise errors of `warehouse.errors`: `InputError` is answered 400, one that a retry helps 503,
    others 500 without a word of what went wrong (it is in the log); `problems.py` says which are answered otherwise.
    """
    # FastAPI's own documentation pages load scripts from outside.
    app = FastAPI(
        title="kwhouse",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan(chore),
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(BodyLimit, limit_bytes=body_limit_bytes)
    app.add_middleware(SafeHeaders)
    app.state.desk = desk
    problems.install(app)
    for router in (v1.router(), payments_router(webhook, pay), *routers):
        app.include_router(router)

    @app.exception_handler(KwhouseError)
    def refused(request: Request, error: KwhouseError) -> Response:
        answer = problems.of_error(request, error)
        return not_now(answer) if request.url.path.startswith("/pay/") else answer

    @app.get("/health")
    def health() -> dict[str, str]:
        """Whether this process answers."""
        return {"status": "ok"}

    return app
