"""`billing`: payments through a payment provider, as they stand there. Kept in the state database.

What a payment means for what is owed stands in the ledger; these rows say what was asked of the provider, written
before each call and after it. Amounts are whole minor units of the currency (ISO 4217).
"""

from __future__ import annotations

from warehouse.contract.model import Column, Home, Table, optional, required

MINOR = "minor unit"


def _table(
    name: str, grain: str, key: tuple[str, ...], *columns: Column, unique: tuple[tuple[str, ...], ...] = ()
) -> Table:
    return Table("billing", name, grain, key, columns, home=Home.STATE, unique=unique)


PROVIDER_PAYMENTS = _table(
    "provider_payments",
    "one payment asked of a payment provider (Stripe: one PaymentIntent)",
    ("payment_id",),
    required("payment_id", "VARCHAR", "own key, made from the idempotency key"),
    required(
        "provider", "VARCHAR", "who takes the payment, e.g. stripe; none: the page offers UPI and a bank transfer"
    ),
    optional("provider_id", "VARCHAR", "the provider's key; NULL until it has answered (nothing moves before)"),
    required("idempotency_key", "VARCHAR", "made from what is paid and the attempt's number; unique"),
    required("kind", "VARCHAR", "hold: held, taken later; charge: taken at once", values=("hold", "charge")),
    required("purpose", "VARCHAR", "what is paid", values=("session", "invoice", "topup")),
    optional("session_id", "VARCHAR", "session that is paid; NULL: another purpose, or not known yet"),
    optional("document_id", "VARCHAR", "document or top-up that is paid; NULL: a session, or what is to become one"),
    optional("operator_id", "VARCHAR", "operator whose session is paid; NULL: the document's, or not told"),
    Column("payer_email", "VARCHAR", "where the payer wants the session's receipt; NULL: nowhere", personal=True),
    Column("customer_id", "VARCHAR", "the provider's key of the payer; NULL: not known by name", personal=True),
    Column("method_id", "VARCHAR", "the provider's key of a stored method; NULL: the payer brings one", personal=True),
    Column(
        "pay_token",
        "VARCHAR",
        "what the payment page's address ends with; unguessable, unique",
        nullable=False,
        secret=True,
    ),
    required("currency", "VARCHAR", "ISO 4217 code"),
    required("amount_minor", "BIGINT", "asked for", MINOR),
    required("authorised_minor", "BIGINT", "was held by the payer's bank, or taken at once", MINOR),
    required("captured_minor", "BIGINT", "was taken", MINOR),
    required("released_minor", "BIGINT", "was held and is free again", MINOR),
    required("refunded_minor", "BIGINT", "of what was taken, given back or on its way", MINOR),
    optional("cost_minor", "BIGINT", "what the session cost in the end; NULL: goes on, or no session", MINOR),
    optional("open_minor", "BIGINT", "of the cost, could not be taken; NULL: not settled yet", MINOR),
    required(
        "state",
        "VARCHAR",
        "where it stands; captured, released and failed are final",
        values=("opening", "awaiting_payer", "processing", "authorised", "captured", "released", "failed"),
    ),
    required("revision", "BIGINT", "counts the changes of this row"),
    required("created_at", "TIMESTAMPTZ", "asked for by us"),
    required("updated_at", "TIMESTAMPTZ", "last change"),
    optional("last_error", "VARCHAR", "why the last step failed; NULL: it did not"),
    unique=(("idempotency_key",), ("pay_token",), ("provider", "provider_id")),
)

PROVIDER_REFUNDS = _table(
    "provider_refunds",
    "one refund asked of a payment provider",
    ("refund_id",),
    required("refund_id", "VARCHAR", "own key, made from the idempotency key"),
    required("payment_id", "VARCHAR", "payment that it gives back", references="provider_payments.payment_id"),
    optional("provider_id", "VARCHAR", "the provider's key; NULL until it has answered"),
    required("idempotency_key", "VARCHAR", "made from the payment's key and the refund's number; unique"),
    required("currency", "VARCHAR", "ISO 4217 code"),
    required("amount_minor", "BIGINT", "to give back", MINOR),
    # Free text, in which people name people.
    Column("reason", "VARCHAR", "why, in words for people", nullable=False, personal=True),
    required("state", "VARCHAR", "where it stands", values=("asked", "under_way", "done", "failed")),
    required("created_at", "TIMESTAMPTZ", "asked for by us"),
    required("updated_at", "TIMESTAMPTZ", "last change"),
    optional("last_error", "VARCHAR", "why the last step failed; NULL: it did not"),
    unique=(("idempotency_key",),),
)

PROVIDER_EVENTS = _table(
    "provider_events",
    "one event that a payment provider told by itself; the same one again changes nothing",
    ("provider", "event_id"),
    required("provider", "VARCHAR", "who told it"),
    required("event_id", "VARCHAR", "the provider's key of the event"),
    required("type", "VARCHAR", "the provider's word for what happened"),
    optional("object_id", "VARCHAR", "the provider's key of what it happened to"),
    required("received_at", "TIMESTAMPTZ", "first received"),
    optional("processed_at", "TIMESTAMPTZ", "taken in; NULL: received, its effect is still to come"),
    optional("effect", "VARCHAR", "what it changed here; NULL: not processed yet"),
)

PAYMENT_METHODS = _table(
    "payment_methods",
    "one stored method that may be charged without the payer: the newest of a contract or driver",
    ("provider", "reference"),
    required("provider", "VARCHAR", "who keeps it"),
    required("reference", "VARCHAR", "contract or driver whose method it is"),
    Column("customer_id", "VARCHAR", "the provider's key of the payer; NULL: not known by name", personal=True),
    Column("method_id", "VARCHAR", "the provider's key of the method", nullable=False, personal=True),
    required("stored_at", "TIMESTAMPTZ", "when the payer stored it"),
)

WHY_UNBOOKED = required("reason", "VARCHAR", "why the ledger cannot take it")

UNBOOKED_FACTS = _table(
    "unbooked_facts",
    "one fact about money that the ledger could not take yet; it goes when the ledger takes it",
    ("fact_key",),
    required("fact_key", "VARCHAR", "the fact's own key; the movement will have it as `external_ref`"),
    required("payment_id", "VARCHAR", "payment that it is about", references="provider_payments.payment_id"),
    required(
        "fact",
        "VARCHAR",
        "what the provider did",
        values=("captured", "refunded", "refund_failed", "disputed", "dispute_won"),
    ),
    required("currency", "VARCHAR", "ISO 4217 code"),
    required("amount_minor", "BIGINT", "how much of it", MINOR),
    required("happened_at", "TIMESTAMPTZ", "when it happened, or was first seen"),
    optional("dispute_id", "VARCHAR", "the provider's key of the dispute; NULL: none"),
    WHY_UNBOOKED,
)

TABLES = (PROVIDER_PAYMENTS, PROVIDER_REFUNDS, PROVIDER_EVENTS, PAYMENT_METHODS, UNBOOKED_FACTS)
