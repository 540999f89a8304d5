"""Access: the decision table, and what is known while the registry cannot be read."""

from __future__ import annotations

import asyncio
from datetime import time
from decimal import Decimal

import pytest

from ingest.access.active import FORGOTTEN_AFTER, Active, Transaction
from ingest.access.directory import Directory
from ingest.access.gate import Access
from ingest.access.known import AccessRule, Contract, Known, Place, Subject, Token, certificate_key
from ingest.access.rules import Ask, Decision, decide
from ingest.clock import microseconds

pytestmark = pytest.mark.fast


def at(text: str) -> int:
    instant = microseconds(text)
    assert instant is not None
    return instant


NOON = at("2026-07-01T10:00:00Z")  # a Wednesday, 12:00 in Berlin
BEFORE, AFTER = at("2026-01-01"), at("2027-01-01")
STATIONS = {"CP-1": Place("depot", "Europe/Berlin"), "CP-2": Place("mall", "Europe/Berlin")}
PIN = certificate_key("SHA256", "AA", "BB", "0C1")


def rule(name: str = "r1", **terms: object) -> AccessRule:
    return AccessRule(name, **terms)  # type: ignore[arg-type]


# Token, its contract, rules by subject → what is decided at CP-1 on a Wednesday at noon.
TABLE = {
    "a token without limits": (Token(), None, {}, ("Accepted", "accepted")),
    "blocked": (Token(blocked=True, valid_to=BEFORE), None, {}, ("Blocked", "token_blocked")),
    "another kind": (Token(kind="MacAddress"), None, {}, ("Invalid", "other_kind_of_token")),
    "another certificate": (Token(certificate=PIN), None, {}, ("Invalid", "other_certificate")),
    "not yet valid": (Token(valid_from=AFTER), None, {}, ("Invalid", "token_not_yet_valid")),
    "expired": (Token(valid_to=BEFORE), None, {}, ("Expired", "token_expired")),
    "contract not begun": (Token(contract_id="c"), Contract(AFTER), {}, ("Invalid", "contract_not_yet_valid")),
    "contract ended": (Token(contract_id="c"), Contract(None, NOON), {}, ("Expired", "contract_ended")),
    "group blocked": (Token(group="g"), None, {"group": (rule(blocked=True),)}, ("Blocked", "blocked_by_rule")),
    "group not blocked any more": (
        Token(group="g"),
        None,
        {"group": (rule(blocked=True, valid_to=NOON),)},
        ("Accepted", "accepted"),
    ),
    "driver blocked": (
        Token(contract_id="c"),
        Contract(driver_id="d"),
        {"driver": (rule(blocked=True),)},
        ("Blocked", "blocked_by_rule"),
    ),
    "no rule in force": (Token(), None, {"token": (rule(valid_from=AFTER),)}, ("Invalid", "no_rule_in_force")),
    "this site": (Token(), None, {"token": (rule(sites=frozenset({"depot"})),)}, ("Accepted", "accepted")),
    "another site": (
        Token(),
        None,
        {"token": (rule(sites=frozenset({"mall"})),)},
        ("NotAtThisLocation", "not_at_this_site"),
    ),
    "another day": (
        Token(),
        None,
        {"token": (rule(weekdays=frozenset({5, 6})),)},
        ("NotAtThisTime", "not_at_this_hour"),
    ),
    "at this hour": (Token(), None, {"token": (rule(begins=time(12), ends=time(13)),)}, ("Accepted", "accepted")),
    "before the hour": (
        Token(),
        None,
        {"token": (rule(begins=time(12, 1), ends=time(0)),)},
        ("NotAtThisTime", "not_at_this_hour"),
    ),
    "the hour is over": (
        Token(),
        None,
        {"token": (rule(begins=time(8), ends=time(12)),)},
        ("NotAtThisTime", "not_at_this_hour"),
    ),
    "over midnight": (
        Token(),
        None,
        {"token": (rule(begins=time(22), ends=time(6)),)},
        ("NotAtThisTime", "not_at_this_hour"),
    ),
    "one of two rules lets in": (
        Token(),
        None,
        {"token": (rule("a", sites=frozenset({"mall"})), rule("b", begins=time(8), ends=time(18)))},
        ("Accepted", "accepted"),
    ),
    "the furthest of two is told": (
        Token(),
        None,
        {"token": (rule("a", sites=frozenset({"mall"})), rule("b", begins=time(13)))},
        ("NotAtThisTime", "not_at_this_hour"),
    ),
    "token and group must both be let in": (
        Token(group="g"),
        None,
        {"token": (rule("a"),), "group": (rule("b", sites=frozenset({"mall"})),)},
        ("NotAtThisLocation", "not_at_this_site"),
    ),
    "as many sessions as allowed": (
        Token(),
        None,
        {"token": (rule(most_sessions=2),)},
        ("ConcurrentTx", "too_many_sessions"),
    ),
    "one session less": (Token(), None, {"token": (rule(most_sessions=3),)}, ("Accepted", "accepted")),
    "prepaid without credit": (
        Token(contract_id="c"),
        Contract(prepaid=True, owed=Decimal(0)),
        {},
        ("NoCredit", "no_credit"),
    ),
    "prepaid, nothing paid ever": (Token(contract_id="c"), Contract(prepaid=True), {}, ("NoCredit", "no_credit")),
    "prepaid with credit": (
        Token(contract_id="c"),
        Contract(prepaid=True, owed=Decimal("-0.01")),
        {},
        ("Accepted", "accepted"),
    ),
    "limit reached": (
        Token(contract_id="c"),
        Contract(owed=Decimal(50)),
        {"contract": (rule(credit_limit=Decimal(50)),)},
        ("NoCredit", "no_credit"),
    ),
    "limit not reached": (
        Token(contract_id="c"),
        Contract(owed=Decimal("49.99")),
        {"contract": (rule(credit_limit=Decimal(50)),)},
        ("Accepted", "accepted"),
    ),
}
KEYS = {"token": "abc", "group": "g", "contract": "c", "driver": "d"}


