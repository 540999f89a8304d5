"""`access`: what the pages of a driver's phone need: accounts, visits, letters, and the charges begun there."""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

START_STATES = ("awaiting_payment", "starting", "charging", "ended", "failed")
WHY_FAILED = ("cancelled", "payment", "abandoned", "refused", "unreachable", "not_begun")

_EMAIL = Column("email", "VARCHAR", "e-mail address in lower case", nullable=False, personal=True)

DRIVER_ACCOUNTS = Table(
    "access",
    "driver_accounts",
    "how one driver signs in on the pages of the phone",
    ("driver_id",),
    (
        required("driver_id", "VARCHAR", "driver, of registry.drivers"),
        _EMAIL,
        Column(
            "password_hash",
            "VARCHAR",
            "argon2id hash of the password",
            nullable=False,
            personal=True,
            secret=True,
        ),
        required("made_at", "TIMESTAMPTZ", "when the driver registered"),
        required("set_at", "TIMESTAMPTZ", "when the password was set last"),
    ),
    home=Home.STATE,
    unique=(("email",),),
)

DRIVER_LETTERS = Table(
    "access",
    "driver_letters",
    "one link that was mailed to prove an address: whoever opens it chooses the account's password",
    ("letter_hash",),
    (
        Column("letter_hash", "VARCHAR", "SHA-256 of what the link ends with", nullable=False, secret=True),
        _EMAIL,
        required("ends_at", "TIMESTAMPTZ", "from then on the link does nothing"),
    ),
    home=Home.STATE,
)

DRIVER_VISITS = Table(
    "access",
    "driver_visits",
    "one phone that is signed in",
    ("visit_hash",),
    (
        Column("visit_hash", "VARCHAR", "SHA-256 of the cookie", nullable=False, secret=True),
        required("driver_id", "VARCHAR", "who is signed in"),
        required("begun_at", "TIMESTAMPTZ", "when the driver signed in"),
        required("ends_at", "TIMESTAMPTZ", "until when it lasts"),
    ),
    home=Home.STATE,
)

STARTS = Table(
    "access",
    "starts",
    "one charge that was begun on a phone, from the tap on the button to its end",
    ("start_id",),
    (
        required("start_id", "VARCHAR", "own key, made from the page's token: the same tap again is the same start"),
        Column(
            "page_token",
            "VARCHAR",
            "what the address of its page ends with; unguessable, unique",
            nullable=False,
            secret=True,
        ),
        required("station_id", "VARCHAR", "station"),
        required("evse_id", "INTEGER", "EVSE; for OCPP 1.6 the connector's number"),
        required("operator_id", "VARCHAR", "operator of the site"),
        Column("id_token", "VARCHAR", "token that the station is told", nullable=False, personal=True),
        Column("driver_id", "VARCHAR", "driver who was signed in; NULL: a guest", personal=True),
        optional("contract_id", "VARCHAR", "contract that pays; NULL: the held payment does"),
        optional("payment_id", "VARCHAR", "payment that holds the money; NULL: a contract pays"),
        required(
            "state",
            "VARCHAR",
            "awaiting_payment: the payer is to confirm; starting: the station is told, or about to be; charging; "
            "ended; failed: nothing came of it, and what was held is given back",
            values=START_STATES,
        ),
        optional(
            "why_failed",
            "VARCHAR",
            "cancelled by the driver; payment: not confirmed; abandoned: not in time; refused by the station; "
            "unreachable: the station was not there; not_begun: nothing began in time. NULL: it has not failed",
            values=WHY_FAILED,
        ),
        required("made_at", "TIMESTAMPTZ", "the tap on the button"),
        required("ready_at", "TIMESTAMPTZ", "from then on every collector knows the token"),
        optional("command_at", "TIMESTAMPTZ", "when the station was told to start; NULL: not yet"),
        optional("command_id", "VARCHAR", "the start command, of remote.commands"),
        optional("stop_command_id", "VARCHAR", "the newest stop command; NULL: nobody wanted to stop it from here"),
        optional("transaction_id", "VARCHAR", "OCPP transaction id, as the collector has told it; NULL: not seen"),
        optional("began_at", "TIMESTAMPTZ", "when the collector let it in"),
        optional("over_at", "TIMESTAMPTZ", "when its end was seen, or it failed"),
        optional("session_id", "VARCHAR", "session that came of it; NULL: none is known yet"),
        required("revision", "BIGINT", "counts the changes of this row"),
    ),
    home=Home.STATE,
    unique=(("page_token",),),
)

TABLES = (DRIVER_ACCOUNTS, DRIVER_LETTERS, DRIVER_VISITS, STARTS)
