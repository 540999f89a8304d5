"""Whatever text is sent as a signed value, it gets a verdict; only what the key has signed gets a good one."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.signed.check import Verdict, check
from pipelines.signed.transaction import join
from tests.signing import Meter, reading

pytestmark = pytest.mark.fast

METER = Meter()
ANY_TEXT = st.text(st.characters(), max_size=200)  # lone surrogates too
NUMBERS = st.one_of(
    st.integers(),
    st.integers(min_value=10**4200, max_value=10**4201),
    st.floats(),
    st.decimals(allow_nan=False).map(str),
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
KEYS = ("TM", "TX", "RV", "RI", "RU", "RT", "CL", "EF", "ST")
READINGS = st.dictionaries(st.sampled_from(KEYS), VALUES | st.sampled_from(["B", "E", "kWh", "G", "1-0:1.8.0"]))
PAYLOADS = st.dictionaries(st.sampled_from(("FV", "PG", "MS", "GS", "RD")), VALUES) | st.fixed_dictionaries(
    {"RD": st.lists(READINGS | VALUES, max_size=4), "PG": VALUES, "FV": st.just("1.0") | VALUES}
)


def written(value: object) -> str:
    """JSON text even of integers with thousands of digits, which Python refuses to write."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**4000:
        return format(Decimal(value), "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


@given(ANY_TEXT, st.none() | ANY_TEXT)
def test_any_text_gets_a_verdict(text: str, key: str | None) -> None:
    for record in (text, f"OCMF|{text}", f"OCMF|{text}|{text}", f'OCMF|{{"RD":[{{}}]}}|{{"SD":"{text}"}}'):
        found = check(record, key)
        assert found.verdict is not Verdict.VALID
        assert found.reason
        assert not join([found]).billable


@given(PAYLOADS, VALUES, VALUES)
def test_any_json_gets_a_verdict(payload: dict, data: object, algorithm: object) -> None:
    found = check(f"OCMF|{written(payload)}|{written({'SD': data, 'SA': algorithm})}", METER.public_key)
    assert found.verdict is not Verdict.VALID
    assert not join([found]).billable


@given(PAYLOADS)
def test_any_json_that_is_signed_gets_a_verdict_too(payload: dict) -> None:
    found = check(METER.signed(written(payload)), METER.public_key)
    assert found.verdict in (Verdict.VALID, Verdict.UNREADABLE, Verdict.UNVERIFIABLE)
    joined = join([found])
    assert joined.energy_wh is None or joined.energy_wh >= 0
    assert not joined.billable or found.verdict is Verdict.VALID


@given(st.binary(max_size=200))
def test_any_octets_as_a_key_are_no_error(octets: bytes) -> None:
    record = METER.record(reading("B", 1), page=1)
    for key in (octets.hex(), octets.decode("latin-1"), "30" + octets.hex()):
        assert check(record, key).verdict is not Verdict.VALID


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_no_changed_octet_of_the_payload_passes(place: int, octet: int) -> None:
    record = METER.record(reading("B", 1), reading("E", 2), page=1)
    payload = record.split("|")[1].encode()
    place %= len(payload)
    changed = payload[:place] + bytes([octet]) + payload[place + 1 :]
    text = record.replace(payload.decode(), changed.decode("utf-8", "replace"))
    assert (check(text, METER.public_key).verdict is Verdict.VALID) == (changed == payload)


@given(
    st.decimals(min_value=0, max_value=10**6, places=4),
    st.decimals(min_value=0, max_value=10**6, places=4),
    st.randoms(use_true_random=False),
)
def test_energy_is_exact_whatever_the_order(begin: Decimal, end: Decimal, random: object) -> None:
    meter = Meter()
    records = [meter.record(reading("B", str(begin))), meter.record(reading("E", str(end)))]
    checked = [check(record, meter.public_key) for record in records * 2]
    random.shuffle(checked)  # type: ignore[attr-defined]
    found = join(checked)
    assert found.billable == (end >= begin)
    assert found.energy_wh == ((end - begin) * 1000 if end >= begin else None)
