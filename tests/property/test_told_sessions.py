"""Whatever a file holds, a station tells each session's energy exactly and in the order of time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fleet.script import Hardware, perform
from ingest.fleet.session import Session, epoch_us, from_epoch_us, stamp, with_registers
from ingest.fleet.station16 import Station16
from ingest.fleet.station201 import Station201, transaction_id

pytestmark = pytest.mark.fast

START = datetime(2019, 12, 31, 22, 0, tzinfo=UTC)
ANSWER = '{"transactionId":%d,"idTagInfo":{"status":"Accepted"},"idTokenInfo":{"status":"Accepted"}}'

# offset of the begin, stay (both in microseconds: sessions may overlap) and energy in µWh
drawn = st.tuples(
    st.integers(0, 86_400 * 10**6),
    st.integers(1, 86_400 * 10**6),
    st.integers(0, 10**12),
)


def session(number, drawn_one):
    begin, stay, energy = drawn_one
    at = START + timedelta(microseconds=begin)
    return Session(
        "site", "S", 1, 1, at, at + timedelta(microseconds=stay), Decimal(energy).scaleb(-6), "AB", str(number)
    )


def exact(text):
    """JSON with numbers as decimals."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def told(kind, sessions, rating):
    """The calls, and per transaction its registers in the order told."""
    station = kind(Hardware("S", "v", "m", {(1, 1): rating}))
    script = perform(station, with_registers(sessions, 123_456))
    calls, registers, instants = 0, {}, []
    when, text = next(script)
    while True:
        calls += 1
        instants.append(when)
        _, payload = exact(f"[{text}]")
        key = payload.get("transactionId") or payload.get("transactionInfo", {}).get("transactionId")
        for entry in [*payload.get("meterValue", []), *payload.get("transactionData", [])]:
            sample = entry["sampledValue"][0]
            at = datetime.fromisoformat(entry["timestamp"])
            registers.setdefault(str(key), []).append((at, Decimal(sample["value"]), sample["context"]))
        try:
            when, text = script.send(f'[3,"1",{ANSWER % calls}]')
        except StopIteration:
            return calls, instants, registers


@given(st.lists(drawn, min_size=1, max_size=4), st.sampled_from([3_680, 7_200, 150_000]))
def test_energy_is_exact_and_time_goes_forward(drawn_sessions, rating):
    sessions = sorted((session(n, one) for n, one in enumerate(drawn_sessions)), key=lambda s: s.order)
    energies = sorted(s.energy_wh for s in sessions)
    for kind in (Station16, Station201):
        _, instants, registers = told(kind, sessions, rating)
        assert instants == sorted(instants)
        spans = []
        for readings in registers.values():
            ordered = sorted(readings, key=lambda reading: (reading[0], reading[1]))
            values = [value for _, value, _ in ordered]
            assert all(a <= b for a, b in pairwise(values))
            by_context = {context: value for _, value, context in readings}
            spans.append(by_context["Transaction.End"] - by_context["Transaction.Begin"])
        assert sorted(spans) == energies
        if kind is Station201:
            assert registers.keys() == {transaction_id(s) for s in sessions}


@given(drawn, st.booleans())
def test_the_number_of_calls_is_known_beforehand(drawn_one, with_token):
    one = session(0, drawn_one)
    if not with_token:
        one = Session(*(getattr(one, name) if name != "id_token" else None for name in Session.__slots__))
    for kind in (Station16, Station201):
        calls, *_ = told(kind, [one], 7_200)
        assert calls == kind(Hardware("S", "v", "m", {(1, 1): 7_200})).session_calls(one)


@given(st.integers(0, 4 * 10**15))
def test_instants_survive_their_text(instant):
    assert epoch_us(datetime.fromisoformat(stamp(instant))) == instant
    assert epoch_us(from_epoch_us(instant)) == instant
