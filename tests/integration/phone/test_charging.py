"""From the tap on a phone to the receipt: real API, real collector, a station over a real socket, a real provider."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from pipelines.billing.cards.booking import tell
from pipelines.billing.cards.reconciling import reconcile
from pipelines.billing.issuing.archive import issued_document
from pipelines.billing.payments import records
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.stripe_adapter import StripeProvider
from pipelines.billing.starts import records as starts_kept
from pipelines.billing.starts.model import Start
from pipelines.billing.starts.receipts import issue_due
from pipelines.registry_history import record_registry
from tests.api_harness import running_api
from tests.homes import new_home
from tests.mail_server import Mailbox, started
from tests.phone_world import LONG_AGO, STATION, PhoneWorld, declare, phone_world
from tests.stripe_server import DECLINED, GOOD, KEY, StripeServer, stripe_server
from warehouse.registry.changes import Author
from warehouse.registry.editing import add_row
from warehouse.settings import load_settings
from warehouse.state import table
from warehouse.store import open_lake

PLACE = f"/c/{STATION}/1"


@pytest.fixture(scope="module")
def stripe() -> Iterator[StripeServer]:
    with stripe_server() as server:
        yield server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, stripe: StripeServer) -> Iterator[PhoneWorld]:
    with phone_world(tmp_path_factory.mktemp("phone"), stripe) as made:
        yield made


class Phone:
    """A browser without pictures: follows links and sends forms as one does."""

    def __init__(self, world: PhoneWorld, language: str = "en") -> None:
        self._url = world.api.url
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = language

    def get(self, path: str) -> requests.Response:
        return self.session.get(self._url + path, timeout=60)

    def post(self, path: str, origin: str | None = None, **fields: str) -> requests.Response:
        headers = {"Origin": self._url if origin is None else origin}
        return self.session.post(self._url + path, data=fields, headers=headers, timeout=60, allow_redirects=False)

    def tap_start(self, **fields: str) -> tuple[str, requests.Response]:
        """Open the place, tap the button; gives the path of the charge's page and the answer."""
        page = self.get(PLACE)
        assert page.status_code == 200, page.text
        token = re.search(r'name="start" value="([^"]+)"', page.text)
        assert token is not None, page.text
        return f"/s/{token[1]}", self.post(PLACE, start=token[1], **fields)


def start_of(world: PhoneWorld, path: str) -> Start:
    found = starts_kept.find(world.engine, page_token=path.removeprefix("/s/"))
    assert found is not None
    return found


def pays(world: PhoneWorld, stripe: StripeServer, answer: requests.Response, card: str = GOOD) -> str:
    """The payer on the payment page; gives the payment's id."""
    assert answer.status_code == 303
    token = answer.headers["Location"].removeprefix("/pay/")
    payment = records.find(world.engine, pay_token=token)
    assert payment is not None
    assert payment.provider_id is not None
    stripe.payer_pays(payment.provider_id, card)
    return payment.payment_id


def goes_on(world: PhoneWorld, phone: Phone, path: str, text: str) -> str:
    def shown() -> str:
        page = phone.get(path).text
        return page if text in page else ""

    return str(world.until(shown, f"no {text!r}"))


def reconciled(world: PhoneWorld, stripe: StripeServer) -> None:
    """What the clock does every five minutes."""
    with open_lake(world.settings, read_only=True) as lake:
        reconcile(Payments(world.engine, StripeProvider(KEY, api_base=stripe.url), tell), lake)


def token_status(world: PhoneWorld, id_token: str) -> str:
    rows = table("registry", "tokens")
    with world.engine.connect() as connection:
        return str(connection.execute(sa.select(rows.c.status).filter_by(id_token=id_token)).scalar_one())


