"""A driver's phone from the code on the station to the receipt, in a real browser.

Stripe's script is not there in tests: a stand-in with the calls that the payment page makes has the card confirmed at
the server that stands for Stripe, and goes back as Stripe does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from pipelines.billing.cards.booking import tell
from pipelines.billing.cards.reconciling import reconcile
from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.stripe_adapter import StripeProvider
from pipelines.billing.starts.receipts import issue_due
from tests.phone_world import STATION, PhoneWorld, phone_world
from tests.stripe_server import GOOD, KEY, StripeServer, stripe_server
from warehouse.store import open_lake

pytestmark = pytest.mark.browser

expect.set_options(timeout=20_000)  # cores are shared with other tests
PLACE = f"/c/{STATION}/1"
PICTURES = os.environ.get("KWHOUSE_TEST_PICTURES")
SCHEMES = ("light", "dark")  # with each its language
STAND_IN = """
window.Stripe = () => ({
  elements: ({ clientSecret }) => ({
    clientSecret,
    create: () => {
      const told = {};
      return {
        on: (name, then) => { told[name] = then; },
        mount: (place) => {
          document.querySelector(place).textContent = "Card 4242 4242 4242 4242";
          told.ready();
        },
      };
    },
  }),
  confirmPayment: async ({ elements, confirmParams }) => {
    await window.cardIsConfirmed(elements.clientSecret);
    location.assign(confirmParams.return_url);
    return new Promise(() => {});
  },
});
"""


@pytest.fixture(scope="module")
def stripe() -> Iterator[StripeServer]:
    with stripe_server() as server:
        yield server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, stripe: StripeServer) -> Iterator[PhoneWorld]:
    with phone_world(tmp_path_factory.mktemp("phone"), stripe) as made:
        yield made


@pytest.fixture
def phone(browser: Browser, stripe: StripeServer, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A phone. Fails where the browser complains: of scripts, of what a page's own rules forbid."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        is_mobile=True,
        has_touch=True,
        color_scheme=request.param,
        locale="en-GB" if request.param == "light" else "de-DE",
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def stands_in(route: Route) -> None:
        route.fulfill(content_type="application/javascript", body=STAND_IN)

    page.route(lambda url: url.startswith("https://js.stripe.com/"), stands_in)
    page.expose_function("cardIsConfirmed", lambda secret: stripe.payer_pays(secret.split("_secret_")[0], GOOD) and 0)
    yield page
    context.close()
    assert complaints == []


def picture(page: Page, name: str) -> None:
    """A picture to look at, where KWHOUSE_TEST_PICTURES names a folder; the page fits, and targets are large."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    for target in page.locator("button:visible, a.button:visible, input:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44, name  # WCAG 2.2, 2.5.5: size of a target
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"phone-{name}.png", full_page=True)


def reconciled(world: PhoneWorld, stripe: StripeServer) -> None:
    with open_lake(world.settings, read_only=True) as lake:
        reconcile(Payments(world.engine, StripeProvider(KEY, api_base=stripe.url), tell), lake)


def cost(page: Page) -> float:
    return float(re.sub(r"[^\d.]", "", page.locator(".big").inner_text().splitlines()[-1].replace(",", ".")))


WORDS = {
    "en": ("Go on to the card", "Charging", "Stop charging", "Charging has ended", "Receipt", "Start charging"),
    "de": ("Weiter zur Karte", "Lädt", "Laden beenden", "Das Laden ist beendet", "Beleg", "Laden starten"),
}