def known(
    token: Token, contract: Contract | None = None, rules: dict[str, tuple[AccessRule, ...]] | None = None
) -> Known:
    by_subject = {Subject(kind, KEYS[kind]): found for kind, found in (rules or {}).items()}
    return Known(STATIONS, {"abc": token}, {"c": contract} if contract else {}, by_subject)


def ask(purpose: str = "start", now: int = NOON, station: str = "CP-1", **more: object) -> Ask:
    facts = {"kind": "ISO14443", "certificates": (certificate_key("SHA256", "AA", "BB", "0C2"),)} | more
    return Ask("ABC", station, now, purpose, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("case", TABLE)
def test_the_decision_table(case: str) -> None:
    token, contract, rules, expected = TABLE[case]
    found = decide(ask(), known(token, contract, rules), lambda _subject: 2)
    assert (found.status, found.reason) == expected
    assert found.parent == token.group


def test_unknown_tokens_by_policy() -> None:
    nobody = Ask("nobody", "CP-1", NOON)
    assert decide(nobody, known(Token()), len) == Decision("Unknown", "unknown_token")
    assert decide(nobody, known(Token()), len, let_unknown_in=True) == Decision("Accepted", "unknown_token_let_in")
    assert decide(nobody._replace(kind="NoAuthorization"), known(Token()), len).reason == "no_authorization"


def test_a_token_counts_between_its_dates() -> None:
    everything = known(Token(valid_from=at("2020-01-01"), valid_to=at("2021-01-01"), group="fleet"))
    told = {
        day: decide(ask(now=at(day)), everything, lambda _subject: 0)
        for day in ("2019-12-31T23:59:59", "2020-01-01", "2021-01-01")
    }
    assert [(one.status, one.valid_until) for one in told.values()] == [
        ("Invalid", None),
        ("Accepted", at("2021-01-01")),
        ("Expired", at("2021-01-01")),
    ]


def test_sessions_are_counted_at_a_start_only_and_a_stop_asks_for_the_token_alone() -> None:
    full = known(Token(), None, {"token": (rule(most_sessions=1),)})
    assert decide(ask("authorize"), full, lambda _subject: 1).status == "Accepted"
    assert decide(ask("start"), full, lambda _subject: 1).status == "ConcurrentTx"
    closed = known(Token(), None, {"token": (rule(sites=frozenset({"mall"})),)})
    assert decide(ask("stop"), closed, lambda _subject: 1).status == "Accepted"
    assert decide(ask("stop"), known(Token(blocked=True)), lambda _subject: 1).status == "Blocked"


def test_1_6_tells_no_kind_and_a_pinned_certificate_may_have_been_checked_before() -> None:
    assert decide(ask(kind=None), known(Token(kind="MacAddress")), lambda _subject: 0).status == "Accepted"
    assert decide(ask(certificates=(PIN,)), known(Token(certificate=PIN)), lambda _subject: 0).status == "Accepted"
    assert decide(ask(certificates=()), known(Token(certificate=PIN)), lambda _subject: 0).status == "Accepted"
    unshown = decide(ask("authorize", certificates=()), known(Token(certificate=PIN)), lambda _subject: 0)
    assert unshown.reason == "other_certificate"


@pytest.mark.parametrize(
    ("terms", "now", "until"),
    [
        ({"begins": time(8), "ends": time(18)}, "2026-07-01T10:00:00Z", "2026-07-01T16:00:00Z"),
        ({"begins": time(22), "ends": time(6)}, "2026-07-01T21:00:00Z", "2026-07-02T04:00:00Z"),
        ({"begins": time(22), "ends": time(6)}, "2026-07-02T02:00:00Z", "2026-07-02T04:00:00Z"),
        ({"weekdays": frozenset({2})}, "2026-07-01T10:00:00Z", "2026-07-01T22:00:00Z"),
        ({"begins": time(8), "ends": time(0)}, "2026-07-01T10:00:00Z", "2026-07-01T22:00:00Z"),
        # The night in which clocks go back in Berlin: 03:30 comes after 02:30 twice.
        ({"begins": time(22), "ends": time(3, 30)}, "2026-10-24T23:00:00Z", "2026-10-25T02:30:00Z"),
    ],
)
def test_stations_are_told_until_when_it_holds(terms: dict[str, object], now: str, until: str) -> None:
    found = decide(ask(now=at(now)), known(Token(), None, {"token": (rule(**terms),)}), lambda _subject: 0)
    assert (found.status, found.valid_until) == ("Accepted", at(until))


def test_sessions_that_go_on() -> None:
    active, who = Active(), (Subject("token", "abc"), Subject("group", "g"))
    first, second = Transaction("CP-1", "1"), Transaction("CP-1", "2")
    active.start(first, "1", NOON, who)
    active.start(first, "1", NOON, who)
    assert active.going_on(who[0], None) == 1
    assert active.going_on(who[0], first) == 0
    active.start(Transaction("CP-2", "1"), "1", NOON, who)
    assert active.going_on(who[1], first) == 1
    # A new one on the same connector: the stop of the last one was lost.
    active.start(second, "1", NOON, who)
    assert active.changes() == {
        first: None,
        second: active.here[second],
        Transaction("CP-2", "1"): active.here[Transaction("CP-2", "1")],
    }
    active.free("CP-1", "1")
    active.end(Transaction("CP-2", "1"))
    assert active.going_on(who[0], None) == 0
    active.start(first, "1", NOON, who)
    active.start(Transaction("CP-2", "9"), "2", NOON + FORGOTTEN_AFTER + 1, who)
    assert active.going_on(who[0], None) == 1


class Shelf:
    """A directory whose content the test changes; None: it cannot be read."""

    def __init__(self, known: Known | None) -> None:
        self.known = known

    def load(self) -> Known:
        if self.known is None:
            raise OSError("the registry is gone")
        return self.known


def refreshed(directory: Directory) -> Access:
    access = Access(directory)
    asyncio.run(access.refresh())
    return access


def test_what_was_known_holds_while_the_registry_cannot_be_read() -> None:
    shelf = Shelf(Known(STATIONS))
    access = refreshed(shelf)
    shelf.known = None
    asyncio.run(access.refresh())
    assert access.knows_station("CP-1")
    assert access.failure == "OSError: the registry is gone"
    shelf.known = Known()
    asyncio.run(access.refresh())
    assert not access.knows_station("CP-1")
    assert access.failure is None


def test_a_start_that_is_let_in_counts_until_it_ends() -> None:
    access = refreshed(Shelf(known(Token(), None, {"token": (rule(most_sessions=1),)})))
    first, second = Transaction("CP-1", "1"), Transaction("CP-2", "1")
    assert access.decide(ask(), first, "1").status == "Accepted"
    assert access.decide(ask(), first, "1").status == "Accepted"  # repeated
    assert access.decide(ask(station="CP-2"), second, "1").status == "ConcurrentTx"
    access.ended(first)
    assert access.decide(ask(station="CP-2"), second, "1").status == "Accepted"
