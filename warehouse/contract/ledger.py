"""`billing`, the part that changes row by row: payments and what they pay, direct debits, bank statements, dunning.

Kept in the state database, because a payment counts once: real unique keys hold that (see the migration).
"""

from __future__ import annotations

from warehouse.contract.declared import NOTE
from warehouse.contract.mart import CURRENCY, MONEY
from warehouse.contract.model import Column, Home, Table, optional, required

OPERATOR_ID = required("operator_id", "VARCHAR", "operator whose money it is")
CONTRACT_ID = optional("contract_id", "VARCHAR", "contract, or `adhoc:` and the session without one; NULL: not known")
DOCUMENT_ID = required("document_id", "VARCHAR", "document (`billing.documents`), or a dunning fee")
END_TO_END_ID = required("end_to_end_id", "VARCHAR", "ISO 20022 EndToEndId; comes back on the bank statement")
COLLECTION_ID = required("collection_id", "VARCHAR", "collection it belongs to; also the file's MsgId")

KINDS = ("payment", "refund", "write_off", "topup", "prepaid_use", "chargeback", "set_off")
METHODS = ("card", "sepa_debit", "bank_transfer", "prepaid", "upi", "cash", "none")
SOURCES = ("stripe", "camt053", "pain008", "manual", "kwhouse")
DUNNING_STEPS = ("reminder_1", "reminder_2", "final_notice", "collection")


def _table(
    name: str, grain: str, key: tuple[str, ...], *columns: Column, unique: tuple[tuple[str, ...], ...] = ()
) -> Table:
    return Table("billing", name, grain, key, columns, home=Home.STATE, unique=unique)


def _personal(name: str, meaning: str, *, nullable: bool = True) -> Column:
    return Column(name, "VARCHAR", meaning, nullable=nullable, personal=True)


PAYMENTS = _table(
    "payments",
    "one movement on a contract's account; never changed, only followed by others",
    ("payment_id",),
    required("payment_id", "VARCHAR", "made from source and external_ref"),
    OPERATOR_ID,
    CONTRACT_ID,
    required(
        "kind",
        "VARCHAR",
        "payment and topup bring money, refund and chargeback take it back; write_off gives a claim up; prepaid_use "
        "pays from the prepaid balance; set_off pays an invoice with a credit note or with credit",
        values=KINDS,
    ),
    required("method", "VARCHAR", "way the money took", values=METHODS),
    required("amount", MONEY, "always positive: the kind says the direction", "currency"),
    CURRENCY,
    required("booked_on", "DATE", "day it counts from: the bank's booking date, or the day a person says"),
    required("received_at", "TIMESTAMPTZ", "when kwhouse learned of it"),
    required("source", "VARCHAR", "who says so; pain008: the bank statement, of one of our debits", values=SOURCES),
    required("external_ref", "VARCHAR", "unique in its source: the same movement told again is the same row"),
    optional(
        "reverses",
        "VARCHAR",
        "movement that this one takes back (refund, chargeback), or a payment that brings those back again",
        references="payments.payment_id",
    ),
    optional("bank_entry", "VARCHAR", "statement_id:entry_no of the bank's entry that brought or took the money"),
    NOTE,
    unique=(("source", "external_ref"),),
)

ALLOCATIONS = _table(
    "allocations",
    "what one movement did to one document",
    ("payment_id", "document_id"),
    required("payment_id", "VARCHAR", "movement", references="payments.payment_id"),
    DOCUMENT_ID,
    required(
        "amount",
        MONEY,
        "what the document's open amount falls by; negative where it rises (refund, chargeback, credit note used)",
        "currency",
    ),
)

COLLECTIONS = _table(
    "collections",
    "one SEPA direct debit file (pain.008)",
    ("collection_id",),
    COLLECTION_ID,
    OPERATOR_ID,
    required("collection_date", "DATE", "requested day of collection, a TARGET business day"),
    required("created_at", "TIMESTAMPTZ", "when the file was made"),
    CURRENCY,
    required("transactions", "INTEGER", "number of debits in it", "debits"),
    required("total_amount", MONEY, "control sum", "currency"),
    _personal("file_xml", "the file as it was made", nullable=False),
)

COLLECTION_ITEMS = _table(
    "collection_items",
    "one direct debit of one document; a document stands in one that has not been returned at most",
    ("collection_id", "document_id"),
    required("collection_id", "VARCHAR", "collection", references="collections.collection_id"),
    DOCUMENT_ID,
    required("contract_id", "VARCHAR", "contract that pays"),
    _personal("mandate_id", "reference of the mandate used", nullable=False),
    required("sequence_type", "VARCHAR", "ISO 20022 SequenceType", values=("FRST", "RCUR", "OOFF")),
    required("amount", MONEY, "amount collected", "currency"),
    END_TO_END_ID,
    required(
        "state",
        "VARCHAR",
        "sent: in a file; paid: the bank booked it; returned: it came back, or was never booked",
        values=("sent", "paid", "returned"),
    ),
    optional("return_reason", "VARCHAR", "ISO 20022 return reason code, e.g. AC04"),
    optional("returned_on", "DATE", "day it came back"),
    unique=(("end_to_end_id",),),
)

