"""Which money is for what; what is not certain is never guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from pipelines.billing.bank.camt053 import Transaction
from pipelines.billing.bank.matching import Book, Item, Outcome
from pipelines.billing.ledger.model import Due

pytestmark = pytest.mark.fast

D = Decimal
DAY = date(2026, 11, 20)


def due(number: str, contract: str, amount: str, currency: str = "EUR") -> Due:
    return Due(number, number, "invoice", contract, "op", currency, D(amount), DAY, DAY)


def book(*items: Item) -> Book:
    dues = [
        due("KWH-2026-1", "c1", "100.00"),
        due("KWH-2026-10", "c1", "40.00"),
        due("KWH-2026-2", "c2", "100.00"),
        due("KWH-2026-3", "c3", "7.00"),
        due("KWH-2026-4", "c3", "7.00"),
        due("A7", "c4", "12.00"),
        due("KWH-2026-5", "c4", "5.00", "NOK"),
        due("KWH-2026-6", "c5", "60.00"),
    ]
    opened = {it.document_id: it.claim for it in dues} | {"KWH-2026-6": D(0)}
    return Book(dues, opened, items, {"NL1": {"c1"}, "NL3": {"c3"}, "NL9": {"c1", "c2"}})


def paid(amount: str, text: str | None = None, **facts: object) -> Transaction:
    return Transaction(D(amount), "EUR", DAY, remittance=text, **facts)  # type: ignore[arg-type]


def told(outcome: Outcome) -> list[tuple[str, Decimal, tuple[str, ...]]]:
    return [(move.contract_id, move.signed, move.documents) for move in outcome.moves]


@pytest.mark.parametrize(
    ("transaction", "moves"),
    [
        (paid("100.00", "Rechnung KWH-2026-1"), [("c1", D(100), ("KWH-2026-1",))]),
        (paid("100.00", "Rechnung kwh-2026-\n1 danke"), [("c1", D(100), ("KWH-2026-1",))]),
        (paid("40.00", end_to_end_id="KWH-2026-10"), [("c1", D(40), ("KWH-2026-10",))]),
        (paid("30.00", "KWH-2026-1 part"), [("c1", D(30), ("KWH-2026-1",))]),
        (paid("130.00", "KWH-2026-1 too much"), [("c1", D(130), ("KWH-2026-1",))]),
        (paid("140.00", "KWH-2026-1, KWH-2026-10"), [("c1", D(140), ("KWH-2026-1", "KWH-2026-10"))]),
        (paid("150.00", "KWH-2026-1/KWH-2026-10"), [("c1", D(150), ("KWH-2026-1", "KWH-2026-10"))]),
        (
            paid("200.00", "KWH-2026-1 and KWH-2026-2"),
            [("c1", D(100), ("KWH-2026-1",)), ("c2", D(100), ("KWH-2026-2",))],
        ),
        (paid("12.00", "A7"), [("c4", D(12), ("A7",))]),
        (paid("60.00", "KWH-2026-6 again"), [("c5", D(60), ("KWH-2026-6",))]),
        (paid("100.00", "charging", counterparty_iban="NL1"), [("c1", D(100), ("KWH-2026-1",))]),
        (paid("40.00", counterparty_iban="NL1"), [("c1", D(40), ("KWH-2026-10",))]),
    ],
)
def test_what_is_certain_is_booked(transaction: Transaction, moves: list[tuple[str, Decimal, tuple[str, ...]]]) -> None:
    outcome = book().match(transaction)
    assert told(outcome) == moves
    assert outcome.work_amount == 0


@pytest.mark.parametrize(
    ("transaction", "reason", "suggested"),
    [
        (paid("100.00", "thanks"), "account is not known", ["KWH-2026-1", "KWH-2026-2"]),
        (paid("100.00", counterparty_iban="NL9"), "used by several contracts", None),
        (paid("99.99", counterparty_iban="NL1"), "no open amounts of contract c1 fit", None),
        (
            paid("7.00", counterparty_iban="NL3"),
            "several open amounts of contract c3 fit",
            ["KWH-2026-3", "KWH-2026-4"],
        ),
        (paid("40.00", "KWH-2026-1 0"), "may be meant, or not", ["KWH-2026-1", "KWH-2026-10"]),
        (paid("120.00", "KWH-2026-1 KWH-2026-10"), "less than the sum", None),
        (paid("201.00", "KWH-2026-1 KWH-2026-2"), "several contracts", None),
        (paid("13.00", "A7"), "by chance", ["A7"]),
        (paid("5.00", "KWH-2026-5"), "may be meant, or not", ["KWH-2026-5"]),
        (paid("100.00", "XKWH-2026-1"), "account is not known", None),
        (paid("100.00", "KWH-2026-100"), "account is not known", None),
        (paid("100.00", "KWH-2026-1", is_return=True), "money of ours came back", None),
        (paid("100.00", "KWH-2026-1", is_reversal=True), "money of ours came back", None),
        (paid("-3.50", "account fee"), "none of our direct debits", None),
    ],
)
def test_what_is_not_certain_is_on_the_work_list(
    transaction: Transaction, reason: str, suggested: list[str] | None
) -> None:
    outcome = book().match(transaction)
    assert (outcome.moves, outcome.work_amount) == ((), transaction.amount)
    assert reason in outcome.reason
    if suggested is not None:
        assert [row.document_id for row in outcome.suggestions] == suggested


def item(document: str, contract: str, amount: str, sequence: str = "RCUR") -> Item:
    return Item("KW-1", document, contract, D(amount), f"E-{document}", sequence)


def test_our_debits_are_paid_come_back_and_do_so_once() -> None:
    some = book(item("KWH-2026-1", "c1", "100.00"), item("KWH-2026-2", "c2", "100.00", "FRST"))
    early = some.match(paid("-100.00", end_to_end_id="E-KWH-2026-1", return_reason="AC04", is_return=True))
    assert early.moves == ()
    assert "came back before the bank booked it" in early.reason
    assert told(some.match(paid("100.00", end_to_end_id="E-KWH-2026-1"))) == [("c1", D(100), ("KWH-2026-1",))]
    assert some.open["KWH-2026-1"] == 0
    again = some.match(paid("100.00", end_to_end_id="E-KWH-2026-1"))
    assert (again.moves, again.reason) == ((), "our direct debit was paid before")
    back = some.match(paid("-103.50", end_to_end_id="E-KWH-2026-1", return_reason="MD06", is_return=True))
    assert told(back) == [("c1", D(-100), ("KWH-2026-1",))]
    assert (back.work_amount, "MD06" in back.reason) == (D("-3.50"), True)
    assert some.open["KWH-2026-1"] == 100
    twice = some.match(paid("-100.00", end_to_end_id="E-KWH-2026-1", return_reason="MD06", is_return=True))
    assert twice.moves == ()


def test_a_batch_booked_in_one_sum_pays_its_debits() -> None:
    items = [
        item("KWH-2026-1", "c1", "100.00"),
        item("KWH-2026-10", "c1", "40.00"),
        item("KWH-2026-2", "c2", "100.00", "FRST"),
    ]
    some = book(*items)
    assert some.match(paid("139.00", batch_reference="KW-1-RCUR")).moves == ()
    outcome = some.match(paid("140.00", batch_reference="KW-1-RCUR"))
    assert told(outcome) == [("c1", D(100), ("KWH-2026-1",)), ("c1", D(40), ("KWH-2026-10",))]
    assert told(some.match(paid("100.00", batch_reference="KW-1"))) == [("c2", D(100), ("KWH-2026-2",))]
