"""`billing`: what sessions cost and who owes it. Amounts are exact decimals; VAT never guessed."""

from __future__ import annotations

from warehouse.contract.core import ENERGY
from warehouse.contract.mart import CURRENCY, MONEY, SITE_ID
from warehouse.contract.model import Home, Table, optional, required

CDR_ID = required("cdr_id", "VARCHAR", "OCPI CDR.id, made of who charged when, of energy, times and price")
SESSION_ID = required("session_id", "VARCHAR", "session that it prices")

CDRS = Table(
    "billing",
    "cdrs",
    "one priced session (OCPI charge detail record)",
    ("cdr_id",),
    (
        CDR_ID,
        SESSION_ID,
        required("country_code", "VARCHAR", "operator's OCPI country code"),
        required("party_id", "VARCHAR", "operator's OCPI party id"),
        SITE_ID,
        required("station_id", "VARCHAR", "station"),
        optional("contract_id", "VARCHAR", "contract that pays; NULL: ad hoc"),
        optional("id_token", "VARCHAR", "pseudonym of the token"),
        required("tariff_id", "VARCHAR", "tariff in force at the session's start"),
        required("tariff_version", "INTEGER", "its version"),
        CURRENCY,
        required("started_at", "TIMESTAMPTZ", "begin of the session"),
        required("ended_at", "TIMESTAMPTZ", "end of the session"),
        required("energy_wh", ENERGY, "energy priced", "Wh"),
        required("local_date", "DATE", "day of the begin in the site's time zone: decides month and day of revenue"),
        optional("charging_seconds", "BIGINT", "TIME; NULL where there are no readings and the tariff needs none", "s"),
        optional("parking_seconds", "BIGINT", "PARKING_TIME; NULL as above", "s"),
        optional(
            "total_excl_vat",
            MONEY,
            "the exact sum of its lines, rounded once; NULL where prices include a VAT that is not known",
            "currency",
        ),
        optional("total_incl_vat", MONEY, "with VAT; NULL where a component's VAT is not known", "currency"),
        required(
            "grade",
            "VARCHAR",
            "grade of the session when it was priced; unbillable only where a person released it",
            values=("ok", "suspect", "unbillable"),
        ),
        optional(
            "decision",
            "VARCHAR",
            "release: billed because a person said so, while energy and grade are those decided on; NULL: by grade",
            values=("release",),
        ),
    ),
    sort=("site_id", "started_at"),
)

_LINE = (
    required("line_no", "INTEGER", "1, 2, … in the order of the dimensions"),
    required(
        "dimension",
        "VARCHAR",
        "OCPI TariffDimensionType, reservations apart; MIN_PRICE, MAX_PRICE: the difference that the bound makes",
        values=(
            "ENERGY",
            "TIME",
            "PARKING_TIME",
            "FLAT",
            "RESERVATION_TIME",
            "RESERVATION_FLAT",
            "MIN_PRICE",
            "MAX_PRICE",
        ),
    ),
    required("quantity", "DECIMAL(18,6)", "billed volume after step_size, in `quantity_unit`, to six decimals"),
    required("quantity_unit", "VARCHAR", "unit of quantity and price", values=("kWh", "h", "session")),
    required("price", "DECIMAL(18,6)", "price of one unit; before VAT unless the tariff includes it", "currency"),
    optional("amount_excl_vat", "DECIMAL(28,12)", "volume × price without VAT, to twelve decimals", "currency"),
    optional("amount_incl_vat", "DECIMAL(28,12)", "the same with VAT; NULL where it is not known", "currency"),
    optional("vat_percent", "DECIMAL(7,4)", "VAT of the component; NULL: not known, which is not 0 %", "%"),
    optional("element_no", "INTEGER", "which tariff element gave the price, from 0; NULL for a bound"),
)

CDR_LINES = Table(
    "billing",
    "cdr_lines",
    "one price component of a CDR, or what the tariff's least or greatest price changes",
    ("cdr_id", "line_no"),
    (CDR_ID, *_LINE),
    sort=("cdr_id", "line_no"),
    rows_of="billing.cdrs",
)

_PERIOD = (
    required("period_no", "INTEGER", "1, 2, … in the order of time"),
    required("started_at", "TIMESTAMPTZ", "begin; it ends where the next one begins, the last one with the session"),
    required("energy_wh", ENERGY, "energy that flowed", "Wh"),
    required("charging_seconds", "DECIMAL(18,6)", "time with energy flowing", "s"),
    required("parking_seconds", "DECIMAL(18,6)", "time plugged in without energy flowing", "s"),
    optional("power_w", "DECIMAL(18,6)", "mean power of the measured step that it lies in; NULL: not known", "W"),
)

