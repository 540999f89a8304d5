"""Direct debits in the state database: which invoices are collected, each in one collection that has not come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import sqlalchemy as sa

from pipelines.billing.bank import pain008
from pipelines.billing.bank.errors import BankDataRefused, BankError
from pipelines.billing.bank.pain008 import Claim, Creditor, DirectDebits, LeftOut, Mandate
from pipelines.billing.cards.attempts import UNDER_WAY, attempts
from pipelines.billing.ledger import dunning_book, settling, store
from pipelines.billing.ledger.model import Ledger
from warehouse.state import table


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection that was made: its file is kept with it (`file_of`)."""

    collection_id: str
    operator_id: str
    collection_date: date
    transactions: int
    total: Decimal
    currency: str
    documents: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    def __str__(self) -> str:
        lines = [
            f"Collection {self.collection_id} on {self.collection_date}: {self.transactions} direct debits, "
            f"{self.total} {self.currency}"
        ]
        return "\n".join([*lines, *(f"  left out {row.document_id}: {row.reason}" for row in self.left_out)])


def collect(engine: sa.Engine, operator_id: str, on: date, now: datetime, *, retry: bool = False) -> Collection:
    """Collect every open invoice of the operator that is due by `on` and whose contract pays by direct debit.

    Credit notes and credit are set off first. `retry`: also what came back before. Raises `BankDataRefused` for what
    the operator lacks, `NothingToSend` where nothing is left.
    """
    with store.writing(engine) as connection:
        creditor = _creditor(connection, operator_id)
        settling.settle(connection, operator_id, on, now)
        ledger = store.read(connection, operator_id=operator_id)
        number = connection.execute(
            sa.select(sa.func.count()).select_from(table("billing", "collections"))
        ).scalar_one()
        message_id = f"KW-{now.astimezone(UTC):%y%m%d}-{number + 1}"
        held_back: list[LeftOut] = []
        claims = list(_claims(connection, ledger, on, held_back, retry=retry))
        made = pain008.collect(creditor, claims, message_id, on, now.astimezone(UTC).date())
        _write(connection, operator_id, made, now)
    documents = tuple(debit.claim.document_id for debit in made.debits)
    left_out = (*held_back, *made.left_out)
    return Collection(
        message_id, operator_id, made.collection_date, made.transactions, made.total, "EUR", documents, left_out
    )


def file_of(engine: sa.Engine, collection_id: str) -> bytes:
    """The file of a collection, as it was made."""
    rows = table("billing", "collections")
    with engine.connect() as connection:
        query = sa.select(rows.c.file_xml).where(rows.c.collection_id == collection_id)
        found = connection.execute(query).scalar()
    if found is None:
        raise BankError(f"No collection has the id {collection_id!r}.")
    return str(found).encode()


def cancel(engine: sa.Engine, collection_id: str, on: date) -> int:
    """Take back a collection that never went to the bank, so that its invoices can be collected; gives their number."""
    rows = table("billing", "collection_items")
    with store.writing(engine) as connection:
        mine = rows.c.collection_id == collection_id
        states = connection.execute(sa.select(rows.c.state).where(mine)).scalars().all()
        if not states or set(states) != {"sent"}:
            why = "holds debits that the bank has booked or returned" if states else "does not exist"
            raise BankError(f"Collection {collection_id} {why}; it stays as it is.")
        connection.execute(sa.update(rows).where(mine).values(state="returned", return_reason="CANC", returned_on=on))
    return len(states)


def _creditor(connection: sa.Connection, operator_id: str) -> Creditor:
    rows = table("registry", "operators")
    row = connection.execute(sa.select(rows).where(rows.c.operator_id == operator_id)).mappings().first()
    if row is None:
        raise BankDataRefused("Operator", operator_id, "is not in the registry")
    for name in ("iban", "creditor_id"):
        if not row[name]:
            raise BankDataRefused("Operator", operator_id, f"has no {name} in the registry: direct debits need it")
    return Creditor(row["name"], row["iban"], row["creditor_id"], row["bic"])


