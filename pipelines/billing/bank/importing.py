"""Bank statements into the state database: each once, whole files or nothing; what is not certain on the work list."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.billing.bank import camt053
from pipelines.billing.bank.camt053 import Statement, Transaction
from pipelines.billing.bank.errors import StatementConflict, StatementRefused
from pipelines.billing.bank.matching import Book, Item, Move, Outcome
from pipelines.billing.ledger import store
from pipelines.billing.ledger.model import Ledger, Posting, payment_id_of
from pipelines.billing.ledger.posting import Account, Told, pay
from pipelines.billing.ledger.reversing import charge_back
from pipelines.billing.ledger.settling import by_account
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class StatementReport:
    """One statement: how many transactions, what of their money was booked and what is on the work list.

    `repeated`: it was read before, and nothing was done. `gap`: it does not begin where the one before it ended.
    """

    file: str
    statement_id: str
    bank_statement_id: str
    transactions: int
    booked: Decimal
    work: int
    work_amount: Decimal
    currency: str
    repeated: bool = False
    gap: str | None = None

    def __str__(self) -> str:
        if self.repeated:
            return f"{self.file}: statement {self.bank_statement_id} was read before; nothing changed"
        line = (
            f"{self.file}: statement {self.bank_statement_id}, {self.transactions} transactions: {self.booked} "
            f"{self.currency} booked, {self.work} on the work list ({self.work_amount} {self.currency})"
        )
        return line if self.gap is None else f"{line}\n  {self.gap}"


def import_files(engine: sa.Engine, files: Iterable[Path], now: datetime) -> list[StatementReport]:
    """Read the files, the oldest statements first, and book them; each file whole or not at all.

    Raises `StatementRefused` or `StatementConflict`: files that come before stay booked.
    """
    read = [(path, list(camt053.read(path))) for path in files]
    read.sort(key=lambda it: min((row.opened_on, row.bank_statement_id) for row in it[1]))
    reports: list[StatementReport] = []
    for path, statements in read:
        statements.sort(key=lambda row: (row.opened_on, row.closed_on))
        with store.writing(engine) as connection:
            reports += [_import(connection, path.name, statement, now) for statement in statements]
    return reports


def statement_id_of(statement: Statement) -> str:
    """Made from account and the bank's id: the same statement has the same, in whatever file."""
    return hashlib.sha256(f"{statement.iban}\n{statement.bank_statement_id}".encode()).hexdigest()[:32]


def _import(connection: sa.Connection, file: str, statement: Statement, now: datetime) -> StatementReport:
    statement_id = statement_id_of(statement)
    rows = table("billing", "statements")
    before = connection.execute(sa.select(rows).where(rows.c.statement_id == statement_id)).mappings().first()
    if before is not None:
        if before["content_sha256"] != statement.content_sha256:
            raise StatementConflict(file, statement.bank_statement_id, statement.iban)
        zero = Decimal(0)
        return StatementReport(
            file, statement_id, statement.bank_statement_id, 0, zero, 0, zero, statement.currency, repeated=True
        )
    operator_id = _operator(connection, file, statement.iban)
    gap = _gap(connection, statement)
    connection.execute(
        sa.insert(rows).values(
            statement_id=statement_id,
            operator_id=operator_id,
            iban=statement.iban,
            bank_statement_id=statement.bank_statement_id,
            currency=statement.currency,
            opening_balance=statement.opening_balance,
            closing_balance=statement.closing_balance,
            opened_on=statement.opened_on,
            closed_on=statement.closed_on,
            entries=statement.entries,
            content_sha256=statement.content_sha256,
            imported_at=now,
        )
    )
    outcomes = _book(connection, operator_id, statement_id, statement.transactions, now)
    if outcomes:
        connection.execute(
            sa.insert(table("billing", "statement_entries")),
            [_entry(statement_id, number, outcome) for number, outcome in sorted(outcomes.items())],
        )
    work = [it.work_amount for it in outcomes.values() if it.work_amount]
    booked = sum((move.signed for it in outcomes.values() for move in it.moves), Decimal(0))
    return StatementReport(
        file,
        statement_id,
        statement.bank_statement_id,
        len(statement.transactions),
        booked,
        len(work),
        sum(work, Decimal(0)),
        statement.currency,
        gap=gap,
    )


def _operator(connection: sa.Connection, file: str, iban: str) -> str:
    rows = table("registry", "operators")
    for row in connection.execute(sa.select(rows).where(rows.c.iban.is_not(None))).mappings():
        if _compact(row["iban"]) == iban:
            return str(row["operator_id"])
    raise StatementRefused(file, f"account …{iban[-4:]} is of no operator: declare its IBAN in the registry")


def _gap(connection: sa.Connection, statement: Statement) -> str | None:
    """Whether the statement begins where the newest one before it ended; None where it does or is the first."""
    rows = table("billing", "statements")
    query = sa.select(rows).where(rows.c.iban == statement.iban, rows.c.closed_on <= statement.opened_on)
    query = query.order_by(rows.c.closed_on.desc(), rows.c.opened_on.desc(), rows.c.imported_at.desc()).limit(1)
    last = connection.execute(query).mappings().first()
    if last is None or last["closing_balance"] == statement.opening_balance:
        return None
    return (
        f"It begins with {statement.opening_balance} {statement.currency}, statement {last['bank_statement_id']} ended "
        f"with {last['closing_balance']}: a statement between them is missing."
    )