CDR_PERIODS = Table(
    "billing",
    "cdr_periods",
    "one charging period of a CDR as it was priced: a session is cut wherever its tariff may change",
    ("cdr_id", "period_no"),
    (CDR_ID, *_PERIOD),
    sort=("cdr_id", "period_no"),
    rows_of="billing.cdrs",
)

ISSUED_CDR_ID = required("issued_cdr_id", "VARCHAR", "OCPI CDR.id: `cdr_id`; -2, -3 where it left again; -C: credit")

ISSUED_CDRS = Table(
    "billing",
    "issued_cdrs",
    "one CDR that left the house, with the first document that bills it, or the credit CDR that takes it back",
    ("issued_cdr_id",),
    (
        ISSUED_CDR_ID,
        required("kind", "VARCHAR", "credit: takes back the CDR of the same `cdr_id`", values=("cdr", "credit")),
        optional("credit_reference_id", "VARCHAR", "of a credit CDR the `issued_cdr_id` that it takes back"),
        required("issued_at", "TIMESTAMPTZ", "when it was issued"),
        *CDRS.columns,
        optional("tariff", "JSON", "the tariff's version as declared: row of registry.tariffs"),
        optional("evse_id", "INTEGER", "EVSE number"),
        optional("connector_id", "INTEGER", "connector number"),
        optional("connector_standard", "VARCHAR", "OCPI ConnectorType; this and what follows: as known when it left"),
        optional("connector_format", "VARCHAR", "OCPI ConnectorFormat"),
        optional("power_type", "VARCHAR", "OCPI PowerType"),
        optional("site_name", "VARCHAR", "name of the site"),
        optional("address", "VARCHAR", "its street and number"),
        optional("city", "VARCHAR", "its city"),
        optional("post_code", "VARCHAR", "its post code"),
        optional("site_country_code", "VARCHAR", "its country, ISO 3166-1 alpha-2"),
        optional("latitude", "DOUBLE", "WGS 84", "degree"),
        optional("longitude", "DOUBLE", "WGS 84", "degree"),
        optional("signed_data", "JSON", "OCPI SignedData; NULL: none, or it names the driver"),
    ),
    sort=("site_id", "started_at"),
)

ISSUED_CDR_LINES = Table(
    "billing",
    "issued_cdr_lines",
    "one price component of a CDR that left the house; of a credit CDR see those of the CDR that it takes back",
    ("issued_cdr_id", "line_no"),
    (ISSUED_CDR_ID, *_LINE),
    sort=("issued_cdr_id", "line_no"),
    rows_of="billing.issued_cdrs",
)

ISSUED_CDR_PERIODS = Table(
    "billing",
    "issued_cdr_periods",
    "one charging period of a CDR that left the house; of a credit CDR as above",
    ("issued_cdr_id", "period_no"),
    (ISSUED_CDR_ID, *_PERIOD),
    sort=("issued_cdr_id", "period_no"),
    rows_of="billing.issued_cdrs",
)

RECEIVED_CDRS = Table(
    "billing",
    "received_cdrs",
    "one CDR or credit CDR of another party, priced as sent by the tariff that it carries, and compared",
    ("received_cdr_id", "version_no"),
    (
        required("received_cdr_id", "VARCHAR", "OCPI identity: country_code*party_id*id"),
        required("version_no", "INTEGER", "1; 2, 3 … say something else under the same identity, and are refused"),
        required("kind", "VARCHAR", "credit: takes another CDR back", values=("cdr", "credit")),
        optional("credit_reference_id", "VARCHAR", "of a credit CDR the identity of the CDR that it takes back"),
        required("station_id", "VARCHAR", "station, as the CDR names the EVSE"),
        optional("site_id", "VARCHAR", "site of the registry; NULL: the station is not registered"),
        required("started_at", "TIMESTAMPTZ", "begin"),
        required("ended_at", "TIMESTAMPTZ", "end"),
        required("local_date", "DATE", "day of the begin in the site's time zone; in UTC where that is not known"),
        optional("currency", "VARCHAR", "ISO 4217 code as sent"),
        optional("energy_wh", ENERGY, "energy as sent; of a credit CDR too it is positive", "Wh"),
        optional("sent_excl_vat", MONEY, "total_cost as sent, before VAT; NULL: not told", "currency"),
        optional("sent_incl_vat", MONEY, "the same with VAT; NULL: not told", "currency"),
        optional("priced_excl_vat", MONEY, "what its periods cost by its tariff; NULL: not known", "currency"),
        optional("priced_incl_vat", MONEY, "the same with VAT; NULL: not known", "currency"),
        optional("difference_excl_vat", MONEY, "sent less priced; NULL where one of them is", "currency"),
        optional("difference_incl_vat", MONEY, "the same with VAT", "currency"),
        required(
            "verdict",
            "VARCHAR",
            "agrees: within half of the currency's minor unit; refused: another CDR has this identity",
            values=("agrees", "differs", "not_priceable", "refused"),
        ),
        optional("reason", "VARCHAR", "why it differs, cannot be priced or is refused; NULL where it agrees"),
        required("source", "VARCHAR", "file and place that it came from, as `file:line`"),
    ),
    sort=("site_id", "started_at"),
)

