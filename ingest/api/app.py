"""The application, made from functions that `kwhouse.py` hands in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from ingest.api.door import BodyLimit, SafeHeaders
from ingest.api.models import Answer, PayPage, Problem
from ingest.api.page import payment_page, plain_page, policy
from warehouse.errors import InputError, KwhouseError

log = logging.getLogger(__name__)

# Stripe's largest events are some tens of kilobytes.
BODY_LIMIT_BYTES = 262_144
_ASSETS = Path(__file__).parent / "assets"
_RETRY_SECONDS = "30"

# The webhook's body and signature → whether it was new. Raises `InputError` for one that is not to be believed.
Webhook = Callable[[bytes, str | None], Literal["processed", "repeated"]]
# The last part of a payment page's address → the page; None where there is none.
Pay = Callable[[str], PayPage | None]


def create_app(
    *, webhook: Webhook, pay: Pay, routers: Iterable[APIRouter] = (), body_limit_bytes: int = BODY_LIMIT_BYTES
) -> FastAPI:
    """The HTTP door. `webhook` and `pay` may block: they run in threads. `routers`: what else it opens.

    They may raise errors of `warehouse.errors`: `InputError` is answered 400, one that a retry helps 503, others 500
    without a word of what went wrong (it is in the log).
    """
    # FastAPI's own documentation pages load scripts from outside.
    app = FastAPI(title="kwhouse", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.add_middleware(BodyLimit, limit_bytes=body_limit_bytes)
    app.add_middleware(SafeHeaders)

    @app.exception_handler(KwhouseError)
    def refused(request: Request, error: KwhouseError) -> Response:
        return _refused(request, error)

    @app.get("/health")
    def health() -> dict[str, str]:
        """Whether this process answers."""
        return {"status": "ok"}

    @app.post("/webhooks/stripe", responses={400: {"model": Problem}, 413: {"model": Problem}, 503: {"model": Problem}})
    async def stripe_webhook(
        request: Request, stripe_signature: Annotated[str | None, Header(max_length=4096)] = None
    ) -> Answer:
        """Take in one event of Stripe. Its signature is over the bytes of the body: they are passed on as they came."""
        body = await request.body()
        return Answer(result=await run_in_threadpool(webhook, body, stripe_signature))

    @app.get("/pay/{token}", response_class=HTMLResponse)
    def pay_page(token: Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{16,64}$")]) -> Response:
        """The payment page of one payment."""
        page = pay(token)
        if page is None:
            return _page(plain_page("No such payment", "Check the address, or scan the code again."), 404)
        if page.goes_on_at is not None and page.state != "open":
            return RedirectResponse(page.goes_on_at, 303)
        return _page(payment_page(page), 200, policy(page))

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: Literal["pay.css", "pay.js"]) -> FileResponse:
        return FileResponse(_ASSETS / name, headers={"cache-control": "public, max-age=300"})

    for router in routers:
        app.include_router(router)
    return app


def _page(html: str, status: int, rules: str | None = None) -> HTMLResponse:
    return HTMLResponse(html, status, headers={"content-security-policy": rules or policy(None)})


def _refused(request: Request, error: KwhouseError) -> Response:
    status = 400 if isinstance(error, InputError) else 503 if error.retryable else 500
    if status == 500:
        # The address of a payment page is its payer's secret: only what kind of request it was is logged.
        log.error("%s %s: %s", request.method, request.url.path.split("/")[1], error)
    headers = {"retry-after": _RETRY_SECONDS} if status == 503 else {}
    if request.url.path.startswith("/pay/"):
        text = "Nothing was paid by opening this page. Please try again in a minute."
        page = _page(plain_page("Not available at the moment", text), status)
        page.headers.update(headers)
        return page
    words = {400: str(error), 503: "Not at the moment; try again.", 500: "This cannot be answered; see the log."}
    return JSONResponse(Problem(error=words[status]).model_dump(), status, headers)
