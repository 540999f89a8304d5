"""Payouts to site owners: a pain.001 file of what was stated and not paid yet, kept with the statements that it pays.

An owner gets one transfer a file: his statements less what credit notes take back. Where that is less than nothing, or
than the least amount that is worth a transfer, it is carried over to the next file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipelines.billing.bank import pain001
from pipelines.billing.bank.errors import BankError, NothingToSend
from pipelines.billing.bank.pain001 import Debtor, NotPaid, Transfers
from pipelines.billing.ledger import store
from pipelines.billing.owners.parties import OwnerUnknown, row_of
from warehouse.state import table

CURRENCY = "EUR"  # SEPA's only one


@dataclass(frozen=True, slots=True)
class Carried:
    """An owner who is not paid this time, what stands open for him, and why. `is_fault`: a person has to mend it."""

    owner_id: str
    currency: str
    amount: Decimal
    reason: str
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout that was made; its file is kept (`file_of`). `statements`: numbers that it pays or sets off."""

    payout_id: str
    operator_id: str
    execution_date: date
    transfers: int
    total: Decimal
    statements: tuple[str, ...]
    carried: tuple[Carried, ...]

    def __str__(self) -> str:
        head = f"Payout {self.payout_id} on {self.execution_date}: {self.transfers} transfers, {self.total} {CURRENCY}"
        return "\n".join([head, *(_told(one) for one in self.carried)])


@dataclass(frozen=True, slots=True)
class _Open:
    """What is open for one owner: the sum of `documents` (rows of billing.owner_documents)."""

    owner_id: str
    currency: str
    documents: tuple[dict[str, Any], ...]

    @property
    def amount(self) -> Decimal:
        return sum((row["total_incl_vat"] for row in self.documents), Decimal(0))


def pay(
    engine: sa.Engine, operator_id: str, *, on: date, now: datetime, by: str, minimum: Decimal = Decimal(0)
) -> Payout:
    """Make the file that pays what is open on the first banking day from `on` on; each statement is paid once.

    Owners for whom less than `minimum` is open, or who cannot be paid, are carried over. Raises `OwnerUnknown`,
    `BankDataRefused` for what is wrong with the operator's account, `NothingToSend` where nobody is left.
    """
    with store.writing(engine) as connection:
        operator = row_of(connection, "operators", operator_id=operator_id)
        if operator is None:
            raise OwnerUnknown("operator", operator_id)
        due, carried = _sorted_out(_open(connection, operator_id), minimum)
        if not due:
            raise NothingToSend("pay out", [_told(one) for one in carried])
        made = pain001.pay_out(
            Debtor(operator["name"], operator["iban"] or "", operator["bic"]),
            [_payment(connection, one, str(operator["name"])) for one in due],
            _next_id(connection, now),
            on,
            now.astimezone(UTC).date(),
        )
        paid = {transfer.payout.reference: transfer.end_to_end_id for transfer in made.transfers}
        items = [
            {
                "payout_id": made.message_id,
                "document_id": row["document_id"],
                "owner_id": one.owner_id,
                "amount": row["total_incl_vat"],
                "end_to_end_id": paid[one.owner_id],
                "state": "sent",
            }
            for one in due
            if one.owner_id in paid
            for row in one.documents
        ]
        _keep(connection, operator_id, made, items, now, by)
    refused = _refused(due, made.left_out)
    statements = tuple(str(item["document_id"]) for item in items)
    return Payout(
        made.message_id,
        operator_id,
        made.execution_date,
        made.transactions,
        made.total,
        statements,
        (*carried, *refused),
    )


def file_of(engine: sa.Engine, payout_id: str) -> bytes:
    """The file of a payout, as it was made."""
    rows = table("billing", "owner_payouts")
    with engine.connect() as connection:
        found = connection.execute(sa.select(rows.c.file_xml).where(rows.c.payout_id == payout_id)).scalar()
    if found is None:
        raise BankError(f"No payout has the id {payout_id!r}. `kwhouse owner payouts` lists them.")
    return str(found).encode()