INVOICE_ID = required("invoice_id", "VARCHAR", "draft: contract, month and currency, or session; issued: its number")
MONTH = required("month", "DATE", "first day of the month, by the local start of the sessions")
LINES_HASH = required("lines_hash", "VARCHAR", "hash of what the lines say: tells whether a document still says it")
_TOTALS = (
    required("sessions", "BIGINT", "sessions on it; negative on a credit note", "sessions"),
    required("energy_wh", ENERGY, "energy on it; negative on a credit note", "Wh"),
    required("total_excl_vat", MONEY, "sum of its lines", "currency"),
    optional("total_vat", MONEY, "per rate on the sum of the lines, half-up, then added", "currency"),
    optional("total_incl_vat", MONEY, "amount due; NULL where a VAT rate is not known", "currency"),
    required("rounding", "VARCHAR", "rounding policy used", values=("half_up_per_line",)),
)
_CONTRACT_ID = required("contract_id", "VARCHAR", "who owes it: a contract, or `adhoc:` and a session without one")
_OPERATOR_ID = required("operator_id", "VARCHAR", "who bills it")

LINE_KINDS = ("session", "fee", "included", "rounding")
INVOICE_LINE = (
    required(
        "kind",
        "VARCHAR",
        "session: a CDR at one VAT rate; fee: a plan's monthly fee; included: kWh paid for by the plan (negative)",
        values=LINE_KINDS,
    ),
    optional("cdr_id", "VARCHAR", "CDR that it bills; NULL for what is not a session"),
    optional("session_id", "VARCHAR", "session that it bills; NULL for what is not a session"),
    optional("site_id", "VARCHAR", "site of the session"),
    optional("started_at", "TIMESTAMPTZ", "begin of the session"),
    optional("subscription_id", "VARCHAR", "subscription that the line comes from; NULL for sessions"),
    optional("cost_centre", "VARCHAR", "cost centre of the token (fleets); NULL: none"),
    required("energy_wh", ENERGY, "energy of the session (on its first line only)", "Wh"),
    optional("vat_percent", "DECIMAL(7,4)", "VAT rate of the line; NULL: not known", "%"),
    required("amount_excl_vat", MONEY, "half-up to the currency's minor unit", "currency"),
)

INVOICE_DRAFTS = Table(
    "billing",
    "invoice_drafts",
    "what the invoice of one contract, local month and currency, or the receipt of one ad hoc session, would say now",
    ("invoice_id",),
    (
        INVOICE_ID,
        _CONTRACT_ID,
        _OPERATOR_ID,
        MONTH,
        CURRENCY,
        *_TOTALS,
        LINES_HASH,
        optional("tax_category", "VARCHAR", "where no VAT is charged (UNCL5305): AE, E or O; NULL: it is"),
    ),
    sort=("month", "contract_id"),
)

INVOICE_DRAFT_LINES = Table(
    "billing",
    "invoice_draft_lines",
    "one line of a draft",
    ("invoice_id", "line_no"),
    (INVOICE_ID, required("line_no", "INTEGER", "1, 2, … by start of session"), *INVOICE_LINE),
    sort=("invoice_id", "line_no"),
)

DUE_DOCUMENTS = Table(
    "billing",
    "due_documents",
    "one draft that does not say what stands: what issuing would do now",
    ("draft_id",),
    (
        required("draft_id", "VARCHAR", "draft: contract, month and currency, or session"),
        required(
            "due",
            "VARCHAR",
            "new: an invoice; changed: a credit note for what stands, and an invoice; gone: the credit note alone",
            values=("new", "changed", "gone"),
        ),
        optional("standing", "VARCHAR", "number of the document that stands for it until then; NULL: none"),
        _CONTRACT_ID,
        _OPERATOR_ID,
        MONTH,
        CURRENCY,
        *_TOTALS,
        LINES_HASH,
    ),
    home=Home.VIEW,
)

