"""What stations are called for in each version, and what their answers mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.ocpp.calling import Impossible
from ingest.ocpp.calls import KINDS, call_for, judged, judged_error
from warehouse import exact_json
from warehouse.contract import remote

pytestmark = pytest.mark.fast

KEY = "ab" * 20
CALLS = {
    ("1.6", "start", '{"id_token": "T", "evse_id": 2}'): ("RemoteStartTransaction", {"idTag": "T", "connectorId": 2}),
    ("1.6", "start", '{"id_token": "T", "connector_id": 1, "evse_id": 2}'): (
        "RemoteStartTransaction",
        {"idTag": "T", "connectorId": 1},
    ),
    ("2.1", "start", '{"id_token": "T"}'): (
        "RequestStartTransaction",
        {"remoteStartId": 7, "idToken": {"idToken": "T", "type": "Central"}},
    ),
    ("1.6", "set_password", f'{{"password": "{KEY}"}}'): (
        "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": KEY},
    ),
    ("2.0.1", "set_password", f'{{"password": "{KEY}"}}'): (
        "SetVariables",
        {
            "setVariableData": [
                {
                    "component": {"name": "SecurityCtrlr"},
                    "variable": {"name": "BasicAuthPassword"},
                    "attributeValue": KEY,
                }
            ]
        },
    ),
    ("1.6", "report", "{}"): ("GetConfiguration", {}),
    ("2.0.1", "report", "{}"): ("GetBaseReport", {"requestId": 7, "reportBase": "FullInventory"}),
    ("1.6", "clear_cache", "{}"): ("ClearCache", {}),
    ("2.1", "get_local_list_version", "{}"): ("GetLocalListVersion", {}),
}


@pytest.mark.parametrize("case", CALLS)
def test_calls(case: tuple[str, str, str]) -> None:
    version, kind, arguments = case
    assert call_for(version, kind, exact_json.loads(arguments), 7) == CALLS[case]  # type: ignore[arg-type]


def test_versions_are_asked_for_the_same_kinds() -> None:
    assert {kind for kinds in KINDS.values() for kind in kinds} <= set(remote.KINDS)
    assert KINDS["1.6"].keys() == KINDS["2.0.1"].keys() == KINDS["2.1"].keys()


@pytest.mark.parametrize(
    ("version", "kind", "arguments", "reason"),
    [
        ("1.6", "start", '{"id_token": "123456789012345678901"}', "id_token has 21 characters"),
        ("1.6", "start", '{"id_token": "T", "evse_id": 1.5}', "evse_id must be a whole number"),
        ("2.0.1", "start", "{}", "id_token is missing"),
        ("2.0.1", "start", '{"id_token": "T", "token_type": "Card"}', "does not allow this RequestStartTransaction: "),
        ("1.6", "stop", '{"transaction_id": "t-1"}', "whole numbers"),
        ("1.6", "stop", "{}", "whole numbers"),
        ("1.6", "fly", "{}", "OCPP 1.6 has no call for fly"),
    ],
)  # fmt: skip
def test_what_cannot_be_said(version: str, kind: str, arguments: str, reason: str) -> None:
    with pytest.raises(Impossible, match=reason):
        call_for(version, kind, exact_json.loads(arguments), 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("action", "payload", "expected"),
    [
        ("RequestStopTransaction", {"status": "Accepted"}, ("accepted", None)),
        ("RequestStopTransaction", {"status": "Rejected"}, ("rejected", "Rejected")),
        ("GetLocalListVersion", {"versionNumber": 3}, ("accepted", None)),
        ("ChangeConfiguration", {"status": "RebootRequired"}, ("accepted", "RebootRequired")),
        (
            "SetVariables",
            {"setVariableResult": [{"attributeStatus": "Accepted"}, {"attributeStatus": "UnknownVariable"}]},
            ("rejected", "UnknownVariable"),
        ),
    ],
)  # fmt: skip
def test_answers(action: str, payload: Any, expected: tuple[str, str | None]) -> None:
    assert judged("2.0.1", action, payload) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("status", "statusInfo", "setVariableResult", "attributeStatus")), inner)
    ),
)


@given(st.sampled_from(("1.6", "2.0.1", "2.1")), JSON)
@example("2.0.1", {"setVariableResult": [{"attributeStatus": ["Accepted"]}]})
def test_whatever_a_station_answers_means_something(version: str, payload: Any) -> None:
    for action in ("SendLocalList", "SetVariables", "GetLocalListVersion"):
        state, reason = judged(version, action, payload)
        assert state in remote.STATES
        assert reason is None or len(reason) <= 400
    if isinstance(payload, list):
        assert judged_error(payload).state == "failed"
