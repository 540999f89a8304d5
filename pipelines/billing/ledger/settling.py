"""Credit notes and credit set off against open invoices, for all accounts of an operator."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

import sqlalchemy as sa

from pipelines.billing.ledger import store
from pipelines.billing.ledger.model import Ledger
from pipelines.billing.ledger.posting import Account, Told, set_off


def by_account(ledger: Ledger) -> dict[Account, Ledger]:
    """The ledger of each account by itself: all that a new movement on it has to look at."""
    dues, payments, allocations = defaultdict(list), defaultdict(list), defaultdict(list)
    for due in ledger.dues:
        dues[Account(due.operator_id, due.contract_id, due.currency)].append(due)
    accounts = {}
    for payment in ledger.payments:
        account = Account(payment.operator_id, payment.contract_id, payment.currency)
        accounts[payment.payment_id] = account
        payments[account].append(payment)
    for row in ledger.allocations:
        if row.payment_id in accounts:
            allocations[accounts[row.payment_id]].append(row)
    return {it: Ledger(tuple(dues[it]), tuple(payments[it]), tuple(allocations[it])) for it in {*dues, *payments}}


def settle(connection: sa.Connection, operator_id: str | None, on: date, now: datetime) -> list[store.Recorded]:
    """Set off what can be, within a transaction of `store.writing`."""
    accounts = by_account(store.read(connection, operator_id=operator_id))
    done = (_set_off(connection, ledger, account, on, now) for account, ledger in accounts.items())
    return [recorded for recorded in done if recorded is not None]


def settle_account(connection: sa.Connection, account: Account, on: date, now: datetime) -> store.Recorded | None:
    """Set off what can be on one account, in a transaction of `store.writing`, or of who has called `store.lock`."""
    ledger = store.read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
    return _set_off(connection, by_account(ledger).get(account, Ledger()), account, on, now)


def _set_off(
    connection: sa.Connection, ledger: Ledger, account: Account, on: date, now: datetime
) -> store.Recorded | None:
    if account.contract_id is None:
        return None
    before = sum(payment.kind == "set_off" for payment in ledger.payments)
    reference = f"set-off/{account.operator_id}/{account.contract_id}/{account.currency}/{before + 1}"
    posting = set_off(ledger, account, Told("kwhouse", reference, on, now))
    return None if posting is None else store.write(connection, posting)
