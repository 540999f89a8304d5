"""Answers of OCPP 1.6, with the security whitepaper's notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.ocpp.desk import (
    EMPTY,
    Asked,
    Desk,
    Rule,
    Start,
    Status,
    boot,
    data_transfer,
    group_of,
    heartbeat,
    text_of,
    to_json,
)

_LONGEST_TAG: Final = 20  # IdToken is a CiString20Type (section 7.28)
# AuthorizationStatus (1.6 section 7.2) has no word for the place, the hour and the money.
_STATUS: Final[Mapping[Status, str]] = {
    "Accepted": "Accepted",
    "Blocked": "Blocked",
    "ConcurrentTx": "ConcurrentTx",
    "Expired": "Expired",
    "Invalid": "Invalid",
    "NoCredit": "Blocked",
    "NotAtThisLocation": "Invalid",
    "NotAtThisTime": "Invalid",
    "Unknown": "Invalid",
}


def id_tag_info(asked: Asked | None, desk: Desk) -> dict[str, str]:
    """IdTagInfo for an idTag; one that cannot be read is Invalid."""
    if asked is None:
        return {"status": "Invalid"}
    verdict = desk.verdict(asked)
    info: dict[str, str] = {"status": _STATUS[verdict.status]}
    if verdict.valid_until is not None:
        info["expiryDate"] = verdict.valid_until
    parent = group_of(verdict.parent, _LONGEST_TAG)
    if parent is not None:
        info["parentIdTag"] = parent
    return info


def authorize(payload: Mapping[str, Any], desk: Desk) -> str:
    tag = text_of(payload.get("idTag"))
    return to_json({"idTagInfo": id_tag_info(None if tag is None else Asked(tag, "authorize"), desk)})


def start_transaction(payload: Mapping[str, Any], desk: Desk) -> str:
    """A transaction gets its id even where the tag is refused: the station may be reporting what already happened."""
    start = Start(*(_plain(payload.get(name)) for name in ("connectorId", "idTag", "timestamp", "meterStart")))
    number = desk.transaction_id(start)
    tag = text_of(payload.get("idTag"))
    asked = None if tag is None else Asked(tag, "start", None, (), str(number), start.connector_id)
    return to_json({"transactionId": number, "idTagInfo": id_tag_info(asked, desk)})


def _plain(value: Any) -> str:
    """`value` as text; of a list or an object only that it is one: it may be nested deeper than `str` goes."""
    return type(value).__name__ if isinstance(value, list | dict) else str(value)


def stop_transaction(payload: Mapping[str, Any], desk: Desk) -> str:
    desk.ended(_plain(payload.get("transactionId")))
    if "idTag" not in payload:
        return EMPTY
    tag = text_of(payload["idTag"])
    return to_json({"idTagInfo": id_tag_info(None if tag is None else Asked(tag, "stop"), desk)})


def status_notification(payload: Mapping[str, Any], desk: Desk) -> str:
    if payload.get("status") == "Available":
        desk.free(_plain(payload.get("connectorId")))
    return EMPTY


RULES: Final[Mapping[str, Rule]] = {
    "Authorize": authorize,
    "BootNotification": boot,
    "DataTransfer": data_transfer,
    "DiagnosticsStatusNotification": EMPTY,
    "FirmwareStatusNotification": EMPTY,
    "Heartbeat": heartbeat,
    "LogStatusNotification": EMPTY,
    "MeterValues": EMPTY,
    "SecurityEventNotification": EMPTY,
    "SignedFirmwareStatusNotification": EMPTY,
    "StartTransaction": start_transaction,
    "StatusNotification": status_notification,
    "StopTransaction": stop_transaction,
}
