"""The ledger in the state database: read whole for a contract, written in one transaction, each movement once.

Writers of the ledger wait for each other (`writing`), so that what a movement was made from still holds when it is
written; the unique key on source and reference holds besides, whoever writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipelines.billing.ledger.dunning import Taken, fee_due
from pipelines.billing.ledger.errors import DocumentUnknown, LedgerError, MovementConflict
from pipelines.billing.ledger.model import Allocation, Due, Kind, Ledger, Payment, Posting
from pipelines.billing.ledger.posting import Account, Told
from warehouse.state import table

# Any number will do, as long as nobody else takes the same: "kwhouse ledger" on the telephone's keys.
_LEDGER_LOCK = 594_687_353_343


@dataclass(frozen=True, slots=True)
class Recorded:
    """A movement as it stands in the ledger; `repeated`: it did before."""

    payment: Payment
    allocations: tuple[Allocation, ...]
    repeated: bool = False

    def __str__(self) -> str:
        row = self.payment
        lines = [f"{row.kind} of {row.amount} {row.currency} on {row.booked_on} ({row.source} {row.external_ref})"]
        lines += [f"  {it.document_id}: {it.amount} {row.currency}" for it in self.allocations]
        return "\n".join([*lines, "  was recorded before; nothing changed"] if self.repeated else lines)


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction in which nobody else writes the ledger; readers go on."""
    with engine.connect() as connection, connection.begin():
        if connection.dialect.name == "sqlite":
            # From the first statement on: whoever reads first and writes later may find himself overtaken.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        lock(connection)
        yield connection