def _claims(
    connection: sa.Connection, ledger: Ledger, on: date, held_back: list[LeftOut], *, retry: bool
) -> Iterator[Claim]:
    mandates = _mandates(connection)
    items = table("billing", "collection_items")
    state: dict[str, tuple[str, str | None]] = {}
    for row in connection.execute(sa.select(items).order_by(items.c.returned_on.is_(None), items.c.returned_on)):
        state[row.document_id] = (row.state, row.return_reason)
    disputed, paying = dunning_book.paused(connection), attempts(connection)
    for due in ledger.dues:
        amount = ledger.open(due.document_id)
        if (
            due.contract_id is None
            or due.contract_id not in mandates
            or due.kind == "credit_note"
            or amount <= 0
            or due.due_date > on
        ):
            continue
        before, reason = state.get(due.document_id, (None, None))
        if before in ("sent", "paid"):
            if before == "paid":
                held_back.append(LeftOut(due.document_id, "was collected, and a rest is open: ask for a transfer"))
            continue
        if before == "returned" and reason != "CANC" and not retry:
            held_back.append(
                LeftOut(due.document_id, f"came back before ({reason}): mend it, then collect with --retry")
            )
        elif (tried := paying.get(due.document_id)) and tried.last(*UNDER_WAY):
            held_back.append(LeftOut(due.document_id, "is being paid through the payment provider"))
        elif due.document_id in disputed:
            held_back.append(LeftOut(due.document_id, "is disputed: dunning is paused"))
        else:
            mandate = mandates[due.contract_id]
            yield Claim(due.document_id, due.contract_id, amount, due.currency, due.number, mandate)


def _mandates(connection: sa.Connection) -> dict[str, Mandate | None]:
    """By contract that pays by direct debit: its mandate, None where there is none."""
    contracts, drivers = table("registry", "contracts"), table("registry", "drivers")
    items, collections = table("billing", "collection_items"), table("billing", "collections")
    used = sa.select(items.c.mandate_id, sa.func.max(collections.c.collection_date).label("day"))
    used = used.join(collections, collections.c.collection_id == items.c.collection_id)
    used = used.where(items.c.state != "returned").group_by(items.c.mandate_id)
    last_used = {row.mandate_id: row.day for row in connection.execute(used)}
    query = sa.select(contracts.c.contract_id, drivers)
    query = query.join(drivers, drivers.c.driver_id == contracts.c.driver_id, isouter=True)
    found: dict[str, Mandate | None] = {}
    for row in connection.execute(query.where(contracts.c.payment_method == "sepa_debit")).mappings():
        complete = row["iban"] and row["mandate_id"] and row["mandate_signed_on"]
        found[row["contract_id"]] = (
            Mandate(
                row["mandate_id"],
                row["iban"],
                row["account_holder"] or row["company"] or row["name"] or "",
                row["mandate_signed_on"],
                town=row["city"],
                country_code=row["country_code"],
                last_used=last_used.get(row["mandate_id"]),
            )
            if complete
            else None
        )
    return found


def _write(connection: sa.Connection, operator_id: str, made: DirectDebits, now: datetime) -> None:
    connection.execute(
        sa.insert(table("billing", "collections")).values(
            collection_id=made.message_id,
            operator_id=operator_id,
            collection_date=made.collection_date,
            created_at=now,
            currency="EUR",
            transactions=made.transactions,
            total_amount=made.total,
            file_xml=made.xml.decode(),
        )
    )
    connection.execute(
        sa.insert(table("billing", "collection_items")),
        [
            {
                "collection_id": made.message_id,
                "document_id": debit.claim.document_id,
                "contract_id": debit.claim.contract_id,
                "mandate_id": debit.mandate.mandate_id,
                "sequence_type": debit.sequence_type,
                "amount": debit.claim.amount,
                "end_to_end_id": debit.end_to_end_id,
                "state": "sent",
            }
            for debit in made.debits
        ],
    )
