"""`raw`: what came over the wire, as it came. Append-only, never changed, landed by collectors and importers."""

from __future__ import annotations

from warehouse.contract.model import Table, optional, required

COLLECTOR_ID = required("collector_id", "VARCHAR", "which collector or import wrote the row")
SEQ = required("seq", "BIGINT", "running number within the collector, in order of receipt")
CONNECTION_ID = optional("connection_id", "BIGINT", "seq of the connection's `opened` row; NULL for imported frames")
STATION_ID = required("station_id", "VARCHAR", "OCPP identity of the station, the last part of its address")
OCPP_VERSION = required("ocpp_version", "VARCHAR", "protocol version negotiated", values=("1.6", "2.0.1", "2.1"))
RECEIVED_AT = required(
    "received_at", "TIMESTAMPTZ", "when the collector received or sent it; on replay connections the station's time"
)

MESSAGES = Table(
    "raw",
    "messages",
    "one OCPP-J frame, in either direction",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        CONNECTION_ID,
        STATION_ID,
        RECEIVED_AT,
        required("direction", "VARCHAR", "in: from the station; out: from the central system", values=("in", "out")),
        OCPP_VERSION,
        required("message_type", "INTEGER", "2 CALL, 3 CALLRESULT, 4 CALLERROR, 5 CALLRESULTERROR, 6 SEND"),
        required("message_id", "VARCHAR", "unique id of the call within the connection"),
        optional("action", "VARCHAR", "OCPP action; for answers that of the call answered, NULL where unknown"),
        required("payload", "VARCHAR", "the JSON text exactly as sent; of a CALLERROR [code, description, details]"),
        optional("schema_error", "VARCHAR", "why the payload breaks OCPP's JSON schema; NULL when it does not"),
    ),
)

CONNECTIONS = Table(
    "raw",
    "connections",
    "one opening or closing of a station's WebSocket",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        required("connection_id", "BIGINT", "seq of the connection's `opened` row"),
        STATION_ID,
        OCPP_VERSION,
        required("event", "VARCHAR", "what happened", values=("opened", "closed")),
        required("happened_at", "TIMESTAMPTZ", "when; on replay connections the station's own time"),
        required("clock", "VARCHAR", "replay: the station's own times drive the clock", values=("live", "replay")),
        optional("remote_address", "VARCHAR", "peer's address and port"),
        optional("close_code", "INTEGER", "WebSocket close code (RFC 6455 section 7.4); NULL on `opened`"),
        optional("reason", "VARCHAR", "close reason in words"),
    ),
)

REJECTED = Table(
    "raw",
    "rejected",
    "one text that is not an OCPP-J frame",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        CONNECTION_ID,
        STATION_ID,
        RECEIVED_AT,
        OCPP_VERSION,
        required("text", "VARCHAR", "the text as it came (invalid UTF-8 replaced)"),
        required("reason", "VARCHAR", "kind of defect, e.g. unparsable, not_a_frame, too_long"),
        optional("detail", "VARCHAR", "where and what exactly"),
    ),
)

ACCESS_DECISIONS = Table(
    "raw",
    "access_decisions",
    "one decision on whether somebody may charge, with its reason",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        CONNECTION_ID,
        STATION_ID,
        required("decided_at", "TIMESTAMPTZ", "when; on replay connections the station's time"),
        OCPP_VERSION,
        required("message_id", "VARCHAR", "call that asked, as in `raw.messages`"),
        required("action", "VARCHAR", "OCPP action that asked, e.g. Authorize"),
        required("purpose", "VARCHAR", "what it was wanted for", values=("authorize", "start", "stop")),
        required("id_token", "VARCHAR", "token as the station sent it; empty where it sent none"),
        optional("token_type", "VARCHAR", "OCPP 2.x IdTokenEnumType; NULL with OCPP 1.6"),
        required("status", "VARCHAR", "OCPP 2.0.1 AuthorizationStatusEnumType; 1.6 is told the nearest of its own"),
        required("reason", "VARCHAR", "question of the decision table that decided, e.g. token_expired"),
        optional("access_rule_id", "VARCHAR", "rule of `registry.access_rules` that decided, where one did"),
    ),
)

SESSION_RECORDS = Table(
    "raw",
    "session_records",
    "one finished session as another system tells it: a row of a file, or an OCPI CDR",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        STATION_ID,
        required("received_at", "TIMESTAMPTZ", "when it was imported; of a CDR its last_updated: the newest counts"),
        required(
            "kind",
            "VARCHAR",
            "session: a row of a file; ocpi_credit: a credit CDR, which takes back the CDR of the same "
            "external_session_id: neither is a session",
            values=("session", "ocpi_cdr", "ocpi_credit"),
        ),
        required(
            "external_session_id",
            "VARCHAR",
            "the other system's id of the session; made from place, start and end where it has none; of a CDR "
            "country*party*id, of a credit CDR that of the CDR it takes back",
        ),
        optional("evse_id", "INTEGER", "EVSE number; for OCPP 1.6 the connector's number"),
        optional("connector_id", "INTEGER", "connector number"),
        optional("site_id", "VARCHAR", "site as the other system names it"),
        optional("id_token", "VARCHAR", "token as the other system sent it"),
        required("started_at", "TIMESTAMPTZ", "begin"),
        required("ended_at", "TIMESTAMPTZ", "end"),
        optional("energy_wh", "DECIMAL(18,6)", "energy delivered; NULL where not told", "Wh"),
        optional("charging_seconds", "BIGINT", "time with energy flowing, where told", "s"),
        optional("max_power_w", "DECIMAL(18,3)", "greatest power, where told", "W"),
        required("source", "VARCHAR", "name of the file, and the line or number within it, as `file:line`"),
        required("document", "VARCHAR", "the row or CDR as JSON, as it came"),
    ),
    rows_of="registry.stations",
)

TABLES = (MESSAGES, CONNECTIONS, REJECTED, ACCESS_DECISIONS, SESSION_RECORDS)
