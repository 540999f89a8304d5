"""All pages of a driver's phone as one router."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import FileResponse

from ingest.api.driver.account_routes import AccountPages
from ingest.api.driver.accounts import Accounts
from ingest.api.driver.answers import new_router
from ingest.api.driver.charge_routes import ChargePages
from ingest.api.driver.models import Desk, Mail
from ingest.api.driver.visitor import Door

_ASSETS = Path(__file__).parents[1] / "assets"


def driver_router(desk: Desk, accounts: Accounts, *, public_url: str | None, mail: Mail | None = None) -> APIRouter:
    """The pages. `mail` sends the links that prove an address; None: there is no mail server, nothing is proved."""
    door = Door(accounts, public_url)
    router = new_router()
    router.include_router(AccountPages(desk, accounts, door, mail).router())
    router.include_router(ChargePages(desk, accounts, door).router())
    router.add_api_route("/d/assets/{name}", _asset, methods=["GET"])
    return router


def _asset(name: Literal["driver.css", "driver.js"]) -> FileResponse:
    return FileResponse(_ASSETS / name, headers={"cache-control": "public, max-age=300"})
