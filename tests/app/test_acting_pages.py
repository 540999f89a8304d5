"""The pages that act: what they show and change, through a real HTTP API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from ingest.access.waiting import Knock, keep
from tests.api_harness import Api, running_api
from tests.app.conftest import APP
from tests.homes import new_home
from tests.registered import register, site
from warehouse.people.keys import make_key
from warehouse.people.lending import OF_DASHBOARD
from warehouse.registry.changes import Author
from warehouse.settings import Settings
from warehouse.state import open_state, table

Opens = Callable[[str], AppTest]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that is about to begin: no session has come in."""
    found = new_home(tmp_path_factory.mktemp("acting"))
    register(
        Settings(home=found),
        operators=[{"operator_id": "op", "name": "Op", "country_code": "DE", "party_id": "KWH"}],
        sites=[site("depot"), site("mall")],
        stations=[{"station_id": "CP-1", "site_id": "depot"}],
    )
    return found


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[sa.Engine]:
    opened = open_state(Settings(home=home))
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Api]:
    with running_api(home) as api:
        yield api


@pytest.fixture
def opened(home: Path, engine: sa.Engine, served: Api, monkeypatch: pytest.MonkeyPatch) -> Opens:
    monkeypatch.setenv("KWHOUSE_HOME", str(home))
    monkeypatch.setenv("KWHOUSE_API_URL", served.url)
    monkeypatch.setenv("KWHOUSE_API_KEY", make_key(engine, "pages", OF_DASHBOARD, Author("me", "test")))

    def run(page: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60).run()
        app.switch_page(f"views/{page}.py").run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return run


def told(app: AppTest) -> list[str]:
    assert not app.exception, [error.value for error in app.exception]
    return [shown.value for kind in (app.success, app.error, app.info) for shown in kind]


def test_a_token_is_added_and_found(opened: Opens, engine: sa.Engine) -> None:
    app = opened("drivers")
    app.text_input(key="token_id").set_value("CARD-1")
    app.selectbox(key="token_kind").set_value("Plug and charge (eMAID)")
    app.button(key="token_add").click()
    app.run()
    assert told(app) == ["CARD-1 may charge now; collectors know it within seconds."]
    with engine.connect() as connection:
        row = connection.execute(sa.select(table("registry", "tokens"))).mappings().one()
        by = connection.execute(sa.select(table("registry", "changes").c.changed_by).order_by("change_id")).scalars()
        assert "API key pages" in list(by)[-1]
    assert (row["id_token"], row["token_type"], row["ocpp_type"]) == ("CARD-1", "EMAID", "eMAID")
    app.text_input(key="tokens_text").set_value("card-").run()
    assert next(list(shown.value["id_token"]) for shown in app.dataframe if "id_token" in shown.value) == ["CARD-1"]
    assert app.text_input(key="token_id").value == ""
    app.text_input(key="token_id").set_value("card-1")
    app.button(key="token_add").click().run()
    assert any("take no notice of case" in text for text in told(app))


def test_a_rule_decides_and_is_explained(opened: Opens) -> None:
    app = opened("drivers")
    app.text_input(key="token_id").set_value("FLEET-1")
    app.text_input(key="token_group").set_value("fleet")
    app.button(key="token_add").click().run()
    app.text_input(key="rule_id").set_value("fleet-at-the-mall")
    app.text_input(key="rule_whom").set_value("fleet")
    app.multiselect(key="rule_sites").set_value(["mall"])
    app.button(key="rule_add").click().run()
    assert told(app) == ["Rule fleet-at-the-mall holds now."]
    app.text_input(key="check_token").set_value("fleet-1")
    app.text_input(key="check_station").set_value("CP-1").run()
    (answer,) = app.error
    assert "NotAtThisLocation: not at this site" in answer.value.replace("\\", "")
    app.text_input(key="rule_id").set_value("nobody")
    app.button(key="rule_add").click().run()
    assert any("token group: is empty" in text.replace("\\", "") for text in told(app))


def test_a_driver_gets_a_contract(opened: Opens) -> None:
    app = opened("drivers")
    app.text_input(key="driver_id").set_value("d-1")
    app.text_input(key="driver_name").set_value("Ada Example")
    app.button(key="driver_add").click().run()
    assert told(app) == ["Driver d-1 is there now. Add a contract, then a token."]


def test_a_station_that_waits_is_taken_in(opened: Opens, engine: sa.Engine) -> None:
    keep(engine, {"CP-9": Knock(2, int(datetime.now(UTC).timestamp() * 1e6), "192.0.2.9")})
    app = opened("control")
    assert any("CP\\-9** knocked 2 times" in shown.value for shown in app.markdown)
    app.selectbox(key="site_CP-9").set_value("mall").run()
    app.button(key="accept_CP-9").click().run()
    assert told(app) == ["CP-9 may connect now."]
    stations = next(shown.value for shown in app.dataframe if "going_on" in shown.value)
    assert dict(zip(stations["station_id"], stations["site_id"], strict=True)) == {"CP-1": "depot", "CP-9": "mall"}


def test_without_a_key_or_an_api_the_pages_say_what_to_do(opened: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KWHOUSE_API_URL", "http://127.0.0.1:9")
    assert ["The HTTP API does not answer" in text for text in told(opened("control"))] == [True]
    monkeypatch.delenv("KWHOUSE_API_KEY")
    assert ["has no key for it" in text for text in told(opened("drivers"))] == [True]
