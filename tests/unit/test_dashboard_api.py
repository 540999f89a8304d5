"""Pages that act: where they find the API, and that a visitor's roles decide before anything is asked."""

from __future__ import annotations

import pytest

from dashboards import api
from dashboards.access import ANYBODY_HERE
from warehouse.people.roles import NotAllowed, Principal, Role
from warehouse.settings import Settings

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:9080"),
        ({"api_host": "0.0.0.0", "api_port": 9}, "http://127.0.0.1:9"),
        ({"api_host": "::1"}, "http://[::1]:9080"),
        ({"api_url": "https://api.example.com/kwhouse/"}, "https://api.example.com/kwhouse"),
    ],
)
def test_where_the_api_is(given: dict[str, object], address: str) -> None:
    assert api.address(Settings.model_validate(given)) == address


@pytest.mark.parametrize(
    "path", ["stations?q=a", "commands/1", "waiting-stations", "tokens", "access/decision", "changes"]
)
def test_a_visitor_without_the_role_asks_for_nothing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "visitor", lambda: Principal("Ada", frozenset({Role.ANALYST})))
    monkeypatch.setenv("KWHOUSE_API_KEY", "kwh_never_sent")
    monkeypatch.setenv("KWHOUSE_API_URL", "http://127.0.0.1:9")
    with pytest.raises(NotAllowed, match="Ada may not do this"):
        api.get(path)


def test_who_is_signed_in_is_named() -> None:
    assert "Kwhouse-For" not in api._headers("key", ANYBODY_HERE)
    assert api._headers("key", Principal("zoe@example.org (Zoë)", frozenset()))["Kwhouse-For"] == (
        "zoe@example.org (Zo%C3%AB)"
    )
