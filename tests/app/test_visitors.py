"""What pages show to whom: the sign-in itself is tested in a browser, here who signed in is handed in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from dashboards import access, data
from dashboards.navigation import shown_to
from tests import small_warehouse
from tests.app.conftest import OpenPage
from warehouse.people.roles import Principal, Role
from warehouse.settings import Settings
from warehouse.state import opened, table
from warehouse.store import open_lake

OWNER = Principal("Olga", frozenset({Role.SITE_OWNER}), frozenset({"market"}))
ANALYST, OPERATOR = (Principal("Ada", frozenset({role})) for role in (Role.ANALYST, Role.OPERATOR))
REASON = "the meter was exchanged"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The small warehouse with one decision of a person."""
    made = small_warehouse.build(tmp_path_factory.mktemp("visitors"))
    row = {"session_id": session_of(made, "market"), "decided_at": datetime.now(UTC), "decision": "hold"}
    told = {"reason": REASON, "decided_by": "bob", "grade": "ok", "energy_wh": 1}
    with opened(made) as engine, engine.begin() as connection:
        connection.execute(sa.insert(table("registry", "session_decisions")), {**row, **told})
    return made


def session_of(settings: Settings, site: str) -> str:
    with open_lake(settings, read_only=True) as lake:
        row = lake.con.execute("SELECT max(session_id) FROM core.sessions WHERE site_id = $1", [site]).fetchone()
    assert row is not None
    return str(row[0])


def look_as(who: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (access, data):
        monkeypatch.setattr(module, "visitor", lambda: who)


def sites(app: AppTest) -> list[str]:
    return list(app.multiselect[0].options)


def test_a_figure_kept_for_one_visitor_is_not_shown_to_another(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    for who in (ANALYST, OWNER, ANALYST):
        look_as(who, monkeypatch)
        app = open_page("overview")
        seen[who] = (len(sites(app)), app.metric[0].value)
    assert (seen[ANALYST][0], seen[OWNER][0]) == (3, 1)
    assert seen[ANALYST][1] != seen[OWNER][1]


@pytest.mark.parametrize("name", [entry.name for entry in shown_to(OWNER)])
def test_every_page_of_a_site_owner_runs(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    look_as(OWNER, monkeypatch)
    app = open_page(name)
    assert not app.error


def test_who_decided_and_why_is_personal(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def told(who: Principal) -> str:
        look_as(who, monkeypatch)
        app = open_page("session", session=session_of(settings, "market"))
        assert not app.error
        return " ".join(block.value for block in app.markdown)

    assert REASON in told(OPERATOR)
    assert "Hold" in told(ANALYST)
    assert REASON not in told(ANALYST)
    assert "bob" not in told(ANALYST)


def test_a_page_that_is_not_theirs_is_not_there(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    look_as(OWNER, monkeypatch)
    with pytest.raises(ValueError, match="invoices"):
        open_page("invoices")
