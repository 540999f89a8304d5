"""Calls of OCPP 1.6 (edition 2 section 5, security whitepaper edition 3). A connector is its own EVSE there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.ocpp.calling import Arguments, Call, Impossible, Translate, given, only, positive, text, whole

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


def send_local_list(arguments: Arguments, _number: int) -> Call:
    """Section 5.15. `list_version`, `full`, and `entries` as `ingest.remote.local_lists` makes them."""
    payload = given(
        listVersion=whole(arguments, "list_version"),
        updateType="Full" if arguments.get("full") else "Differential",
        localAuthorizationList=[_entry(entry) for entry in arguments.get("entries") or ()] or None,
    )
    return Call("SendLocalList", payload)


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """AuthorizationData (section 7.1); one that is to be removed has no idTagInfo."""
    parent = entry.get("parent")
    info = given(
        status="Accepted",
        expiryDate=entry.get("valid_until"),
        parentIdTag=parent if parent is not None and len(parent) <= LONGEST_TAG else None,
    )
    return given(idTag=text(entry, "id_token", LONGEST_TAG), idTagInfo=None if entry.get("removed") else info)


# Section 9.3: an option that stations with local lists must have.
LIST_LIMIT: Final = Call("GetConfiguration", {"key": ["SendLocalListMaxLength"]})


def list_limit(answer: Any) -> int | None:
    """What the answer to `LIST_LIMIT` says; None: nothing that can be used."""
    return positive(only(answer, "configurationKey", "value"))


def get_local_list_version(_arguments: Arguments, _number: int) -> Call:
    """Section 5.10."""
    return Call("GetLocalListVersion", {})


def clear_cache(_arguments: Arguments, _number: int) -> Call:
    """Section 5.4."""
    return Call("ClearCache", {})


KINDS: Final[Mapping[str, Translate]] = {
    "start": start,
    "stop": stop,
    "send_local_list": send_local_list,
    "get_local_list_version": get_local_list_version,
    "clear_cache": clear_cache,
}
