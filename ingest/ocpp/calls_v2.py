"""Calls of OCPP 2.0.1 and 2.1 (part 2), which are the same for what is called here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.ocpp.calling import Arguments, Call, Translate, given, text, whole

LONGEST_TOKEN: Final = 36  # idToken of IdTokenType in 2.0.1 (2.1 allows 255)
LONGEST_TRANSACTION: Final = 36


def start(arguments: Arguments, number: int) -> Call:
    """F01, F02. `id_token`, its `token_type` (IdTokenEnumType) and `token_group`; `evse_id`; `charging_profile`.

    `number` becomes remoteStartId: the TransactionEvent of the session repeats it.
    """
    payload = given(
        remoteStartId=number,
        idToken=id_token(arguments),
        evseId=whole(arguments, "evse_id"),
        groupIdToken=group(arguments.get("token_group")),
        chargingProfile=arguments.get("charging_profile"),
    )
    return Call("RequestStartTransaction", payload)


def stop(arguments: Arguments, _number: int) -> Call:
    """F03. `transaction_id`."""
    return Call("RequestStopTransaction", {"transactionId": text(arguments, "transaction_id", LONGEST_TRANSACTION)})


def id_token(arguments: Arguments) -> dict[str, str]:
    """IdTokenType; a token whose kind nobody knows is one of the central system's."""
    return {
        "idToken": text(arguments, "id_token", LONGEST_TOKEN),
        "type": str(arguments.get("token_type") or "Central"),
    }


def group(name: Any) -> dict[str, str] | None:
    """The group of a token, as answers to Authorize tell it."""
    return None if name is None else {"idToken": str(name), "type": "Central"}


KINDS: Final[Mapping[str, Translate]] = {
    "start": start,
    "stop": stop,
}