@pytest.mark.parametrize("phone", SCHEMES if PICTURES else SCHEMES[:1], indirect=True)
def test_register_scan_pay_watch_stop_receipt(world: PhoneWorld, stripe: StripeServer, phone: Page) -> None:
    phone.goto(f"{world.api.url}/d")
    language = phone.locator("html").get_attribute("lang") or ""
    to_card, charging, stop, ended, receipt, _ = WORDS[language]
    picture(phone, f"{language}-1-sign-in")
    phone.locator("summary").click()
    phone.locator("#name").fill("Ada Example")
    phone.locator("#new_email").fill(f"ada.{language}@example.org")
    phone.locator("#new_password").fill("long enough")
    picture(phone, f"{language}-2-register")
    phone.locator("#new_password").press("Enter")
    expect(phone.get_by_text(f"ada.{language}@example.org")).to_be_visible()
    picture(phone, f"{language}-3-home")

    world.charger.most_readings = 2
    phone.goto(world.api.url + PLACE)
    picture(phone, f"{language}-4-place")
    phone.get_by_role("button", name=to_card).tap()
    phone.get_by_text("Card 4242").wait_for()
    picture(phone, f"{language}-5-card")
    phone.locator("#submit").tap()
    phone.wait_for_url("**/s/*")
    picture(phone, f"{language}-6-starting")
    expect(phone.get_by_role("heading", name=charging, exact=True)).to_be_visible()
    picture(phone, f"{language}-7-charging-soon")
    world.until(lambda: _energy(world) >= 1800 or world.refresh(), "no energy landed")
    expect(phone.locator(".big")).to_be_visible()
    before = cost(phone)
    picture(phone, f"{language}-8-charging")
    world.charger.most_readings = 5
    world.until(lambda: _energy(world) >= 4500 or world.refresh(), "no more energy landed")
    expect(phone.locator(".tiles")).to_contain_text(re.compile(r"4[.,]50"))
    assert cost(phone) > before, "the page follows by itself"
    phone.get_by_role("button", name=stop).tap()
    expect(phone.get_by_role("heading", name=ended)).to_be_visible()
    picture(phone, f"{language}-9-ended")
    world.until(lambda: _priced(world) or world.refresh(), "no CDR")
    reconciled(world, stripe)
    issue_due(world.settings, world.engine, lambda: datetime.now(UTC))
    expect(phone.get_by_role("link", name=receipt)).to_be_visible()
    picture(phone, f"{language}-10-receipt")
    phone.goto(f"{world.api.url}/d/sessions")
    expect(phone.locator(".list li")).to_have_count(1)
    picture(phone, f"{language}-11-sessions")


def _energy(world: PhoneWorld) -> float:
    """The energy of the session that goes on, Wh."""
    with open_lake(world.settings, read_only=True) as lake:
        rows = lake.con.execute("SELECT energy_wh FROM core.sessions WHERE state = 'active'").fetchall()
    return float(rows[0][0] or 0) if rows else 0


def _priced(world: PhoneWorld) -> bool:
    with open_lake(world.settings, read_only=True) as lake:
        rows = lake.con.execute("SELECT session_id FROM core.sessions ANTI JOIN billing.cdrs USING (session_id)")
        return not rows.fetchall()


@pytest.mark.parametrize("phone", SCHEMES, indirect=True)
def test_a_station_that_refuses_is_told_on_the_page(world: PhoneWorld, stripe: StripeServer, phone: Page) -> None:
    world.charger.refuses = True
    try:
        phone.goto(world.api.url + PLACE)
        language = phone.locator("html").get_attribute("lang") or ""
        phone.get_by_role("button", name=WORDS[language][0]).tap()
        phone.locator("#submit").tap()
        phone.wait_for_url("**/s/*")
        expect(phone.locator(".state.not")).to_be_visible()
        expect(phone.locator("main")).to_contain_text(
            re.compile("nothing is held|nichts mehr vorgemerkt", re.IGNORECASE)
        )
        picture(phone, f"{language}-12-failed")
    finally:
        world.charger.refuses = False


def test_without_script_the_pages_work(world: PhoneWorld, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(world.api.url + PLACE)
    token = page.locator("input[name=start]").get_attribute("value")
    page.get_by_role("button", name="Go on to the card").click()
    expect(page.get_by_role("heading", name="60.00 EUR")).to_be_visible()
    page.goto(f"{world.api.url}/s/{token}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You have cancelled it.")).to_be_visible()
    context.close()
