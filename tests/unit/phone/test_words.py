"""Words and forms of the pages."""

from __future__ import annotations

import re
import string

import pytest

from ingest.access import rules
from ingest.api.driver.account_routes import _inside
from ingest.api.driver.accounts import Refused, checked, is_email
from ingest.api.driver.charge_pages import place_path
from ingest.api.driver.page import POLICY, Reader, document
from ingest.api.driver.texts import DE, EN, WHY_NOT, language_of
from ingest.security.doorman import Doorman
from warehouse.contract.drivers import START_STATES, WHY_FAILED

pytestmark = pytest.mark.fast


def test_both_languages_say_the_same() -> None:
    assert EN.keys() == DE.keys()
    for name, text in EN.items():
        facts = {field for _, field, _, _ in string.Formatter().parse(text) if field}
        assert facts == {field for _, field, _, _ in string.Formatter().parse(DE[name]) if field}, name


def test_each_state_has_words() -> None:
    assert {*START_STATES, *(f"why_{why}" for why in WHY_FAILED)} <= EN.keys()


def test_each_reason_against_a_contract_has_words() -> None:
    assert set(WHY_NOT.values()) <= EN.keys()
    reasons = {
        word for line in str(rules.__doc__).splitlines() for word in re.findall(r"[a-z_]+", line.rpartition("|")[0])
    }
    assert WHY_NOT.keys() <= reasons


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("fr,en;q=0.5,de;q=0.7", "de"),
        ("fr", "en"),
        ("de;q=x,en;q=0.1", "en"),
        ("*", "en"),
    ],
)
def test_the_reader_chooses_the_language(header: str | None, language: str) -> None:
    assert language_of(header) == language


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        ("/c/CP-1/1", True),
        ("/c/S%C3%A4ule%203/12", True),
        ("https://evil.example/c/CP-1/1", False),
        ("//evil.example/c/x/1", False),
        ("/c/x/1?next=//evil", False),
        ("/c/\\evil/1", False),
        ("/d", False),
    ],
)
def test_after_signing_in_a_phone_goes_to_places_only(path: str, goes: bool) -> None:
    assert _inside(path) == (path if goes else "")


def test_paths_of_odd_stations_stay_one_part() -> None:
    assert place_path("Säule 3/x?", 2) == "/c/S%C3%A4ule%203%2Fx%3F/2"


def test_texts_from_outside_are_escaped() -> None:
    page = document(Reader(), "<script>", "", state='"><script>')
    assert re.findall(r"<script>", page) == []
    assert "unsafe" not in POLICY
    assert "form-action 'self'" in POLICY


@pytest.mark.parametrize(
    ("email", "password", "why"),
    [
        ("ada", "long enough", "email"),
        ("ada@example", "long enough", "email"),
        ("ada@example.org\r\nBcc: x@example.org", "long enough", "email"),
        ("ada@example.org", "short", "password"),
        ("ada@example.org", "x" * 201, "password"),
    ],
)
def test_what_cannot_be_an_account_is_refused(email: str, password: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(email, password)
    assert refused.value.why == why


def test_addresses_are_kept_in_lower_case() -> None:
    assert checked(" Ada@Example.org ", "long enough") == ("ada@example.org", "long enough")
    assert is_email("a+b@sub.example.org")


def test_a_door_may_let_in_fewer() -> None:
    doorman = Doorman(burst=2, a_second=0.5)
    assert [doorman.wait("a", 0.0) for _ in range(3)] == [0.0, 0.0, 2.0]
    assert doorman.wait("a", 2.0) == 0.0
