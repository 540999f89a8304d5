"""Answers of OCPP 2.0.1 and 2.1, which are the same for the calls taken here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.ocpp.desk import EMPTY, Desk, Rule, boot, data_transfer, heartbeat, text_of, to_json

_STATUS: Final = {"Accepted": "Accepted", "Blocked": "Blocked", "Expired": "Expired", "Invalid": "Unknown"}


def id_token_info(id_token: Any, desk: Desk) -> dict[str, Any]:
    """IdTokenInfo for an IdTokenType object; one that cannot be read is Invalid."""
    fields = id_token if isinstance(id_token, dict) else {}
    if fields.get("type") == "NoAuthorization":  # started by a button: there is no token to judge
        return {"status": "Accepted"}
    token = text_of(fields.get("idToken"))
    if token is None:
        return {"status": "Invalid"}
    verdict = desk.verdict(token)
    info: dict[str, Any] = {"status": _STATUS[verdict.status]}
    if verdict.valid_until is not None:
        info["cacheExpiryDateTime"] = verdict.valid_until
    if verdict.parent is not None:
        info["groupIdToken"] = {"idToken": verdict.parent, "type": "Central"}
    return info


def authorize(payload: Mapping[str, Any], desk: Desk) -> str:
    return to_json({"idTokenInfo": id_token_info(payload.get("idToken"), desk)})


def transaction_event(payload: Mapping[str, Any], desk: Desk) -> str:
    """Token information is owed only where the event carries a token (E01.FR.11 and following)."""
    if "idToken" not in payload:
        return EMPTY
    return to_json({"idTokenInfo": id_token_info(payload["idToken"], desk)})


RULES: Final[Mapping[str, Rule]] = {
    "Authorize": authorize,
    "BootNotification": boot,
    "DataTransfer": data_transfer,
    "FirmwareStatusNotification": EMPTY,
    "Heartbeat": heartbeat,
    "LogStatusNotification": EMPTY,
    "MeterValues": EMPTY,
    "NotifyEvent": EMPTY,
    "NotifyMonitoringReport": EMPTY,
    "NotifyReport": EMPTY,
    "SecurityEventNotification": EMPTY,
    "StatusNotification": EMPTY,
    "TransactionEvent": transaction_event,
}
