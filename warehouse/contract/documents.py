"""`billing`, the part that is issued: numbers, documents, their lines, deliveries and periods.

Kept in the state database, because a number may be given once and never be missing, and a document never changes.
"""

from __future__ import annotations

from warehouse.contract.billing import INVOICE_LINE, MONTH
from warehouse.contract.mart import CURRENCY, MONEY
from warehouse.contract.model import Column, Home, Table, optional, required

DOCUMENT_ID = required("document_id", "VARCHAR", "the document's number: series and serial, without gaps")
OPERATOR_ID = required("operator_id", "VARCHAR", "who issues it")
CHANGED_BY = Column("changed_by", "VARCHAR", "account that did it", nullable=False, personal=True)


def _table(
    name: str, grain: str, key: tuple[str, ...], columns: tuple[Column, ...], unique: tuple[tuple[str, ...], ...] = ()
) -> Table:
    return Table("billing", name, grain, key, columns, home=Home.STATE, unique=unique)


NUMBER_SERIES = _table(
    "number_series",
    "one series of document numbers",
    ("series",),
    (
        required("series", "VARCHAR", "what its numbers begin with, e.g. KWH-2026"),
        OPERATOR_ID,
        required("next_serial", "INTEGER", "the next number to give; moved in the transaction that issues a document"),
    ),
)

DOCUMENTS = _table(
    "documents",
    "one issued invoice or credit note; nothing of it ever changes but `status`",
    ("document_id",),
    (
        DOCUMENT_ID,
        required("series", "VARCHAR", "series of its number"),
        required("serial", "INTEGER", "1, 2, … within the series"),
        required("kind", "VARCHAR", "what it is", values=("invoice", "credit_note")),
        required(
            "status",
            "VARCHAR",
            "issued: it stands; credited: a credit note took it back",
            values=("issued", "credited"),
        ),
        OPERATOR_ID,
        required("contract_id", "VARCHAR", "who owes it: a contract, or `adhoc:` and a session without one"),
        required("draft_id", "VARCHAR", "draft that it was made of"),
        MONTH,
        required("booked_month", "DATE", "month that it is booked in: a later one where its own was closed already"),
        CURRENCY,
        required("issue_date", "DATE", "day of issue, in the operator's zone"),
        required("due_date", "DATE", "day by which it is to be paid"),
        required("issued_at", "TIMESTAMPTZ", "instant of issue"),
        Column("issued_by", "VARCHAR", "account that issued it", nullable=False, personal=True),
        optional("corrects", "VARCHAR", "number of the invoice that this credit note takes back; NULL for an invoice"),
        required("sessions", "BIGINT", "sessions on it", "sessions"),
        required("energy_wh", "DECIMAL(18,6)", "energy on it; negative on a credit note", "Wh"),
        required("total_excl_vat", MONEY, "sum of its lines; negative on a credit note", "currency"),
        required("total_vat", MONEY, "per rate on the sum of the lines, half-up, then added", "currency"),
        required("rounding_amount", MONEY, "what the amount due was rounded by (India: to rupees), BT-114", "currency"),
        required(
            "total_incl_vat", MONEY, "amount due: before VAT + VAT + rounding; negative on a credit note", "currency"
        ),
        required("rounding", "VARCHAR", "rounding policy used", values=("half_up_per_line",)),
        required("lines_hash", "VARCHAR", "hash of what its lines say, as the draft's"),
        required("snapshot", "BIGINT", "snapshot of the lake that it was made of"),
        Column("content", "JSON", "the whole document as it was issued", nullable=False, personal=True),
        required("content_sha256", "VARCHAR", "SHA-256 of `content`"),
    ),
    unique=(("series", "serial"),),
)

DOCUMENT_LINES = _table(
    "document_lines",
    "one line of an issued document",
    ("document_id", "line_no"),
    (
        DOCUMENT_ID,
        required("line_no", "INTEGER", "1, 2, …"),
        *INVOICE_LINE,
        optional("tax_category", "VARCHAR", "VAT category (UNCL5305); NULL where it is old: S, at 0 % Z"),
    ),
)

BILLED_DRAFTS = _table(
    "billed_drafts",
    "one draft that an issued document stands for: a draft has at most one, whoever issues at the same time",
    ("draft_id",),
    (
        required("draft_id", "VARCHAR", "draft: contract, month and currency, or session"),
        DOCUMENT_ID,
    ),
)

RECEIPT_BUYERS = _table(
    "receipt_buyers",
    "one session without a contract whose buyer is named on its document; the others' are to somebody without a name",
    ("session_id",),
    (
        required("session_id", "VARCHAR", "session that is billed"),
        required("driver_id", "VARCHAR", "who owes it: name and address are in `registry.drivers`"),
        required("changed_at", "TIMESTAMPTZ", "when the buyer was named"),
        CHANGED_BY,
    ),
)

DELIVERIES = _table(
    "deliveries",
    "one attempt to send a document",
    ("document_id", "sent_at"),
    (
        DOCUMENT_ID,
        required("sent_at", "TIMESTAMPTZ", "when it was tried"),
        required("channel", "VARCHAR", "how", values=("email",)),
        Column("recipient", "VARCHAR", "to whom", nullable=False, personal=True),
        optional("message_id", "VARCHAR", "Message-ID of the mail; NULL where none was made"),
        required("outcome", "VARCHAR", "what the server said", values=("accepted", "refused", "failed")),
        optional("detail", "VARCHAR", "the server's words where it did not accept"),
    ),
)

PERIODS = _table(
    "periods",
    "one month of one operator that has been locked or closed; others are open",
    ("operator_id", "month"),
    (
        required("operator_id", "VARCHAR", "operator"),
        required("month", "DATE", "first day of the month"),
        required(
            "state",
            "VARCHAR",
            "locked: no document of it is issued by the way; closed: its sums are final",
            values=("open", "locked", "closed"),
        ),
        required("changed_at", "TIMESTAMPTZ", "when it came to this state"),
        CHANGED_BY,
        optional("snapshot", "BIGINT", "snapshot of the lake that was closed; NULL until then"),
        optional("control_sums", "JSON", "sums per site at closing; NULL until then"),
    ),
)

TABLES = (NUMBER_SERIES, DOCUMENTS, DOCUMENT_LINES, BILLED_DRAFTS, RECEIPT_BUYERS, DELIVERIES, PERIODS)
