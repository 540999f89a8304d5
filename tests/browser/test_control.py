"""An operator starts a session from afar, stops it, limits the station: pages, API, collector, a simulated station."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.collector import run
from ingest.fleet.simulator import Fleet, _Run
from tests.api_harness import running_api
from tests.browser.conftest import ROOT, SERVE, _address
from tests.collector_harness import Running, in_thread
from tests.homes import new_home
from tests.registered import connector, register, site
from warehouse.people.keys import make_key
from warehouse.people.lending import OF_DASHBOARD
from warehouse.registry.changes import Author
from warehouse.settings import Settings, load_settings
from warehouse.state import open_state

pytestmark = pytest.mark.browser


@contextmanager
def simulated(running: Running) -> Iterator[None]:
    """One station, SIM-0001, at which nobody charges by themselves."""
    loop = asyncio.new_event_loop()
    begin = int(datetime.now(UTC).timestamp() * 1e6)
    fleet = Fleet(stations=1, sessions_per_hour=0)

    async def live() -> None:
        with suppress(asyncio.CancelledError):
            await _Run(fleet, running.ready.url, begin, None, 1.0).all_stations()

    living = loop.create_task(live())
    thread = threading.Thread(target=loop.run_until_complete, args=(living,))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(living.cancel)
        thread.join(30)
        loop.close()


@pytest.fixture
def dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a dashboard beside an API, a collector and the station."""
    monkeypatch.setattr("ingest.access.gate.REFRESH_SECONDS", 0.1)
    home = new_home(tmp_path / "home")
    settings = load_settings(home=home, collect_port=0, metrics_port=0)
    stations = [{"station_id": "SIM-0001", "site_id": "depot"}]
    register(
        settings,
        sites=[{**site("depot"), "grid_limit_w": 50_000}],
        stations=stations,
        connectors=[connector("SIM-0001")],
    )
    engine = open_state(Settings(home=home))
    key = make_key(engine, "pages", OF_DASHBOARD, Author("me", "test"))
    engine.dispose()
    with (
        running_api(home) as api,
        in_thread(settings, lambda ready, stop: run(settings, None, ready, stop)) as running,
        simulated(running),
    ):
        ours = {"HOME": str(home), "DASHBOARD_PORT": "0", "API_URL": api.url, "API_KEY": key}
        log = home / "dashboard.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [sys.executable, "-c", SERVE],
                cwd=home,
                env={
                    **os.environ,
                    **{f"KWHOUSE_{name}": value for name, value in ours.items()},
                    "PYTHONPATH": str(ROOT),
                },
                stdout=output,
                stderr=output,
            )
            try:
                yield _address(server, log)
            finally:
                server.terminate()
                assert server.wait(20) == 0, log.read_text()


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_a_session_is_started_and_stopped_from_afar(dashboard: str, desk: Page) -> None:
    expect.set_options(timeout=30_000)
    desk.goto(f"{dashboard}/drivers")
    desk.get_by_text("Add a token").click()
    desk.get_by_label("Token", exact=True).first.fill("REMOTE-1")
    desk.get_by_role("button", name="Add", exact=True).first.click()
    expect(desk.get_by_test_id("stAlert").get_by_text("REMOTE-1 may charge now")).to_be_visible()
    desk.goto(f"{dashboard}/control")
    _choose(desk)
    desk.get_by_label("Token", exact=True).fill("remote-1")
    desk.get_by_role("button", name="Start", exact=True).click()
    expect(desk.get_by_text("Start: accepted by the station.")).to_be_visible()
    stop = desk.get_by_role("button", name="Stop it")
    stop.click()
    expect(desk.get_by_text("Stop: accepted by the station.")).to_be_visible()
    expect(stop).to_have_count(0)
    expect(desk.get_by_text(re.compile(r"depot may take 50\.0 kW, its EVSEs .* here EVSE 1 up to"))).to_be_visible()
    desk.get_by_label("Limit of this station, kW", exact=True).fill("11")
    desk.get_by_role("button", name="Limit it").click()
    # Simulated stations know no charging profiles, and say so.
    expect(desk.get_by_text("Set charging profile: failed")).to_be_visible()
    back = desk.get_by_role("button", name="Take its limit back")
    # While a page is drawn anew, Streamlit shows parts of the last run beside the new ones for a moment.
    expect(back).to_have_count(1)
    back.click()
    expect(desk.get_by_text("Clear charging profile: failed")).to_be_visible()


def _choose(desk: Page) -> None:
    """Choose the only station of the list: the mark at the left of its row, on a canvas."""
    table = desk.locator("[class*=st-key-card_stations] [data-testid=stDataFrame] canvas").first
    expect(table).to_be_visible()
    box = table.bounding_box()
    assert box is not None
    desk.mouse.click(box["x"] + 14, box["y"] + 52)
    expect(desk.get_by_role("heading", name="SIM-0001")).to_be_visible()
