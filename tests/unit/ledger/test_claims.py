"""The ledger as a link of a month's chain: claims, what became of them, what is open."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipelines.billing.closing.claims import rows
from pipelines.billing.ledger.model import Allocation, Due, Kind, Ledger, Payment

pytestmark = pytest.mark.fast

D = Decimal
DAY = date(2026, 1, 1)


def due(number: str, amount: str, currency: str = "EUR") -> Due:
    kind = "credit_note" if D(amount) < 0 else "invoice"
    return Due(number, number, kind, "c1", "op", currency, D(amount), DAY, DAY)  # type: ignore[arg-type]


def moved(payment_id: str, kind: Kind, amount: str, reverses: str | None = None) -> Payment:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    return Payment(
        payment_id, "op", "c1", kind, "bank_transfer", D(amount), "EUR", DAY, at, "manual", payment_id, reverses
    )


def test_claims_less_what_became_of_them_are_what_is_open() -> None:
    ledger = Ledger(
        (due("R-1", "100"), due("R-2", "30"), due("C-1", "-20"), due("R-3", "7", "CHF")),
        (moved("p", "payment", "90"), moved("w", "write_off", "10"), moved("s", "set_off", "20")),
        (Allocation("p", "R-1", D(90)), Allocation("w", "R-1", D(10)), *set_off()),
    )
    found = list(rows(ledger))
    assert [(row["unit"], row["reason"], row["left_sum"], row["right_sum"], row["explained"]) for row in found] == [
        ("CHF", None, 7, 7, True),
        ("EUR", "paid", 90, 0, True),
        ("EUR", "set_off", 0, 0, True),
        ("EUR", "written_off", 10, 0, True),
        ("EUR", None, 10, 10, True),
    ]
    assert found[1]["ids"] == ["R-1"]


def set_off() -> tuple[Allocation, ...]:
    return Allocation("s", "R-2", D(20)), Allocation("s", "C-1", D(-20))


def test_what_does_not_add_up_is_named() -> None:
    ledger = Ledger((due("R-1", "100"),), (moved("p", "payment", "90"),), (Allocation("p", "R-1", D(120)),))
    (wrong,) = [row for row in rows(ledger) if not row["explained"]]
    assert wrong["reason"] == "ledger_differs"
    assert "document R-1: more was allocated than it claims (by 20 EUR)" in wrong["ids"]
    assert "movement p: was allocated twice (by 30 EUR)" in wrong["ids"]
