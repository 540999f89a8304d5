"""Card payments told to the ledger: what a provider took or gave back is a movement on the documents that it was for.

`tell` is what `payment_service` calls inside the transaction that records a fact, so both stand or fall together, and
the fact's key makes the movement happen once. Money held, released or refused moves nothing and is not told. Money of
a session without a contract goes to the session's own account: there it pays its receipt, whichever is there first.

What a provider did has happened, whether the ledger takes it or not: what it cannot take is kept with the reason
(`billing.unbooked_facts`), tried again by `book_waiting`, and named by `check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal

import sqlalchemy as sa

from pipelines.billing.cards import methods
from pipelines.billing.ledger import posting, reversing, store
from pipelines.billing.ledger.ad_hoc import account_of_payment
from pipelines.billing.ledger.balance import Mismatch
from pipelines.billing.ledger.errors import LedgerError, NotEnough
from pipelines.billing.ledger.model import ZERO, Kind, Ledger, Posting, Source, payment_id_of
from pipelines.billing.ledger.posting import Account, Told
from pipelines.billing.payments.events import (
    Captured,
    DisputeClosed,
    Disputed,
    MethodReady,
    PaymentFact,
    Refunded,
    RefundFailed,
)
from pipelines.billing.payments.provider import Money
from warehouse.errors import KwhouseError
from warehouse.money import MINOR_UNITS
from warehouse.state import table

SOURCE: Source = "stripe"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact that moves money: a row of `billing.unbooked_facts`, but for the reason."""

    fact_key: str
    payment_id: str
    fact: str
    currency: str
    amount_minor: int
    happened_at: datetime
    dispute_id: str | None = None

    @property
    def amount(self) -> Decimal:
        return decimal(Money(self.currency, self.amount_minor))

    def told(self, now: datetime, part: int = 1) -> Told:
        """Who tells of it, and that we know it since `now`; `part` counts the movements of a fact that is several."""
        reference = self.fact_key if part == 1 else f"{self.fact_key}/{part}"
        return Told(SOURCE, reference, self.happened_at.astimezone(UTC).date(), now)


def tell(connection: sa.Connection, told: PaymentFact | MethodReady) -> None:
    """Write the movement that `told` means, on its own connection; nothing where no money moved."""
    if isinstance(told, MethodReady):
        methods.remember(connection, told)
        return
    fact = _fact(told)
    if fact is None:
        return
    try:
        book(connection, fact)
    except KwhouseError as error:
        _keep(connection, fact, str(error))


def book(connection: sa.Connection, fact: Fact) -> None:
    """Write the movement of a fact, once. Raises what the ledger refuses it with."""
    store.lock(connection)
    account, document_id = account_of_payment(connection, fact.payment_id)
    for step in _steps(connection, account, fact, document_id):
        store.record_in(connection, account, step.told, step.kind, step.amount, step.make)


def book_waiting(connection: sa.Connection) -> int:
    """Try again to write what the ledger could not take, the oldest first; gives how many it took now."""
    rows = table("billing", "unbooked_facts")
    waiting = list(connection.execute(sa.select(rows).order_by(rows.c.happened_at, rows.c.fact_key)).mappings())
    done = 0
    for row in waiting:
        fact = Fact(**{name: row[name] for name in Fact.__dataclass_fields__})
        mine = rows.c.fact_key == fact.fact_key
        try:
            book(connection, fact)
        except KwhouseError as error:
            connection.execute(sa.update(rows).where(mine).values(reason=str(error)))
        else:
            connection.execute(sa.delete(rows).where(mine))
            done += 1
    return done


def check(connection: sa.Connection) -> Iterator[Mismatch]:
    """Where the ledger lacks what the provider did: facts that it could not take, and payments whose sums differ."""
    rows = table("billing", "unbooked_facts")
    lacking = set()
    for row in connection.execute(sa.select(rows).order_by(rows.c.fact_key)).mappings():
        lacking.add(row["payment_id"])
        amount = decimal(Money(row["currency"], row["amount_minor"]))
        reason = f"{row['fact']} and is not in the ledger: {row['reason']}"
        yield Mismatch("card payment", row["payment_id"], amount, row["currency"], reason)
    booked = _booked(connection)
    payments = table("billing", "provider_payments")
    asked = sa.select(payments).order_by(payments.c.payment_id)
    for row in connection.execute(asked).mappings():
        kept = decimal(Money(row["currency"], row["captured_minor"] - row["refunded_minor"]))
        there = booked.get(row["payment_id"], ZERO)
        if kept != there and row["payment_id"] not in lacking:
            reason = f"the provider kept {kept} of it, the ledger {there}"
            yield Mismatch("card payment", row["payment_id"], kept - there, row["currency"], reason)


def check_operator(connection: sa.Connection, operator_id: str) -> Iterator[Mismatch]:
    """What of `check` is one operator's. Money of which nobody knows the operator may be anyone's, so it is too."""
    for found in check(connection):
        try:
            account, _ = account_of_payment(connection, found.id)
        except LedgerError:
            yield found
            continue
        if account.operator_id == operator_id:
            yield found


