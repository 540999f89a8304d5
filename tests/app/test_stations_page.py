"""The page of stations: connected ones, differences, and who waits at the door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from tests.app.conftest import OpenPage
from warehouse.remote.online import Connected, begin, end, tell
from warehouse.settings import Settings
from warehouse.state import opened, table


@pytest.fixture
def engine(settings: Settings) -> Iterator[sa.Engine]:
    with opened(settings) as engine:
        yield engine


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def shown(app: AppTest, column: str, at: int = -1) -> list[object]:
    return list(app.dataframe[at].value[column])


def test_a_station_that_says_something_else_is_shown(open_page: OpenPage) -> None:
    app = open_page("stations")
    assert figures(app) == {"Stations": "12", "Connected": "–", "Differences": "1", "Waiting": "0"}
    assert shown(app, "difference", 0) == ["the model is another"]
    assert (shown(app, "reported", 0), shown(app, "registered", 0)) == (["V2"], ["V1"])
    assert len(shown(app, "station_id")) == 12
    market = open_page("stations", site=["market"])
    assert figures(market) == {"Stations": "4", "Connected": "–", "Differences": "0", "Waiting": "0"}
    assert "nothing that differs" in market.success[0].value


def test_connected_and_waiting_stations_are_asked_for_anew(open_page: OpenPage, engine: sa.Engine) -> None:
    now = datetime.now(UTC)
    knock = {"station_id": "NEW-1", "first_at": now, "last_at": now, "knocks": 2, "remote_address": "10.0.0.1"}
    waiting = table("access", "waiting_stations")
    begin(engine, "here", now)
    tell(engine, "here", [Connected("market-01", "2.0.1", now, None, now + timedelta(days=9))], [], now)
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(waiting), knock)
        app = open_page("stations")
    finally:
        end(engine, "here")
        with engine.begin() as connection:
            connection.execute(sa.delete(waiting))
    told = figures(app)
    assert (told["Connected"], told["Waiting"], told["Certificates ending"]) == ("1", "1", "1")
    assert shown(app, "station_id", 0) == ["NEW-1"]
    connected = dict(zip(shown(app, "station_id"), shown(app, "ocpp_version"), strict=True))
    assert [name for name, version in connected.items() if version == "2.0.1"] == ["market-01"]
    assert figures(open_page("stations"))["Connected"] == "–"
