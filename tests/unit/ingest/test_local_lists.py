"""What stands on local lists, and the messages that bring a station's list in step: for all histories the same list."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.access.known import AccessRule, Contract, Known, Place, Subject, Token
from ingest.access.offline import Listed, listed
from ingest.clock import microseconds
from ingest.ocpp.calling import Impossible
from ingest.ocpp.calls import LIST_LIMITS, call_for
from ingest.remote.list_contents import content_hash, messages

pytestmark = pytest.mark.fast

NOON = microseconds("2026-07-01T10:00:00Z") or 0
LATER = NOON + 1_000_000


def rule(**terms: Any) -> AccessRule:
    return AccessRule("r", **terms)


@pytest.mark.parametrize(
    ("token", "contract", "rules", "expected"),
    [
        (Token(group="g", valid_to=LATER), None, {}, Listed("T", "ISO14443", "g", LATER)),
        (Token(blocked=True), None, {}, None),
        (Token(certificate="c"), None, {}, None),
        (Token(contract_id="c"), Contract(valid_to=LATER), {}, Listed("T", "ISO14443", None, LATER)),
        (Token(contract_id="c"), Contract(prepaid=True, owed=Decimal(-5)), {}, None),
        (Token(), None, {"token": (rule(sites=frozenset({"depot"})),)}, Listed("T", "ISO14443", None, None)),
        (Token(), None, {"token": (rule(sites=frozenset({"mall"})),)}, None),
        (Token(), None, {"token": (rule(begins=time(8), ends=time(20)),)}, None),
        (Token(), None, {"token": (rule(weekdays=frozenset(range(5))),)}, None),
        (Token(), None, {"token": (rule(most_sessions=2),)}, None),
        (Token(group="g"), None, {"group": (rule(credit_limit=Decimal(9)),)}, None),
        # One of several rules is enough, and of a driver that is blocked nobody is on it.
        (Token(), None, {"token": (rule(most_sessions=2), rule())}, Listed("T", "ISO14443", None, None)),
        (Token(contract_id="c"), Contract(driver_id="d"), {"driver": (rule(blocked=True),)}, None),
    ],
)
def test_only_those_are_listed_whom_nothing_but_time_can_stop(
    token: Token, contract: Contract | None, rules: dict[str, tuple[AccessRule, ...]], expected: Listed | None
) -> None:
    keys = {"token": "t", "group": "g", "contract": "c", "driver": "d"}
    known = Known(
        {"CP-1": Place("depot", "Europe/Berlin")},
        {"t": token},
        {} if contract is None else {"c": contract},
        {Subject(kind, keys[kind]): some for kind, some in rules.items()},
    )
    found = list(listed([("T", "ISO14443"), ("gone", "ISO14443")], known, "CP-1", NOON))
    assert found == ([] if expected is None else [expected])


def entry(name: str, parent: str) -> dict[str, Any]:
    return {"id_token": name, "token_type": "ISO14443", "parent": parent}


CONTENTS = st.dictionaries(st.sampled_from("ABCDEFGH"), st.sampled_from(("g1", "g2"))).map(
    lambda drawn: {name: entry(name, parent) for name, parent in drawn.items()}
)


@given(st.none() | CONTENTS, CONTENTS, st.integers(0, 5), st.integers(1, 4), CONTENTS)
def test_a_station_that_does_what_it_is_told_holds_what_is_wanted(
    held: dict[str, Any] | None, wanted: dict[str, Any], version: int, at_once: int, unknown: dict[str, Any]
) -> None:
    """`unknown`: what a station holds of which nothing is known."""
    station = dict(unknown if held is None else held)
    parts = messages(held, wanted, version, at_once)
    assert [part["list_version"] for part in parts] == list(range(version + 1, version + 1 + len(parts)))
    for part in parts:
        assert len(part["entries"]) <= at_once
        assert len({one["id_token"] for one in part["entries"]}) == len(part["entries"])
        if part["full"]:
            station = {}
        for one in part["entries"]:
            if one.get("removed"):
                del station[one["id_token"]]
            else:
                station[one["id_token"]] = one
        # Each of them can be said in each version.
        for ocpp in ("1.6", "2.0.1", "2.1"):
            call_for(ocpp, "send_local_list", part, 1)
    assert station == wanted
    assert content_hash(station) == content_hash(wanted)


def test_entries_in_the_words_of_each_version() -> None:
    until = "2027-01-01T00:00:00.000Z"
    entries = [
        {**entry("A", "g" * 21), "valid_until": until},
        {"id_token": "B", "token_type": "eMAID", "removed": True},
    ]
    arguments = {"list_version": 4, "full": False, "entries": entries}
    assert call_for("1.6", "send_local_list", arguments, 1).payload == {
        "listVersion": 4,
        "updateType": "Differential",
        "localAuthorizationList": [
            {"idTag": "A", "idTagInfo": {"status": "Accepted", "expiryDate": until}},
            {"idTag": "B"},
        ],
    }
    parent = {"idToken": "g" * 21, "type": "Central"}
    info = {"status": "Accepted", "cacheExpiryDateTime": until, "groupIdToken": parent}
    assert call_for("2.0.1", "send_local_list", arguments, 1).payload == {
        "versionNumber": 4,
        "updateType": "Differential",
        "localAuthorizationList": [
            {"idToken": {"idToken": "A", "type": "ISO14443"}, "idTokenInfo": info},
            {"idToken": {"idToken": "B", "type": "eMAID"}},
        ],
    }
    empty = {"list_version": 1, "full": True, "entries": []}
    assert call_for("2.1", "send_local_list", empty, 1).payload == {"versionNumber": 1, "updateType": "Full"}
    with pytest.raises(Impossible, match="whole number"):
        call_for("1.6", "send_local_list", {"list_version": -1}, 1)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_how_many_entries_a_station_takes(version: str) -> None:
    _, read = LIST_LIMITS[version]
    name = ("configurationKey", "value") if version == "1.6" else ("getVariableResult", "attributeValue")
    for value, expected in (("16", 16), ("0", None), ("many", None), (None, None), ("9" * 30, None)):
        assert read({name[0]: [{name[1]: value}]}) == expected
    assert [read(odd) for odd in ({}, [], None, {name[0]: []}, {name[0]: "x"})] == [None] * 5
