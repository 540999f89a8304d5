"""A served dashboard over a small warehouse, and the system's Chromium to look at it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests import small_warehouse
from tests.system_chromium import MEND, find

ROOT = Path(__file__).parents[2]
# No GPU and no calls home: what is measured and asserted is the page.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SERVE = """
from dashboards.run import main
from warehouse.settings import load_settings
raise SystemExit(main(load_settings()))
"""


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium."""
    path = find()
    assert path, MEND
    return path


@contextmanager
def served(home: Path, **settings: str) -> Iterator[str]:
    """Address of a dashboard that serves the warehouse in `home`, as long as the block runs."""
    environment = {
        **os.environ,
        "KWHOUSE_HOME": str(home),
        "KWHOUSE_DASHBOARD_PORT": "0",
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    log = home / "dashboard.log"
    with log.open("wb") as output:
        # Started from another folder: nothing may depend on the working folder.
        server = subprocess.Popen(
            [sys.executable, "-c", SERVE], cwd=home, env=environment, stdout=output, stderr=output
        )
        try:
            yield _address(server, log)
        finally:
            server.terminate()
            assert server.wait(20) == 0, log.read_text()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a dashboard that serves the small warehouse."""
    with served(small_warehouse.build(tmp_path_factory.mktemp("served")).home) as found:
        yield found


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """The address that the server has printed, once it answers there."""
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        if found := re.search(r"Dashboard: (http://\S+)", log.read_text()):
            try:
                with urllib.request.urlopen(f"{found[1]}/_stcore/health", timeout=1) as answer:
                    if answer.status == 200:
                        return found[1]
            except OSError:
                pass
        time.sleep(0.1)
    raise AssertionError(f"the dashboard does not answer: {log.read_text()}")


# While it is open, Playwright's event loop runs in this thread, where no other test could run one of its own: it is
# closed with the module's last test. (A folder without __init__.py is no package to pytest: that scope would be the
# whole session.)
@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One visitor's browser, whose cache stays warm from test to test."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    """A tab. Fails when a page asks any other host for anything, or throws."""
    tab = context.new_page()
    elsewhere: list[str] = []
    thrown: list[str] = []

    def note(url: str) -> None:
        if not url.startswith((address, address.replace("http", "ws"), "data:", "blob:")):
            elsewhere.append(url)

    tab.on("request", lambda request: note(request.url))
    tab.on("websocket", lambda socket_: note(socket_.url))
    tab.on("pageerror", lambda error: thrown.append(str(error)))
    yield tab
    tab.close()
    assert not elsewhere, f"asked other hosts: {elsewhere}"
    assert not thrown
