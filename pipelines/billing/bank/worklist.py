"""The work list: money of bank statements that nothing was certain about, until a person says what it is for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipelines.billing.bank.errors import BankError
from pipelines.billing.ledger import store
from pipelines.billing.ledger.balance import Mismatch
from pipelines.billing.ledger.model import TAKES_BACK, Posting
from pipelines.billing.ledger.posting import Account, Told, pay, top_up
from pipelines.billing.ledger.reversing import charge_back
from pipelines.billing.ledger.store import Recorded
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One entry with money that a person has to look at. `entry` names it in commands."""

    entry: str
    booked_on: date
    work_amount: Decimal
    currency: str
    counterparty: str | None
    remittance: str | None
    reason: str
    suggestions: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        lines = [
            f"{self.entry}  {self.booked_on}  {self.work_amount} {self.currency}  {self.counterparty or '?'}: "
            f"{self.remittance or ''}".rstrip(": "),
            f"    {self.reason}",
        ]
        lines += [f"    perhaps {it['number']}, open {it['open']}: {it['why']}" for it in self.suggestions]
        return "\n".join(lines)


def listing(connection: sa.Connection) -> list[WorkItem]:
    """What is on the work list, the oldest first."""
    rows = table("billing", "statement_entries")
    query = (
        sa.select(rows).where(rows.c.state == "work").order_by(rows.c.booked_on, rows.c.statement_id, rows.c.entry_no)
    )
    return [
        WorkItem(
            f"{row['statement_id']}:{row['entry_no']}",
            row["booked_on"],
            row["work_amount"],
            row["currency"],
            row["counterparty"],
            row["remittance"],
            row["reason"],
            tuple(json.loads(row["suggestions"])),
        )
        for row in connection.execute(query).mappings()
    ]


def assign(
    engine: sa.Engine, entry: str, now: datetime, *, documents: list[str], contract: str | None, prepaid: bool = False
) -> Recorded:
    """Say what money that came is for: documents of one contract in this order (the rest is its credit), a contract's
    credit, or its prepaid balance."""
    with store.writing(engine) as connection:
        row = _waiting(connection, entry)
        if row["work_amount"] < 0:
            raise BankError(f"{entry} is money that went out: name the payment it takes back, or close it with a note.")
        account = _account(connection, documents, contract, row["currency"])
        told = Told("camt053", f"{entry}/assigned", row["booked_on"], now, entry)
        ledger = store.read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
        if prepaid:
            posting = top_up(account, told, row["work_amount"], "bank_transfer")
        else:
            posting = pay(ledger, account, told, row["work_amount"], "bank_transfer", documents)
        return _done(connection, row, posting, f"a person assigned it to {', '.join(documents) or contract}")


def take_back(engine: sa.Engine, entry: str, payment: str, now: datetime) -> Recorded:
    """Say which payment money that went out took back: its documents are open again."""
    with store.writing(engine) as connection:
        row = _waiting(connection, entry)
        if row["work_amount"] > 0:
            raise BankError(f"{entry} is money that came in: say which documents or contract it is for.")
        taken = store.payment_named(connection, payment)
        if taken.currency != row["currency"]:
            raise BankError(f"{entry} is in {row['currency']}, the payment in {taken.currency}.")
        ledger = store.read(connection, operator_id=taken.operator_id, contracts=[taken.contract_id])
        told = Told("camt053", f"{entry}/assigned", row["booked_on"], now, entry)
        posting = charge_back(ledger, told, taken.payment_id, -row["work_amount"])
        if taken.source == "pain008":
            items = table("billing", "collection_items")
            back = {"state": "returned", "return_reason": row["return_reason"], "returned_on": row["booked_on"]}
            mine = items.c.end_to_end_id == taken.external_ref
            connection.execute(sa.update(items).where(mine).values(**back))
        return _done(connection, row, posting, f"a person said that it took back {taken.external_ref}")


def close(engine: sa.Engine, entry: str, note: str) -> None:
    """Say that what is left concerns no contract (a bank's charge, a payout); the note says what it is."""
    if not note.strip():
        raise BankError("Closing an entry needs a note that others will understand.")
    with store.writing(engine) as connection:
        row = _waiting(connection, entry)
        _update(connection, row, state="closed", closed_note=note.strip())


def check(connection: sa.Connection) -> list[Mismatch]:
    """Entries whose money is not all in movements or on the work list."""
    entries, payments = table("billing", "statement_entries"), table("billing", "payments")
    booked: dict[str, Decimal] = {}
    for row in connection.execute(sa.select(payments).where(payments.c.bank_entry.is_not(None))).mappings():
        sign = -1 if row["kind"] in TAKES_BACK else 1
        booked[row["bank_entry"]] = booked.get(row["bank_entry"], Decimal(0)) + sign * row["amount"]
    found = []
    for row in connection.execute(sa.select(entries)).mappings():
        entry = f"{row['statement_id']}:{row['entry_no']}"
        difference = row["amount"] - row["work_amount"] - booked.pop(entry, Decimal(0))
        if difference:
            reason = "the bank's amount is not what was booked and is on the work list"
            found.append(Mismatch("bank entry", entry, difference, row["currency"], reason))
    found += [Mismatch("bank entry", it, amount, "?", "is not there") for it, amount in booked.items()]
    return found


def _waiting(connection: sa.Connection, entry: str) -> sa.RowMapping:
    statement_id, _, number = entry.rpartition(":")
    rows = table("billing", "statement_entries")
    mine = (rows.c.statement_id == statement_id) & (rows.c.entry_no == (int(number) if number.isdigit() else -1))
    row = connection.execute(sa.select(rows).where(mine, rows.c.state == "work")).mappings().first()
    if row is None:
        raise BankError(f"No entry {entry!r} is on the work list; `kwhouse payment work` lists them.")
    return row


def _account(connection: sa.Connection, documents: list[str], contract: str | None, currency: str) -> Account:
    if documents:
        account = store.account_of(connection, documents[0])
        if contract is not None and contract != account.contract_id:
            raise BankError(f"{documents[0]} is of contract {account.contract_id}, not {contract}.")
    elif contract is not None:
        account = store.contract_account(connection, contract, currency)
    else:
        raise BankError("Say what it is for: documents or a contract.")
    if account.currency != currency:
        raise BankError(f"The money is in {currency}, {documents[0]} in {account.currency}: exchange is not done here.")
    return account


def _done(connection: sa.Connection, row: sa.RowMapping, posting: Posting, reason: str) -> Recorded:
    done = store.write(connection, posting)
    _update(connection, row, state="booked", work_amount=Decimal(0), reason=reason)
    return done


def _update(connection: sa.Connection, row: sa.RowMapping, **values: object) -> None:
    rows = table("billing", "statement_entries")
    mine = (rows.c.statement_id == row["statement_id"]) & (rows.c.entry_no == row["entry_no"])
    connection.execute(sa.update(rows).where(mine).values(**values))
