"""`core`: what the frames say, one fact a row, times in UTC, energy in Wh, power in W."""

from __future__ import annotations

from warehouse.contract.model import Home, Table, optional, required
from warehouse.contract.raw import COLLECTOR_ID, CONNECTION_ID, OCPP_VERSION, RECEIVED_AT, SEQ, STATION_ID
from warehouse.contract.stations import BOOTS, STATION_PROFILES, STATION_REPORTS

ENERGY = "DECIMAL(18,6)"

EVSE_ID = optional("evse_id", "INTEGER", "EVSE number; for OCPP 1.6 the connector's number; NULL where not told")
CONNECTOR_ID = optional("connector_id", "INTEGER", "connector number; NULL where the station does not tell it")
TRANSACTION_ID = optional("transaction_id", "VARCHAR", "OCPP transaction id as text; NULL outside transactions")
ID_TOKEN = optional("id_token", "VARCHAR", "pseudonym of the driver's token; NULL where none was sent")
SITE_ID = required("site_id", "VARCHAR", "site of the station; `unregistered` where the registry does not know it")

BREAKS_SCHEMA = optional("breaks_schema", "BOOLEAN", "true: the frame breaks OCPP's schema (raw.messages says how)")

EVENTS = Table(
    "core",
    "transaction_events",
    "one frame that starts, changes or ends a transaction",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        CONNECTION_ID,
        STATION_ID,
        OCPP_VERSION,
        RECEIVED_AT,
        required(
            "event",
            "VARCHAR",
            "answer: 1.6's answer to a start, which holds the transaction id; label: an id from another system",
            values=("started", "answer", "updated", "ended", "label"),
        ),
        required("message_id", "VARCHAR", "id of the call, by which answer and start find each other"),
        TRANSACTION_ID,
        EVSE_ID,
        CONNECTOR_ID,
        ID_TOKEN,
        optional("event_at", "TIMESTAMPTZ", "when it happened, by the station's clock"),
        optional("register_wh", ENERGY, "meterStart or meterStop (1.6)", "Wh"),
        optional("seq_no", "BIGINT", "seqNo (2.x)"),
        optional("charging_state", "VARCHAR", "chargingState (2.x)"),
        optional("stop_reason", "VARCHAR", "reason (1.6), stoppedReason (2.x)"),
        optional("external_session_id", "VARCHAR", "id of the session in the file or system it came from"),
        BREAKS_SCHEMA,
    ),
)

MEASURED_AT = required("measured_at", "TIMESTAMPTZ", "when it was measured, by the station's clock; else received_at")
TOLD_AT = optional("told_at", "TIMESTAMPTZ", "the station's time where it cannot be one and measured_at is the receipt")
LAYOUT_ID = required("layout_id", "BIGINT", "what the samples of a set are, in order: core.reading_layouts says it")
MEASURAND = required("measurand", "VARCHAR", "OCPP measurand, e.g. Energy.Active.Import.Register")
PHASE = optional("phase", "VARCHAR", "OCPP phase; NULL: the whole")
LOCATION = required("location", "VARCHAR", "OCPP location; Outlet where not told")
CONTEXT = required("context", "VARCHAR", "OCPP reading context; Sample.Periodic where not told")
UNIT = optional("unit", "VARCHAR", "canonical unit of the measurand: Wh, W, A, V, Percent …; NULL where unknown")

READINGS = Table(
    "core",
    "readings",
    "one set of samples: what a frame says was measured at one time (core.meter_values tells them one by one)",
    ("collector_id", "seq", "set_no"),
    (
        COLLECTOR_ID,
        SEQ,
        required("set_no", "INTEGER", "number of the set within the frame, from 1"),
        required("first_sample_no", "INTEGER", "number of its first sample within the frame, from 0"),
        STATION_ID,
        EVSE_ID,
        CONNECTOR_ID,
        TRANSACTION_ID,
        MEASURED_AT,
        RECEIVED_AT,
        LAYOUT_ID,
        optional("samples", f"{ENERGY}[]", "the values, in canonical units; NULL among them: no number"),
        TOLD_AT,
        BREAKS_SCHEMA,
    ),
    # As it arrives, which is by time: sorting by station costs more than writing.
)

