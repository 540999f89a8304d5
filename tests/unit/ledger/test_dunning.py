"""Dunning: which step when, and what its letter says."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from pipelines.billing.ledger.dunning import PolicyStep, Taken, next_action, state
from pipelines.billing.ledger.letters import letter, money
from pipelines.billing.ledger.model import Due

pytestmark = pytest.mark.fast

D = Decimal
DUE = Due("R-1", "R-1", "invoice", "c1", "op", "EUR", D(100), date(2026, 1, 1), date(2026, 1, 15))
POLICY = (
    PolicyStep("reminder_1", 7, 10),
    PolicyStep("reminder_2", 14, 10, D(5)),
    PolicyStep("final_notice", 3, 7, D(10)),
    PolicyStep("collection", 1, 0),
)


def test_steps_follow_one_another_and_none_before_its_day() -> None:
    taken: list[Taken] = []
    days = []
    for n in range(120):
        on = DUE.due_date + timedelta(days=n)
        action = next_action(DUE, D(100), taken, POLICY, on)
        if action is not None:
            days.append((n, action.step, action.fee))
            taken.append(Taken(action.step_no, action.step, on, action.fee))
    # The final notice waits for the second reminder's ten days, collection for the notice's seven.
    assert days == [(7, "reminder_1", 0), (21, "reminder_2", 5), (32, "final_notice", 10), (40, "collection", 0)]


def test_after_a_long_silence_the_next_step_is_taken_not_a_later_one() -> None:
    action = next_action(DUE, D(100), [], POLICY, date(2027, 1, 1))
    assert action is not None
    assert (action.step, action.pay_by) == ("reminder_1", date(2027, 1, 11))


@pytest.mark.parametrize(
    ("due", "opened", "taken", "expected"),
    [
        (DUE, D(0), [], "paid"),
        (DUE, D(1), [], "due"),
        (DUE, D(1), [Taken(1, "reminder_1", date(2026, 1, 22))], "reminder_1"),
        (DUE, D(1), [Taken(1, "reminder_1", date(2026, 1, 22)), Taken(2, "paused", date(2026, 1, 23))], "paused"),
        (
            DUE,
            D(1),
            [
                Taken(1, "reminder_1", date(2026, 1, 22)),
                Taken(2, "paused", date(2026, 1, 23)),
                Taken(3, "resumed", date(2026, 1, 24)),
            ],
            "reminder_1",
        ),
    ],
)
def test_where_an_invoice_stands(due: Due, opened: Decimal, taken: list[Taken], expected: str) -> None:
    assert state(due, opened, taken, date(2026, 3, 1)) == expected
    goes_on = next_action(due, opened, taken, POLICY, date(2026, 3, 1)) is not None
    assert goes_on == (expected not in ("paid", "paused"))


def test_nothing_is_claimed_before_it_is_due() -> None:
    assert state(DUE, D(1), [], DUE.due_date) == "not_due"
    assert next_action(DUE, D(1), [], (PolicyStep("reminder_1", 0, 10),), DUE.due_date) is None


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_each_letter_says_what_is_asked(language: str, number: int) -> None:
    taken = [Taken(n + 1, POLICY[n].step, date(2026, 1, 15), POLICY[n].fee) for n in range(number)]
    action = next_action(DUE, D("1234.50"), taken, POLICY, date(2026, 6, 1))
    assert action is not None
    made = letter(DUE, action, language, "Charging Ltd", sum((row.fee for row in taken), D(0)))  # type: ignore[arg-type]
    assert "R-1" in made.subject
    assert ("1.234,50 EUR" if language == "de" else "1,234.50 EUR") in made.body
    assert "$" not in made.subject + made.body
    total = D("1234.50") + sum((it.fee for it in POLICY[: number + 1]), D(0))
    assert money(total, "EUR", language) in made.body  # type: ignore[arg-type]
    if number < 3:
        assert ("11.06.2026" if language == "de" else "11 June 2026") in made.body or number == 2
    assert made.body.endswith("Charging Ltd")


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        ("1234567.5", "INR", "en", "12,34,567.50 INR"),
        ("999", "INR", "en", "999.00 INR"),
        ("123456", "INR", "en", "1,23,456.00 INR"),
        ("-1234.5", "EUR", "de", "-1.234,50 EUR"),
        ("1234", "JPY", "en", "1,234 JPY"),
    ],
)
def test_amounts_are_written_as_people_read_them(amount: str, currency: str, language: str, text: str) -> None:
    assert money(D(amount), currency, language) == text  # type: ignore[arg-type]
