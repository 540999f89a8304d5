"""Stripe's webhooks: the signature, its age, and what an event is to us.

Source: docs.stripe.com/webhooks ("Verify webhook signatures", "Preventing replay attacks"); names of events:
docs.stripe.com/api/events/types.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from pipelines.billing.payments.errors import WebhookRefused
from pipelines.billing.payments.provider import (
    DisputeChanged,
    MethodStored,
    PaymentChanged,
    ProviderEvent,
    Unconcerned,
)
from pipelines.billing.payments.stripe_amounts import from_stripe

# Stripe's own tolerance: five minutes. Beyond it a recorded request is refused, whatever its signature.
TOLERANCE_SECONDS = 300
# The library checks only for old timestamps. One far ahead would stay good for as long, so it is refused too.
AHEAD_SECONDS = 300


def verified(payload: bytes, signature: str | None, secret: str) -> dict[str, Any]:
    """The event in `payload`. Raises `WebhookRefused` unless it is signed with `secret` a short time ago."""
    try:
        text = payload.decode("utf-8")
        stripe.WebhookSignature.verify_header(text, signature, secret, TOLERANCE_SECONDS)
        # The first `t`, as the library takes it.
        signed_at = next(int(part[2:]) for part in (signature or "").split(",") if part.startswith("t="))
        if signed_at > time.time() + AHEAD_SECONDS:
            raise WebhookRefused("it is signed in the future")
        event = json.loads(text)
    except stripe.SignatureVerificationError as error:
        old = "Timestamp" in (error.user_message or "")
        reason = "its signature is too old" if old else "its signature is missing or not good"
        raise WebhookRefused(reason) from None  # the library's error carries the whole body
    except (ValueError, StopIteration):
        raise WebhookRefused("it cannot be read") from None
    if not isinstance(event, dict) or not isinstance(event.get("id"), str):
        raise WebhookRefused("it is no event")
    return event


def typed(event: Mapping[str, Any]) -> ProviderEvent:
    """What `event` is to us. Raises `WebhookRefused` where an event of a known type lacks what it must have."""
    try:
        return _typed(event)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise WebhookRefused("it lacks what its type must have") from None


def _typed(event: Mapping[str, Any]) -> ProviderEvent:
    kind, thing = str(event["type"]), event["data"]["object"]
    head = (str(event["id"]), kind, datetime.fromtimestamp(int(event["created"]), UTC))
    if kind.startswith("payment_intent."):
        return PaymentChanged(*head, provider_id=thing["id"])
    if kind.startswith("charge.dispute."):
        if not thing.get("payment_intent"):
            return Unconcerned(*head)
        return DisputeChanged(
            *head,
            provider_id=thing["payment_intent"],
            dispute_id=thing["id"],
            amount=from_stripe(thing["amount"], thing["currency"]),
            reason=thing.get("reason") or "not told",
            outcome=_outcome(thing["status"]) if kind == "charge.dispute.closed" else None,
        )
    if kind.startswith(("charge.", "refund.")):
        intent = thing.get("payment_intent")
        return PaymentChanged(*head, provider_id=intent) if intent else Unconcerned(*head)
    if kind == "setup_intent.succeeded":
        return MethodStored(
            *head,
            setup_id=thing["id"],
            customer_id=thing.get("customer"),
            method_id=thing["payment_method"],
            reference=(thing.get("metadata") or {}).get("reference"),
        )
    return Unconcerned(*head)


def _outcome(status: str) -> str:
    # `warning_closed`: an inquiry that never became a dispute; nothing was taken from us.
    return "lost" if status == "lost" else "won"
