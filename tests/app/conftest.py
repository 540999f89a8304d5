"""The app without a browser: Streamlit's AppTest on a small warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from tests import small_warehouse
from warehouse.settings import Settings

APP = Path(__file__).parents[2] / "dashboards" / "app.py"

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return small_warehouse.build(tmp_path_factory.mktemp("small"))


@pytest.fixture(autouse=True)
def _served_on_loopback() -> Iterator[None]:
    # AppTest has no server; the sign-in gate asks for its address.
    before = config.get_option("server.address")
    config.set_option("server.address", "127.0.0.1")
    yield
    config.set_option("server.address", before)


@pytest.fixture
def open_page(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Opens a page by its name, with query parameters, and runs it."""
    monkeypatch.setenv("KWHOUSE_HOME", str(settings.home))

    def run(page: str = "overview", **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        if page != "overview":
            app.switch_page(f"views/{page}.py").run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return run