READING_LAYOUTS = Table(
    "core",
    "reading_layouts",
    "one sample of a layout: stations send the same measurands in the same order all day",
    ("layout_id", "place"),
    (
        LAYOUT_ID,
        required("place", "INTEGER", "place of the sample within the set, from 1"),
        MEASURAND,
        PHASE,
        LOCATION,
        CONTEXT,
        UNIT,
    ),
)

RUN_ID = required("run_id", "BIGINT", "stands for a transaction and the refresh that read its frames")

READING_RUNS = Table(
    "core",
    "reading_runs",
    "what one refresh has read of one transaction, its energy and power summed up for core.sessions",
    ("run_id",),
    (
        RUN_ID,
        STATION_ID,
        required("transaction_id", "VARCHAR", "OCPP transaction id as text"),
        optional("least_evse_id", "INTEGER", "least EVSE number told"),
        optional("greatest_evse_id", "INTEGER", "greatest EVSE number told"),
        optional("power_w", ENERGY, "greatest total of power at the outlet", "W"),
        optional("power_sum_w", "DECIMAL(38,6)", "sum of such totals", "W"),
        required("power_readings", "BIGINT", "how many there are"),
        optional("first_at", "TIMESTAMPTZ", "first reading of the total register at the outlet; NULL: there is none"),
        optional("last_at", "TIMESTAMPTZ", "last reading of it"),
        optional("least_wh", ENERGY, "least register", "Wh"),
        optional("greatest_wh", ENERGY, "greatest register", "Wh"),
        optional("begin_wh", ENERGY, "register that is told as the transaction's begin", "Wh"),
        optional("end_wh", ENERGY, "register that is told as its end", "Wh"),
        required("readings_between", "BIGINT", "readings of it that are of neither begin nor end"),
        required(
            "has_other_registers", "BOOLEAN", "true: energy or power by phases, intervals, elsewhere than at the outlet"
        ),
        required("has_defects", "BOOLEAN", "true: a frame breaks the schema, or a sample has no value"),
        required("first_received_at", "TIMESTAMPTZ", "when its first frame was received"),
        optional("last_received_at", "TIMESTAMPTZ", "when the newest reading of energy or power was received"),
        optional("last_measured_at", "TIMESTAMPTZ", "when it was measured; NULL: there is none"),
    ),
)

READING_QUARTERS = Table(
    "core",
    "reading_quarters",
    "what a run tells of the total register within a quarter-hour, or over the edge of one, from reading to reading",
    ("run_id", "quarter_no"),
    (
        RUN_ID,
        required(
            "quarter_no",
            "BIGINT",
            "the quarter-hour's number since 1970; for a step over an edge the microsecond of its end",
        ),
        optional("from_at", "TIMESTAMPTZ", "when energy began to flow; NULL: none did"),
        optional("to_at", "TIMESTAMPTZ", "until when it flowed"),
        optional("energy_wh", ENERGY, "how much did", "Wh"),
        optional("least_step_wh", ENERGY, "least step of the register: below 0 it fell", "Wh"),
        optional("least_power_w", "DECIMAL(38,3)", "power that the steps need at least, each but for 100 Wh", "W"),
        optional("step_power_w", "DECIMAL(38,3)", "greatest mean power of a step of a minute or more", "W"),
        optional("charging_ms", "BIGINT", "time with energy flowing", "ms"),
        required("readings", "BIGINT", "times at which the register was read"),
    ),
    rows_of="core.reading_runs",
)

