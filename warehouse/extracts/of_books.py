"""Extracts of documents, money and postings: what one row is, and what each column means."""

from __future__ import annotations

from warehouse.extracts.columns import PLACE, START
from warehouse.extracts.extract import TABLES, Extract

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
        **PLACE,
        "station_id": "station",
        "evse_id": "EVSE number; empty where the session is gone",
        "connector_id": "connector number",
        **START,
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

OWNER_STATEMENTS = Extract(
    "owner_statements",
    "what the owner of one site gets for one month by one agreement, by the first day of the month",
    {
        "owner_contract_id": "agreement with the owner",
        "owner_id": "owner",
        **PLACE,
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
    of_owners=True,
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
    of_owners=True,
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


EXTRACTS = (INVOICES, INVOICE_LINES, OWNER_STATEMENTS, VAT_SUMMARY, JOURNAL, DATEV, OWNER_DOCUMENTS, PAYMENTS)