def lock(connection: sa.Connection) -> None:
    """Keep other writers of the ledger out until this transaction ends; for transactions that others began.

    In SQLite a transaction that has written keeps all other writers out already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LEDGER_LOCK)))


def read(
    connection: sa.Connection, *, operator_id: str | None = None, contracts: Iterable[str | None] | None = None
) -> Ledger:
    """The ledger of these contracts (None among them: ad hoc), whole; of all by default."""
    wanted = None if contracts is None else set(contracts)
    documents, payments, allocations = (table("billing", it) for it in ("documents", "payments", "allocations"))
    dues = [_due(row) for row in connection.execute(_narrowed(documents, operator_id, wanted)).mappings()]
    moved = [_payment(row) for row in connection.execute(_narrowed(payments, operator_id, wanted)).mappings()]
    rows = sa.select(allocations).order_by(allocations.c.payment_id, allocations.c.document_id)
    if wanted is not None or operator_id is not None:
        ids = _narrowed(payments, operator_id, wanted).with_only_columns(payments.c.payment_id).order_by(None)
        mine = _narrowed(documents, operator_id, wanted).with_only_columns(documents.c.document_id).order_by(None)
        rows = rows.where(allocations.c.payment_id.in_(ids) | allocations.c.document_id.in_(mine))
    parts = [Allocation(**row) for row in connection.execute(rows).mappings()]
    moved.sort(key=lambda row: (row.booked_on, row.received_at, row.payment_id))
    return Ledger((*dues, *_fees(connection, dues)), tuple(moved), tuple(parts))


def _narrowed(rows: sa.Table, operator_id: str | None, contracts: set[str | None] | None) -> sa.Select[Any]:
    query = sa.select(rows).order_by(*rows.primary_key.columns)
    if operator_id is not None:
        query = query.where(rows.c.operator_id == operator_id)
    if contracts is not None:
        named = rows.c.contract_id.in_(sorted(it for it in contracts if it is not None))
        query = query.where(named | rows.c.contract_id.is_(None) if None in contracts else named)
    return query


def _due(row: sa.RowMapping) -> Due:
    # A credited invoice claims what it did: its credit note, a document of its own, takes it back.
    return Due(
        row["document_id"],
        row["document_id"],
        row["kind"],
        row["contract_id"],
        row["operator_id"],
        row["currency"],
        row["total_incl_vat"],
        row["issue_date"],
        row["due_date"],
        corrects=row["corrects"],
    )


def _payment(row: sa.RowMapping) -> Payment:
    return Payment(**row)


def _fees(connection: sa.Connection, dues: Iterable[Due]) -> Iterator[Due]:
    by_id = {due.document_id: due for due in dues}
    steps = table("billing", "dunning")
    for row in connection.execute(sa.select(steps).order_by(steps.c.document_id, steps.c.step_no)).mappings():
        if row["fee"] > 0 and row["document_id"] in by_id:
            taken = Taken(row["step_no"], row["step"], row["taken_on"], row["fee"])
            yield fee_due(by_id[row["document_id"]], taken, row["pay_by"])


def account_of(connection: sa.Connection, document: str) -> Account:
    """The account of an issued document, or of the invoice that a dunning fee belongs to."""
    documents = table("billing", "documents")
    wanted = document.split("/dunning-")[0]
    row = connection.execute(sa.select(documents).where(documents.c.document_id == wanted)).mappings().first()
    if row is None:
        raise DocumentUnknown(document)
    return Account(row["operator_id"], row["contract_id"], row["currency"])


def contract_account(connection: sa.Connection, contract_id: str, currency: str | None = None) -> Account:
    """The account of a contract in its own currency, or in another."""
    contracts = table("registry", "contracts")
    row = connection.execute(sa.select(contracts).where(contracts.c.contract_id == contract_id)).mappings().first()
    if row is None:
        raise LedgerError(f"No contract has the id {contract_id!r}. `kwhouse registry export DIR` lists them.")
    return Account(row["operator_id"], contract_id, currency or row["currency"])


def recorded(connection: sa.Connection, source: str, external_ref: str) -> Recorded | None:
    """The movement that `source` told of as `external_ref`; None where it has not."""
    payments, allocations = table("billing", "payments"), table("billing", "allocations")
    row = (
        connection.execute(
            sa.select(payments).where(payments.c.source == source, payments.c.external_ref == external_ref)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    parts = connection.execute(
        sa.select(allocations).where(allocations.c.payment_id == row["payment_id"]).order_by(allocations.c.document_id)
    ).mappings()
    return Recorded(_payment(row), tuple(Allocation(**it) for it in parts), repeated=True)


def write(connection: sa.Connection, posting: Posting) -> Recorded:
    """Write a movement with its allocations, within a transaction of `writing`."""
    write_all(connection, [posting])
    return Recorded(posting.payment, posting.allocations)


def write_all(connection: sa.Connection, postings: Sequence[Posting]) -> None:
    """Write many at once."""
    payments = [asdict(posting.payment) for posting in postings]
    allocations = [asdict(row) for posting in postings for row in posting.allocations]
    if payments:
        connection.execute(sa.insert(table("billing", "payments")), payments)
    if allocations:
        connection.execute(sa.insert(table("billing", "allocations")), allocations)


def record(
    engine: sa.Engine,
    account: Account,
    told: Told,
    kind: Kind,
    amount: Decimal | None,
    make: Callable[[Ledger], Posting],
) -> Recorded:
    """Make a movement from the account's ledger and write it, once.

    Told again with the same facts it is found, not repeated; with other facts: `MovementConflict`. `amount` None: as
    much as `make` finds.
    """
    with writing(engine) as connection:
        return record_in(connection, account, told, kind, amount, make)


def record_in(
    connection: sa.Connection,
    account: Account,
    told: Told,
    kind: Kind,
    amount: Decimal | None,
    make: Callable[[Ledger], Posting],
) -> Recorded:
    """`record` within a transaction of `writing`, or of somebody else who has called `lock`."""
    found = recorded(connection, told.source, told.external_ref)
    if found is not None:
        _same(found.payment, account, kind, amount)
        return found
    ledger = read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
    return write(connection, make(ledger))


def _same(found: Payment, account: Account, kind: Kind, amount: Decimal | None) -> None:
    pairs = [
        ("kind", found.kind, kind),
        ("amount", found.amount, found.amount if amount is None else amount),
        ("currency", found.currency, account.currency),
        ("contract", found.contract_id, account.contract_id),
    ]
    differences = [f"{name} {then}, now {now}" for name, then, now in pairs if then != now]
    if differences:
        raise MovementConflict(found.source, found.external_ref, "; ".join(differences))


def payment_named(connection: sa.Connection, name: str) -> Payment:
    """The movement with that id or, where only one has it, that reference."""
    payments = table("billing", "payments")
    query = sa.select(payments).where((payments.c.payment_id == name) | (payments.c.external_ref == name))
    rows = connection.execute(query).mappings().all()
    if len(rows) != 1:
        found = "No movement has" if not rows else f"{len(rows)} movements have"
        raise LedgerError(f"{found} the id or reference {name!r}; `kwhouse payment balance --json` lists ids.")
    return _payment(rows[0])