METER_VALUES = Table(
    "core",
    "meter_values",
    "one sampled value: a view of core.readings and core.reading_layouts",
    ("collector_id", "seq", "sample_no"),
    (
        COLLECTOR_ID,
        SEQ,
        required("sample_no", "INTEGER", "number of the sample within the frame, from 0"),
        STATION_ID,
        EVSE_ID,
        CONNECTOR_ID,
        TRANSACTION_ID,
        MEASURED_AT,
        RECEIVED_AT,
        MEASURAND,
        PHASE,
        LOCATION,
        CONTEXT,
        optional("value", ENERGY, "in the canonical unit; NULL: what was sent contradicts itself or is no number"),
        UNIT,
        TOLD_AT,
        BREAKS_SCHEMA,
    ),
    home=Home.VIEW,
)

STATUSES = Table(
    "core",
    "statuses",
    "one StatusNotification of a connector",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        STATION_ID,
        required("evse_id", "INTEGER", "EVSE number; for OCPP 1.6 the connector's number"),
        required("connector_id", "INTEGER", "connector number"),
        required("reported_state", "VARCHAR", "the OCPP status in lower case"),
        optional("error_code", "VARCHAR", "errorCode (1.6) where it is not NoError"),
        required("happened_at", "TIMESTAMPTZ", "when, by the station's clock where that can be; else received_at"),
        RECEIVED_AT,
    ),
)

STATES = Table(
    "core",
    "connector_states",
    "one uninterrupted time in one state",
    ("station_id", "evse_id", "connector_id", "from_at"),
    (
        STATION_ID,
        required("evse_id", "INTEGER", "EVSE number; for OCPP 1.6 the connector's number"),
        required("connector_id", "INTEGER", "connector number"),
        required(
            "state",
            "VARCHAR",
            "offline: the station was not connected, whatever it said last; else the OCPP status in lower case",
            values=(
                "available",
                "preparing",
                "charging",
                "suspendedev",
                "suspendedevse",
                "finishing",
                "reserved",
                "unavailable",
                "faulted",
                "occupied",
                "offline",
            ),
        ),
        required("from_at", "TIMESTAMPTZ", "begin"),
        optional("to_at", "TIMESTAMPTZ", "end (exclusive); NULL: it lasts"),
        optional("error_code", "VARCHAR", "errorCode (1.6) where it is not NoError"),
        optional("reported_state", "VARCHAR", "what the station said last: while offline another than `state`"),
        optional(
            "collector_id", "VARCHAR", "collector of the status frame, or of the connection's event, that began it"
        ),
        optional("seq", "BIGINT", "seq of that frame (raw.messages) or event (raw.connections)"),
    ),
    sort=("station_id", "from_at"),
)

SESSIONS = Table(
    "core",
    "sessions",
    "one charging session: from plug-in or start to stop",
    ("session_id",),
    (
        required(
            "session_id",
            "VARCHAR",
            "made from station, transaction and start (without a transaction: connector, start, register): "
            "the same in each run",
        ),
        STATION_ID,
        SITE_ID,
        EVSE_ID,
        CONNECTOR_ID,
        TRANSACTION_ID,
        optional("external_session_id", "VARCHAR", "id of the session in the file or system it came from"),
        ID_TOKEN,
        required("started_at", "TIMESTAMPTZ", "begin"),
        optional("ended_at", "TIMESTAMPTZ", "end; NULL while active"),
        required(
            "state",
            "VARCHAR",
            "active: it goes on; inferred_end: no stop came",
            values=("active", "completed", "inferred_end"),
        ),
        optional("energy_wh", ENERGY, "energy delivered; NULL where there is no evidence, 0 where none flowed", "Wh"),
        optional(
            "energy_source",
            "VARCHAR",
            "which evidence the energy rests on",
            values=("signed", "registers", "periodic_registers", "intervals", "power", "import"),
        ),
        optional("begin_register_wh", ENERGY, "register at the begin", "Wh"),
        optional("end_register_wh", ENERGY, "register at the end, or the last one known", "Wh"),
        optional("charging_seconds", "BIGINT", "time with energy flowing; NULL where there are no readings", "s"),
        optional("idle_seconds", "BIGINT", "plugged in without energy flowing; NULL where not known", "s"),
        optional("max_power_w", "DECIMAL(18,3)", "greatest mean power between, or power of, readings", "W"),
        optional("stop_reason", "VARCHAR", "as the station sent it"),
        optional(
            "unplugged_at", "TIMESTAMPTZ", "when the connector was free again after the end; NULL where not known"
        ),
        optional(
            "clock_offset_seconds",
            "BIGINT",
            "how far the station's clock was ahead; started_at and ended_at are corrected by it; NULL: as told",
            "s",
        ),
        optional("readings", "BIGINT", "times at which a register or power was read; NULL where imported"),
        required(
            "grade",
            "VARCHAR",
            "ok: billed; suspect: billed if the operator says so; unbillable: never",
            values=("ok", "suspect", "unbillable"),
        ),
        required("flags", "VARCHAR[]", "what is odd about it, in alphabetical order"),
        required("origin", "VARCHAR", "how it came in", values=("live", "replay", "import")),
        required("last_received_at", "TIMESTAMPTZ", "when its newest frame was received"),
    ),
    sort=("station_id", "started_at"),
)

