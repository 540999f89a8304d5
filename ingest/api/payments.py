"""The payment page, and the door of the payment provider's events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from ingest.api import problems
from ingest.api.models import Answer, PayPage
from ingest.api.page import payment_page, plain_page, policy

_ASSETS = Path(__file__).parent / "assets"

# The webhook's body and signature → whether it was new. Raises `InputError` for one that is not to be believed.
Webhook = Callable[[bytes, str | None], Literal["processed", "repeated"]]
# The last part of a payment page's address → the page; None where there is none.
Pay = Callable[[str], PayPage | None]


def payments_router(webhook: Webhook, pay: Pay) -> APIRouter:
    """`/webhooks/stripe` and `/pay/…`; both functions may block: they run in threads."""
    router = APIRouter()

    @router.post("/webhooks/stripe", responses=problems.declared(400, 413, 503))
    async def stripe_webhook(
        request: Request, stripe_signature: Annotated[str | None, Header(max_length=4096)] = None
    ) -> Answer:
        """Take in one event of Stripe. Its signature is over the bytes of the body: they are passed on as they came."""
        body = await request.body()
        return Answer(result=await run_in_threadpool(webhook, body, stripe_signature))

    @router.get("/pay/{token}", response_class=HTMLResponse)
    def pay_page(token: Annotated[str, InPath(pattern=r"^[A-Za-z0-9_-]{16,64}$")]) -> Response:
        """The payment page of one payment."""
        page = pay(token)
        if page is None:
            return _page(plain_page("No such payment", "Check the address, or scan the code again."), 404)
        if page.goes_on_at is not None and page.state != "open":
            return RedirectResponse(page.goes_on_at, 303)
        return _page(payment_page(page), 200, policy(page))

    @router.get("/assets/{name}", include_in_schema=False)
    def asset(name: Literal["pay.css", "pay.js"]) -> FileResponse:
        return FileResponse(_ASSETS / name, headers={"cache-control": "public, max-age=300"})

    return router


def not_now(problem: Response) -> HTMLResponse:
    """What a payer sees where a payment page cannot be made: `problem` in plain words."""
    text = "Nothing was paid by opening this page. Please try again in a minute."
    page = _page(plain_page("Not available at the moment", text), problem.status_code)
    if (retry := problem.headers.get("retry-after")) is not None:
        page.headers["retry-after"] = retry
    return page


def _page(html: str, status: int, rules: str | None = None) -> HTMLResponse:
    return HTMLResponse(html, status, headers={"content-security-policy": rules or policy(None)})
