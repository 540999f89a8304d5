"""Answers of OCPP 1.6, with the security whitepaper's notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.ocpp.desk import EMPTY, Desk, Rule, Start, boot, data_transfer, heartbeat, text_of, to_json


def id_tag_info(id_tag: Any, desk: Desk) -> dict[str, str]:
    """IdTagInfo for an idTag; one that cannot be read is Invalid."""
    tag = text_of(id_tag)
    if tag is None:
        return {"status": "Invalid"}
    verdict = desk.verdict(tag)
    info: dict[str, str] = {"status": verdict.status}
    if verdict.valid_until is not None:
        info["expiryDate"] = verdict.valid_until
    if verdict.parent is not None:
        info["parentIdTag"] = verdict.parent
    return info


def authorize(payload: Mapping[str, Any], desk: Desk) -> str:
    return to_json({"idTagInfo": id_tag_info(payload.get("idTag"), desk)})


def start_transaction(payload: Mapping[str, Any], desk: Desk) -> str:
    """A transaction gets its id even where the tag is refused: the station may be reporting what already happened."""
    start = Start(*(_plain(payload.get(name)) for name in ("connectorId", "idTag", "timestamp", "meterStart")))
    return to_json({"transactionId": desk.transaction_id(start), "idTagInfo": id_tag_info(payload.get("idTag"), desk)})


def _plain(value: Any) -> str:
    """`value` as text; of a list or an object only that it is one: it may be nested deeper than `str` goes."""
    return type(value).__name__ if isinstance(value, list | dict) else str(value)


def stop_transaction(payload: Mapping[str, Any], desk: Desk) -> str:
    if "idTag" not in payload:
        return EMPTY
    return to_json({"idTagInfo": id_tag_info(payload["idTag"], desk)})


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
    "StatusNotification": EMPTY,
    "StopTransaction": stop_transaction,
}