def decimal(money: Money) -> Decimal:
    """The amount as the ledger writes it."""
    return Decimal(money.minor).scaleb(-MINOR_UNITS[money.currency])


@dataclass(frozen=True, slots=True)
class _Step:
    """One movement of a fact."""

    told: Told
    kind: Kind
    amount: Decimal
    make: Callable[[Ledger], Posting]


def _fact(told: PaymentFact) -> Fact | None:
    words: dict[type[PaymentFact], str] = {
        Captured: "captured",
        Refunded: "refunded",
        RefundFailed: "refund_failed",
        Disputed: "disputed",
        DisputeClosed: "dispute_won",
    }
    word = words.get(type(told))
    if word is None or (isinstance(told, DisputeClosed) and not told.won):
        return None
    amount: Money = told.amount  # type: ignore[attr-defined]  # all of these have one
    dispute = told.dispute_id if isinstance(told, Disputed | DisputeClosed) else None
    return Fact(told.key, told.payment_id, word, amount.currency, amount.minor, told.at, dispute)


def _steps(connection: sa.Connection, account: Account, fact: Fact, document_id: str | None) -> list[_Step]:
    told, amount = fact.told(datetime.now(UTC)), fact.amount
    match fact.fact:
        case "captured":
            pays = None if document_id is None else [document_id]
            return [_Step(told, "payment", amount, lambda it: posting.pay(it, account, told, amount, "card", pays))]
        case "refunded":
            taken = _captured(connection, fact.payment_id)
            return [_Step(told, "refund", amount, lambda it: reversing.give_back(it, told, taken, amount))]
        case "disputed":
            taken = _captured(connection, fact.payment_id)
            return [_Step(told, "chargeback", amount, lambda it: reversing.charge_back(it, told, taken, amount))]
        case "dispute_won":
            gone = payment_id_of(SOURCE, f"{fact.payment_id}-disputed-{fact.dispute_id}")
            return [_Step(told, "payment", amount, lambda it: reversing.restore(it, told, gone, amount))]
    return _refund_came_back(connection, account, fact)


def _refund_came_back(connection: sa.Connection, account: Account, fact: Fact) -> list[_Step]:
    """The refunds that came to nothing: the one of just that amount, else the newest ones."""
    if store.recorded(connection, SOURCE, fact.fact_key) is not None:
        return []
    taken = _captured(connection, fact.payment_id)
    ledger = store.read(connection, operator_id=account.operator_id, contracts=[account.contract_id])
    refunds = [row for row in ledger.payments if row.kind == "refund" and row.reverses == taken]
    left = {row.payment_id: row.amount - ledger.taken_back.get(row.payment_id, ZERO) for row in reversed(refunds)}
    exact = [it for it, amount in left.items() if amount == fact.amount][:1]
    steps: list[_Step] = []
    rest = fact.amount
    for refund in exact or left:
        if (part := min(rest, left[refund])) > 0:
            steps.append(_restored(fact.told(datetime.now(UTC), len(steps) + 1), refund, part))
            rest -= part
    if rest:
        raise NotEnough(f"Refunds of {fact.payment_id}", fact.amount, fact.amount - rest, fact.currency)
    return steps


def _restored(told: Told, refund: str, amount: Decimal) -> _Step:
    return _Step(told, "payment", amount, lambda ledger: reversing.restore(ledger, told, refund, amount))


def _keep(connection: sa.Connection, fact: Fact, reason: str) -> None:
    rows = table("billing", "unbooked_facts")
    known = connection.execute(sa.select(rows.c.fact_key).where(rows.c.fact_key == fact.fact_key)).scalar()
    if known is None:
        connection.execute(sa.insert(rows).values(**asdict(fact), reason=reason))


def _captured(connection: sa.Connection, payment_id: str) -> str:
    """The ledger's id of the movement that took the money of this payment."""
    payments = table("billing", "payments")
    wanted = sa.select(payments.c.external_ref).where(
        payments.c.source == SOURCE,
        payments.c.kind == "payment",
        payments.c.external_ref.startswith(f"{payment_id}-captured-", autoescape=True),
    )
    found = connection.execute(wanted.order_by(payments.c.external_ref)).scalars().first()
    if found is None:
        raise LedgerError(f"The ledger has no payment {payment_id} that could be taken back.")
    return payment_id_of(SOURCE, str(found))


def _booked(connection: sa.Connection) -> dict[str, Decimal]:
    """What the ledger kept of each payment of the provider, disputes aside: taken, less given back."""
    payments = table("billing", "payments")
    mine = sa.select(payments).where(payments.c.source == SOURCE)
    rows = {row["payment_id"]: row for row in connection.execute(mine).mappings()}
    kept: dict[str, Decimal] = {}
    for row in rows.values():
        reversed_one = rows.get(row["reverses"])
        if row["kind"] == "chargeback" or (reversed_one is not None and reversed_one["kind"] == "chargeback"):
            continue
        name = row["external_ref"].partition("-")[0]  # keys of facts begin with the payment's id
        kept[name] = kept.get(name, ZERO) + (row["amount"] if row["kind"] == "payment" else -row["amount"])
    return kept
