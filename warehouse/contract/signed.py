"""`core`, continued: what meters have signed, and whether it holds."""

from __future__ import annotations

from warehouse.contract.core import CONNECTOR_ID, ENERGY, EVSE_ID, TRANSACTION_ID
from warehouse.contract.model import Table, optional, required
from warehouse.contract.raw import COLLECTOR_ID, RECEIVED_AT, SEQ, STATION_ID

SIGNED_VERDICT = required(
    "verdict",
    "VARCHAR",
    "valid: the signature holds; invalid: it does not; unreadable: no record that can be read; unverifiable: it cannot "
    "be checked, for want of a key, a curve or a known format",
    values=("valid", "unverifiable", "unreadable", "invalid"),
)
KEY_ID = optional("key_id", "VARCHAR", "stands for the public key, the same however it is written; NULL without one")
METER_SERIAL = optional("meter_serial", "VARCHAR", "serial number of the meter, as the record says")

SIGNED_READINGS = Table(
    "core",
    "signed_readings",
    "one signed value of a frame, with what it claims and whether its signature holds",
    ("collector_id", "seq", "value_no"),
    (
        COLLECTOR_ID,
        SEQ,
        required("value_no", "INTEGER", "number of the signed value within the frame, from 0"),
        STATION_ID,
        EVSE_ID,
        CONNECTOR_ID,
        TRANSACTION_ID,
        RECEIVED_AT,
        optional("measured_at", "TIMESTAMPTZ", "its newest reading, by the meter's clock; NULL where not told"),
        required(
            "format", "VARCHAR", "ocmf: Open Charge Metering Format; other: not read here", values=("ocmf", "other")
        ),
        SIGNED_VERDICT,
        required("reason", "VARCHAR", "why, in words"),
        optional(
            "key_source",
            "VARCHAR",
            "whose public key it was checked with: the registry's; the one in its message; one that another message of "
            "the transaction brought",
            values=("registry", "message", "transaction"),
        ),
        KEY_ID,
        METER_SERIAL,
        optional("pagination", "VARCHAR", "the record's number as sent: T within transactions, F outside, and a count"),
        required(
            "markers", "VARCHAR[]", "of each reading why it was made (TX): B begin, E end …; empty where not told"
        ),
        required("obis_codes", "VARCHAR[]", "of each reading which register (C.D.E); empty where not told"),
        required("registers_wh", f"{ENERGY}[]", "of each reading the register; NULL among them: no energy", "Wh"),
        optional("error_flags", "VARCHAR", "all error flags (EF) of the readings: E energy, t time; NULL: none"),
    ),
    sort=("station_id", "received_at"),
)

SIGNED_SESSIONS = Table(
    "core",
    "signed_sessions",
    "what the signed values of one session say together; sessions without any have no row",
    ("session_id",),
    (
        required("session_id", "VARCHAR", "session"),
        STATION_ID,
        TRANSACTION_ID,
        SIGNED_VERDICT,
        required("reason", "VARCHAR", "everything that speaks against billing by it, in words"),
        optional(
            "energy_wh", ENERGY, "energy from begin to end; NULL where the records do not give one that holds", "Wh"
        ),
        required("billable", "BOOLEAN", "true: its energy may be billed by the signed registers"),
        required("time_billable", "BOOLEAN", "true: prices by time may be billed by the meter's clock, too"),
        optional("begin_register_wh", ENERGY, "register at the begin, as claimed", "Wh"),
        optional("end_register_wh", ENERGY, "register at the end, as claimed", "Wh"),
        optional("obis_code", "VARCHAR", "which register (C.D.E)"),
        optional("is_compensated", "BOOLEAN", "true: the register after what the cable loses"),
        optional("begin_at", "TIMESTAMPTZ", "begin, by the meter's clock"),
        optional("end_at", "TIMESTAMPTZ", "end, by the meter's clock"),
        optional(
            "clock",
            "VARCHAR",
            "state of the meter's clock at the end; relative: the duration is exact, the time of day is not",
            values=("unsynchronised", "informative", "synchronised", "relative"),
        ),
        optional("first_page", "BIGINT", "number of the first record"),
        optional("last_page", "BIGINT", "number of the last record"),
        required("records", "BIGINT", "different records; one that was sent again counts once"),
        METER_SERIAL,
        KEY_ID,
    ),
    sort=("station_id",),
)

TABLES = (SIGNED_READINGS, SIGNED_SESSIONS)