def test_a_guest_pays_charges_stops_and_gets_a_receipt(world: PhoneWorld, stripe: StripeServer) -> None:
    phone = Phone(world)
    place = phone.get(PLACE).text
    for text in ("Parkhaus am Hafen", "Type 2 · 22", "€0.59 per kWh", "€1.00", "€60.00 is held", "Free"):
        assert text in place, text
    path, answer = phone.tap_start(email="ada@example.org")
    again = phone.post(PLACE, start=path.removeprefix("/s/"), email="ada@example.org")
    assert again.headers["Location"] == answer.headers["Location"], "the same tap again is the same start"
    assert "Waiting for your card" in phone.get(path).text
    payment_id = pays(world, stripe, answer)
    back = phone.get(answer.headers["Location"])
    assert back.url.endswith(path), "from the payment page on to the charge"

    goes_on(world, phone, path, "<h1>Charging</h1>")
    assert "In use" in Phone(world).get(PLACE).text
    late = Phone(world).post(PLACE, start="y" * 32)
    assert (late.status_code, "In use" in late.text) == (400, True), "nobody's money is held for nothing"
    assert world.charger.heard.count("RemoteStartTransaction") == 1
    world.until(lambda: _landed_readings(world) or world.refresh(), "no energy landed")
    running = goes_on(world, phone, path, "Cost so far")
    assert re.search(r"As of \d\d:\d\d:\d\d", running)
    assert re.search(r"Cost so far</span>€\d\.\d\d", running)

    assert phone.post(f"{path}/stop").headers["Location"] == path
    assert phone.post(f"{path}/stop").headers["Location"] == path
    goes_on(world, phone, path, "Charging has ended")
    assert world.charger.heard.count("RemoteStopTransaction") == 1
    world.until(lambda: _is_priced(world, path) or world.refresh(), "no CDR")
    page = goes_on(world, phone, path, "Your card is charged within some minutes")
    reconciled(world, stripe)
    start, payment = start_of(world, path), records.get(world.engine, payment_id)
    assert (payment.session_id, payment.state) == (start.session_id, "captured")
    cost = Decimal(payment.captured_minor).scaleb(-2)
    assert f"Cost</span>€{cost}" in page
    assert token_status(world, start.id_token) == "blocked"

    box = Mailbox()
    server = started(box)
    try:
        mail = {"mail_host": "127.0.0.1", "mail_port": server.port, "mail_encryption": "none"}
        settings = world.settings.model_copy(update=mail)
        receipts = issue_due(settings, world.engine, lambda: datetime.now(UTC))
    finally:
        server.stop()
    [number], problems = receipts.issued, receipts.problems
    assert problems == {}
    assert [taken.rcpt_tos for taken in box.taken] == [["ada@example.org"]]
    assert issue_due(world.settings, world.engine, lambda: datetime.now(UTC)).issued == ()
    document = issued_document(world.engine, number)
    assert (document.totals.incl_tax, document.totals.due) == (cost, 0)
    done = goes_on(world, phone, path, f"Receipt {number} (PDF)")
    assert f"€{cost} was taken from your card" in done
    assert "data-refresh" not in done, "nothing of it changes any more"
    receipt = phone.get(f"{path}/receipt.pdf")
    assert (receipt.content[:5], receipt.headers["Content-Type"]) == (b"%PDF-", "application/pdf")
    assert path.removeprefix("/s/") not in "".join(world.api.lines), "the page's address is the driver's secret"


def _landed_readings(world: PhoneWorld) -> bool:
    with open_lake(world.settings, read_only=True) as lake:
        return bool(lake.con.execute("SELECT 1 FROM core.sessions WHERE energy_wh > 0").fetchall())


def _is_priced(world: PhoneWorld, path: str) -> bool:
    with open_lake(world.settings, read_only=True) as lake:
        found = lake.con.execute("SELECT session_id FROM billing.cdrs").fetchall()
    return (start_of(world, path).session_id,) in found


def test_a_start_that_the_station_refuses_gives_the_money_back(world: PhoneWorld, stripe: StripeServer) -> None:
    phone = Phone(world, "de-DE,de;q=0.9,en;q=0.8")
    world.charger.refuses = True
    try:
        path, answer = phone.tap_start()
        payment_id = pays(world, stripe, answer)
        page = goes_on(world, phone, path, "Das Laden hat nicht begonnen")
    finally:
        world.charger.refuses = False
    assert "Die Station hat abgelehnt" in page
    goes_on(world, phone, path, "nichts mehr vorgemerkt")
    payment = records.get(world.engine, payment_id)
    assert (payment.state, payment.captured_minor, payment.released_minor) == ("released", 0, 6000)
    assert token_status(world, start_of(world, path).id_token) == "blocked"


def test_who_cancels_before_paying_holds_nothing(world: PhoneWorld, stripe: StripeServer) -> None:
    phone = Phone(world)
    path, answer = phone.tap_start()
    phone.post(f"{path}/stop")
    assert "You have cancelled it" in phone.get(path).text
    payment = records.find(world.engine, pay_token=answer.headers["Location"].removeprefix("/pay/"))
    assert payment is not None
    assert payment.state in ("released", "failed")


def test_a_declined_card_starts_nothing(world: PhoneWorld, stripe: StripeServer) -> None:
    phone = Phone(world)
    before = world.charger.heard.count("RemoteStartTransaction")
    path, answer = phone.tap_start()
    pays(world, stripe, answer, DECLINED)
    assert "Waiting for your card" in phone.get(path).text
    reconciled(world, stripe)
    assert world.charger.heard.count("RemoteStartTransaction") == before
    phone.post(f"{path}/stop")


