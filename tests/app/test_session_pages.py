"""The session's story and the review page, on a small warehouse."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
import streamlit as st

from tests import small_warehouse
from tests.app.conftest import OpenPage
from tests.app.test_pages import address, figures
from warehouse.settings import Settings
from warehouse.state import open_state, table
from warehouse.store import open_lake


def query(settings: Settings, text: str) -> list[tuple[object, ...]]:
    with open_lake(settings, read_only=True) as lake:
        return lake.con.execute(text).fetchall()


@pytest.fixture(scope="module")
def suspects(settings: Settings) -> list[str]:
    rows = query(settings, "SELECT session_id FROM core.sessions WHERE grade = 'suspect' ORDER BY energy_wh DESC")
    return [str(row[0]) for row in rows]


def decide(settings: Settings, session_id: str, decision: str, energy_wh: Decimal) -> None:
    engine = open_state(settings)
    row = {
        "session_id": session_id, "decided_at": datetime.now(UTC), "decision": decision,
        "reason": "*photo* of the [meter](x)", "decided_by": "Kim", "grade": "suspect", "energy_wh": energy_wh,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(sa.insert(table("registry", "session_decisions")), [row])
    engine.dispose()


@pytest.fixture
def decided(settings: Settings, suspects: list[str]) -> object:
    """The first two are decided on: one held, one released at an energy that is no longer its own."""
    decide(settings, suspects[0], "hold", Decimal(1))
    decide(settings, suspects[1], "release", Decimal(1))
    st.cache_data.clear()  # the pages ask once a second whether something is new, tests more often
    yield
    st.cache_data.clear()
    engine = open_state(settings)
    with engine.begin() as connection:
        connection.execute(sa.delete(table("registry", "session_decisions")))
    engine.dispose()


def texts(app) -> str:
    return " ".join(element.value for kind in (app.markdown, app.caption, app.code, app.warning) for element in kind)


def test_a_session_is_told_in_words_with_the_command_that_decides(open_page: OpenPage, suspects: list[str]) -> None:
    app = open_page("session", session=suspects[2])
    assert figures(app)["Grade"] == "suspect"
    told = texts(app)
    assert "from the registers at begin and end" in told
    assert "More energy than the connector can deliver" in told
    assert f"kwhouse session release {suspects[2][:12]} --reason" in told
    assert "On no invoice" in told or "before VAT" in told
    assert "No frame of it is kept" in told


def test_a_session_is_found_by_the_beginning_of_its_id(open_page: OpenPage, suspects: list[str]) -> None:
    app = open_page("session")
    assert "Choose a session" in app.info[0].value
    app.text_input[0].set_value(suspects[0][:10]).run()
    assert address(app, "session") == [suspects[0]]
    app.text_input[0].set_value("no such session").run()
    assert "No session has the id" in app.warning[0].value
    assert not app.exception


def test_the_past_of_a_session_can_be_chosen(open_page: OpenPage, suspects: list[str]) -> None:
    app = open_page("session", session=suspects[0])
    app.toggle(key="past").set_value(True).run()
    assert not app.exception
    assert len(app.selectbox(key=f"as_of_{suspects[0]}").options) == 2
    app.selectbox(key=f"as_of_{suspects[0]}").select_index(1).run()
    assert not app.exception
    assert figures(app)["Grade"] == "suspect"


def test_the_frames_of_a_session_are_told_without_its_token(open_page: OpenPage, settings: Settings) -> None:
    invoice = f"{small_warehouse.TOLD_CONTRACT}-2025-06-EUR"
    lines = f"SELECT session_id FROM billing.invoice_lines WHERE invoice_id = '{invoice}' AND line_no = 1"
    app = open_page("session", session=str(query(settings, lines)[0][0]))
    assert "##### 4 frames prove it" in [element.value for element in app.markdown]
    assert f"On invoice `{invoice}` (draft), line 1" in texts(app)
    frames = next(element.value for element in app.dataframe if "payload" in element.value.columns)
    assert list(frames["role"]) == ["start", "answer to the start", "readings", "stop"]
    assert not any(small_warehouse.TOLD_TOKEN in payload for payload in frames["payload"])


def test_review_lists_what_waits_and_what_is_at_stake(
    open_page: OpenPage, settings: Settings, suspects: list[str]
) -> None:
    shown = figures(open_page("review"))
    euros = query(settings, "SELECT sum(total_excl_vat) FROM billing.cdrs WHERE grade <> 'ok' AND currency = 'EUR'")
    assert shown["Sessions"] == f"{len(suspects):,}"
    assert shown["At stake, EUR"] == f"€{euros[0][0]:,.0f}"
    assert shown["Releases lapsed"] == "0"


@pytest.mark.usefixtures("decided")
def test_decisions_show_at_once(open_page: OpenPage, suspects: list[str]) -> None:
    app = open_page("review")
    assert figures(app)["Sessions"] == f"{len(suspects) - 1:,}", "the held one waits no longer"
    assert figures(app)["Releases lapsed"] == "1"
    app.selectbox(key="review_status").set_value("held").run()
    assert figures(app)["Sessions"] == "1"
    app.selectbox(key="review_status").set_value("released").run()
    assert "No session fits" in app.info[0].value

    told = texts(open_page("session", session=suspects[1]))
    assert "it needs a new look" in told
    assert "\\*photo\\* of the \\[meter\\]\\(x\\)" in told, "a reason is text, not Markdown"
