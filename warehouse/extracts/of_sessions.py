"""Extracts of sessions, CDRs and the revenue that they make: what one row is, and what each column means."""

from __future__ import annotations

from warehouse.extracts.columns import PLACE, START, TARIFF
from warehouse.extracts.extract import Extract
from warehouse.people.roles import Permission

SESSIONS = Extract(
    "sessions",
    "one charging session, by the local day of its start",
    {
        "session_id": "key of the session",
        "external_session_id": "its id in the system or file it came from",
        **PLACE,
        "station_id": "station",
        "evse_id": "EVSE number",
        "connector_id": "connector number",
        **START,
        "ended_at": "end of the session, UTC; empty while active",
        "ended_local": "end of the session, in the site's zone",
        "state": "active, completed or inferred_end (no stop came)",
        "energy_kwh": "energy delivered; empty where there is no evidence",
        "energy_source": "which evidence the energy rests on",
        "charging_seconds": "time with energy flowing",
        "idle_seconds": "plugged in without energy flowing",
        "stop_reason": "as the station sent it",
        "grade": "ok, suspect or unbillable",
        "flags": "what is odd about it",
        "origin": "live, replay or import",
    },
    ("energy_kwh", "charging_seconds", "idle_seconds"),
    permission=Permission.READ_REPORTS,
)

CDRS = Extract(
    "cdrs",
    "one priced session (OCPI charge detail record), or a credit CDR and what it took back, by the local day of start",
    {
        "cdr_id": "key of the CDR",
        "kind": "cdr; credit: takes back one that left the house, its amounts below zero",
        "issued_cdr_id": "OCPI CDR.id that it left with; empty: no document bills it yet",
        "credit_reference_id": "of a credit CDR the issued_cdr_id that it takes back",
        "issued_at": "when it left",
        "session_id": "session that it prices",
        "country_code": "operator's OCPI country code",
        "party_id": "operator's OCPI party id",
        **PLACE,
        "station_id": "station",
        "contract_id": "contract that pays; empty: ad hoc",
        **TARIFF,
        **START,
        "ended_at": "end of the session, UTC",
        "ended_local": "end of the session, in the site's zone",
        "energy_kwh": "energy priced; of a credit CDR too above zero, as OCPI has it",
        "net_energy_kwh": "the same, of a credit CDR below zero: its sum is what stands",
        "charging_seconds": "charging time priced",
        "parking_seconds": "parking time priced",
        "currency": "ISO 4217 code",
        "total_excl_vat": "exact sum of its lines, rounded once to four decimals",
        "total_incl_vat": "with VAT; empty where a VAT rate is not known",
        "grade": "grade of the session when it was priced",
        "decision": "release: billed because a person said so; empty: its grade decides",
    },
    ("net_energy_kwh", "total_excl_vat", "total_incl_vat"),
)

CDR_LINES = Extract(
    "cdr_lines",
    "one price component of a CDR, by the local day of the session's start",
    {
        "cdr_id": "CDR that it belongs to",
        "line_no": "1, 2, … in the order ENERGY, TIME, PARKING_TIME, FLAT",
        "session_id": "session priced",
        "site_id": "site",
        "contract_id": "contract that pays; empty: ad hoc",
        **TARIFF,
        **START,
        "dimension": "OCPI dimension",
        "quantity": "billed volume after step_size",
        "quantity_unit": "kWh, h or session",
        "price": "price of one unit before VAT",
        "currency": "ISO 4217 code",
        "amount_excl_vat": "quantity × price, exact",
        "vat_percent": "VAT rate; empty: not known, which is not 0 %",
    },
    ("amount_excl_vat",),
)

_OCPI = {
    "id": "OCPI CDR.id; of a credit CDR followed by -C",
    "credit": "true for a credit CDR, which takes back the one of `credit_reference_id`",
    "cdr_location": "site, EVSE (station*number) and connector, as known when it left",
    "cdr_token": "the contract that pays in place of the token, which is personal; without one the session",
    "tariffs": "tariff in force at the session's start, as declared",
    "charging_periods": "the periods that it was priced by",
    "signed_data": "signed meter values, where they do not name the driver",
    "total_cost": "of a credit CDR below zero; its other costs and its energy are not",
    "total_energy_cost": "and time, parking, fixed cost: sums of its lines, of what there is",
}

