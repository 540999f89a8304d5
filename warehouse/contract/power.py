"""`remote`: how a site's power is shared, who does it, and what is kept for whom. Kept in the state database."""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

POWER_LIMITS = Table(
    "remote",
    "power_limits",
    "one limit that shares a site's power: what the station has accepted, and what is asked of it",
    ("station_id", "evse_id", "purpose"),
    (
        required("station_id", "VARCHAR", "station"),
        required("evse_id", "INTEGER", "EVSE (2.x) or connector (1.6)"),
        required(
            "purpose",
            "VARCHAR",
            "OCPP ChargingProfilePurpose: TxDefaultProfile, under which a session begins; TxProfile, of one session",
            values=("TxDefaultProfile", "TxProfile"),
        ),
        optional("transaction_id", "VARCHAR", "transaction of a TxProfile"),
        optional("limit_w", "BIGINT", "what it accepted last; NULL: nothing yet", "W"),
        optional("asked_w", "BIGINT", "what is out for its answer; NULL: nothing", "W"),
        optional("unsure_w", "BIGINT", "the greatest that was sent and never answered: it may hold", "W"),
        optional("retry_at", "TIMESTAMPTZ", "it refused or did not answer; not again before then"),
        optional("command_id", "VARCHAR", "newest command about it"),
    ),
    home=Home.STATE,
)

LEASES = Table(
    "remote",
    "leases",
    "one task that only one process may do at a time, and who does it",
    ("task",),
    (
        required("task", "VARCHAR", "name of the task"),
        required("holder", "VARCHAR", "process that does it"),
        required("held_until", "TIMESTAMPTZ", "from then on another one may take it over"),
    ),
    home=Home.STATE,
)

RESERVATIONS = Table(
    "remote",
    "reservations",
    "one reservation of an EVSE for a token",
    ("reservation_id",),
    (
        required("reservation_id", "BIGINT", "1, 2, …, as the station is told"),
        required("station_id", "VARCHAR", "station"),
        optional("evse_id", "INTEGER", "EVSE (2.x) or connector (1.6); NULL: any of the station"),
        Column("id_token", "VARCHAR", "token that may use it", nullable=False, personal=True),
        required("expires_at", "TIMESTAMPTZ", "how long the station keeps it"),
        required("command_id", "VARCHAR", "command that asked for it"),
        optional("cancel_command_id", "VARCHAR", "newest command that asked to give it up; NULL: none"),
    ),
    home=Home.STATE,
)

TABLES = (POWER_LIMITS, LEASES, RESERVATIONS)