ENERGY_STEPS = Table(
    "core",
    "energy_steps",
    "one interval of a session in which energy flowed; the steps of a session sum exactly to its energy",
    ("session_id", "step_no"),
    (
        required("session_id", "VARCHAR", "session"),
        required("step_no", "INTEGER", "1, 2, … by time"),
        STATION_ID,
        SITE_ID,
        EVSE_ID,
        CONNECTOR_ID,
        required("from_at", "TIMESTAMPTZ", "begin: time of the register before"),
        required("to_at", "TIMESTAMPTZ", "end: time of the register after; equal to the begin where no time passed"),
        required("energy_wh", ENERGY, "energy that flowed meanwhile", "Wh"),
        required("measured", "BOOLEAN", "false: no readings, the session's energy laid evenly over its time"),
    ),
    sort=("station_id", "from_at"),
)

SESSION_EVENTS = Table(
    "core",
    "session_events",
    "one event of a session that does not belong to it by station and transaction id alone",
    ("session_id", "collector_id", "seq"),
    (
        required("session_id", "VARCHAR", "session"),
        COLLECTOR_ID,
        SEQ,
        STATION_ID,
        required(
            "role",
            "VARCHAR",
            "repeated, conflicting: kept as evidence, without effect",
            values=("start", "answer", "update", "stop", "repeated", "conflicting", "label"),
        ),
    ),
    sort=("station_id",),
)

REGISTER_GAPS = Table(
    "core",
    "register_gaps",
    "energy that flowed between two sessions on a connector, by its lifetime register: nobody's, and never billed",
    ("session_before", "session_after"),
    (
        required("session_before", "VARCHAR", "session that ended before"),
        required("session_after", "VARCHAR", "session that began after"),
        STATION_ID,
        SITE_ID,
        required("evse_id", "INTEGER", "EVSE number; for OCPP 1.6 the connector's number"),
        required("from_at", "TIMESTAMPTZ", "end of the session before"),
        required("to_at", "TIMESTAMPTZ", "begin of the session after"),
        required("end_register_wh", ENERGY, "register at the end of the session before", "Wh"),
        required("begin_register_wh", ENERGY, "register at the begin of the session after", "Wh"),
        required("energy_wh", ENERGY, "what flowed between", "Wh"),
    ),
    sort=("station_id", "from_at"),
)

TABLES = (
    EVENTS,
    BOOTS,
    STATION_REPORTS,
    READINGS,
    READING_LAYOUTS,
    METER_VALUES,
    READING_RUNS,
    READING_QUARTERS,
    STATUSES,
    STATES,
    SESSIONS,
    SESSION_EVENTS,
    ENERGY_STEPS,
    REGISTER_GAPS,
    STATION_PROFILES,
)
