"""Reservations. Arguments of `reserve`: `reservation_id`, `evse_id` (none: any EVSE of the station), `id_token`, its
`token_type` and `token_group`, `expires_at` (ISO 8601). Of `cancel_reservation`: `reservation_id`.

1.6: sections 5.13, 5.2 (reservation profile). 2.0.1: part 2, H01, H02.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.ocpp import calls_v2, calls_v16
from ingest.ocpp.calling import Arguments, Call, Translate, given, text, whole


def reserve_v16(arguments: Arguments, _number: int) -> Call:
    """ReserveNow of OCPP 1.6; connector 0 is any of the station."""
    payload = given(
        connectorId=whole(arguments, "evse_id") or 0,
        expiryDate=text(arguments, "expires_at", 40),
        idTag=text(arguments, "id_token", calls_v16.LONGEST_TAG),
        parentIdTag=arguments.get("token_group"),
        reservationId=whole(arguments, "reservation_id"),
    )
    return Call("ReserveNow", payload)


def reserve_v2(arguments: Arguments, _number: int) -> Call:
    """ReserveNow of OCPP 2.0.1 and 2.1."""
    payload = given(
        id=whole(arguments, "reservation_id"),
        expiryDateTime=text(arguments, "expires_at", 40),
        idToken=calls_v2.id_token(arguments),
        evseId=whole(arguments, "evse_id"),
        groupIdToken=calls_v2.group(arguments.get("token_group")),
    )
    return Call("ReserveNow", payload)


def cancel(arguments: Arguments, _number: int) -> Call:
    """CancelReservation, all versions."""
    return Call("CancelReservation", {"reservationId": whole(arguments, "reservation_id")})


V16: Final[Mapping[str, Translate]] = {"reserve": reserve_v16, "cancel_reservation": cancel}
V2: Final[Mapping[str, Translate]] = {"reserve": reserve_v2, "cancel_reservation": cancel}