def test_a_driver_with_a_contract_pays_nothing_first(world: PhoneWorld) -> None:
    phone = Phone(world)
    fields = {"new_email": "Ada@Example.org", "name": "Ada Example", "new_password": "long enough"}
    registered = phone.post("/d/register", **fields, next=PLACE)
    assert registered.headers["Location"] == PLACE
    cookie = registered.headers["Set-Cookie"]
    assert ("HttpOnly" in cookie, "SameSite=lax" in cookie, "Secure" in cookie) == (True, True, False)
    assert "€60.00 is held" in phone.get(PLACE).text, "without a contract a driver pays as a guest does"
    accounts = table("access", "driver_accounts")
    with world.engine.connect() as connection:
        driver_id = connection.execute(sa.select(accounts.c.driver_id).filter_by(email="ada@example.org")).scalar_one()
    _give_contract(world, driver_id)
    world.refresh()

    assert "Your contract pays" in phone.get(PLACE).text
    path, answer = phone.tap_start()
    assert answer.headers["Location"] == path
    goes_on(world, phone, path, "<h1>Charging</h1>")
    start = start_of(world, path)
    assert (start.payment_id, start.contract_id, start.driver_id) == (None, "C1", driver_id)
    assert "goes on" in phone.get("/d/sessions").text
    phone.post(f"{path}/stop")
    goes_on(world, phone, path, "Charging has ended")
    assert token_status(world, start.id_token) == "active", "the contract's token is for the next time, too"
    world.until(lambda: _is_priced(world, path) or world.refresh() or (phone.get(path) and None), "no CDR")
    assert "next invoice" in goes_on(world, phone, path, "on your next invoice")
    assert re.search(r"Parkhaus am Hafen.*€\d+\.\d\d", phone.get("/d/sessions").text, re.DOTALL)
    assert Phone(world).get("/d/sessions").url.endswith("/d"), "others see nothing of it"

    rule = {"access_rule_id": "R1", "contract_id": "C1", "blocked": True, "valid_from": LONG_AGO}
    add_row(world.engine, "access_rules", rule, Author("test", "test"))
    refused_path, refused = phone.tap_start()
    assert (refused.status_code, "Your access is blocked" in refused.text) == (400, True)
    assert starts_kept.find(world.engine, page_token=refused_path.removeprefix("/s/")) is None


def _give_contract(world: PhoneWorld, driver_id: str) -> None:
    row: dict[str, Any] = {
        "contract_id": "C1",
        "operator_id": "op",
        "driver_id": driver_id,
        "currency": "EUR",
        "valid_from": datetime(2020, 1, 1, tzinfo=UTC),
    }
    add_row(world.engine, "contracts", row, Author("test", "test"))


def test_forms_from_elsewhere_do_nothing(world: PhoneWorld) -> None:
    phone = Phone(world)
    token = "x" * 32
    for origin in ("https://evil.example", "null", ""):
        for path in (PLACE, f"/s/{token}/stop", "/d/sign-in", "/d/register", "/d/sign-out"):
            assert phone.post(path, origin=origin, start=token).status_code == 403
    assert starts_kept.find(world.engine, page_token=token) is None


@pytest.mark.parametrize(
    "path",
    ["/c/nowhere/1", f"/c/{STATION}/7", f"/c/{STATION}/x", f"/s/{'x' * 32}", "/s/short", f"/s/{'x' * 32}/receipt.pdf"],
)
def test_addresses_of_nothing(world: PhoneWorld, path: str) -> None:
    answer = Phone(world).get(path)
    assert answer.status_code == 404
    assert "<main" in answer.text
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_a_station_that_is_not_there_takes_no_money(tmp_path: Path) -> None:
    settings = load_settings(home=new_home(tmp_path / "home"))
    declare(settings)
    with open_lake(settings) as lake:
        record_registry(lake)
    given = {"stripe_key": KEY, "stripe_publishable_key": "pk_test_1", "preauthorise": '{"EUR": "60"}'}
    with running_api(settings.home, **given) as api:
        page = requests.get(api.url + PLACE, timeout=60).text
        form = {"start": "x" * 32}
        refused = requests.post(api.url + PLACE, data=form, headers={"Origin": api.url}, timeout=60)
    assert "Not connected" in page
    assert "<button" not in page
    assert (refused.status_code, "could not be started" in refused.text) == (400, True)
