"""People sign in at a real OpenID Connect provider, and see the pages and rows of their role."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import oidc_provider_mock
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from dashboards.run import SECRETS
from tests import small_warehouse
from tests.browser.conftest import served
from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import open_lake

pytestmark = pytest.mark.browser

PEOPLE = [
    oidc_provider_mock.User(sub="olga", claims={"name": "Olga", "roles": ["site_owner"], "owner_id": "market-owner"}),
    oidc_provider_mock.User(sub="ada", claims={"name": "Ada", "roles": ["analyst"]}),
    oidc_provider_mock.User(sub="eve", claims={"name": "Eve", "roles": ["chef"]}),
]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse in which the market's ground belongs to `market-owner`."""
    made = small_warehouse.build(tmp_path_factory.mktemp("sign-in"))
    _give_the_market_an_owner(made)
    return made


@pytest.fixture(scope="module")
def with_sign_in(settings: Settings) -> Iterator[str]:
    """Address of a dashboard whose visitors sign in."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with oidc_provider_mock.run_server_in_thread(user_claims=PEOPLE) as provider:
        _write_secrets(settings.home / SECRETS, port, provider.server_port)
        with served(settings.home, KWHOUSE_DASHBOARD_PORT=str(port)):
            yield f"http://localhost:{port}"


def _give_the_market_an_owner(settings: Settings) -> None:
    engine = open_state(settings)
    owner = {"owner_id": "market-owner", "name": "Olga", "invoicing": "self_billed"}
    agreement = {
        "owner_contract_id": "market",
        "owner_id": "market-owner",
        "site_id": "market",
        "currency": "EUR",
        "revenue_share_percent": 10,
        "rent_per_month": 0,
        "valid_from": datetime(2024, 1, 1, tzinfo=UTC),
    }
    with engine.begin() as connection:
        connection.execute(sa.insert(table("registry", "site_owners")), owner)
        connection.execute(sa.insert(table("registry", "owner_contracts")), agreement)
    engine.dispose()


def _write_secrets(file: Path, port: int, provider_port: int) -> None:
    auth = {
        "redirect_uri": f"http://localhost:{port}/oauth2callback",
        "server_metadata_url": f"http://localhost:{provider_port}/.well-known/openid-configuration",
        "client_id": "kwhouse",
        "client_secret": secrets.token_hex(16),
        "cookie_secret": secrets.token_hex(16),
    }
    file.write_text("[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in auth.items()))


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """A browser that nobody has signed in with."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    yield context.new_page()
    context.close()


def sign_in(page: Page, address: str, who: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=who).click()
    page.wait_for_url(f"{address}/**")


def test_a_site_owner_sees_only_their_sites(visitor: Page, with_sign_in: str, settings: Settings) -> None:
    sign_in(visitor, with_sign_in, "olga")
    expect(visitor.get_by_text("Signed in as olga (Olga), site owner")).to_be_visible()
    expect(visitor.get_by_role("heading", name="Overview")).to_be_visible()
    links = visitor.get_by_test_id("stSidebarNavLink")
    expect(links.filter(has_text="Revenue")).to_be_visible()
    for hidden in ("Invoices", "Month close", "Forecast"):
        expect(links.filter(has_text=hidden)).to_have_count(0)
    expect(visitor.get_by_test_id("stMain")).to_contain_text("Market Hall")
    for page in ("overview", "revenue", "sessions", "quality", "review", "extract"):
        visitor.goto(f"{with_sign_in}/{page}?site=harbour&period=all")
        expect(visitor.get_by_text("Data until")).to_be_visible()
        expect(visitor.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        told = visitor.get_by_test_id("stMain").text_content() or ""
        assert not re.search(r"Harbour|Campus|(harbour|campus)-\d", told), page
    with open_lake(settings, read_only=True) as lake:
        session = lake.con.execute("SELECT max(session_id) FROM core.sessions WHERE site_id = 'harbour'").fetchone()
    assert session is not None
    visitor.goto(f"{with_sign_in}/session?session={session[0]}")
    expect(visitor.get_by_text("No session has the id")).to_be_visible()


def test_an_analyst_has_no_invoices_and_can_sign_out(visitor: Page, with_sign_in: str) -> None:
    sign_in(visitor, with_sign_in, "ada")
    expect(visitor.get_by_text("Signed in as ada (Ada), analyst")).to_be_visible()
    links = visitor.get_by_test_id("stSidebarNavLink")
    expect(links.filter(has_text="Forecast")).to_be_visible()
    expect(links.filter(has_text="Invoices")).to_have_count(0)
    visitor.goto(f"{with_sign_in}/invoices")
    expect(visitor.get_by_text("Page not found").first).to_be_visible()
    visitor.goto(with_sign_in)
    visitor.get_by_role("button", name="Sign out").click()
    visitor.get_by_role("button", name="End session").click()  # the provider asks, too
    expect(visitor.get_by_text("Sign in to see the charging network.")).to_be_visible()
    expect(visitor.get_by_test_id("stSidebarNavLink")).to_have_count(0)


def test_nobody_without_a_role_gets_in(visitor: Page, with_sign_in: str) -> None:
    sign_in(visitor, with_sign_in, "eve")
    expect(visitor.get_by_text("eve (Eve) is signed in, but has no role here")).to_be_visible()
    expect(visitor.get_by_test_id("stSidebarNavLink")).to_have_count(0)
    expect(visitor.get_by_role("button", name="Sign out")).to_be_visible()
