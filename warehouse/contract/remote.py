"""`remote.commands`: what people asked stations to do, and what became of it. Kept in the state database.

The collector that holds the station's connection takes a command from there, so that whoever asks (page, API,
command line, a charging plan) need not know which collector that is.
"""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

STATES = ("waiting", "sent", "accepted", "rejected", "failed", "unanswered", "expired")
KINDS = (
    "start",
    "stop",
    "reserve",
    "cancel_reservation",
    "set_charging_profile",
    "clear_charging_profile",
    "send_local_list",
    "get_local_list_version",
    "clear_cache",
    "set_password",
    "report",
)

COMMANDS = Table(
    "remote",
    "commands",
    "one command to one station: who asked for what, and what the station answered",
    ("command_id",),
    (
        required("command_id", "VARCHAR", "own key of the command"),
        required("station_id", "VARCHAR", "station that is to do it"),
        required("kind", "VARCHAR", "what it is to do, the same word for every OCPP version", values=KINDS),
        Column(
            "arguments", "JSON", "how, as an object; what it holds depends on the kind", nullable=False, personal=True
        ),
        required("asked_at", "TIMESTAMPTZ", "when it was asked for"),
        required("expires_at", "TIMESTAMPTZ", "from then on it is not sent any more"),
        Column("asked_by", "VARCHAR", "account, API key or driver that asked", nullable=False, personal=True),
        required("source", "VARCHAR", "what it was asked with, e.g. session start"),
        required(
            "state",
            "VARCHAR",
            "waiting for the station's collector; sent; accepted or rejected by the station; failed: the station "
            "answered with an error, or cannot do it; unanswered; expired: the station was not there in time",
            values=STATES,
        ),
        optional("collector_id", "VARCHAR", "collector that sent it; NULL: nobody yet"),
        optional("message_id", "VARCHAR", "OCPP message id of the call, with which raw.messages holds it"),
        optional("sent_at", "TIMESTAMPTZ", "when it was sent"),
        optional("ended_at", "TIMESTAMPTZ", "when it was answered or given up; NULL: it is under way"),
        optional("answer", "JSON", "what the station answered, as it came; NULL: nothing"),
        optional("reason", "VARCHAR", "why it did not come to be accepted, in words"),
    ),
    home=Home.STATE,
)

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

TABLES = (COMMANDS, POWER_LIMITS, LEASES, RESERVATIONS)
