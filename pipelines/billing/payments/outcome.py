"""What an answer of the provider means for our row, and which facts are new in it. No effects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pipelines.billing.payments.events import (
    Authorised,
    Captured,
    Failed,
    LeftOpen,
    PaymentFact,
    Refunded,
    RefundFailed,
    Released,
)
from pipelines.billing.payments.provider import Payment, PaymentState
from pipelines.billing.payments.records import FINAL, PaymentRecord


def seen(record: PaymentRecord, payment: Payment, at: datetime) -> tuple[dict[str, Any], list[PaymentFact]]:
    """The values that `record` takes from `payment`, and the facts to tell. Both empty of news where nothing changed.

    What was held = taken + released once it is settled; what was taken = kept + refunded, always.
    """
    held = max(record.authorised_minor, _held(record, payment))
    released = held - payment.captured.minor if payment.state in (PaymentState.CAPTURED, PaymentState.CANCELLED) else 0
    state = _state(record, payment, held)
    values: dict[str, Any] = {
        "provider_id": payment.provider_id,
        "state": state,
        "authorised_minor": held,
        "captured_minor": payment.captured.minor,
        "released_minor": released,
        "refunded_minor": payment.refunded.minor,
        "last_error": None if payment.declined is None or state == "captured" else f"declined: {payment.declined}",
    }
    if state in FINAL and record.cost_minor is not None:
        values["open_minor"] = max(0, record.cost_minor - payment.captured.minor)
    return values, _facts(record, values, payment, at)


def _held(record: PaymentRecord, payment: Payment) -> int:
    if payment.state is PaymentState.AUTHORISED:
        return payment.amount.minor
    if payment.state is PaymentState.CAPTURED:
        # A hold that was taken before we saw it was held whole; a charge holds nothing beyond what it takes.
        return payment.amount.minor if record.kind == "hold" else payment.captured.minor
    return 0


def _state(record: PaymentRecord, payment: Payment, held: int) -> str:
    match payment.state:
        case PaymentState.CAPTURED:
            return "captured"
        case PaymentState.CANCELLED:
            nothing_owed = record.cost_minor == 0 and record.state != "failed"
            return "released" if held or nothing_owed else "failed"
        case PaymentState.AUTHORISED:
            return "authorised"
        case PaymentState.PROCESSING:
            return "processing"
    return "awaiting_payer"


def _facts(record: PaymentRecord, values: dict[str, Any], payment: Payment, at: datetime) -> list[PaymentFact]:
    def head(word: str, number: int | None = None) -> tuple[str, str, datetime]:
        return f"{record.payment_id}-{word}" + (f"-{number}" if number is not None else ""), record.payment_id, at

    new = {
        name: values[name] - getattr(record, name)
        for name in values
        if name.endswith("_minor") and name != "open_minor"
    }
    facts: list[PaymentFact] = []
    if record.kind == "hold" and new["authorised_minor"]:
        facts.append(Authorised(*head("authorised"), record.money(new["authorised_minor"])))
    if new["captured_minor"] > 0:
        facts.append(Captured(*head("captured", values["captured_minor"]), record.money(new["captured_minor"])))
    if new["released_minor"] > 0:
        facts.append(Released(*head("released"), record.money(new["released_minor"])))
    if new["refunded_minor"]:
        # The revision makes the key of a refund that came back and was made again another one.
        kind = Refunded if new["refunded_minor"] > 0 else RefundFailed
        facts.append(kind(*head("refunded", record.revision), record.money(abs(new["refunded_minor"]))))
    if values["state"] == "failed" != record.state:
        facts.append(Failed(*head("failed"), record.amount, payment.declined or "not confirmed by the payer"))
    if values.get("open_minor") and record.open_minor is None:
        facts.append(LeftOpen(*head("open"), record.money(values["open_minor"]), _why_open(record, values, payment)))
    return facts


def _why_open(record: PaymentRecord, values: dict[str, Any], payment: Payment) -> str:
    if values["state"] == "captured":
        return "it cost more than was held" if (record.cost_minor or 0) > values["authorised_minor"] else "rounding"
    if payment.declined:
        return f"declined: {payment.declined}"
    return "the hold was gone, or too small an amount to take" if values["authorised_minor"] else "never confirmed"
