"""Calls of OCPP 1.6 (edition 2 section 5, security whitepaper edition 3). A connector is its own EVSE there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.ocpp.calling import Arguments, Call, Impossible, Translate, given, text, whole

LONGEST_TAG: Final = 20  # IdToken is a CiString20Type (section 7.28)


def start(arguments: Arguments, _number: int) -> Call:
    """Section 5.11. `id_token`; `connector_id` or `evse_id`; `charging_profile` as 1.6 writes it."""
    payload = given(
        idTag=text(arguments, "id_token", LONGEST_TAG),
        connectorId=whole(arguments, "connector_id", "evse_id"),
        chargingProfile=arguments.get("charging_profile"),
    )
    return Call("RemoteStartTransaction", payload)


def stop(arguments: Arguments, _number: int) -> Call:
    """Section 5.12. `transaction_id`: the number that StartTransaction was answered with."""
    told = str(arguments.get("transaction_id", ""))
    if not told.isascii() or not told.isdigit():
        raise Impossible(f"transaction_id {told!r} is no transaction of OCPP 1.6: these are whole numbers.")
    return Call("RemoteStopTransaction", {"transactionId": int(told)})


KINDS: Final[Mapping[str, Translate]] = {
    "start": start,
    "stop": stop,
}
