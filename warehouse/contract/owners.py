"""`billing`, what site owners are paid: statements that were issued, and the files that pay them.

Kept in the state database, as customers' documents are: a number is given once, a statement never changes, and is paid
once.
"""

from __future__ import annotations

from warehouse.contract.billing import MONTH
from warehouse.contract.mart import CURRENCY, MONEY
from warehouse.contract.model import Column, Home, Table, optional, required

_OPERATOR_ID = required("operator_id", "VARCHAR", "operator who pays")
_OWNER_ID = required("owner_id", "VARCHAR", "owner who is paid")
_DOCUMENT_ID = required("document_id", "VARCHAR", "the statement's number: series and serial, without gaps")
_PAYOUT_ID = required("payout_id", "VARCHAR", "payout; also the file's MsgId")


def _table(
    name: str, grain: str, key: tuple[str, ...], *columns: Column, unique: tuple[tuple[str, ...], ...] = ()
) -> Table:
    return Table("billing", name, grain, key, columns, home=Home.STATE, unique=unique)


OWNER_DOCUMENTS = _table(
    "owner_documents",
    "one issued statement of an owner, or the credit note that takes it back; nothing of it changes but `status`",
    ("document_id",),
    _DOCUMENT_ID,
    required("series", "VARCHAR", "series of its number"),
    required("serial", "INTEGER", "1, 2, … within the series"),
    required("kind", "VARCHAR", "what it is", values=("statement", "credit_note")),
    required(
        "form",
        "VARCHAR",
        "self_billed: the owner's invoice, written by the operator; statement: no invoice",
        values=("self_billed", "statement"),
    ),
    required(
        "status", "VARCHAR", "issued: it stands; credited: a credit note took it back", values=("issued", "credited")
    ),
    _OPERATOR_ID,
    _OWNER_ID,
    MONTH,
    CURRENCY,
    required("issue_date", "DATE", "day of issue, in the operator's zone"),
    required("due_date", "DATE", "day by which it is to be paid"),
    required("issued_at", "TIMESTAMPTZ", "instant of issue"),
    required("issued_by", "VARCHAR", "account that issued it"),
    optional("corrects", "VARCHAR", "number of the statement that a credit note takes back; NULL for a statement"),
    required("total_excl_vat", MONEY, "sum of its lines; negative on a credit note", "currency"),
    required("total_vat", MONEY, "per rate on the sum of the lines, half-up, then added", "currency"),
    required("total_incl_vat", MONEY, "what the owner gets; negative on a credit note", "currency"),
    required("lines_hash", "VARCHAR", "hash of what its lines say, as in `billing.owner_dues`"),
    required("snapshot", "BIGINT", "snapshot of the lake that it was made of"),
    Column("content", "JSON", "the whole document as it was issued", nullable=False, personal=True),
    required("content_sha256", "VARCHAR", "SHA-256 of `content`"),
    unique=(("series", "serial"),),
)

OWNER_PAYOUTS = _table(
    "owner_payouts",
    "one file of transfers to owners (pain.001)",
    ("payout_id",),
    _PAYOUT_ID,
    _OPERATOR_ID,
    required("execution_date", "DATE", "requested day of payment, a TARGET business day"),
    required("created_at", "TIMESTAMPTZ", "when the file was made"),
    required("created_by", "VARCHAR", "account that made it"),
    CURRENCY,
    required("transfers", "INTEGER", "number of transfers in it", "transfers"),
    required("total_amount", MONEY, "control sum", "currency"),
    Column("file_xml", "VARCHAR", "the file as it was made", nullable=False, personal=True),
)

OWNER_PAYOUT_ITEMS = _table(
    "owner_payout_items",
    "one statement that a payout pays; it stands in one that has not come back at most",
    ("payout_id", "document_id"),
    required("payout_id", "VARCHAR", "payout", references="owner_payouts.payout_id"),
    required("document_id", "VARCHAR", "statement or credit note", references="owner_documents.document_id"),
    _OWNER_ID,
    required("amount", MONEY, "its part of the owner's one transfer; negative of a credit note", "currency"),
    required("end_to_end_id", "VARCHAR", "EndToEndId of the owner's transfer"),
    required(
        "state",
        "VARCHAR",
        "sent: in a file; returned: the transfer came back, or was never made",
        values=("sent", "returned"),
    ),
    optional("returned_on", "DATE", "day it came back"),
)

OWNER_DUES = Table(
    "billing",
    "owner_dues",
    "what one owner gets from one operator for one month, beside the statement that stands for it",
    ("operator_id", "owner_id", "month", "currency"),
    (
        _OPERATOR_ID,
        _OWNER_ID,
        MONTH,
        CURRENCY,
        required(
            "status",
            "VARCHAR",
            "draft: not stated; changed: the statement says something else; gone: nothing is due any more; issued",
            values=("draft", "changed", "gone", "issued"),
        ),
        required("total_excl_vat", MONEY, "as the data say now", "currency"),
        optional("document_id", "VARCHAR", "statement that stands; NULL: none"),
        optional("lines_hash", "VARCHAR", "hash of what the lines say now; NULL: nothing is due any more"),
    ),
    home=Home.VIEW,
)

TABLES = (OWNER_DOCUMENTS, OWNER_PAYOUTS, OWNER_PAYOUT_ITEMS, OWNER_DUES)
