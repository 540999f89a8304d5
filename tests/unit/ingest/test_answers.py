"""Answers: the core set of every version, checked against OCPP's own response schemas."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.ocpp import answers_v2, answers_v16
from ingest.ocpp.answers import answer, answer_rejection
from ingest.ocpp.desk import Asked, Start, Verdict
from ingest.ocpp.frames import Rejection
from ingest.ocpp.schemas import is_action, schema_error

pytestmark = pytest.mark.fast

FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
VERDICTS = {
    "good": Verdict("Accepted", "2030-01-01T00:00:00.000Z", "fleet"),
    "blocked": Verdict("Blocked"),
    "old": Verdict("Expired", "2019-01-01T00:00:00.000Z"),
    "far": Verdict("NotAtThisLocation"),
    "": Verdict("Accepted"),  # of a button
}


class FrontDesk:
    """Knows three tokens and numbers starts by the connector."""

    heartbeat_seconds = 300

    def time(self) -> str:
        return "2026-01-31T12:00:00.000Z"

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.over: list[str] = []

    def verdict(self, asked: Asked) -> Verdict:
        self.asked.append(asked)
        return VERDICTS.get(asked.id_token, Verdict("Unknown"))

    def ended(self, transaction_id: str) -> None:
        self.over.append(transaction_id)

    def free(self, place: str) -> None:
        self.over.append(f"all at {place}")

    def transaction_id(self, start: Start) -> int:
        return 40 + int(start.connector_id) if start.connector_id.isdigit() else 0


DESK = FrontDesk()


def result(version: str, action: str, payload: Any) -> dict[str, Any]:
    """The answer's payload, after a look at its schema."""
    message_type, text = answer(version, action, payload, DESK)
    assert message_type == 3
    package = importlib.util.find_spec("ocpp")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / FOLDERS[version] / "schemas"
    schema = (folder / f"{action}Response.json").read_text(encoding="utf-8-sig")
    jsonschema_rs.validator_for(schema).validate(json.loads(text))
    return dict(json.loads(text))


EVERY_RULE = [("1.6", action) for action in answers_v16.RULES] + [
    (version, action) for version in ("2.0.1", "2.1") for action in answers_v2.RULES
]


@pytest.mark.parametrize(("version", "action"), EVERY_RULE)
@pytest.mark.parametrize(
    "payload", [{}, [], None, "x", {"idTag": [], "idToken": [], "vendorId": {}, "connectorId": {}}]
)
def test_every_call_is_answered_in_its_schema_whatever_its_payload(version: str, action: str, payload: Any) -> None:
    assert is_action(version, action)
    result(version, action, payload)


@given(
    st.sampled_from(EVERY_RULE),
    st.dictionaries(
        st.sampled_from(
            ["idTag", "idToken", "type", "connectorId", "meterStart", "timestamp", "vendorId", "messageId"]
        ),
        st.recursive(
            st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)
        ),
    ),
)
def test_no_payload_breaks_an_answer(rule: tuple[str, str], payload: dict[str, Any]) -> None:
    version, action = rule
    assert answer(version, action, payload, DESK).message_type == 3


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_boot_and_heartbeat_tell_the_time(version: str) -> None:
    now = "2026-01-31T12:00:00.000Z"
    assert result(version, "BootNotification", {}) == {"status": "Accepted", "currentTime": now, "interval": 300}
    assert result(version, "Heartbeat", {}) == {"currentTime": now}


