"""Passwords, who may knock how often, and security profiles."""

from __future__ import annotations

import asyncio
import base64
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.access.known import Credential
from ingest.handshake import Refusal
from ingest.security.doorman import (
    A_SECOND,
    BURST,
    FORGIVEN_SECONDS,
    FREE_TRIES,
    LONGEST_WAIT_SECONDS,
    Doorman,
    source_of,
)
from ingest.security.passwords import Passwords, basic_auth, hashed, is_of, made_up
from ingest.security.profiles import Shown, judge

pytestmark = pytest.mark.fast

GOOD = "0123456789abcdef"
HASH = hashed(GOOD)


def header(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_only_the_password_fits_its_hash_and_no_hash_is_like_another() -> None:
    assert HASH.startswith("$argon2id$")
    assert is_of(GOOD, HASH)
    assert not is_of(GOOD + "x", HASH)
    assert hashed(GOOD) != HASH
    assert len(made_up()) == 40


def test_what_was_right_once_is_right_again_until_the_hash_changes() -> None:
    async def ask() -> list[str | None]:
        passwords = Passwords()
        other = hashed("another password")
        return [
            await passwords.fitting("CP-1", (GOOD,), (HASH,)),
            await passwords.fitting("CP-1", (GOOD,), (other, HASH)),  # rotated: the one before is still good
            await passwords.fitting("CP-1", (GOOD,), (other,)),
            await passwords.fitting("CP-1", ("wrong",), (HASH,)),
            await passwords.fitting("CP-1", ("wrong", GOOD), (HASH,)),
            await passwords.fitting("CP-1", ("wrong", GOOD), (HASH,)),
        ]

    assert asyncio.run(ask()) == [HASH, HASH, None, None, HASH, HASH]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (header("CP-1", "a:b"), ("CP-1", ("a:b",))),
        ("basic " + header("x", "").split()[1], ("x", ("",))),
        (header("x", GOOD), ("x", (GOOD, GOOD.encode().hex()))),  # 16 bytes may be a key of 1.6
        ("Basic " + base64.b64encode(b"x:" + bytes(range(240, 256))).decode(), ("x", (bytes(range(240, 256)).hex(),))),
        (None, None),
        ("Bearer abc", None),
        ("Basic ???", None),
        ("Basic " + base64.b64encode(b"no colon").decode(), None),
        ("Basic " + base64.b64encode(b"\xff:x").decode(), None),
    ],
)
def test_basic_auth(text: str | None, expected: tuple[str, tuple[str, ...]] | None) -> None:
    assert basic_auth(text) == expected


CERTIFIED = Shown(None, True, "CP-1")
PROFILES = {
    "no profile": (Shown(None, False, None), None, 0, None),
    "least profile 1, no password set": (Shown(header("CP-1", GOOD), False, None), None, 1, 401),
    "right password": (Shown(header("CP-1", GOOD), False, None), Credential(1, (HASH,)), 0, None),
    "wrong password": (Shown(header("CP-1", "wrong"), False, None), Credential(1, (HASH,)), 0, 401),
    "no password": (Shown(None, False, None), Credential(1, (HASH,)), 0, 401),
    "another's name": (Shown(header("CP-2", GOOD), False, None), Credential(1, (HASH,)), 0, 401),
    "profile 2 without TLS": (Shown(header("CP-1", GOOD), False, None), Credential(2, (HASH,)), 0, 403),
    "profile 2": (Shown(header("CP-1", GOOD), True, None), Credential(2, (HASH,)), 0, None),
    "profile 3 with a password": (Shown(header("CP-1", GOOD), True, None), Credential(3, (HASH,)), 0, 403),
    "profile 3": (CERTIFIED, Credential(3), 0, None),
    "the certificate of another": (Shown(None, True, "CP-2"), Credential(3), 0, 403),
    "a certificate in place of a password": (CERTIFIED, Credential(1, (HASH,)), 0, None),
    "the least profile goes before a lower one": (
        Shown(header("CP-1", GOOD), True, None),
        Credential(1, (HASH,)),
        3,
        403,
    ),
}


