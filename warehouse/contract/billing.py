"""`billing`: what sessions cost and who owes it. Amounts are exact decimals; VAT never guessed."""

from __future__ import annotations

from warehouse.contract.core import ENERGY
from warehouse.contract.mart import CURRENCY, MONEY, SITE_ID
from warehouse.contract.model import Home, Table, optional, required

CDR_ID = required("cdr_id", "VARCHAR", "OCPI CDR.id, made of all that it says: what says something else is another CDR")
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

CDR_LINES = Table(
    "billing",
    "cdr_lines",
    "one price component of a CDR, or what the tariff's least or greatest price changes",
    ("cdr_id", "line_no"),
    (
        CDR_ID,
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
    ),
    sort=("cdr_id", "line_no"),
)

ISSUED_CDRS = Table(
    "billing",
    "issued_cdrs",
    "one CDR that left the house, with the first document that bills it, or the credit CDR that takes it back",
    ("issued_cdr_id",),
    (
        required("issued_cdr_id", "VARCHAR", "OCPI CDR.id: `cdr_id`; -2, -3 where it left again; -C: credit"),
        required("kind", "VARCHAR", "credit: takes back the CDR of the same `cdr_id`", values=("cdr", "credit")),
        required("issued_at", "TIMESTAMPTZ", "when it was issued"),
        *CDRS.columns,
    ),
    sort=("site_id", "started_at"),
)

INVOICE_ID = required("invoice_id", "VARCHAR", "draft: contract, month and currency, or session; issued: its number")
MONTH = required("month", "DATE", "first day of the month, by the local start of the sessions")
LINES_HASH = required("lines_hash", "VARCHAR", "hash of what the lines say: tells whether a document still says it")
_TOTALS = (
    required("sessions", "BIGINT", "sessions on it", "sessions"),
    required("energy_wh", ENERGY, "energy on it", "Wh"),
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
    (INVOICE_ID, _CONTRACT_ID, _OPERATOR_ID, MONTH, CURRENCY, *_TOTALS, LINES_HASH),
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

INVOICES = Table(
    "billing",
    "invoices",
    "one invoice or credit note: issued documents, and drafts that no standing document says already",
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
        optional("issue_date", "DATE", "day of issue; NULL for a draft"),
        optional("corrects", "VARCHAR", "number of the invoice that a credit note takes back"),
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
        required("net", MONEY, "sum of the lines before VAT", "currency"),
        required("vat", MONEY, "VAT on the sum per rate, half-up to the currency's minor unit", "currency"),
    ),
    home=Home.VIEW,
)

TABLES = (
    CDRS,
    CDR_LINES,
    ISSUED_CDRS,
    INVOICE_DRAFTS,
    INVOICE_DRAFT_LINES,
    INVOICES,
    INVOICE_LINES,
    OWNER_STATEMENTS,
    DOCUMENT_VAT,
)
