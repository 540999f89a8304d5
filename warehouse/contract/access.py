"""Who may charge: `registry.access_rules`; who changed the registry: `registry.changes`; who charges now: `access`.

What collectors tell each other of sessions that go on changes by the minute: it is kept in the state database.
"""

from __future__ import annotations

from warehouse.contract.declared import NOTE, VALID_FROM, VALID_TO, declared
from warehouse.contract.model import Column, Home, Table, optional, required

DAYS_OF_WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")

ACCESS_RULES = declared(
    "access_rules",
    "one allowance (or a block) of a token, group, contract or driver; of several about one, one that lets in will do",
    ("access_rule_id",),
    required("access_rule_id", "VARCHAR", "own key of the rule"),
    Column(
        "id_token",
        "VARCHAR",
        "only this token; a rule names one of these four",
        personal=True,
        references="tokens.id_token",
    ),
    optional("token_group", "VARCHAR", "tokens of this group"),
    optional("contract_id", "VARCHAR", "tokens of this contract", references="contracts.contract_id"),
    optional("driver_id", "VARCHAR", "tokens of all contracts of this driver", references="drivers.driver_id"),
    optional("blocked", "BOOLEAN", "true: they may not charge while the rule is in force, whatever other rules say"),
    optional("site_ids", "JSON", "list of the sites where they may charge; NULL: at every site"),
    optional(
        "day_of_week", "JSON", "list of the days on which they may: MONDAY … SUNDAY, in the site's zone; NULL: each day"
    ),
    optional("start_time", "VARCHAR", "from this local time on, HH:MM; NULL: from the begin of the day"),
    optional(
        "end_time",
        "VARCHAR",
        "until this local time (exclusive); 00:00 or NULL: to the end of the day; not after start_time: over midnight",
    ),
    optional("most_sessions", "INTEGER", "sessions that may go on at a time; NULL: not limited", "sessions"),
    optional(
        "credit_limit",
        "DECIMAL(18,6)",
        "a session may begin while less than this is owed on the contract; 0: only with credit; NULL: not limited",
        "currency",
    ),
    VALID_FROM,
    VALID_TO,
    NOTE,
)

CHANGES = declared(
    "changes",
    "one change of one row of the registry: what it was, what it is, who changed it",
    ("change_id",),
    required("change_id", "BIGINT", "1, 2, …, in the order of the changes"),
    required("changed_at", "TIMESTAMPTZ", "when"),
    required("table_name", "VARCHAR", "registry table; station_credentials: how a station proves itself"),
    Column("row_key", "VARCHAR", "key columns as a JSON array", nullable=False, personal=True),
    required("change", "VARCHAR", "what happened", values=("added", "changed", "removed")),
    Column("before", "JSON", "the row as it was, or what has changed of it; NULL: there was none", personal=True),
    Column("after", "JSON", "the row as it is, or what has changed of it; NULL: there is none", personal=True),
    Column("changed_by", "VARCHAR", "account or API key that changed it", nullable=False, personal=True),
    required("source", "VARCHAR", "what it was changed with, e.g. registry apply"),
)

TRANSACTIONS = Table(
    "access",
    "transactions",
    "one session that goes on, as the collector that holds its station knows it",
    ("station_id", "transaction_id"),
    (
        required("station_id", "VARCHAR", "station"),
        required("transaction_id", "VARCHAR", "OCPP transaction id"),
        required("evse_or_connector", "VARCHAR", "number of the EVSE (2.x) or connector (1.6)"),
        Column("id_token", "VARCHAR", "token it was started with", nullable=False, personal=True),
        required("started_at", "TIMESTAMPTZ", "when it was let in"),
        required("collector_id", "VARCHAR", "collector that holds the station"),
        # Beside a station and this hour, whoever reads them knows who stands there.
        Column("token_group", "VARCHAR", "group it counts for", personal=True),
        Column("contract_id", "VARCHAR", "contract it counts for", personal=True),
        Column("driver_id", "VARCHAR", "driver it counts for", personal=True),
    ),
    home=Home.STATE,
)

STATION_CREDENTIALS = Table(
    "access",
    "station_credentials",
    "how one station proves who it is",
    ("station_id",),
    (
        required("station_id", "VARCHAR", "station"),
        required("security_profile", "INTEGER", "OCPP security profile: 0 none, 1 password, 2 and TLS, 3 certificate"),
        Column(
            "password_hash", "VARCHAR", "argon2id hash of its password; NULL: it has none", personal=True, secret=True
        ),
        Column(
            "previous_hash",
            "VARCHAR",
            "hash of the password before, good until the next change: the station may not know the new one yet",
            personal=True,
            secret=True,
        ),
        required("set_at", "TIMESTAMPTZ", "when it was set last"),
        Column("set_by", "VARCHAR", "who set it", nullable=False, personal=True),
    ),
    home=Home.STATE,
)

WAITING_STATIONS = Table(
    "access",
    "waiting_stations",
    "one station that has knocked and that the registry does not know",
    ("station_id",),
    (
        required("station_id", "VARCHAR", "identity as it names itself"),
        required("first_at", "TIMESTAMPTZ", "first knock"),
        required("last_at", "TIMESTAMPTZ", "newest knock"),
        required("knocks", "BIGINT", "how often", "knocks"),
        Column("remote_address", "VARCHAR", "address of the newest knock", personal=True),
    ),
    home=Home.STATE,
)

COLLECTORS = Table(
    "access",
    "collectors",
    "one collector process that serves stations now",
    ("collector_id",),
    (
        required("collector_id", "VARCHAR", "collector"),
        required("heard_at", "TIMESTAMPTZ", "when it last said that it runs, every few seconds; long ago: it is gone"),
    ),
    home=Home.STATE,
)

ONLINE_STATIONS = Table(
    "access",
    "online_stations",
    "one station that is connected to a collector; it counts while the collector does (access.collectors)",
    ("station_id", "collector_id"),
    (
        required("station_id", "VARCHAR", "station"),
        required("collector_id", "VARCHAR", "collector that holds its connection"),
        required("ocpp_version", "VARCHAR", "protocol version negotiated", values=("1.6", "2.0.1", "2.1")),
        required("connected_at", "TIMESTAMPTZ", "when it connected; of several collectors the newest one holds it"),
        Column("remote_address", "VARCHAR", "peer's address and port", personal=True),
        optional("certificate_ends_at", "TIMESTAMPTZ", "end of its client certificate; NULL: it showed none"),
    ),
    home=Home.STATE,
)

TABLES = (TRANSACTIONS, STATION_CREDENTIALS, WAITING_STATIONS, COLLECTORS, ONLINE_STATIONS)