INVOICES = Table(
    "billing",
    "invoices",
    "one invoice or credit note: issued documents, and drafts of what no document stands for yet; sums count once",
    ("invoice_id",),
    (
        INVOICE_ID,
        required("kind", "VARCHAR", "what it is", values=("invoice", "credit_note")),
        _CONTRACT_ID,
        _OPERATOR_ID,
        MONTH,
        CURRENCY,
        required(
            "status",
            "VARCHAR",
            "draft follows its sessions; issued stands; credited: a credit note took it back",
            values=("draft", "issued", "credited"),
        ),
        optional(
            "due",
            "VARCHAR",
            "what issuing would do now (`billing.due_documents`): new is a draft; changed and gone take an issued "
            "invoice back; NULL: nothing",
            values=("new", "changed", "gone"),
        ),
        optional("booked_month", "DATE", "month that it is booked in; NULL for a draft"),
        optional("issue_date", "DATE", "day of issue; NULL for a draft"),
        optional("due_date", "DATE", "day by which it is to be paid; NULL for a draft"),
        optional("corrects", "VARCHAR", "number of the invoice that a credit note takes back"),
        optional("rounding_amount", MONEY, "what the amount due was rounded by; NULL for a draft", "currency"),
        *_TOTALS,
        LINES_HASH,
    ),
    home=Home.VIEW,
)

INVOICE_LINES = Table(
    "billing",
    "invoice_lines",
    "one line of an invoice or credit note, issued or draft; of a credit note the amount is negative",
    ("invoice_id", "line_no"),
    (INVOICE_ID, required("line_no", "INTEGER", "1, 2, … by start of session"), *INVOICE_LINE),
    home=Home.VIEW,
)

OWNER_STATEMENTS = Table(
    "billing",
    "owner_statements",
    "what the owner of one site gets for one local month, by one agreement",
    ("owner_contract_id", "month"),
    (
        required("owner_contract_id", "VARCHAR", "agreement with the owner"),
        required("owner_id", "VARCHAR", "owner of the site"),
        SITE_ID,
        required("month", "DATE", "first day of the month, in the site's zone"),
        CURRENCY,
        required("revenue_excl_vat", MONEY, "session lines of drafts, on the agreement's days, before VAT", "currency"),
        required("share_percent", "DECIMAL(7,4)", "owner's share of the revenue", "%"),
        required("share", MONEY, "half-up to the currency's minor unit", "currency"),
        required("rent", MONEY, "by days in force over days of the month, half-up", "currency"),
        optional(
            "rent_per_month", "DECIMAL(18,6)", "rent of a whole month; NULL: stated before it was kept", "currency"
        ),
        optional("rent_days", "INTEGER", "days in force; NULL: as above", "d"),
        optional("days_of_month", "INTEGER", "days of the month; NULL: as above", "d"),
        required("total_excl_vat", MONEY, "share and rent", "currency"),
        optional("vat_percent", "DECIMAL(7,4)", "VAT that the owner charges; NULL: none", "%"),
        required("vat", MONEY, "on the total, half-up; 0 where the owner charges none", "currency"),
        required("total_incl_vat", MONEY, "what the owner gets", "currency"),
        required("sessions", "BIGINT", "sessions that the revenue comes from", "sessions"),
        required("energy_wh", ENERGY, "their energy", "Wh"),
    ),
    sort=("month", "site_id"),
)

DOCUMENT_VAT = Table(
    "billing",
    "document_vat",
    "one VAT rate of an issued document in one country; of a credit note the amounts are negative",
    ("document_id", "country_code", "vat_percent"),
    (
        required("document_id", "VARCHAR", "the document's number"),
        required("country_code", "VARCHAR", "country of the sites; of what has no site, the operator's"),
        required("vat_percent", "DECIMAL(7,4)", "VAT rate", "%"),
        required("tax_category", "VARCHAR", "VAT category (UNCL5305): S, Z, E, AE or O"),
        required("net", MONEY, "sum of the lines before VAT", "currency"),
        required("vat", MONEY, "VAT on the sum per rate, half-up to the currency's minor unit", "currency"),
    ),
    home=Home.VIEW,
)

TABLES = (
    CDRS,
    CDR_LINES,
    CDR_PERIODS,
    ISSUED_CDRS,
    ISSUED_CDR_LINES,
    ISSUED_CDR_PERIODS,
    RECEIVED_CDRS,
    INVOICE_DRAFTS,
    INVOICE_DRAFT_LINES,
    DUE_DOCUMENTS,
    INVOICES,
    INVOICE_LINES,
    OWNER_STATEMENTS,
    DOCUMENT_VAT,
)
