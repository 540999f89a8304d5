"""The addresses of accounts: `/d` and what is below it."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import RedirectResponse, Response

from ingest.api.driver.account_pages import home_page, letter_page, sessions_page, sign_in_page
from ingest.api.driver.accounts import Accounts, Refused
from ingest.api.driver.answers import Body, new_router, page, pdf
from ingest.api.driver.models import Desk, Mail
from ingest.api.driver.page import Reader, plain
from ingest.api.driver.visitor import Door, Sent

LETTER = r"^[A-Za-z0-9_-]{32,64}$"
# Where a phone may go on after signing in: to a place of ours, nowhere else.
_PLACE = re.compile(r"/c/[^/\\\s?#]{1,255}/\d{1,4}")

LetterToken = Annotated[str, InPath(pattern=LETTER)]


class AccountPages:
    """Sign in, register, past charges and invoices. `mail` None: there is no mail server, addresses are not proved."""

    def __init__(self, desk: Desk, accounts: Accounts, door: Door, mail: Mail | None) -> None:
        self._desk, self._accounts, self._door, self._mail = desk, accounts, door, mail

    def router(self) -> APIRouter:
        router = new_router()
        router.add_api_route("/d", self.home, methods=["GET"])
        router.add_api_route("/d/sign-in", self.sign_in, methods=["POST"])
        router.add_api_route("/d/sign-out", self.sign_out, methods=["POST"])
        router.add_api_route("/d/register", self.register, methods=["POST"])
        router.add_api_route("/d/letters/{token}", self.letter, methods=["GET"])
        router.add_api_route("/d/letters/{token}", self.open_letter, methods=["POST"])
        router.add_api_route("/d/sessions", self.sessions, methods=["GET"])
        router.add_api_route("/d/invoices/{number}.pdf", self.invoice, methods=["GET"])
        return router

    def home(self, request: Request, next: str = "") -> Response:  # noqa: A002 (as in the address)
        visit = self._door.visit(request)
        if visit.driver_id is None:
            return page(self._sign_in_page(visit.reader, goes_on_at=_inside(next)))
        return page(home_page(visit.reader, *self._accounts.of_driver(visit.driver_id)))

    def sign_in(self, request: Request, body: Body) -> Response:
        form, visit = self._door.form(request, body), self._door.visit(request)
        email, goes_on_at = form.get("email", ""), _inside(form.get("next", ""))
        self._door.may_try(request, email)
        driver_id = self._accounts.sign_in(email, form.get("password", ""))
        self._door.tried(request, email, was_right=driver_id is not None)
        if driver_id is None:
            note = visit.reader.say("wrong")
            return page(self._sign_in_page(visit.reader, note=note, email=email, goes_on_at=goes_on_at), 403)
        return self._signed_in(request, driver_id, goes_on_at)

    def register(self, request: Request, body: Body) -> Response:
        form, reader = self._door.form(request, body), self._door.visit(request).reader
        email, goes_on_at = form.get("new_email", "").strip(), _inside(form.get("next", ""))
        try:
            if self._mail is not None:
                return page(self._write(request, reader, email, self._mail))
            self._door.may_try(request)
            driver_id = self._accounts.register(email, form.get("name", ""), form.get("new_password", ""))
            return self._signed_in(request, driver_id, goes_on_at)
        except Refused as refused:
            if refused.why == "taken":
                self._door.tried(request, was_right=False)
            note = reader.say(f"refused_{refused.why}")
            return page(self._sign_in_page(reader, note=note, email=email, goes_on_at=goes_on_at), 400)

    def _write(self, request: Request, reader: Reader, email: str, mail: Mail) -> str:
        """Mail a link to an address; gives the page that says so. Raises `Refused`."""
        base = self._door.base()
        self._door.may_write(request)
        token = self._accounts.letter(email)
        if token is None:
            return plain(reader, reader.text("letter_sent"), reader.text("letters_enough_text", email=email))
        link = f"{base}/d/letters/{token}"
        mail(email, reader.text("letter_subject"), reader.text("letter_text", link=link))
        return plain(reader, reader.text("letter_sent"), reader.text("letter_sent_text", email=email))

    def letter(self, request: Request, token: LetterToken) -> Response:
        return self._letter(self._door.visit(request).reader, token)

    def open_letter(self, request: Request, token: LetterToken, body: Body) -> Response:
        form, reader = self._door.form(request, body), self._door.visit(request).reader
        try:
            driver_id = self._accounts.open_letter(token, form.get("name", ""), form.get("new_password", ""))
        except Refused as refused:
            return self._letter(reader, token, reader.say(f"refused_{refused.why}"), 400)
        return self._letter(reader, token) if driver_id is None else self._signed_in(request, driver_id, "")

    def _letter(self, reader: Reader, token: str, note: str = "", status: int = 200) -> Response:
        found = self._accounts.addressed(token)
        if found is None:
            return page(plain(reader, reader.text("letter_over"), reader.text("letter_over_text")), 404)
        return page(letter_page(reader, token, *found, note=note), status)

    def _sign_in_page(self, reader: Reader, *, note: str = "", email: str = "", goes_on_at: str = "") -> str:
        return sign_in_page(reader, proves=self._mail is not None, note=note, email=email, goes_on_at=goes_on_at)

    def sign_out(self, request: Request, body: Body) -> Response:
        self._door.form(request, body)
        answer = RedirectResponse("/d", 303)
        self._door.sign_out(request, answer)
        return answer

    def sessions(self, request: Request) -> Response:
        visit = self._door.visit(request)
        if visit.driver_id is None:
            return RedirectResponse("/d", 303)
        driver_id, language = visit.driver_id, visit.reader.language
        past, invoices = self._desk.past(driver_id, language), self._desk.invoices(driver_id, language)
        return page(sessions_page(visit.reader, past, invoices))

    def invoice(self, request: Request, number: Annotated[str, InPath(max_length=64)]) -> Response:
        driver_id = self._door.visit(request).driver_id
        found = None if driver_id is None else self._desk.invoice(driver_id, number)
        if found is None:
            raise Sent(404, "not_found")
        return pdf(number, found)

    def _signed_in(self, request: Request, driver_id: str, goes_on_at: str) -> Response:
        answer = RedirectResponse(goes_on_at or "/d", 303)
        self._door.sign_in(request, answer, driver_id)
        return answer


def _inside(path: str) -> str:
    """The path to go on at after signing in, if it is one of a place."""
    return path if _PLACE.fullmatch(path) else ""
