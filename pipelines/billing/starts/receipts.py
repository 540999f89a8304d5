"""Receipts of charges that were begun on a phone: issued once the card is charged, and mailed where the payer wants it.

Who stands at the station waits for the receipt; everything else is issued when a person says so (decision 0025).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.billing.issuing.drafts import Wanted
from pipelines.billing.issuing.issue import issue
from pipelines.billing.issuing.sending import send_documents
from pipelines.billing.ledger.ad_hoc import PREFIX, account_of_session
from warehouse.settings import Settings
from warehouse.state import table
from warehouse.store import open_lake

BY = "phone page"


@dataclass(frozen=True, slots=True)
class Receipts:
    """Numbers of receipts issued now, and why others were not, or were not mailed, by draft or number."""

    issued: tuple[str, ...]
    problems: dict[str, str]


def issue_due(settings: Settings, engine: sa.Engine, clock: Callable[[], datetime]) -> Receipts:
    """Issue the receipts that are due, and mail them: after holds were finished. Without any it opens no lake."""
    sessions = _without_receipt(engine)
    if not sessions:
        return Receipts((), {})
    wanted = Wanted(draft_ids=tuple(account_of_session(session_id) for session_id in sessions))
    with open_lake(settings) as lake:
        report = issue(lake, engine, wanted, clock=clock, by=BY)
    problems = {refused.draft_id: refused.reason for refused in report.refused}
    numbers = [issued.document_id for issued in report.issued]
    if settings.mail_host is not None:
        sent = send_documents(engine, settings, _wanted_by_mail(engine, numbers), clock=clock)
        problems |= {attempt.document_id: attempt.detail for attempt in sent if attempt.outcome != "accepted"}
    return Receipts(tuple(numbers), problems)


def _without_receipt(engine: sa.Engine) -> list[str]:
    """Sessions begun on a phone whose card was charged, and that have no document yet."""
    starts, payments, documents = (
        table("access", "starts"),
        table("billing", "provider_payments"),
        table("billing", "documents"),
    )
    has_one = sa.exists().where(documents.c.contract_id == sa.literal(PREFIX) + starts.c.session_id)
    query = sa.select(starts.c.session_id).join(payments, payments.c.payment_id == starts.c.payment_id)
    query = query.where(payments.c.state == "captured", starts.c.session_id.is_not(None), ~has_one)
    with engine.connect() as connection:
        return [str(found) for found in connection.execute(query.order_by(starts.c.made_at)).scalars()]


def _wanted_by_mail(engine: sa.Engine, numbers: list[str]) -> list[str]:
    """Those of `numbers` whose payer gave an address."""
    documents, payments = table("billing", "documents"), table("billing", "provider_payments")
    query = (
        sa.select(documents.c.document_id)
        .join(payments, documents.c.contract_id == sa.literal(PREFIX) + payments.c.session_id)
        .where(documents.c.document_id.in_(numbers), payments.c.payer_email.is_not(None))
        .distinct()
    )
    with engine.connect() as connection:
        return [str(found) for found in connection.execute(query).scalars()]
