"""`remote.commands`: what people asked stations to do, and what became of it; `remote.local_lists`: what stations know
of who may charge. Kept in the state database.

The collector that holds the station's connection takes a command from there, so that whoever asks (page, API,
command line, a charging plan) need not know which collector that is.
"""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

STATES = ("waiting", "sent", "accepted", "rejected", "failed", "unanswered", "expired", "withdrawn")
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
            "answered with an error, or cannot do it; unanswered; expired: the station was not there in time; "
            "withdrawn: whoever asked took it back before it was sent",
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

LOCAL_LISTS = Table(
    "remote",
    "local_lists",
    "one station that is to know by itself who may charge: its local authorization list, and its cache",
    ("station_id",),
    (
        required("station_id", "VARCHAR", "station"),
        required("enabled", "BOOLEAN", "true: its list is kept in step; false: its list is to be empty"),
        required("list_version", "BIGINT", "version of the list that it took last; 0: none"),
        optional("content_hash", "VARCHAR", "SHA-256 of that list; NULL: not known what it holds"),
        required("tokens", "INTEGER", "how many tokens are on it", "tokens"),
        optional("in_step_at", "TIMESTAMPTZ", "when its list was last brought in step"),
        optional("reason", "VARCHAR", "why it could not be; NULL: it could"),
        required(
            "cache_cleared_through",
            "BIGINT",
            "newest change of registry.changes that blocked somebody when its cache was cleared; 0: never",
        ),
        required("set_at", "TIMESTAMPTZ", "when this was switched on or off"),
        Column("set_by", "VARCHAR", "who switched it", nullable=False, personal=True),
    ),
    home=Home.STATE,
)

TABLES = (COMMANDS, LOCAL_LISTS)
