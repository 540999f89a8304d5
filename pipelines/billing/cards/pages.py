"""The page where a customer pays one invoice: its address, and what it shows once the money came another way.

The address ends with the token of a payment. An invoice has one open payment at a time: where the amount has changed
since, the old one is given up and its page shows the new one, so a link that was sent stays good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipelines.billing.cards.attempts import OPEN, PURPOSE, UNDER_WAY, Attempts, attempts, open_amount
from pipelines.billing.cards.booking import decimal
from pipelines.billing.ledger import store
from pipelines.billing.ledger.ad_hoc import account_of_payment
from pipelines.billing.ledger.errors import DocumentUnknown, LedgerError
from pipelines.billing.payments import records
from pipelines.billing.payments.provider import Money
from pipelines.billing.payments.records import PaymentRecord
from pipelines.billing.payments.service import Payee, PaymentService
from warehouse.settings import Settings, is_loopback
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """The page of one invoice. Whoever has the address can see and pay it."""

    document_id: str
    amount: Decimal
    currency: str
    payment_id: str
    url: str
    only_here: bool

    def __str__(self) -> str:
        return f"{self.document_id}: {self.amount} {self.currency}\n{self.url}"


class NothingToPay(LedgerError):
    """An invoice whose page nobody needs."""

    def __init__(self, document_id: str, why: str) -> None:
        super().__init__(f"{document_id} has no page to pay it: {why}.")
        self.document_id, self.why = document_id, why


def invoice_page(service: PaymentService, settings: Settings, document: str) -> InvoicePage:
    """The page of an invoice or a dunning fee, made where there is none. Raises `NothingToPay`."""
    document_id, amount, before = _stands(service.engine, document)
    if amount.minor <= 0:
        raise NothingToPay(document_id, "nothing is open on it")
    if under_way := before.last(*UNDER_WAY):
        raise NothingToPay(document_id, f"it is being paid ({under_way.payment_id})")
    record = _payment(service, document_id, amount, before)
    base = settings.public_url or _own_address(settings)
    url = f"{base.rstrip('/')}/pay/{record.pay_token}"
    only_here = settings.public_url is None and is_loopback(settings.api_host)
    return InvoicePage(document_id, decimal(amount), amount.currency, record.payment_id, url, only_here)


def page(service: PaymentService, token: str) -> dict[str, Any] | None:
    """What the page with that token shows, as `PaymentService.page`; of an invoice, as much as is open now.

    The page of a session that cost more than could be taken shows its receipt, once that is issued.
    """
    record = records.find(service.engine, pay_token=token)
    if record is not None and record.open_minor:
        return _page_of_receipt(service, record)
    if record is None or record.purpose != PURPOSE or record.state not in (*OPEN, "failed"):
        return service.page(token)
    try:
        document_id, amount, before = _stands(service.engine, str(record.document_id))
    except DocumentUnknown:
        return service.page(token)  # a charge for something that is no document of ours
    if amount.minor > 0 and before.last(*UNDER_WAY) is None:
        current = _payment(service, document_id, amount, before)
        return service.page(current.pay_token, _payee(service.engine, document_id))
    if record.state in OPEN and amount.minor <= 0:
        _give_up(service, record)
    shown = service.page(token)
    if shown is not None and shown["state"] == "cancelled":
        shown = {**shown, "state": "paid" if amount.minor <= 0 else "processing"}
    return shown


def _page_of_receipt(service: PaymentService, hold: PaymentRecord) -> dict[str, Any] | None:
    shown = service.page(hold.pay_token)
    receipts = _receipts(service.engine, hold)
    if shown is None or not receipts:
        return shown
    for document_id in receipts:
        _, amount, before = _stands(service.engine, document_id)
        if amount.minor <= 0:
            continue
        if under_way := before.last(*UNDER_WAY):
            return service.page(under_way.pay_token)
        current = _payment(service, document_id, amount, before)
        return service.page(current.pay_token, _payee(service.engine, document_id))
    return {**shown, "state": "paid", "note": None, "reference": receipts[0]}


def _receipts(engine: sa.Engine, hold: PaymentRecord) -> list[str]:
    """The receipts of a session and the fees of reminders of them, the newest receipt first."""
    with engine.connect() as connection:
        try:
            account, _ = account_of_payment(connection, hold.payment_id)
        except LedgerError:  # nobody said whose session it is
            return []
        ledger = store.read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
    claims = [due for due in ledger.dues if due.claim > 0 and due.currency == hold.currency]
    claims.sort(key=lambda due: (due.kind == "invoice", due.issue_date, due.document_id), reverse=True)
    return [due.document_id for due in claims]


def _stands(engine: sa.Engine, document: str) -> tuple[str, Money, Attempts]:
    """The document's id, what is open on it, and the payments asked for it."""
    with engine.connect() as connection:
        account = store.account_of(connection, document)
        ledger = store.read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
        due = ledger.due_by_id.get(document)
        if due is None:
            raise DocumentUnknown(document)
        return document, open_amount(ledger, due), attempts(connection, [document]).get(document, Attempts())


def _payment(service: PaymentService, document_id: str, amount: Money, before: Attempts) -> PaymentRecord:
    """The open payment of just that amount, or a new one in place of it."""
    provider = service.payments.provider.name if service.payments else None
    last = before.last(*OPEN)
    attempt = before.next_number
    if last is not None:
        if (last.amount, last.provider) == (amount, provider or records.NOBODY):
            if service.payments is None or last.provider_id is not None:
                return last
            attempt = before.number_of(last)  # was never opened at the provider
        else:
            given_up = _give_up(service, last)
            if given_up.state != "failed":
                raise NothingToPay(document_id, f"it is being paid ({last.payment_id})")
    if service.payments is None:
        return records.opened_nowhere(service.engine, document_id, amount, attempt, datetime.now(UTC))
    return service.payments.charge(amount, document_id=document_id, attempt=attempt)


def _give_up(service: PaymentService, record: PaymentRecord) -> PaymentRecord:
    if service.payments is not None and record.provider == service.payments.provider.name:
        return service.payments.give_up(record.payment_id)
    records.changed(service.engine, record, {"state": "failed"}, datetime.now(UTC))
    return records.get(service.engine, record.payment_id)


def _payee(engine: sa.Engine, document_id: str) -> Payee | None:
    """Who is paid without a card: the operator of the document, where the registry knows an account."""
    operators = table("registry", "operators")
    with engine.connect() as connection:
        mine = operators.c.operator_id == store.account_of(connection, document_id).operator_id
        row = connection.execute(sa.select(operators).where(mine)).mappings().first()
    if row is None or not row["name"] or not (row["iban"] or row["upi_vpa"]):
        return None
    return Payee(row["name"], row["iban"], row["bic"], row["upi_vpa"])


def _own_address(settings: Settings) -> str:
    host = f"[{settings.api_host}]" if ":" in settings.api_host else settings.api_host
    return f"http://{host}:{settings.api_port}"
