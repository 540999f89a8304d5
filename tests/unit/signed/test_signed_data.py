"""Signed values as OCPI tells them: whole, as they came, and never with the driver's name."""

from __future__ import annotations

import base64
import json

import pytest

from pipelines.billing.issuing.signed_data import signed_data
from pipelines.signed.frames import SignedValue
from tests.signing import Meter, reading

pytestmark = pytest.mark.fast


def test_records_are_told_as_they_came() -> None:
    meter = Meter()
    begin, middle, end = (meter.record(reading(marker, value)) for marker, value in (("B", 1), ("C", 2), ("E", 3)))
    values = [(SignedValue(begin), ["B"]), (SignedValue(middle), ["C"]), (SignedValue(end, "AB12"), ["E"])]
    told = json.loads(signed_data(values, "registered") or "")
    assert (told["encoding_method"], told["public_key"]) == ("OCMF", "AB12"), "the message's own key goes first"
    assert [value["nature"] for value in told["signed_values"]] == ["Start", "Intermediate", "End"]
    assert base64.b64decode(told["signed_values"][0]["signed_data"]).decode() == begin
    assert told["signed_values"][0]["plain_data"] == begin.split("|")[1]
    whole = [(SignedValue(meter.record(reading("B", 1), reading("E", 3))), ["B", "E"])]
    told = json.loads(signed_data(whole, None) or "")
    assert ("public_key" in told, told["signed_values"][0]["nature"]) == (False, "End")


def test_all_of_a_session_or_none() -> None:
    meter = Meter()
    good = (SignedValue(meter.record(reading("B", 1))), ["B"])
    named = (SignedValue(meter.record(reading("E", 2), IS=True, IT="ISO14443", ID="04A2B3")), ["E"])
    unnamed = (SignedValue(meter.record(reading("E", 2), IS=False, IT="NONE", ID="")), ["E"])
    assert signed_data([good, unnamed], None) is not None
    for other in (
        named,
        (SignedValue("no record", encoding="other"), []),
        (SignedValue("OCMF|broken"), []),
        (SignedValue(meter.record(reading("E", 2), note="x" * 500)), ["E"]),
    ):
        assert signed_data([good, other], None) is None
    assert signed_data([], "key") is None
