"""The payment page on a phone: it fits, keeps to its own rules, and hands the card to Stripe's script.

Stripe's script is not there in tests: a stand-in with the four calls that the page makes answers at its address. What
the page does with Stripe's real answers is tested over sockets in `tests/integration/payments/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from pipelines.billing.payments.flow import Payments
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.stripe_adapter import StripeProvider
from tests.api_harness import running_api
from tests.stripe_server import GOOD, KEY, WEBHOOK_SECRET, StripeServer, stripe_server
from warehouse.settings import load_settings
from warehouse.state import open_state

pytestmark = pytest.mark.browser

STAND_IN = """
window.Stripe = (key) => ({
  elements: ({ clientSecret }) => ({
    create: () => {
      const told = {};
      return {
        on: (name, then) => { told[name] = then; },
        mount: (place) => {
          document.querySelector(place).textContent = `Card form of ${key} for ${clientSecret.split("_secret_")[0]}`;
          told.ready();
        },
      };
    },
  }),
  confirmPayment: async ({ confirmParams }) => {
    window.returnsTo = confirmParams.return_url;
    return { error: { message: "Your card was declined." } };
  },
});
"""


@pytest.fixture(scope="module")
def stripe() -> Iterator[StripeServer]:
    with stripe_server() as server:
        yield server


@pytest.fixture
def payments(tmp_path: Path, stripe: StripeServer) -> Iterator[Payments]:
    stripe.answers.clear()
    engine = open_state(load_settings(home=tmp_path))
    yield Payments(engine, StripeProvider(KEY, api_base=stripe.url), lambda _connection, _fact: None)
    engine.dispose()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page of a small phone; what the browser refuses stands in `refusals`."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2, is_mobile=True)
    page = context.new_page()
    yield page
    context.close()


def watched(page: Page) -> list[str]:
    """What the browser complains about from now on."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_card_is_handed_to_stripes_script(
    tmp_path: Path, payments: Payments, phone: Page, stripe: StripeServer
) -> None:
    row = payments.authorise(Money("EUR", 6000), session_id="b1", operator_id="O")
    asked: list[str] = []
    complaints = watched(phone)

    def stands_in(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(content_type="application/javascript", body=STAND_IN)

    phone.route(lambda url: not url.startswith("http://127.0.0.1"), stands_in)
    with running_api(
        tmp_path,
        stripe_key=KEY,
        stripe_publishable_key="pk_test_of_the_tests",
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_api_base=stripe.url,
    ) as api:
        phone.goto(f"{api.url}/pay/{row.pay_token}")
        phone.get_by_text(f"Card form of pk_test_of_the_tests for {row.provider_id}").wait_for()
        button = phone.get_by_role("button", name="Hold 60.00 EUR")
        assert button.is_enabled()
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44  # WCAG 2.2, 2.5.5: size of a target
        assert fits(phone)
        button.click()
        phone.get_by_text("Your card was declined.").wait_for()
        assert button.is_enabled()
        assert phone.evaluate("window.returnsTo") == f"{api.url}/pay/{row.pay_token}"
        phone.screenshot(path=tmp_path / "card.png", full_page=True)
        assert row.provider_id is not None
        stripe.payer_pays(row.provider_id, GOOD)
        phone.reload()
        phone.get_by_text("Ready to charge").wait_for()
        assert phone.get_by_role("button").count() == 0
    assert asked == ["https://js.stripe.com/v3/"]
    assert complaints == []


def test_without_stripes_script_the_page_says_so(
    tmp_path: Path, payments: Payments, phone: Page, stripe: StripeServer
) -> None:
    row = payments.charge(Money("EUR", 4200), document_id="INV-1")
    phone.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
    settings = {"stripe_key": KEY, "stripe_publishable_key": "pk_test_of_the_tests", "stripe_api_base": stripe.url}
    with running_api(tmp_path, **settings) as api:
        phone.goto(f"{api.url}/pay/{row.pay_token}")
        phone.get_by_text("The card form could not be loaded").wait_for()
        assert phone.get_by_role("button", name="Pay 42.00 EUR").is_disabled()


def test_upi_and_transfer_without_a_key(tmp_path: Path, payments: Payments, phone: Page) -> None:
    row = payments.charge(Money("INR", 123_450), document_id="INV-2")
    complaints = watched(phone)
    payee = {
        "payee_name": "Charging Network of the Deccan",
        "payee_iban": "DE89370400440532013000",
        "payee_upi": "charging@okbank",
    }
    with running_api(tmp_path, **payee) as api:
        phone.goto(f"{api.url}/pay/{row.pay_token}")
        link = phone.get_by_role("link", name="Open a UPI app")
        assert (link.get_attribute("href") or "").startswith("upi://pay?pa=charging@okbank&")
        code = phone.get_by_alt_text("UPI code of this payment")
        assert code.evaluate("image => image.naturalWidth") > 100
        assert fits(phone)
        phone.screenshot(path=tmp_path / "upi.png", full_page=True)
    assert complaints == []
