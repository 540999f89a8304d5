"""Sessions without a contract: each has an account of its own, so what one payer has paid never pays another's.

The account's name stands where a contract's stands: on the draft, its documents, and the ledger's movements.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from pipelines.billing.ledger import store
from pipelines.billing.ledger.errors import LedgerError
from pipelines.billing.ledger.model import ZERO
from pipelines.billing.ledger.posting import Account
from warehouse.state import table

PREFIX: Final = "adhoc:"


def account_of_session(session_id: str) -> str:
    """The account that a session without a contract is billed to, e.g. `adhoc:2f6b…`."""
    return f"{PREFIX}{session_id}"


def session_of_account(contract_id: str) -> str:
    """The session whose account that is."""
    return contract_id.removeprefix(PREFIX)


def is_ad_hoc(contract_id: str | None) -> bool:
    """Whether that is the account of one session, and no contract."""
    return contract_id is not None and contract_id.startswith(PREFIX)


def account_of_payment(connection: sa.Connection, payment_id: str) -> tuple[Account, str | None]:
    """Where the money of a card payment goes: the account, and the document that it is for.

    Without a document it is a session's: it pays whatever is open on that account. Raises `LedgerError` where nobody
    said whose it is.
    """
    payments = table("billing", "provider_payments")
    chosen = sa.select(payments).where(payments.c.payment_id == payment_id)
    paid = connection.execute(chosen).mappings().one()
    if paid["document_id"] is not None:
        return store.account_of(connection, paid["document_id"]), paid["document_id"]
    if paid["operator_id"] is None:
        raise LedgerError(f"Nobody said which operator session {paid['session_id']} is of.")
    return Account(paid["operator_id"], account_of_session(paid["session_id"]), paid["currency"]), None


def received(connection: sa.Connection, account: Account) -> Decimal:
    """What was paid on the account of a session and not given back or taken back since; 0 at least."""
    ledger = store.read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
    mine = (row for row in ledger.payments if row.currency == account.currency and row.kind != "write_off")
    return max(sum((ledger.to_credit(row) for row in mine), ZERO), ZERO)


def payer_email(connection: sa.Connection, account: Account) -> str:
    """Where the payer of a session wants its receipt; empty: nowhere."""
    payments = table("billing", "provider_payments")
    session_id = session_of_account(str(account.contract_id))
    told = sa.select(payments.c.payer_email).where(
        payments.c.session_id == session_id, payments.c.payer_email.is_not(None)
    )
    return connection.execute(told.order_by(payments.c.created_at.desc())).scalars().first() or ""
