"""Each cent of a bank statement ends up on a document, on a contract's credit, or on the work list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.bank.camt053 import Transaction
from pipelines.billing.bank.matching import Book, Item
from pipelines.billing.ledger import balance
from pipelines.billing.ledger.model import Due, Ledger, Payment, Posting, payment_id_of
from pipelines.billing.ledger.posting import Account, Told, pay
from pipelines.billing.ledger.reversing import charge_back
from pipelines.billing.ledger.settling import by_account

pytestmark = pytest.mark.fast

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
CENTS = st.sampled_from([1, 500, 1000, 1500, 2000]).map(lambda cents: Decimal(cents) / 100)
DUES = st.lists(st.tuples(CENTS, st.sampled_from(["c1", "c2", "c3"]), st.booleans()), min_size=1, max_size=8)
WORDS = st.sampled_from(
    ["KWH-1", "KWH-2", "kwh-3", "KWH- 1", "KWH-10", "thanks", "1", "/", ",", "KWH-4KWH-5", "x" * 30]
)
TRANSACTIONS = st.lists(
    st.tuples(
        CENTS,
        st.sampled_from([1, 1, 1, -1]),
        st.lists(WORDS, max_size=4).map(" ".join),
        st.sampled_from([None, "NL1", "NL2", "NL9"]),
        st.sampled_from([None, None, "E-1", "E-2", "KWH-3"]),
        st.sampled_from([None, None, "KW-1-FRST", "KW-1"]),
        st.booleans(),
    ),
    max_size=12,
)


def world(drawn: list[tuple[Decimal, str, bool]]) -> tuple[Ledger, list[Item]]:
    dues = tuple(
        Due(f"KWH-{n}", f"KWH-{n}", "invoice", contract, "op", "EUR", amount, DAY, DAY)
        for n, (amount, contract, _) in enumerate(drawn, start=1)
    )
    items = [
        Item("KW-1", f"KWH-{n}", contract, amount, f"E-{n}", "FRST" if n % 2 else "RCUR")
        for n, (amount, contract, debited) in enumerate(drawn, start=1)
        if debited
    ]
    return Ledger(dues), items


@given(DUES, TRANSACTIONS)
def test_each_cent_is_somewhere(drawn: list[tuple[Decimal, str, bool]], moved: list[tuple]) -> None:  # type: ignore[type-arg]
    ledger, items = world(drawn)
    opened = {due.document_id: ledger.open(due.document_id) for due in ledger.dues}
    book = Book(ledger.dues, opened, items, {"NL1": {"c1"}, "NL2": {"c2", "c3"}})
    total = waiting = Decimal(0)
    for number, (amount, sign, text, iban, name, batch, back) in enumerate(moved):
        transaction = Transaction(
            sign * amount, "EUR", DAY, None, name, batch, None, "Somebody", iban, text, "AC04" if back else None, back
        )
        outcome = book.match(transaction)
        assert sum((move.signed for move in outcome.moves), outcome.work_amount) == transaction.amount
        for index, move in enumerate(outcome.moves):
            ledger += posted(ledger, move.kind, move.contract_id, move.amount, move.documents, move.item, number, index)
            book.correct({it: ledger.open(it) for it in move.documents})
        total += transaction.amount
        waiting += outcome.work_amount
        assert balance.check(ledger) == []
    rows = balance.contracts(ledger)
    used = sum((row.claimed - row.owed + row.credit for row in rows), Decimal(0))
    assert total == used + waiting


def posted(
    ledger: Ledger,
    kind: str,
    contract: str,
    amount: Decimal,
    documents: tuple[str, ...],
    item: Item | None,
    number: int,
    index: int,
) -> Posting:
    account = Account("op", contract, "EUR")
    if kind == "chargeback":
        assert item is not None
        told = Told("pain008", f"{item.end_to_end_id}/return", DAY, NOW)
        return charge_back(by_account(ledger)[account], told, payment_id_of("pain008", item.end_to_end_id))
    told = Told("pain008", item.end_to_end_id, DAY, NOW) if item else Told("camt053", f"{number}:{index}", DAY, NOW)
    done = pay(by_account(ledger)[account], account, told, amount, "bank_transfer", documents)
    assert isinstance(done.payment, Payment)
    return done
