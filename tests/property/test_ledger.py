"""Whatever happens to documents and money, amounts add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.ledger import balance, posting, reversing
from pipelines.billing.ledger.errors import LedgerError
from pipelines.billing.ledger.model import Due, Ledger, Posting
from pipelines.billing.ledger.posting import Account, Told

pytestmark = pytest.mark.fast

DAY = date(2026, 11, 24)
ACCOUNT = Account("op", "c1", "EUR")
AD_HOC = Account("op", None, "EUR")
CENTS = st.integers(1, 20_000).map(lambda cents: Decimal(cents) / 100)


def told(n: int) -> Told:
    return Told("manual", f"m{n}", DAY, datetime(2026, 11, 24, tzinfo=UTC))


def due(n: int, kind: str, amount: Decimal, contract: str | None = "c1") -> Due:
    number = f"{'CN' if kind == 'credit_note' else 'R'}-{n}"
    return Due(number, number, kind, contract, "op", "EUR", amount, DAY, DAY)  # type: ignore[arg-type]


Step = tuple[str, Decimal, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "invoice",
                "credit_note",
                "fee",
                "pay",
                "pay_oldest",
                "pay_one",
                "pay_ad_hoc",
                "refund",
                "refund_document",
                "give_back",
                "restore",
                "write_off",
                "set_off",
                "charge_back",
                "top_up",
                "use",
                "use_oldest",
                "refund_prepaid",
            ]
        ),
        CENTS,
        st.integers(0, 99),
    ),
    max_size=25,
)


def act(ledger: Ledger, n: int, name: str, amount: Decimal, pick: int) -> Posting | None:
    """One movement; `pick` chooses the document or payment."""
    documents = [row.document_id for row in ledger.dues if row.contract_id == "c1"] or ["none"]
    document = documents[pick % len(documents)]
    loose = [row.document_id for row in ledger.dues if row.contract_id is None] or ["none"]
    payments = [row.payment_id for row in ledger.payments if row.kind in ("payment", "topup")]
    payment = payments[pick % len(payments)] if payments else None
    reversals = [row.payment_id for row in ledger.payments if row.kind in ("refund", "chargeback")]
    gone = reversals[pick % len(reversals)] if reversals else None
    part = amount if pick % 2 else None
    acts: dict[str, Callable[[], Posting | None]] = {
        "pay": lambda: posting.pay(ledger, ACCOUNT, told(n), amount, "bank_transfer", documents[pick % 3 :]),
        "pay_oldest": lambda: posting.pay(ledger, ACCOUNT, told(n), amount, "card", None),
        "pay_one": lambda: posting.pay(ledger, ACCOUNT, told(n), amount, "card", [document]),
        "pay_ad_hoc": lambda: posting.pay(ledger, AD_HOC, told(n), amount, "card", [loose[pick % len(loose)]]),
        "refund": lambda: posting.refund(ledger, ACCOUNT, told(n), amount, "bank_transfer"),
        "refund_document": lambda: posting.refund(ledger, ACCOUNT, told(n), amount, "card", document),
        "give_back": lambda: reversing.give_back(ledger, told(n), payment, part) if payment else None,
        "restore": lambda: reversing.restore(ledger, told(n), gone, part) if gone else None,
        "write_off": lambda: posting.write_off(ledger, ACCOUNT, told(n), document, part),
        "set_off": lambda: posting.set_off(ledger, ACCOUNT, told(n)),
        "charge_back": lambda: reversing.charge_back(ledger, told(n), payment, part) if payment else None,
        "top_up": lambda: posting.top_up(ACCOUNT, told(n), amount, "upi"),
        "use": lambda: posting.use_prepaid(ledger, ACCOUNT, told(n), amount),
        "use_oldest": lambda: posting.use_prepaid(ledger, ACCOUNT, told(n), amount, None),
        "refund_prepaid": lambda: posting.refund(ledger, ACCOUNT, told(n), amount, "prepaid"),
    }
    return acts[name]()


@given(STEPS)
def test_amounts_add_up_after_any_sequence(steps: list[Step]) -> None:
    ledger, charged = Ledger(), Decimal(0)
    for n, (name, amount, pick) in enumerate(steps):
        if name in ("invoice", "credit_note", "fee"):
            row = due(n, name, amount, None if pick % 5 == 0 and name == "invoice" else "c1")
            ledger = Ledger((*ledger.dues, row), ledger.payments, ledger.allocations)
            continue
        try:
            done = act(ledger, n, name, amount, pick)
        except LedgerError:
            continue
        if done is not None:
            ledger += done
            charged += done.payment.amount if name in ("charge_back", "give_back") else 0
        assert balance.check(ledger) == [], name
    for row in balance.documents(ledger):
        settled = row.paid - row.charged_back - row.refunded + row.set_off + row.written_off
        assert row.claim == settled + row.open
        assert min(row.claim, 0) <= row.open <= max(row.claim, 0)
    rows = balance.contracts(ledger)
    money = sum((row.money_in - row.money_out + row.written_off for row in rows), Decimal(0))
    assert money == sum((row.claimed - row.owed + row.credit + row.prepaid for row in rows), Decimal(0))
    assert all(row.credit >= -charged and row.prepaid >= -charged for row in rows)


@given(st.lists(CENTS, min_size=1, max_size=6), CENTS)
def test_a_payment_settles_the_longest_overdue_first_and_keeps_the_rest(amounts: list[Decimal], paid: Decimal) -> None:
    ledger = Ledger(tuple(due(n, "invoice", amount) for n, amount in enumerate(amounts)))
    ledger += posting.pay(ledger, ACCOUNT, told(0), paid, "bank_transfer", None)
    left = paid
    for row in balance.documents(ledger):
        part = min(left, row.claim)
        assert row.paid == part
        left -= part
    assert ledger.credit("c1", "EUR") == left


@given(STEPS, CENTS, st.integers(0, 99), st.sampled_from(["charge_back", "give_back"]))
def test_what_was_taken_back_and_came_again_changed_nothing(
    steps: list[Step], amount: Decimal, pick: int, name: str
) -> None:
    ledger = Ledger()
    for n, (step, cents, which) in enumerate([*steps, ("pay_oldest", amount, 1)]):
        if step in ("invoice", "credit_note", "fee"):
            ledger = Ledger((*ledger.dues, due(n, step, cents)), ledger.payments, ledger.allocations)
            continue
        try:
            done = act(ledger, n, step, cents, which)
        except LedgerError:
            continue
        if done is not None:
            ledger += done
    try:
        gone = act(ledger, 100, name, amount, pick)
    except LedgerError:
        return  # more than is left of that payment
    assert gone is not None
    back = ledger + gone
    back += reversing.restore(back, told(101), gone.payment.payment_id)
    assert balance.check(back) == []
    assert [back.open(row.document_id) for row in back.dues] == [ledger.open(row.document_id) for row in ledger.dues]
    assert back.credit("c1", "EUR") == ledger.credit("c1", "EUR")
    assert back.prepaid("c1", "EUR") == ledger.prepaid("c1", "EUR")
    assert {name: left for name, left in back.taken_back.items() if left and name != gone.payment.payment_id} == {
        name: left for name, left in ledger.taken_back.items() if left
    }
