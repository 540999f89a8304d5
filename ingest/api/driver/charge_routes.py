"""The addresses of places, `/c/STATION/EVSE`, and of charges, `/s/TOKEN`."""

from __future__ import annotations

import re
import secrets
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import RedirectResponse, Response

from ingest.api.driver.accounts import Accounts, is_email
from ingest.api.driver.answers import Body, new_router, page, pdf
from ingest.api.driver.charge_pages import charge_page, place_page, place_path
from ingest.api.driver.models import Desk
from ingest.api.driver.texts import WHY_NOT
from ingest.api.driver.visitor import Door, Sent
from warehouse.errors import CannotStart, InputError

CHARGE = r"^[A-Za-z0-9_-]{32,64}$"
StationId = Annotated[str, InPath(max_length=255)]
EvseId = Annotated[int, InPath(ge=0, le=9999)]
PageToken = Annotated[str, InPath(pattern=CHARGE)]


class ChargePages:
    """See a price, start, watch, stop, get the receipt."""

    def __init__(self, desk: Desk, accounts: Accounts, door: Door) -> None:
        self._desk, self._accounts, self._door = desk, accounts, door

    def router(self) -> APIRouter:
        router = new_router()
        router.add_api_route("/c/{station_id}/{evse_id}", self.place, methods=["GET"])
        router.add_api_route("/c/{station_id}/{evse_id}", self.begin, methods=["POST"])
        router.add_api_route("/s/{token}", self.charge, methods=["GET"])
        router.add_api_route("/s/{token}/stop", self.stop, methods=["POST"])
        router.add_api_route("/s/{token}/receipt.pdf", self.receipt, methods=["GET"])
        return router

    def place(self, request: Request, station_id: StationId, evse_id: EvseId) -> Response:
        return self._place(request, station_id, evse_id, secrets.token_urlsafe(24))

    def begin(self, request: Request, station_id: StationId, evse_id: EvseId, body: Body) -> Response:
        form, visit = self._door.form(request, body), self._door.visit(request)
        page_token, email = form.get("start", ""), form.get("email", "").strip()
        if not re.fullmatch(CHARGE, page_token):
            return RedirectResponse(place_path(station_id, evse_id), 303)
        self._door.may_begin(request)
        if visit.driver_id is not None:
            email, _ = self._accounts.of_driver(visit.driver_id)
        elif email and not is_email(email):
            note = visit.reader.say("refused_email")
            return self._place(request, station_id, evse_id, page_token, note, email, 400)
        try:
            goes_on_at = self._desk.begin(page_token, station_id, evse_id, visit.driver_id, email or None)
        except CannotStart as refused:
            note = visit.reader.say(WHY_NOT.get(refused.why, "cannot_start"))  # else the page as it is now says why
            return self._place(request, station_id, evse_id, page_token, note, email, 400)
        except InputError:
            return self._place(request, station_id, evse_id, page_token, visit.reader.say("cannot_start"), email, 400)
        if goes_on_at is None:
            raise Sent(404, "no_such_place")
        return RedirectResponse(goes_on_at, 303)

    def charge(self, request: Request, token: PageToken) -> Response:
        reader = self._door.visit(request).reader
        found = self._desk.charge(token, reader.language)
        if found is None:
            raise Sent(404, "no_such_charge")
        return page(charge_page(reader, found, token))

    def stop(self, request: Request, token: PageToken, body: Body) -> Response:
        self._door.form(request, body)
        if not self._desk.stop(token):
            raise Sent(404, "no_such_charge")
        return RedirectResponse(f"/s/{token}", 303)

    def receipt(self, token: PageToken) -> Response:
        found = self._desk.receipt(token)
        if found is None:
            raise Sent(404, "no_such_charge")
        return pdf(*found)

    def _place(
        self,
        request: Request,
        station_id: str,
        evse_id: int,
        page_token: str,
        note: str = "",
        email: str = "",
        status: int = 200,
    ) -> Response:
        visit = self._door.visit(request)
        found = self._desk.place(station_id, evse_id, visit.driver_id, visit.reader.language)
        if found is None:
            raise Sent(404, "no_such_place")
        return page(place_page(visit.reader, found, page_token, note=note, email=email), status)
