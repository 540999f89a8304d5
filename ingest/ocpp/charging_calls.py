"""Charging profiles: one constant limit, for a station, an EVSE or a transaction.

Arguments of `set_charging_profile`: `profile_id`, `stack_level`, `purpose` (TxDefaultProfile, TxProfile, or
`StationMaxProfile`, which the versions name differently), `evse_id` (0: the station), `transaction_id` of a
TxProfile, `limit` in `unit` (W, or A per phase), `phases`, and `starts_at` (ISO 8601) of a StationMaxProfile. Of
`clear_charging_profile`: `profile_id`.

1.6: sections 3.13, 5.16, 5.5, 7.8. 2.0.1: part 2, K01, K10, ChargingProfileType.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ingest.ocpp.calling import Arguments, Call, Impossible, Translate, given, text, whole

_STATION_MAX: Final = "StationMaxProfile"
_PURPOSES: Final = (_STATION_MAX, "TxDefaultProfile", "TxProfile")
_UNITS: Final = ("A", "W")


def set_v16(arguments: Arguments, _number: int) -> Call:
    """SetChargingProfile of OCPP 1.6."""
    purpose = _one_of(arguments, "purpose", _PURPOSES)
    profile = given(
        chargingProfileId=whole(arguments, "profile_id"),
        transactionId=_transaction_v16(arguments) if purpose == "TxProfile" else None,
        stackLevel=whole(arguments, "stack_level"),
        chargingProfilePurpose="ChargePointMaxProfile" if purpose == _STATION_MAX else purpose,
        chargingProfileKind=_kind(purpose),
        chargingSchedule=_schedule(arguments, purpose),
    )
    return Call("SetChargingProfile", {"connectorId": whole(arguments, "evse_id"), "csChargingProfiles": profile})


def set_v2(arguments: Arguments, _number: int) -> Call:
    """SetChargingProfile of OCPP 2.0.1 and 2.1."""
    purpose = _one_of(arguments, "purpose", _PURPOSES)
    profile_id = whole(arguments, "profile_id")
    profile = given(
        id=profile_id,
        stackLevel=whole(arguments, "stack_level"),
        chargingProfilePurpose="ChargingStationMaxProfile" if purpose == _STATION_MAX else purpose,
        chargingProfileKind=_kind(purpose),
        transactionId=text(arguments, "transaction_id", 36) if purpose == "TxProfile" else None,
        chargingSchedule=[{"id": profile_id, **_schedule(arguments, purpose)}],
    )
    return Call("SetChargingProfile", {"evseId": whole(arguments, "evse_id"), "chargingProfile": profile})


def clear_v16(arguments: Arguments, _number: int) -> Call:
    """ClearChargingProfile of OCPP 1.6."""
    return Call("ClearChargingProfile", {"id": whole(arguments, "profile_id")})


def clear_v2(arguments: Arguments, _number: int) -> Call:
    """ClearChargingProfile of OCPP 2.0.1 and 2.1."""
    return Call("ClearChargingProfile", {"chargingProfileId": whole(arguments, "profile_id")})


def _kind(purpose: str) -> str:
    # A schedule of a transaction counts from its begin; that of a station needs an instant.
    return "Absolute" if purpose == _STATION_MAX else "Relative"


def _schedule(arguments: Arguments, purpose: str) -> dict[str, Any]:
    unit = _one_of(arguments, "unit", _UNITS)
    limit = arguments.get("limit")
    if limit is None or limit < 0:
        raise Impossible(f"limit must be a number from 0 on, not {limit}.")
    period = given(startPeriod=0, limit=limit, numberPhases=whole(arguments, "phases") if unit == "A" else None)
    return given(
        startSchedule=text(arguments, "starts_at", 40) if purpose == _STATION_MAX else None,
        chargingRateUnit=unit,
        chargingSchedulePeriod=[period],
    )


def _transaction_v16(arguments: Arguments) -> int:
    told = str(arguments.get("transaction_id", ""))
    if not told.isascii() or not told.isdigit():
        raise Impossible(f"transaction_id {told!r} is no transaction of OCPP 1.6: these are whole numbers.")
    return int(told)


def _one_of(arguments: Arguments, name: str, allowed: tuple[str, ...]) -> str:
    value = arguments.get(name)
    if value not in allowed:
        raise Impossible(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return str(value)


V16: Final[Mapping[str, Translate]] = {"set_charging_profile": set_v16, "clear_charging_profile": clear_v16}
V2: Final[Mapping[str, Translate]] = {"set_charging_profile": set_v2, "clear_charging_profile": clear_v2}