CDRS_OCPI = Extract(
    "cdrs_ocpi",
    "one issued CDR or credit CDR as OCPI 2.2.1 has it, by the local day of the session's start",
    _OCPI,
    formats=("json",),
    shape="ocpi_2.2.1",
)

CDRS_OCPI_230 = Extract(
    "cdrs_ocpi_230",
    "one issued CDR or credit CDR as OCPI 2.3.0 has it, by the local day of the session's start",
    _OCPI,
    formats=("json",),
    shape="ocpi_2.3.0",
    source="cdrs_ocpi",
)

RECEIVED_CDRS = Extract(
    "received_cdrs",
    "one CDR of another party, priced as sent and compared, by the local day of its start",
    {
        "received_cdr_id": "OCPI identity: country_code*party_id*id",
        "version_no": "1; more: something else was sent under the same identity",
        "kind": "cdr; credit: takes another one back, its amounts below zero",
        "credit_reference_id": "of a credit CDR the identity that it takes back",
        **PLACE,
        "station_id": "station, as the CDR names the EVSE",
        **START,
        "ended_at": "end of the session, UTC",
        "ended_local": "end of the session, in the site's zone",
        "energy_kwh": "energy as sent",
        "currency": "ISO 4217 code as sent",
        "sent_excl_vat": "total cost as sent, before VAT; empty: not told",
        "sent_incl_vat": "the same with VAT",
        "priced_excl_vat": "what its periods cost by its tariff; empty: not known",
        "priced_incl_vat": "the same with VAT",
        "difference_excl_vat": "sent less priced",
        "difference_incl_vat": "the same with VAT",
        "verdict": "agrees, differs, not_priceable or refused",
        "reason": "why; empty where it agrees",
        "source": "file and place that it came from",
    },
    (
        "sent_excl_vat",
        "sent_incl_vat",
        "priced_excl_vat",
        "priced_incl_vat",
        "difference_excl_vat",
        "difference_incl_vat",
    ),
)

REVENUE_DAYS = Extract(
    "revenue_days",
    "one site, currency and local day of the sessions' starts",
    {
        **PLACE,
        "operator_id": "who runs the site",
        "local_date": "day in the site's zone",
        "currency": "ISO 4217 code",
        "rated_sessions": "sessions with a CDR",
        "rated_kwh": "energy of those sessions",
        "rated_excl_vat": "sum of CDRs before VAT",
        "billed_sessions": "sessions that invoices would bill, as they are now",
        "billed_excl_vat": "sum of those lines before VAT, issued or not; never add it to the rated sum",
        "unpriced_sessions": "ended sessions without a price",
    },
    ("rated_sessions", "rated_kwh", "rated_excl_vat", "billed_sessions", "billed_excl_vat", "unpriced_sessions"),
    permission=Permission.READ_REPORTS,
)

REVENUE_CONNECTORS = Extract(
    "revenue_connectors",
    "one connector and currency, over the local days of the sessions' starts",
    {
        **PLACE,
        "operator_id": "who runs the site",
        "station_id": "station",
        "evse_id": "EVSE number; empty where the session is gone",
        "connector_id": "connector number",
        "currency": "ISO 4217 code",
        "rated_sessions": "sessions with a CDR",
        "rated_kwh": "energy of those sessions",
        "rated_excl_vat": "sum of CDRs before VAT",
        "billed_sessions": "sessions on invoices that stand and on drafts",
        "billed_excl_vat": "sum of their lines before VAT, credit notes taken off; never add it to the rated sum",
    },
    ("rated_sessions", "rated_kwh", "rated_excl_vat", "billed_sessions", "billed_excl_vat"),
    permission=Permission.READ_REPORTS,
)


EXTRACTS = (SESSIONS, CDRS, CDR_LINES, CDRS_OCPI, CDRS_OCPI_230, RECEIVED_CDRS, REVENUE_DAYS, REVENUE_CONNECTORS)
