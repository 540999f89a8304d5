"""`mart` and `forecast`: figures for pages and extracts. Rates are computed from these base sums, never stored."""

from __future__ import annotations

from warehouse.contract.core import ENERGY
from warehouse.contract.model import Table, optional, required

SITE_ID = required("site_id", "VARCHAR", "site")
LOCAL_DATE = required("local_date", "DATE", "day in the site's time zone")
CURRENCY = required("currency", "VARCHAR", "ISO 4217 code")
MONEY = "DECIMAL(18,4)"

CONNECTOR_HOURS = Table(
    "mart",
    "connector_hours",
    "one connector in one UTC hour in which it was in service or had a session",
    ("station_id", "evse_id", "connector_id", "hour_start"),
    (
        SITE_ID,
        required("station_id", "VARCHAR", "station"),
        required("evse_id", "INTEGER", "EVSE number"),
        required("connector_id", "INTEGER", "connector number"),
        required("hour_start", "TIMESTAMPTZ", "begin of the hour, UTC"),
        required("open_seconds", "BIGINT", "time in service", "s"),
        required("occupied_seconds", "BIGINT", "time within sessions (overlaps counted once)", "s"),
        required("charging_seconds", "BIGINT", "time with energy flowing", "s"),
        optional("offline_seconds", "BIGINT", "time in state offline; NULL where no state is known", "s"),
        optional(
            "faulted_seconds", "BIGINT", "time in state faulted or unavailable; NULL where no state is known", "s"
        ),
        required("energy_wh", ENERGY, "energy delivered, cut at the hour by meter readings", "Wh"),
        required("sessions_started", "BIGINT", "sessions that began in this hour", "sessions"),
    ),
    sort=("hour_start", "station_id"),
)

SITE_DAYS = Table(
    "mart",
    "site_days",
    "one site on one local day",
    ("site_id", "local_date"),
    (
        SITE_ID,
        LOCAL_DATE,
        required("connectors", "BIGINT", "connectors in service at some time of the day", "connectors"),
        required("connectors_used", "BIGINT", "connectors with a session at some time of the day", "connectors"),
        required("open_seconds", "BIGINT", "time in service, summed over connectors", "s"),
        required("occupied_seconds", "BIGINT", "time within sessions, summed over connectors", "s"),
        required("charging_seconds", "BIGINT", "time with energy flowing, summed over connectors", "s"),
        required("rated_wh", ENERGY, "rated power × time in service: what could have been delivered at most", "Wh"),
        required("energy_wh", ENERGY, "energy delivered, cut at local midnight by meter readings", "Wh"),
        required("sessions_started", "BIGINT", "sessions that began on this day", "sessions"),
        required("unique_tokens", "BIGINT", "different tokens of those sessions", "tokens"),
        required("peak_load_w", "DECIMAL(18,3)", "greatest 15-minute mean of the site's power", "W"),
    ),
    sort=("site_id", "local_date"),
)

REVENUE_DAYS = Table(
    "mart",
    "revenue_days",
    "one site, currency and local day of the sessions' starts",
    ("site_id", "local_date", "currency"),
    (
        SITE_ID,
        LOCAL_DATE,
        CURRENCY,
        required("rated_sessions", "BIGINT", "sessions with a CDR", "sessions"),
        required("rated_excl_vat", MONEY, "sum of CDRs before VAT", "currency"),
        required("rated_wh", ENERGY, "energy of those sessions", "Wh"),
        required("billed_sessions", "BIGINT", "sessions on invoices", "sessions"),
        required("billed_excl_vat", MONEY, "sum of invoice lines before VAT", "currency"),
        required("unpriced_sessions", "BIGINT", "ended, billable, without a price; see `ops.faults`", "sessions"),
    ),
    sort=("site_id", "local_date"),
)

DEMAND = Table(
    "forecast",
    "demand",
    "one model's expectation for one site and local day",
    ("site_id", "model", "local_date"),
    (
        SITE_ID,
        required("model", "VARCHAR", "forecasting model", values=("weekday_mean", "seasonal_naive")),
        required("origin_date", "DATE", "last day the model has seen: the newest complete day of data"),
        LOCAL_DATE,
        required("horizon_days", "INTEGER", "days after the origin", "d"),
        required("energy_wh_mean", "DOUBLE", "expected energy", "Wh"),
        required("energy_wh_p2_5", "DOUBLE", "lower end of the 95 % band", "Wh"),
        required("energy_wh_p10", "DOUBLE", "lower end of the 80 % band", "Wh"),
        required("energy_wh_p90", "DOUBLE", "upper end of the 80 % band", "Wh"),
        required("energy_wh_p97_5", "DOUBLE", "upper end of the 95 % band", "Wh"),
    ),
    sort=("site_id", "model", "local_date"),
)

BACKTESTS = Table(
    "forecast",
    "backtests",
    "one forecast day of a past origin beside what came",
    ("site_id", "model", "origin_date", "local_date"),
    (
        SITE_ID,
        required("model", "VARCHAR", "forecasting model", values=("weekday_mean", "seasonal_naive")),
        required("origin_date", "DATE", "last day the model had seen"),
        LOCAL_DATE,
        required("horizon_days", "INTEGER", "days after the origin", "d"),
        required("actual_wh", "DOUBLE", "energy delivered", "Wh"),
        required("energy_wh_mean", "DOUBLE", "expected energy", "Wh"),
        required("energy_wh_p2_5", "DOUBLE", "lower end of the 95 % band", "Wh"),
        required("energy_wh_p10", "DOUBLE", "lower end of the 80 % band", "Wh"),
        required("energy_wh_p90", "DOUBLE", "upper end of the 80 % band", "Wh"),
        required("energy_wh_p97_5", "DOUBLE", "upper end of the 95 % band", "Wh"),
        required("naive_scale_wh", "DOUBLE", "in-sample mean absolute error of last week's value: MASE's unit", "Wh"),
    ),
    sort=("site_id", "model", "origin_date"),
)

TABLES = (CONNECTOR_HOURS, SITE_DAYS, REVENUE_DAYS, DEMAND, BACKTESTS)