def _book(
    connection: sa.Connection, operator_id: str, statement_id: str, transactions: Sequence[Transaction], now: datetime
) -> dict[int, Outcome]:
    """Match the transactions and write what follows; outcomes by entry number."""
    ledger = store.read(connection, operator_id=operator_id)
    accounts = by_account(ledger)
    open_amounts = {due.document_id: ledger.open(due.document_id) for due in ledger.dues}
    book = Book(ledger.dues, open_amounts, _items(connection, operator_id), _ibans(connection, operator_id))
    # Money that came goes first: a debit that came back on the same day was booked before.
    order = sorted(enumerate(transactions, start=1), key=lambda it: (it[1].booked_on, it[1].amount < 0))
    outcomes: dict[int, Outcome] = {}
    postings: list[Posting] = []
    for number, transaction in order:
        outcome = outcomes[number] = book.match(transaction)
        for index, move in enumerate(outcome.moves):
            entry = f"{statement_id}:{number}"
            reference = entry if len(outcome.moves) == 1 else f"{entry}:{index + 1}"
            account = Account(operator_id, move.contract_id, transaction.currency)
            mine = accounts.get(account, Ledger())
            posting = _posting(mine, account, move, transaction, reference, entry, now)
            postings.append(posting)
            accounts[account] = mine + posting
            touched = {row.document_id for row in posting.allocations}
            book.correct({it: accounts[account].open(it) for it in touched})
            _mark(connection, move, transaction)
    store.write_all(connection, postings)
    return outcomes


def _posting(
    ledger: Ledger, account: Account, move: Move, transaction: Transaction, reference: str, entry: str, now: datetime
) -> Posting:
    day = transaction.booked_on
    if move.item is None:
        told = Told("camt053", reference, day, now, entry)
        return pay(ledger, account, told, move.amount, "bank_transfer", move.documents)
    name = move.item.end_to_end_id
    if move.kind == "payment":
        return pay(ledger, account, Told("pain008", name, day, now, entry), move.amount, "sepa_debit", move.documents)
    return charge_back(ledger, Told("pain008", f"{name}/return", day, now, entry), payment_id_of("pain008", name))


def _mark(connection: sa.Connection, move: Move, transaction: Transaction) -> None:
    if move.item is None:
        return
    rows = table("billing", "collection_items")
    came_back = {"state": "returned", "return_reason": transaction.return_reason, "returned_on": transaction.booked_on}
    values: dict[str, Any] = {"state": "paid"} if move.kind == "payment" else came_back
    connection.execute(sa.update(rows).where(rows.c.end_to_end_id == move.item.end_to_end_id).values(**values))


def _entry(statement_id: str, number: int, outcome: Outcome) -> dict[str, Any]:
    it = outcome.transaction
    suggestions = [{**asdict(row), "open": str(row.open)} for row in outcome.suggestions]
    return {
        "statement_id": statement_id,
        "entry_no": number,
        "amount": it.amount,
        "currency": it.currency,
        "booked_on": it.booked_on,
        "bank_reference": it.bank_reference,
        "end_to_end_id": it.end_to_end_id,
        "batch_reference": it.batch_reference,
        "counterparty": it.counterparty,
        "counterparty_iban": it.counterparty_iban,
        "remittance": it.remittance,
        "return_reason": it.return_reason,
        "state": "work" if outcome.work_amount else "booked",
        "work_amount": outcome.work_amount,
        "reason": outcome.reason,
        "suggestions": json.dumps(suggestions, ensure_ascii=False),
    }


def _items(connection: sa.Connection, operator_id: str) -> list[Item]:
    items, collections = table("billing", "collection_items"), table("billing", "collections")
    query = sa.select(items).join(collections, collections.c.collection_id == items.c.collection_id)
    names = ("collection_id", "document_id", "contract_id", "amount", "end_to_end_id", "sequence_type", "state")
    rows = connection.execute(query.where(collections.c.operator_id == operator_id)).mappings()
    return [Item(**{name: row[name] for name in names}) for row in rows]


def _ibans(connection: sa.Connection, operator_id: str) -> dict[str, set[str]]:
    """By account, the contracts that pay from it: as declared with drivers, and as money came before."""
    contracts, drivers = table("registry", "contracts"), table("registry", "drivers")
    found: dict[str, set[str]] = defaultdict(set)
    query = sa.select(contracts.c.contract_id, drivers.c.iban)
    query = query.join(drivers, drivers.c.driver_id == contracts.c.driver_id)
    for row in connection.execute(query.where(contracts.c.operator_id == operator_id, drivers.c.iban.is_not(None))):
        found[_compact(row.iban)].add(row.contract_id)
    entries, payments = table("billing", "statement_entries"), table("billing", "payments")
    entry = entries.c.statement_id + ":" + sa.cast(entries.c.entry_no, sa.Text)
    seen = sa.select(entries.c.counterparty_iban, payments.c.contract_id).distinct()
    seen = seen.join(payments, payments.c.bank_entry == entry)
    seen = seen.where(payments.c.operator_id == operator_id, payments.c.kind == "payment")
    for row in connection.execute(seen):
        if row.counterparty_iban and row.contract_id:
            found[row.counterparty_iban].add(row.contract_id)
    return found


def _compact(iban: str) -> str:
    return "".join(iban.split()).upper()
