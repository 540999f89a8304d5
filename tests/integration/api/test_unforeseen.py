"""What nobody foresaw is told as a problem, too, and the server says no more of it than that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from ingest.api.app import create_app
from ingest.api.v1 import Desk
from pipelines.billing.pricing.running import running_costs
from warehouse.settings import Settings
from warehouse.store.apart import LakeApart


def broken(_key: str) -> None:
    raise ZeroDivisionError("of nobody's business")


def test_what_nobody_foresaw_is_told_as_a_problem(settings: Settings, engine: sa.Engine) -> None:
    desk = Desk(LakeApart(settings), engine, broken, running_costs)
    app = create_app(webhook=lambda _body, _signature: "repeated", pay=lambda _token: None, desk=desk)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/whoami",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer kwh_any")],
        "client": ("127.0.0.1", 1),
    }
    # It is raised on to the server, which logs it.
    with pytest.raises(ZeroDivisionError):
        asyncio.run(app(scope, receive, send))
    begin, body = sent
    headers = dict(begin["headers"])
    assert (begin["status"], headers[b"content-type"]) == (500, b"application/problem+json")
    assert headers[b"cache-control"] == b"no-store"
    assert b"Internal Server Error" in body["body"]
    assert b"business" not in body["body"]
