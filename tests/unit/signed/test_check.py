"""Keys however they are written, curves, encodings of signatures, and records that are none."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pipelines.signed.check import Verdict, check
from tests.signing import Meter, reading
from warehouse.meter_keys import KeyUnreadable, curve_name, read_key

pytestmark = pytest.mark.fast

CURVES = {
    "secp192r1": ec.SECP192R1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpool256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
}


def der(meter: Meter) -> bytes:
    return bytes.fromhex(meter.public_key)


WRITTEN = {
    "hex of DER": lambda meter: der(meter).hex(),
    "spaced hex": lambda meter: " ".join(f"{octet:02X}" for octet in der(meter)),
    "base64 of DER": lambda meter: base64.b64encode(der(meter)).decode(),
    "base64 without padding": lambda meter: base64.urlsafe_b64encode(der(meter)).decode().rstrip("="),
    "base64 of hex": lambda meter: base64.b64encode(meter.public_key.encode()).decode(),
    "base64 of oca": lambda meter: base64.b64encode(f"oca:base16:asn1:{meter.public_key}".encode()).decode(),
    "PEM": lambda meter: meter.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    "point with 04": lambda meter: meter.point().hex(),
    "point without 04": lambda meter: meter.point()[1:].hex(),
    "point in base64": lambda meter: base64.b64encode(meter.point()).decode(),
    "compressed point": lambda meter: meter.point(PublicFormat.CompressedPoint).hex(),
}


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_and_every_way_to_write_a_key(name: str) -> None:
    meter = Meter(CURVES[name], name)
    record = meter.record(reading("B", 1), reading("E", 2))
    found = {way: check(record, write(meter)) for way, write in WRITTEN.items()}
    assert {way: one.verdict for way, one in found.items()} == dict.fromkeys(WRITTEN, Verdict.VALID)
    assert len({one.key_id for one in found.values()}) == 1, "one key has one name"
    assert check(record, Meter(CURVES[name]).public_key).verdict is Verdict.INVALID


def test_a_signature_may_be_base64_or_two_numbers() -> None:
    meter = Meter()
    payload, section = meter.record(reading("B", 1)).removeprefix("OCMF|").split("|")
    data = bytes.fromhex(json.loads(section)["SD"])
    r, s = decode_dss_signature(data)
    numbers = r.to_bytes(32) + s.to_bytes(32)
    for told in (
        {"SD": base64.b64encode(data).decode(), "SE": "base64"},
        {"SD": base64.b64encode(data).decode()},
        {"SD": numbers.hex()},
    ):
        assert check(f"OCMF|{payload}|{json.dumps(told)}", meter.public_key).verdict is Verdict.VALID


def test_the_bytes_as_sent_are_checked() -> None:
    meter = Meter()
    record = meter.signed('{ "RD" : [ {"RV": 1.50, "RU":"kWh", "TX":"B", "ID":"\\u00fc ü"} ], "PG":"T1" }')
    assert check(record, meter.public_key).verdict is Verdict.VALID
    assert check(record.replace("1.50", "1.5"), meter.public_key).verdict is Verdict.INVALID
    assert check(record.replace("\\u00fc", "ü"), meter.public_key).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    ("section", "verdict", "reason"),
    [
        ({"SD": "zz"}, Verdict.INVALID, "neither hexadecimal nor base64"),
        (
            {"SD": "3006020101020101", "SA": "ECDSA-secp192k1-SHA256"},
            Verdict.INVALID,
            "the public key is one of secp256r1",
        ),
        ({"SD": "00", "SA": "RSA-2048-SHA256"}, Verdict.UNVERIFIABLE, "signature algorithm"),
        ({"SD": "00", "SA": "ECDSA-secp999r1-SHA256"}, Verdict.UNVERIFIABLE, "curve 'secp999r1' is not known"),
        ({"SA": "ECDSA-secp256r1-SHA256"}, Verdict.UNREADABLE, "no signature data"),
    ],
)
def test_what_cannot_be_checked_says_why(section: dict, verdict: Verdict, reason: str) -> None:
    meter = Meter()
    payload = meter.record(reading("B", 1)).split("|")[1]
    found = check(f"OCMF|{payload}|{json.dumps(section)}", meter.public_key)
    assert (found.verdict, reason in found.reason) == (verdict, True), found.reason


def test_without_a_key_nothing_is_verified() -> None:
    record = Meter().record(reading("B", 1))
    for key in (None, "", "  ", "not a key", "3059", "02" * 40, "A" * 5000):
        found = check(record, key)
        assert found.verdict is Verdict.UNVERIFIABLE
        assert "public key" in found.reason


def test_a_curve_that_the_library_lacks_is_told() -> None:
    key = "3046301006072A8648CE3D020106052B8104001F033200" + "04" + "11" * 48
    record = Meter(name="secp192k1").record(reading("B", 1))
    found = check(record, key)
    assert (found.verdict, "secp192k1 is not supported" in found.reason) == (Verdict.UNVERIFIABLE, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "three sections"),
        ("OCMF|{}", "three sections"),
        ("OCMX|{}|{}", "header is 'OCMX'"),
        ("OCMF|[]|{}", "payload is no JSON object"),
        ('OCMF|{}|{"SD":"00"}', "no readings"),
        ('OCMF|{"RD":[1]}|{"SD":"00"}', "no JSON object"),
        ('OCMF|{"RD":[{}],"RD":[{}]}|{"SD":"00"}', "a key stands twice"),
        ('OCMF|{"RD":[{"RV":' + "9" * 5000 + '}]}|{"SD":"00"}', "digits"),
        ("OCMF|" + "[" * 100_000 + '|{"SD":"00"}', "nested too deeply"),
        ('OCMF|{"RD":"\ud800"}|{"SD":"00"}', "no Unicode text"),
        ("OCMF|" + " " * 300_000 + '|{"SD":"00"}', "characters"),
    ],
)
def test_what_is_no_record_is_unreadable(text: str, reason: str) -> None:
    found = check(text, Meter().public_key)
    assert (found.verdict, reason in found.reason) == (Verdict.UNREADABLE, True), found.reason


def test_an_unknown_version_is_not_taken_for_a_known_one() -> None:
    meter = Meter()
    found = check(meter.record(reading("B", 1), FV="2.0"), meter.public_key)
    assert (found.verdict, "version 2.0" in found.reason) == (Verdict.UNVERIFIABLE, True)


def test_a_point_of_another_curve_is_no_key() -> None:
    record = Meter(ec.SECP256K1(), "secp256k1").record(reading("B", 1))
    found = check(record, Meter().point().hex())
    assert (found.verdict, "no point of secp256k1" in found.reason) == (Verdict.UNVERIFIABLE, True)


def test_names_of_curves() -> None:
    assert [curve_name(name) for name in ("prime256v1", "NIST P-256", "brainpoolP384r1", "secp256R1")] == [
        "secp256r1",
        "secp256r1",
        "brainpool384r1",
        "secp256r1",
    ]


def test_a_key_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(KeyUnreadable, match="neither hexadecimal nor base64"):
        read_key("hello world!")
