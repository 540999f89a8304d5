"""Answers of OCPP 2.0.1 and 2.1, which are the same for the calls taken here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.access.known import certificate_key
from ingest.access.rules import NO_AUTHORIZATION
from ingest.ocpp.desk import (
    EMPTY,
    Asked,
    Desk,
    Purpose,
    Rule,
    boot,
    data_transfer,
    group_of,
    heartbeat,
    text_of,
    to_json,
)

_LONGEST_TOKEN: Final = 36  # idToken of IdTokenType in 2.0.1 (2.1 allows 255)


def id_token_info(id_token: Any, desk: Desk, asked: Asked) -> dict[str, Any]:
    """IdTokenInfo for an IdTokenType object; one that cannot be read is Invalid. `asked`: all else of the question."""
    fields = id_token if isinstance(id_token, dict) else {}
    kind, token = text_of(fields.get("type")), text_of(fields.get("idToken"))
    if kind == NO_AUTHORIZATION:  # started by a button: there is no token to judge
        token = ""
    if token is None:
        return {"status": "Invalid"}
    verdict = desk.verdict(asked._replace(id_token=token, token_type=kind))
    info: dict[str, Any] = {"status": verdict.status}
    if verdict.valid_until is not None:
        info["cacheExpiryDateTime"] = verdict.valid_until
    group = group_of(verdict.parent, _LONGEST_TOKEN)
    if group is not None:
        info["groupIdToken"] = {"idToken": group, "type": "Central"}
    return info


def authorize(payload: Mapping[str, Any], desk: Desk) -> str:
    """With a contract certificate the answer says of it what is known: whether it is the one of its contract (C07)."""
    certificates = _certificates(payload.get("iso15118CertificateHashData"))
    info = id_token_info(payload.get("idToken"), desk, Asked("", "authorize", None, certificates))
    if not certificates:
        return to_json({"idTokenInfo": info})
    status = {"Accepted": "Accepted", "Expired": "ContractCancelled"}.get(info["status"], "NoCertificateAvailable")
    return to_json({"idTokenInfo": info, "certificateStatus": status})


def _certificates(entries: Any) -> tuple[str, ...]:
    """The certificates of OCSPRequestDataType objects; what cannot be read is none."""
    names = ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")
    found = []
    for entry in entries if isinstance(entries, list) else ():
        parts = [text_of(entry.get(name)) for name in names] if isinstance(entry, dict) else [None]
        if None not in parts:
            found.append(certificate_key(*(str(part) for part in parts)))
    return tuple(found)


def transaction_event(payload: Mapping[str, Any], desk: Desk) -> str:
    """Token information is owed only where the event carries a token (E01.FR.11 and following)."""
    transaction = payload.get("transactionInfo")
    transaction_id = text_of(transaction.get("transactionId")) if isinstance(transaction, dict) else None
    ended = payload.get("eventType") == "Ended"
    info = None
    if "idToken" in payload:
        purpose: Purpose = "stop" if ended or payload.get("triggerReason") == "StopAuthorized" else "start"
        asked = Asked("", purpose, None, (), transaction_id, _place(payload.get("evse")))
        info = id_token_info(payload["idToken"], desk, asked)
    if ended and transaction_id is not None:
        desk.ended(transaction_id)
    return EMPTY if info is None else to_json({"idTokenInfo": info})


def _place(evse: Any) -> str:
    """The EVSE's number as text; empty where the event does not say it."""
    number = evse.get("id") if isinstance(evse, dict) else None
    return str(number) if isinstance(number, int) else ""


def status_notification(payload: Mapping[str, Any], desk: Desk) -> str:
    evse = payload.get("evseId")
    if payload.get("connectorStatus") == "Available" and isinstance(evse, int):
        desk.free(str(evse))
    return EMPTY


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
    "StatusNotification": status_notification,
    "TransactionEvent": transaction_event,
}