def take_back(engine: sa.Engine, payout_id: str, on: date, owner_id: str | None = None) -> tuple[str, ...]:
    """Say that the transfers of a payout, or of one owner in it, came back or were never made; gives the statements.

    They are open again, and the next payout pays them.
    """
    rows = table("billing", "owner_payout_items")
    with store.writing(engine) as connection:
        mine = sa.and_(rows.c.payout_id == payout_id, rows.c.state == "sent")
        if owner_id is not None:
            mine = sa.and_(mine, rows.c.owner_id == owner_id)
        found = connection.execute(sa.select(rows.c.document_id).where(mine).order_by(rows.c.document_id)).scalars()
        statements = tuple(str(number) for number in found)
        if not statements:
            whose = f" to {owner_id}" if owner_id else ""
            raise BankError(f"Payout {payout_id} has no transfer{whose} that could come back.")
        connection.execute(sa.update(rows).where(mine).values(state="returned", returned_on=on))
    return statements


def _open(connection: sa.Connection, operator_id: str) -> Iterator[_Open]:
    documents, items = table("billing", "owner_documents"), table("billing", "owner_payout_items")
    paid = sa.exists().where(items.c.document_id == documents.c.document_id, items.c.state != "returned")
    query = sa.select(documents).where(documents.c.operator_id == operator_id, ~paid)
    query = query.order_by(documents.c.month, documents.c.issued_at, documents.c.kind, documents.c.document_id)
    by_owner: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in connection.execute(query).mappings():
        by_owner.setdefault((row["owner_id"], row["currency"]), []).append(dict(row))
    for (owner_id, currency), rows in sorted(by_owner.items()):
        yield _Open(owner_id, currency, tuple(rows))


def _sorted_out(opens: Iterator[_Open], minimum: Decimal) -> tuple[list[_Open], list[Carried]]:
    due: list[_Open] = []
    carried: list[Carried] = []
    for one in opens:
        if one.amount == 0:
            continue  # a statement and what took it back
        reason = None
        if one.amount < 0:
            reason = "corrections take back more than is stated; set off against what comes next"
        elif one.currency != CURRENCY:
            reason = "SEPA transfers euros only: pay it another way"
        elif one.amount < minimum:
            reason = f"less than {minimum} {CURRENCY}"
        if reason is None:
            due.append(one)
        else:
            carried.append(Carried(one.owner_id, one.currency, one.amount, reason))
    return due, carried


def _payment(connection: sa.Connection, one: _Open, operator: str) -> pain001.Payout:
    owner = row_of(connection, "site_owners", owner_id=one.owner_id) or {}
    return pain001.Payout(
        reference=one.owner_id,
        name=owner.get("name") or "",
        iban=owner.get("iban") or "",
        amount=one.amount,
        currency=one.currency,
        remittance=f"{operator} {' '.join(row['document_id'] for row in one.documents)}",
        town=owner.get("city"),
        country_code=owner.get("country_code"),
    )


def _next_id(connection: sa.Connection, now: datetime) -> str:
    number = connection.execute(sa.select(sa.func.count()).select_from(table("billing", "owner_payouts"))).scalar_one()
    return f"KWO-{now.astimezone(UTC):%y%m%d}-{number + 1}"


def _keep(
    connection: sa.Connection,
    operator_id: str,
    made: Transfers,
    items: Sequence[dict[str, Any]],
    now: datetime,
    by: str,
) -> None:
    connection.execute(
        sa.insert(table("billing", "owner_payouts")),
        {
            "payout_id": made.message_id,
            "operator_id": operator_id,
            "execution_date": made.execution_date,
            "created_at": now,
            "created_by": by,
            "currency": CURRENCY,
            "transfers": made.transactions,
            "total_amount": made.total,
            "file_xml": made.xml.decode(),
        },
    )
    connection.execute(sa.insert(table("billing", "owner_payout_items")), items)


def _refused(due: Sequence[_Open], left_out: Sequence[NotPaid]) -> Iterator[Carried]:
    amounts = {one.owner_id: one.amount for one in due}
    for one in left_out:
        yield Carried(
            one.reference, CURRENCY, amounts[one.reference], f"{one.reason}. Correct it in site_owners", is_fault=True
        )


def _told(one: Carried) -> str:
    return f"Carried over: {one.owner_id}, {one.amount} {one.currency}: {one.reason}"
