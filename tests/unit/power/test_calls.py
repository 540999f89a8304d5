"""Charging profiles and reservations in the words of each OCPP version, valid by its schemas."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ingest.ocpp.calling import Impossible
from ingest.ocpp.calls import call_for

OF_SESSION: dict[str, Any] = {
    "profile_id": 12,
    "stack_level": 1,
    "purpose": "TxProfile",
    "evse_id": 1,
    "transaction_id": "7",
    "unit": "A",
    "limit": Decimal("15.2"),
    "phases": 3,
}
OF_STATION: dict[str, Any] = {
    "profile_id": 1,
    "stack_level": 1,
    "purpose": "StationMaxProfile",
    "evse_id": 0,
    "unit": "W",
    "limit": 50_000,
    "phases": None,
    "starts_at": "2026-07-01T10:00:00Z",
}
RESERVED: dict[str, Any] = {
    "reservation_id": 3,
    "evse_id": 2,
    "id_token": "CARD",
    "token_type": "ISO14443",
    "token_group": "fleet",
    "expires_at": "2026-07-01T12:00:00Z",
}


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("set_charging_profile", OF_SESSION),
        ("set_charging_profile", OF_SESSION | {"purpose": "TxDefaultProfile", "transaction_id": None}),
        ("set_charging_profile", OF_SESSION | {"limit": Decimal("0.0")}),
        ("set_charging_profile", OF_STATION),
        ("clear_charging_profile", {"profile_id": 1}),
        ("reserve", RESERVED),
        ("reserve", RESERVED | {"evse_id": None, "token_group": None, "token_type": None}),
        ("cancel_reservation", {"reservation_id": 3}),
    ],
)
def test_every_version_takes_it(version: str, kind: str, arguments: dict[str, Any]) -> None:
    assert call_for(version, kind, arguments, 1).action in {
        "SetChargingProfile",
        "ClearChargingProfile",
        "ReserveNow",
        "CancelReservation",
    }


@pytest.mark.parametrize("tenths", range(60, 330))
def test_every_tenth_of_an_ampere_is_a_multiple_of_a_tenth(tenths: int) -> None:
    # 1.6's schema says multipleOf 0.1, which binary fractions easily miss.
    call_for("1.6", "set_charging_profile", OF_SESSION | {"limit": Decimal(tenths) / 10}, 1)


def test_the_words_of_each_version() -> None:
    old = call_for("1.6", "set_charging_profile", OF_SESSION, 1).payload
    assert old == {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 12,
            "transactionId": 7,
            "stackLevel": 1,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Relative",
            "chargingSchedule": {
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": Decimal("15.2"), "numberPhases": 3}],
            },
        },
    }
    new = call_for("2.0.1", "set_charging_profile", OF_STATION, 1).payload["chargingProfile"]
    assert (new["chargingProfilePurpose"], new["chargingProfileKind"]) == ("ChargingStationMaxProfile", "Absolute")
    assert new["chargingSchedule"][0]["startSchedule"] == "2026-07-01T10:00:00Z"
    assert call_for("1.6", "reserve", RESERVED, 1).payload["parentIdTag"] == "fleet"
    assert call_for("2.0.1", "reserve", RESERVED, 1).payload["groupIdToken"] == {"idToken": "fleet", "type": "Central"}


@pytest.mark.parametrize(
    ("version", "kind", "arguments", "told"),
    [
        ("1.6", "set_charging_profile", OF_SESSION | {"transaction_id": "t-1"}, "whole numbers"),
        ("1.6", "set_charging_profile", OF_SESSION | {"purpose": "Other"}, "purpose must be one of"),
        ("2.0.1", "set_charging_profile", OF_SESSION | {"limit": Decimal(-1)}, "limit must be a number from 0 on"),
        ("2.0.1", "set_charging_profile", OF_SESSION | {"transaction_id": None}, "transaction_id is missing"),
        ("1.6", "reserve", RESERVED | {"id_token": "X" * 21}, "id_token has 21 characters"),
    ],
)
def test_what_cannot_be_said_is_told(version: str, kind: str, arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(Impossible, match=told):
        call_for(version, kind, arguments, 1)