STATEMENTS = _table(
    "statements",
    "one bank statement that was read (camt.053)",
    ("statement_id",),
    required("statement_id", "VARCHAR", "made from account and the bank's statement id and page"),
    OPERATOR_ID,
    _personal("iban", "account", nullable=False),
    required("bank_statement_id", "VARCHAR", "Stmt/Id with the page, as the bank says"),
    CURRENCY,
    required("opening_balance", MONEY, "booked balance before the first entry", "currency"),
    required("closing_balance", MONEY, "booked balance after the last entry", "currency"),
    required("opened_on", "DATE", "day of the opening balance"),
    required("closed_on", "DATE", "day of the closing balance"),
    required("entries", "INTEGER", "booked entries", "entries"),
    required("content_sha256", "VARCHAR", "SHA-256 over what was read: the same id with other content is refused"),
    required("imported_at", "TIMESTAMPTZ", "when it was read"),
    unique=(("iban", "bank_statement_id"),),
)

STATEMENT_ENTRIES = _table(
    "statement_entries",
    "one transaction of a bank statement, and what became of its money",
    ("statement_id", "entry_no"),
    required("statement_id", "VARCHAR", "statement", references="statements.statement_id"),
    required("entry_no", "INTEGER", "1, 2, … in the statement's order, a batch split into its transactions"),
    required("amount", MONEY, "positive: credited to the account; negative: debited", "currency"),
    CURRENCY,
    required("booked_on", "DATE", "booking date"),
    optional("bank_reference", "VARCHAR", "the bank's own reference"),
    optional("end_to_end_id", "VARCHAR", "ISO 20022 EndToEndId; comes back on the bank statement"),
    optional("batch_reference", "VARCHAR", "PmtInfId or MsgId of our file, where the bank says it"),
    _personal("counterparty", "who paid, or was paid"),
    _personal("counterparty_iban", "their account"),
    _personal("remittance", "what they wrote"),
    optional("return_reason", "VARCHAR", "ISO 20022 return reason code, e.g. AC04"),
    required(
        "state",
        "VARCHAR",
        "booked: all of it stands in payments; work: a person has to look at `work_amount`; closed: a person said "
        "that it concerns no contract",
        values=("booked", "work", "closed"),
    ),
    required("work_amount", MONEY, "what of it is on the work list, signed as amount", "currency"),
    required("reason", "VARCHAR", "how it was matched, or why it was not"),
    _personal("closed_note", "what a person said when closing it"),
    required("suggestions", "JSON", "documents it may be for: a list of {document_id, number, open, why}"),
)

DUNNING_POLICIES = _table(
    "dunning_policies",
    "one step of an operator's dunning",
    ("operator_id", "currency", "step"),
    OPERATOR_ID,
    CURRENCY,
    required("step", "VARCHAR", "step, in the order of the values", values=DUNNING_STEPS),
    required("wait_days", "INTEGER", "days after the due date (first step) or the step before", "days"),
    required("respite_days", "INTEGER", "days given to pay from this step on", "days"),
    required("fee", MONEY, "fee claimed with it; 0: none", "currency"),
)

DUNNING = _table(
    "dunning",
    "one step taken on one overdue invoice",
    ("document_id", "step_no"),
    required("document_id", "VARCHAR", "invoice"),
    required("step_no", "INTEGER", "1, 2, … in the order taken"),
    OPERATOR_ID,
    CONTRACT_ID,
    required("step", "VARCHAR", "what was done", values=(*DUNNING_STEPS, "paused", "resumed")),
    required("taken_on", "DATE", "day it counts from"),
    optional("pay_by", "DATE", "day until which it asks to pay; NULL: asks nothing"),
    required("open_amount", MONEY, "open on the invoice at that moment, without fees", "currency"),
    required("fee", MONEY, "fee claimed with it", "currency"),
    CURRENCY,
    optional("language", "VARCHAR", "language of the letter; NULL: no letter"),
    _personal("subject", "subject of the letter as it was made"),
    _personal("body", "the letter as it was made"),
    NOTE,
)

ACCOUNT_FILES = _table(
    "account_files",
    "one content of the accounts file that an extract posted with: an extract is taken again with the one it had",
    ("content_sha256",),
    required("content_sha256", "VARCHAR", "SHA-256 of the content; extracts' marks begin with its first digits"),
    required("file_yaml", "VARCHAR", "the file as it was"),
    required("first_used_at", "TIMESTAMPTZ", "when an extract first posted with it"),
)

MOVEMENT_POSTINGS = Table(
    "billing",
    "movement_postings",
    "one posting of one movement in double entry; those of a movement sum to 0",
    ("payment_id", "role", "document_id"),
    (
        required("payment_id", "VARCHAR", "movement"),
        required(
            "role",
            "VARCHAR",
            "account by what it is for: clearing_ and the method (money on its way or in the bank), receivables, "
            "prepaid, write_offs, dunning_fees",
        ),
        optional("document_id", "VARCHAR", "document that it pays or opens; NULL: none, as of credit"),
        OPERATOR_ID,
        CONTRACT_ID,
        required("kind", "VARCHAR", "what kind of movement", values=KINDS),
        required("method", "VARCHAR", "way the money took", values=METHODS),
        required("booked_on", "DATE", "day it counts from"),
        CURRENCY,
        required("external_ref", "VARCHAR", "its reference where it comes from"),
        required("debit", MONEY, "amount in debit; negative: in credit", "currency"),
    ),
    home=Home.VIEW,
)

TABLES = (
    ACCOUNT_FILES,
    MOVEMENT_POSTINGS,
    PAYMENTS,
    ALLOCATIONS,
    COLLECTIONS,
    COLLECTION_ITEMS,
    STATEMENTS,
    STATEMENT_ENTRIES,
    DUNNING_POLICIES,
    DUNNING,
)
