"""`core`: what stations are, by their own words and by what their sessions have taught."""

from __future__ import annotations

from warehouse.contract.model import Table, optional, required
from warehouse.contract.raw import COLLECTOR_ID, CONNECTION_ID, OCPP_VERSION, RECEIVED_AT, SEQ, STATION_ID

BOOTS = Table(
    "core",
    "boots",
    "one BootNotification: what a station says it is",
    ("collector_id", "seq"),
    (
        COLLECTOR_ID,
        SEQ,
        CONNECTION_ID,
        STATION_ID,
        OCPP_VERSION,
        RECEIVED_AT,
        required("vendor", "VARCHAR", "manufacturer; empty where not told"),
        required("model", "VARCHAR", "model; empty where not told"),
        required("firmware", "VARCHAR", "firmware version; empty where not told"),
        optional("serial_number", "VARCHAR", "serial number of the station"),
        optional("boot_reason", "VARCHAR", "reason (2.x)"),
    ),
    sort=("station_id", "received_at"),
)

STATION_REPORTS = Table(
    "core",
    "station_reports",
    "the newest word of a station on one fact about itself, an EVSE or a connector, and the frame that says it",
    ("station_id", "evse_id", "connector_id", "fact"),
    (
        STATION_ID,
        required("evse_id", "INTEGER", "EVSE number; 0: the station as a whole"),
        required("connector_id", "INTEGER", "connector number; 0: the EVSE, or the station as a whole"),
        required(
            "fact",
            "VARCHAR",
            "present: a report lists this EVSE or connector; greatest_power_w and connector_type are those of OCPP 2.x "
            "(EVSE.Power, Connector.ConnectorType), number_of_connectors that of 1.6",
            values=(
                "vendor",
                "model",
                "serial_number",
                "firmware",
                "firmware_status",
                "number_of_connectors",
                "present",
                "greatest_power_w",
                "connector_type",
            ),
        ),
        required("value", "VARCHAR", "as the station says it, without control characters; powers in W"),
        required("action", "VARCHAR", "OCPP action that said it"),
        required("reported_at", "TIMESTAMPTZ", "when the frame was received"),
        COLLECTOR_ID,
        SEQ,
    ),
)

STATION_PROFILES = Table(
    "core",
    "station_profiles",
    "what the sessions of one model and firmware have taught",
    ("vendor", "model", "firmware"),
    (
        required("vendor", "VARCHAR", "manufacturer, as its stations say at boot"),
        required("model", "VARCHAR", "model"),
        required("firmware", "VARCHAR", "firmware version"),
        required("stations", "BIGINT", "stations that booted with it"),
        required("sessions", "BIGINT", "sessions learned from"),
        optional(
            "register_behaviour",
            "VARCHAR",
            "lifetime: goes on over sessions; per_transaction: begins anew with each; at_boot: begins anew at a boot",
            values=("lifetime", "per_transaction", "at_boot", "mixed"),
        ),
        optional("clock_offset_seconds", "BIGINT", "how far its clocks are ahead: the median of its sessions", "s"),
        optional("sampling_seconds", "BIGINT", "time between readings: the median of its sessions", "s"),
        required("unit_mismatches", "BIGINT", "sessions in which kWh seem to be labelled Wh, or the reverse"),
        required("first_seen_at", "TIMESTAMPTZ", "first boot with it"),
        required("last_seen_at", "TIMESTAMPTZ", "newest boot or session"),
    ),
)