@pytest.mark.parametrize("case", PROFILES)
def test_profiles(case: str) -> None:
    shown, credential, least, expected = PROFILES[case]
    found = asyncio.run(judge("CP-1", shown, credential, least, Passwords()))
    assert (found.status.value if isinstance(found, Refusal) else None) == expected
    if not isinstance(found, Refusal):
        assert found.is_proved == (case != "no profile"), "who asks for no proof has none"


def test_wrong_tries_double_the_wait_and_a_right_one_ends_it() -> None:
    doorman, now = Doorman(), 1000.0
    waits = []
    for _ in range(FREE_TRIES + 12):
        doorman.wrong("a", now)
        waits.append(doorman.wait("a", now))
        now += waits[-1]
    assert waits[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert waits[FREE_TRIES - 1 : FREE_TRIES + 3] == [1, 2, 4, 8]
    assert waits[-1] == LONGEST_WAIT_SECONDS
    assert doorman.wait("b", now) == 0
    doorman.right("a")
    doorman.wrong("a", now)
    assert doorman.wait("a", now) == 0


def guessed(doorman: Doorman, address: str, account: str, tries: int, now: float = 0.0) -> float:
    """How long `address` waits at `account` after so many wrong tries there."""
    for _ in range(tries):
        doorman.wrong(address, now, account)
    return doorman.wait(address, now, account)


def test_who_guesses_at_one_account_shuts_out_neither_neighbours_nor_is_let_off_by_an_own_one() -> None:
    doorman = Doorman()
    assert guessed(doorman, "router", "victim", FREE_TRIES + 3) == 8
    assert doorman.wait("router", 0.0, "honest") == 0
    doorman.right("router", "mine")
    assert doorman.wait("router", 0.0, "victim") == 8
    assert doorman.wait("elsewhere", 0.0, "victim") == 0
    doorman.right("router", "victim")
    assert guessed(doorman, "router", "victim", FREE_TRIES - 1) == 0


def test_who_tries_many_accounts_waits_and_one_broken_station_counts_once() -> None:
    doorman = Doorman(most_wrong=2 * FREE_TRIES)
    assert guessed(doorman, "router", "broken", 100) == LONGEST_WAIT_SECONDS
    assert doorman.wait("router", 0.0, "neighbour") == 0
    for number in range(FREE_TRIES):
        doorman.wrong("router", 0.0, f"tried {number}")
    assert doorman.wait("router", 0.0, "neighbour") == 1


def test_wrong_tries_are_forgiven_with_time() -> None:
    doorman = Doorman()
    guessed(doorman, "a", "me", FREE_TRIES - 1)
    assert guessed(doorman, "a", "me", 1, FORGIVEN_SECONDS) == 0
    assert guessed(doorman, "a", "me", 1, FORGIVEN_SECONDS) == 1
    assert guessed(doorman, "a", "me", FREE_TRIES - 1, 7 * FORGIVEN_SECONDS) == 0


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a name", "a name"),
    ],
)
def test_an_address_of_ipv6_stands_for_its_network(address: str, source: str) -> None:
    assert source_of(address) == source


def test_many_threads_lose_no_count() -> None:
    doorman = Doorman(burst=4_000, a_second=0.001)

    def knock() -> None:
        for number in range(1_000):
            doorman.wait("a", 0.0)
            doorman.wrong("b", 0.0, str(number % 50))

    threads = [threading.Thread(target=knock) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert doorman.wait("a", 0.0) > 0


@given(st.lists(st.floats(0, 5), min_size=1, max_size=300))
def test_nobody_gets_in_more_often_than_the_burst_and_the_pace_allow(pauses: list[float]) -> None:
    doorman, now, let_in = Doorman(), 0.0, 0
    for pause in pauses:
        now += pause
        for _ in range(20):
            let_in += doorman.wait("flood", now) == 0
    assert let_in <= BURST + now * A_SECOND + 1e-6