@pytest.mark.parametrize(
    ("token", "info"),
    [
        ("good", {"status": "Accepted", "expiryDate": "2030-01-01T00:00:00.000Z", "parentIdTag": "fleet"}),
        ("blocked", {"status": "Blocked"}),
        ("old", {"status": "Expired", "expiryDate": "2019-01-01T00:00:00.000Z"}),
        ("nobody", {"status": "Invalid"}),
        ("far", {"status": "Invalid"}),
    ],
)
def test_tokens_in_1_6(token: str, info: dict[str, str]) -> None:
    start = {"connectorId": 2, "idTag": token, "timestamp": "2026-01-31T12:00:00Z", "meterStart": 0}
    assert result("1.6", "Authorize", {"idTag": token}) == {"idTagInfo": info}
    assert result("1.6", "StartTransaction", start) == {"transactionId": 42, "idTagInfo": info}
    assert result("1.6", "StopTransaction", {"idTag": token}) == {"idTagInfo": info}
    assert result("1.6", "StopTransaction", {"transactionId": 42}) == {}


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
@pytest.mark.parametrize(
    ("token", "info"),
    [
        (
            {"idToken": "good", "type": "ISO14443"},
            {
                "status": "Accepted",
                "cacheExpiryDateTime": "2030-01-01T00:00:00.000Z",
                "groupIdToken": {"idToken": "fleet", "type": "Central"},
            },
        ),
        ({"idToken": "blocked", "type": "ISO14443"}, {"status": "Blocked"}),
        ({"idToken": "nobody", "type": "ISO14443"}, {"status": "Unknown"}),
        ({"idToken": "far", "type": "ISO14443"}, {"status": "NotAtThisLocation"}),
        ({"idToken": "", "type": "NoAuthorization"}, {"status": "Accepted"}),
        ("good", {"status": "Invalid"}),
    ],
)
def test_tokens_in_2_x(version: str, token: Any, info: dict[str, Any]) -> None:
    assert result(version, "Authorize", {"idToken": token}) == {"idTokenInfo": info}
    assert result(version, "TransactionEvent", {"idToken": token}) == {"idTokenInfo": info}
    assert result(version, "TransactionEvent", {"eventType": "Updated"}) == {}


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_data_transfer_takes_only_our_own(version: str) -> None:
    def status(payload: dict[str, str]) -> str:
        return str(result(version, "DataTransfer", payload)["status"])

    assert status({"vendorId": "kwhouse", "messageId": "ExternalSession"}) == "Accepted"
    assert status({"vendorId": "kwhouse", "messageId": "Other"}) == "UnknownMessageId"
    assert status({"vendorId": "com.example"}) == "UnknownVendorId"


def test_calls_that_are_not_answered_say_why() -> None:
    assert answer("1.6", "SignCertificate", {}, DESK).payload_text.startswith('["NotSupported",')
    assert answer("1.6", "TransactionEvent", {}, DESK).payload_text.startswith('["NotImplemented",')
    assert answer("2.0.1", "NotifyEVChargingNeeds", {}, DESK).payload_text.startswith('["NotSupported",')
    assert answer("2.0.1", "../../etc/passwd", {}, DESK).payload_text.startswith('["NotImplemented",')
    assert answer("2.1", "StartTransaction", {}, DESK).payload_text.startswith('["NotImplemented",')


@pytest.mark.parametrize(
    ("version", "rejection", "code"),
    [
        ("1.6", Rejection("unparsable", "", 2, '"7"', "7"), "FormationViolation"),
        ("2.0.1", Rejection("unparsable", "", 2, '"7"', "7"), "FormatViolation"),
        ("2.1", Rejection("not_utf8", ""), "RpcFrameworkError"),
        ("1.6", Rejection("unparsable", ""), None),
        ("2.0.1", Rejection("unknown_message_type", "", 9, '"7"', "7"), "MessageTypeNotSupported"),
        ("1.6", Rejection("unknown_message_type", "", 9, '"7"', "7"), None),
        ("2.0.1", Rejection("not_a_frame", "", 3, '"7"', "7"), None),
        ("2.0.1", Rejection("too_long", ""), None),
        ("1.6", Rejection("internal_error", "", 2, '"7"', "7"), "InternalError"),
    ],
)
def test_a_broken_text_gets_the_error_of_its_version(version: str, rejection: Rejection, code: str | None) -> None:
    reply = answer_rejection(version, rejection)
    if code is None:
        assert reply is None
    else:
        assert reply is not None
        id_literal, error = reply
        assert id_literal == (rejection.id_literal or '"-1"')
        assert json.loads(error.payload_text)[0] == code


def test_schema_breaches_are_named_by_place() -> None:
    assert schema_error("1.6", "Heartbeat", {}) is None
    assert schema_error("1.6", "NoSuchAction", {}) is None
    reading = {"value": "1", "unit": "Hz"}
    payload = {"connectorId": 1, "meterValue": [{"timestamp": "2026-01-31T12:00:00Z", "sampledValue": [reading]}]}
    assert str(schema_error("1.6", "MeterValues", payload)).startswith("$.meterValue[0].sampledValue[0].unit: ")


def test_nesting_beyond_the_validator_is_a_breach_and_not_a_crash() -> None:
    payload: dict[str, Any] = {}
    for _ in range(1000):
        payload = {"a": payload}
    assert schema_error("1.6", "MeterValues", payload) is not None
