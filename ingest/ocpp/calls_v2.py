"""Calls of OCPP 2.0.1 and 2.1 (part 2), which are the same for what is called here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.ocpp.calling import Arguments, Call, Translate, given, only, positive, text, whole

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


def send_local_list(arguments: Arguments, _number: int) -> Call:
    """D01. `list_version`, `full`, and `entries` as `ingest.remote.local_lists` makes them."""
    payload = given(
        versionNumber=whole(arguments, "list_version"),
        updateType="Full" if arguments.get("full") else "Differential",
        localAuthorizationList=[_entry(entry) for entry in arguments.get("entries") or ()] or None,
    )
    return Call("SendLocalList", payload)


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """AuthorizationData; one that is to be removed has no idTokenInfo."""
    info = given(
        status="Accepted",
        cacheExpiryDateTime=entry.get("valid_until"),
        groupIdToken=group(entry.get("parent")),
    )
    return given(idToken=id_token(entry), idTokenInfo=None if entry.get("removed") else info)


# Part 2 section 2.5: a variable that stations with local lists must have.
LIST_LIMIT: Final = Call(
    "GetVariables",
    {
        "getVariableData": [
            {"component": {"name": "LocalAuthListCtrlr"}, "variable": {"name": "ItemsPerMessage"}},
        ]
    },
)


def list_limit(answer: Any) -> int | None:
    """What the answer to `LIST_LIMIT` says; None: nothing that can be used."""
    return positive(only(answer, "getVariableResult", "attributeValue"))


def get_local_list_version(_arguments: Arguments, _number: int) -> Call:
    """D02."""
    return Call("GetLocalListVersion", {})


def clear_cache(_arguments: Arguments, _number: int) -> Call:
    """C11."""
    return Call("ClearCache", {})


KINDS: Final[Mapping[str, Translate]] = {
    "start": start,
    "stop": stop,
    "send_local_list": send_local_list,
    "get_local_list_version": get_local_list_version,
    "clear_cache": clear_cache,
}
