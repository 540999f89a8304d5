"""The application, made from functions that `kwhouse.py` hands in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.concurrency import run_in_threadpool

from ingest.api import problems, v1
from ingest.api.door import BodyLimit, SafeHeaders
from ingest.api.models import Answer, PayPage
from ingest.api.page import payment_page, plain_page, policy
from warehouse.errors import KwhouseError

# Stripe's largest events are some tens of kilobytes.
BODY_LIMIT_BYTES = 262_144
_ASSETS = Path(__file__).parent / "assets"

# The webhook's body and signature → whether it was new. Raises `InputError` for one that is not to be believed.
Webhook = Callable[[bytes, str | None], Literal["processed", "repeated"]]
# The last part of a payment page's address → the page; None where there is none.
Pay = Callable[[str], PayPage | None]


def create_app(
    *,
    webhook: Webhook,
    pay: Pay,
    desk: v1.Desk,
    routers: Sequence[APIRouter] = (),
    body_limit_bytes: int = BODY_LIMIT_BYTES,
) -> FastAPI:
    """The HTTP door. `webhook` and `pay` may block: they run in threads. `routers` come besides `/v1`.

    They may raise errors of `warehouse.errors`: `InputError` is answered 400, one that a retry helps 503, others 500
    without a word of what went wrong (it is in the log); `problems.py` says which are answered otherwise.
    """
    # FastAPI's own documentation pages load scripts from outside.
    app = FastAPI(
        title="kwhouse",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(BodyLimit, limit_bytes=body_limit_bytes)
    app.add_middleware(SafeHeaders)
    app.state.desk = desk
    problems.install(app)
    for router in (v1.router(), *routers):
        app.include_router(router)

    @app.exception_handler(KwhouseError)
    def refused(request: Request, error: KwhouseError) -> Response:
        answer = problems.of_error(request, error)
        if request.url.path.startswith("/pay/"):
            text = "Nothing was paid by opening this page. Please try again in a minute."
            page = _page(plain_page("Not available at the moment", text), answer.status_code)
            if (retry := answer.headers.get("retry-after")) is not None:
                page.headers["retry-after"] = retry
            return page
        return answer

    @app.get("/health")
    def health() -> dict[str, str]:
        """Whether this process answers."""
        return {"status": "ok"}

    @app.post("/webhooks/stripe", responses=problems.declared(400, 413, 503))
    async def stripe_webhook(
        request: Request, stripe_signature: Annotated[str | None, Header(max_length=4096)] = None
    ) -> Answer:
        """Take in one event of Stripe. Its signature is over the bytes of the body: they are passed on as they came."""
        body = await request.body()
        return Answer(result=await run_in_threadpool(webhook, body, stripe_signature))

    @app.get("/pay/{token}", response_class=HTMLResponse)
    def pay_page(token: Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{16,64}$")]) -> HTMLResponse:
        """The payment page of one payment."""
        page = pay(token)
        if page is None:
            return _page(plain_page("No such payment", "Check the address, or scan the code again."), 404)
        return _page(payment_page(page), 200, policy(page))

    @app.get("/assets/{name}", include_in_schema=False)
    def asset(name: Literal["pay.css", "pay.js"]) -> FileResponse:
        return FileResponse(_ASSETS / name, headers={"cache-control": "public, max-age=300"})

    return app


def _page(html: str, status: int, rules: str | None = None) -> HTMLResponse:
    return HTMLResponse(html, status, headers={"content-security-policy": rules or policy(None)})
