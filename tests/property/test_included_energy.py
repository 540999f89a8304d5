"""What plans take back, against a plain implementation with fractions, written apart from the SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.billing.drafts import proration
from pipelines.billing.drafts.included import take_included

pytestmark = pytest.mark.fast

MONTH, DAYS = date(2020, 2, 1), 29
VAT = (Decimal(7), Decimal(19), None)


@dataclass(frozen=True)
class Bill:
    """A session: day of the month from 0, and its ENERGY lines as (quantity in kWh, price, VAT)."""

    day: int
    lines: tuple[tuple[Decimal, Decimal, Decimal | None], ...]


@dataclass(frozen=True)
class Plan:
    first: int
    end: int
    included_kwh: Decimal


lines = st.tuples(st.decimals("0", "60", places=6), st.decimals("0", "1", places=4), st.sampled_from(VAT))
bills = st.builds(Bill, st.integers(0, DAYS - 1), st.lists(lines, min_size=1, max_size=3).map(tuple))
spans = st.tuples(st.integers(0, DAYS - 1), st.integers(1, DAYS)).filter(lambda span: span[0] < span[1])
plans = st.builds(lambda span, kwh: Plan(*span, kwh), spans, st.decimals("0", "100", places=6))


def cents(amount: Fraction) -> int:
    return int(amount * 100 + Fraction(1, 2))


def reference(sessions: list[Bill], subscriptions: list[Plan]) -> dict[tuple[int, Decimal | None], int]:
    """Cents taken back by subscription and VAT rate."""
    left = {
        (number, place): Fraction(line[0])
        for number, session in enumerate(sessions)
        for place, line in enumerate(session.lines)
        if line[0] * line[1] > 0
    }
    owed: dict[tuple[int, Decimal | None], Fraction] = defaultdict(Fraction)
    for number, session in enumerate(sessions):
        for quantity, price, vat in session.lines:
            owed[number, vat] += Fraction(quantity) * Fraction(price)
    order = sorted(left, key=lambda key: (sessions[key[0]].day, key))
    back: dict[tuple[int, Decimal | None], int] = defaultdict(int)
    for index in sorted(range(len(subscriptions)), key=lambda index: (subscriptions[index].first, index)):
        plan = subscriptions[index]
        included = Fraction(plan.included_kwh) * (plan.end - plan.first) / DAYS
        before = dict(owed)
        for number, place in order:
            if plan.first <= sessions[number].day < plan.end:
                taken = min(included, left[number, place])
                _, price, vat = sessions[number].lines[place]
                included -= taken
                left[number, place] -= taken
                owed[number, vat] -= taken * Fraction(price)
        for (number, vat), amount in owed.items():
            back[index, vat] += cents(before[number, vat]) - cents(amount)
    return {key: amount for key, amount in back.items() if amount}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        proration.prepare(con)
        con.execute(
            "CREATE TABLE invoice_touched AS SELECT 'C' AS contract_id, CAST(? AS DATE) AS month, 'EUR' AS currency",
            [MONTH],
        )
        con.execute(
            "CREATE TABLE session_lines (invoice_id VARCHAR, contract_id VARCHAR, month DATE, currency VARCHAR, "
            "minor_unit INTEGER, cdr_id VARCHAR, session_id VARCHAR, started_at TIMESTAMPTZ, local_date DATE, "
            "cost_centre VARCHAR, vat_percent DECIMAL(7, 4), exact_amount HUGEINT)"
        )
        con.execute(
            "CREATE TABLE all_cdr_lines (cdr_id VARCHAR, line_no INTEGER, dimension VARCHAR, quantity DECIMAL(18, 6), "
            "price DECIMAL(18, 6), amount_excl_vat DECIMAL(28, 12), vat_percent DECIMAL(7, 4))"
        )
        con.execute(
            "CREATE TABLE plan_months (subscription_id VARCHAR, contract_id VARCHAR, month DATE, currency VARCHAR, "
            "first_day DATE, end_day DATE, included HUGEINT)"
        )
        yield con


def taken_back(
    con: duckdb.DuckDBPyConnection, sessions: list[Bill], subscriptions: list[Plan]
) -> dict[tuple[int, Decimal | None], int]:
    for name in ("session_lines", "all_cdr_lines", "plan_months"):
        con.execute(f"DELETE FROM {name}")
    for number, session in enumerate(sessions):
        cdr, day = f"{number:03}", MONTH + timedelta(days=session.day)
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        sums: dict[Decimal | None, Decimal] = defaultdict(Decimal)
        for place, (quantity, price, vat) in enumerate(session.lines):
            sums[vat] += quantity * price
            row = [cdr, place, "ENERGY", quantity, price, quantity * price, vat]
            con.execute("INSERT INTO all_cdr_lines VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        for vat, amount in sums.items():
            row = ["d", "C", MONTH, "EUR", 2, cdr, cdr, start, day, None, vat, int(amount * 10**12)]
            con.execute("INSERT INTO session_lines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    for index, plan in enumerate(subscriptions):
        first, end = MONTH + timedelta(days=plan.first), MONTH + timedelta(days=plan.end)
        row = [str(index), "C", MONTH, "EUR", first, end, int(plan.included_kwh * 10**6) * (plan.end - plan.first)]
        con.execute("INSERT INTO plan_months VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    take_included(con)
    rows = con.execute("SELECT subscription_id, vat_percent, amount_excl_vat FROM included_lines").fetchall()
    return {(int(index), vat): int(-amount * 100) for index, vat, amount in rows}


@settings(max_examples=40)
@given(st.lists(bills, min_size=1, max_size=5), st.lists(plans, min_size=1, max_size=3))
def test_what_is_taken_back_is_exact_and_never_more_than_was_billed(
    con: duckdb.DuckDBPyConnection, sessions: list[Bill], subscriptions: list[Plan]
) -> None:
    found = taken_back(con, sessions, subscriptions)
    assert found == reference(sessions, subscriptions)
    billed = con.execute(
        "SELECT vat_percent, sum(half_up(exact_amount, 10000000000)) FROM session_lines GROUP BY ALL"
    ).fetchall()
    for vat, amount in billed:
        assert 0 <= sum(back for (_, rate), back in found.items() if rate == vat) <= amount
