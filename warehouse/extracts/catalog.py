"""Which extracts there are, what one row is, and what each column means.

Types and order come from the SQL; a test holds that both name the same columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

Format = Literal["csv", "xlsx", "parquet", "json", "xml"]
FORMATS: tuple[Format, ...] = get_args(Format)
TABLES: tuple[Format, ...] = ("csv", "xlsx", "parquet", "json")

FOLDER = Path(__file__).parent / "sql"

_PLACE = {
    "site_id": "site",
    "site_name": "name of the site; empty where the registry does not know it",
}
_START = {
    "local_date": "day of the session's start, in the site's zone",
    "started_at": "begin of the session, UTC",
    "started_local": "begin of the session, in the site's zone",
}
_TARIFF = {"tariff_id": "tariff in force at the session's start", "tariff_version": "its version"}


@dataclass(frozen=True)
class Extract:
    """One extract. `sums`: columns whose sum over rows of one currency (if it has one) means something.

    `formats`: what it can be written as. `shape`: the format of others that it is written in, else its columns as they
    are. `source`: the SQL file, where it is not its name. `balanced`: `sql/journal_check.sql` finds nothing, or it is
    not written.
    """

    name: str
    about: str
    columns: dict[str, str]
    sums: tuple[str, ...] = ()
    formats: tuple[Format, ...] = TABLES
    shape: Literal["table", "datev", "ocpi_2.2.1", "ocpi_2.3.0"] = "table"
    source: str | None = None
    balanced: bool = False

    @cached_property
    def sql(self) -> str:
        """Its SELECT, with $date_from (included), $date_to (not included), and $sites or $operator (NULL: all)."""
        return (FOLDER / f"{self.source or self.name}.sql").read_text(encoding="utf-8")

    @cached_property
    def check(self) -> str | None:
        """A SELECT of a transaction whose debit and credit differ, and both sums."""
        return (FOLDER / "journal_check.sql").read_text(encoding="utf-8") if self.balanced else None

    @property
    def by_site(self) -> bool:
        """Whether it can be narrowed to sites."""
        return "$sites" in self.sql

    @property
    def by_operator(self) -> bool:
        """Whether it can be narrowed to an operator."""
        return "$operator" in self.sql


SESSIONS = Extract(
    "sessions",
    "one charging session, by the local day of its start",
    {
        "session_id": "key of the session",
        "external_session_id": "its id in the system or file it came from",
        **_PLACE,
        "station_id": "station",
        "evse_id": "EVSE number",
        "connector_id": "connector number",
        **_START,
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
        **_PLACE,
        "station_id": "station",
        "contract_id": "contract that pays; empty: ad hoc",
        **_TARIFF,
        **_START,
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
        **_TARIFF,
        **_START,
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

INVOICES = Extract(
    "invoices",
    "one contract in one month, by the first day of the month; with sites given, whole invoices that touch them",
    {
        "invoice_id": "number of the document; of a draft its key",
        "kind": "invoice or credit_note, whose figures are negative: all rows sum to what stands",
        "status": "draft follows its sessions; issued stands; credited: a credit note took it back",
        "due": "new: to be issued; changed, gone: a credit note for it is due; empty: nothing is due",
        "corrects": "invoice that a credit note takes back",
        "contract_id": "who owes it; `adhoc:` and a session: no contract",
        "operator_id": "who bills it",
        "month": "first day of the month of its sessions",
        "booked_month": "first day of the month that it is booked in; empty for a draft",
        "issue_date": "day of issue; empty for a draft",
        "due_date": "day by which it is to be paid; empty for a draft",
        "sessions": "sessions on it",
        "energy_kwh": "energy on it",
        "currency": "ISO 4217 code",
        "total_excl_vat": "sum of its lines",
        "total_vat": "per rate on the sum of the lines, then added; empty where a rate is not known",
        "rounding_amount": "what the amount due was rounded by (India: to rupees); empty for a draft",
        "total_incl_vat": "amount due; empty where a VAT rate is not known",
        "open": "not yet paid, set off or written off; empty for a draft",
    },
    ("sessions", "energy_kwh", "total_excl_vat", "total_vat", "rounding_amount", "total_incl_vat", "open"),
)

INVOICE_LINES = Extract(
    "invoice_lines",
    "one line of an invoice, by the local day of the session's start; fees by the first day of their month",
    {
        "invoice_id": "document or draft that it stands on",
        "line_no": "1, 2, … by start of session",
        "document_kind": "invoice or credit_note, whose figures are negative",
        "status": "draft, issued or credited",
        "issue_date": "day of issue; empty for a draft",
        "operator_id": "who bills it",
        "contract_id": "who owes it; `adhoc:` and a session: no contract",
        "month": "first day of the invoice's month",
        "kind": "session, fee (of a plan) or included (energy that a plan pays for, negative)",
        "cdr_id": "CDR billed; empty for what is not a session",
        "session_id": "session billed; empty as above",
        **_PLACE,
        "station_id": "station",
        "evse_id": "EVSE number; empty where the session is gone",
        "connector_id": "connector number",
        **_START,
        "energy_kwh": "energy of the session, on its first line only",
        "currency": "ISO 4217 code",
        "amount_excl_vat": "half-up to the currency's minor unit",
        "tax_category": "VAT category (UNCL5305) that the document says: S, Z, E, AE or O; empty for a draft",
        "vat_percent": "VAT rate; empty: not known, which is not 0 %",
        "subscription_id": "subscription that the line comes from; empty for sessions",
        "cost_centre": "cost centre of the token; empty: none",
    },
    ("energy_kwh", "amount_excl_vat"),
)

REVENUE_DAYS = Extract(
    "revenue_days",
    "one site, currency and local day of the sessions' starts",
    {
        **_PLACE,
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
)

OWNER_STATEMENTS = Extract(
    "owner_statements",
    "what the owner of one site gets for one month by one agreement, by the first day of the month",
    {
        "owner_contract_id": "agreement with the owner",
        "owner_id": "owner",
        **_PLACE,
        "month": "first day of the month, in the site's zone",
        "sessions": "sessions billed",
        "energy_kwh": "their energy",
        "currency": "ISO 4217 code",
        "revenue_excl_vat": "session lines of invoices before VAT, on the agreement's days",
        "share_percent": "owner's share of it",
        "share": "half-up to the currency's minor unit",
        "rent": "by days in force over days of the month",
        "total_excl_vat": "share and rent",
        "vat_percent": "VAT that the owner charges; empty: none",
        "vat": "on the total",
        "total_incl_vat": "what the owner gets",
    },
    ("sessions", "energy_kwh", "revenue_excl_vat", "share", "rent", "total_excl_vat", "vat", "total_incl_vat"),
)

REVENUE_CONNECTORS = Extract(
    "revenue_connectors",
    "one connector and currency, over the local days of the sessions' starts",
    {
        **_PLACE,
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
)

VAT_SUMMARY = Extract(
    "vat_summary",
    "one operator, booked month, country, VAT category and rate, and currency of issued documents",
    {
        "operator_id": "who issued them",
        "booked_month": "first day of the month that they are booked in",
        "country_code": "country of the sites; of what has no site, the operator's",
        "tax_category": "VAT category (UNCL5305): S, Z, E, AE (reverse charge) or O",
        "vat_percent": "VAT rate",
        "currency": "ISO 4217 code",
        "invoices": "invoices with that rate",
        "credit_notes": "credit notes with that rate",
        "net": "sum of the lines before VAT, credit notes taken off",
        "vat": "VAT, per document and rate half-up on the sum of the lines",
        "gross": "both",
    },
    ("net", "vat", "gross"),
)

JOURNAL = Extract(
    "journal",
    "one posting of an issued document, by the month that it is booked in, or of a movement of money, by its day; "
    "debit and credit of each are equal",
    {
        "transaction_id": "the document's number, or the movement's key",
        "line_no": "1, 2, … receivables, revenue, VAT, rounding; of movements where the money is, then what it pays",
        "operator_id": "whose books",
        "booked_month": "first day of the month that it is booked in",
        "posting_date": "day of issue; of movements the day they count from",
        "account": "account, as the accounts file says; without one, its role",
        "account_role": "receivables, revenue, vat, rounding, clearing_ and method, prepaid, write_offs, dunning_fees",
        "country_code": "country of the revenue; else empty",
        "vat_percent": "VAT rate of revenue and VAT; else empty",
        "currency": "ISO 4217 code",
        "debit": "amount in debit, else 0",
        "credit": "amount in credit, else 0",
        "document": "the document's number; of movements the document that the line pays or opens",
        "document_kind": "invoice or credit_note; of movements their kind, as in `payments`",
        "contract_id": "who owes it, paid or was paid; `adhoc:` and a session: no contract",
    },
    ("debit", "credit"),
    formats=(*TABLES, "xml"),
    balanced=True,
)

DATEV = Extract(
    "datev",
    "one posting of receivables against revenue, or of money against what it pays, as DATEV's Buchungsstapel "
    "(EXTF 700, format version 13) takes it",
    {
        "Umsatz": "gross amount of a document at one VAT rate, or of a movement on one document; above zero",
        "Soll/Haben-Kennzeichen": "side of `Konto`: S for invoices, H for credit notes and payments",
        "WKZ Umsatz": "ISO 4217 code",
        "Konto": "receivables; prepaid balance or dunning fees where money is for them",
        "Gegenkonto": "revenue account of the rate and country; of movements where the money is, or write-offs",
        "BU-Schlüssel": "tax key; empty for accounts that know their tax, and for movements",
        "Belegdatum": "day of issue, the booked month's last day where it lies outside; of movements their day",
        "Belegfeld 1": "the document's number; of money for no document its reference",
        "Buchungstext": "what it is, and the contract",
        "Fälligkeit": "due date",
    },
    formats=("csv",),
    shape="datev",
    balanced=True,
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

OWNER_DOCUMENTS = Extract(
    "owner_documents",
    "one statement issued to a site owner, or credit note for one, by the first day of its month",
    {
        "document_id": "its number",
        "kind": "statement or credit_note",
        "form": "self_billed: the owner's invoice, written by the operator; statement: no invoice",
        "status": "issued: it stands; credited: a credit note took it back",
        "operator_id": "operator who pays",
        "owner_id": "owner who is paid",
        "month": "first day of the month",
        "issue_date": "day of issue",
        "due_date": "day by which it is to be paid",
        "corrects": "number of the statement that a credit note takes back",
        "currency": "ISO 4217 code",
        "total_excl_vat": "sum of its lines; negative on a credit note",
        "total_vat": "per rate on the sum of the lines, half-up, then added",
        "total_incl_vat": "what the owner gets",
    },
    ("total_excl_vat", "total_vat", "total_incl_vat"),
)

RECEIVED_CDRS = Extract(
    "received_cdrs",
    "one CDR of another party, priced as sent and compared, by the local day of its start",
    {
        "received_cdr_id": "OCPI identity: country_code*party_id*id",
        "version_no": "1; more: something else was sent under the same identity",
        "kind": "cdr; credit: takes another one back, its amounts below zero",
        "credit_reference_id": "of a credit CDR the identity that it takes back",
        **_PLACE,
        "station_id": "station, as the CDR names the EVSE",
        **_START,
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

PAYMENTS = Extract(
    "payments",
    "one movement on a contract's account, by the day it is booked on; none with sites given",
    {
        "payment_id": "key of the movement",
        "booked_on": "day that it counts from",
        "operator_id": "whose account",
        "contract_id": "who paid or was paid; `adhoc:` and a session: no contract",
        "kind": "payment, refund, write_off, topup, prepaid_use, chargeback or set_off",
        "method": "way the money took",
        "currency": "ISO 4217 code",
        "amount": "always positive",
        "money_in": "money that came (below zero: went); 0 for what moves none",
        "allocated": "of it on documents",
        "documents": "those documents",
        "source": "who says so",
        "external_ref": "its reference there",
        "reverses": "movement that this one takes back",
    },
    ("money_in", "allocated"),
)

EXTRACTS: dict[str, Extract] = {
    extract.name: extract
    for extract in (
        SESSIONS,
        CDRS,
        CDR_LINES,
        INVOICES,
        INVOICE_LINES,
        REVENUE_DAYS,
        REVENUE_CONNECTORS,
        VAT_SUMMARY,
        JOURNAL,
        DATEV,
        CDRS_OCPI,
        CDRS_OCPI_230,
        RECEIVED_CDRS,
        OWNER_STATEMENTS,
        OWNER_DOCUMENTS,
        PAYMENTS,
    )
}
