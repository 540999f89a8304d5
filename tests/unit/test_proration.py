"""Days in force and shares of a month's amount, against values worked out by hand and against plain arithmetic."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.billing.drafts import proration

pytestmark = pytest.mark.fast

BERLIN = "Europe/Berlin"
Span = tuple[str, datetime, datetime | None]  # zone, valid_from, valid_to


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        proration.prepare(con)
        yield con


def months(
    con: duckdb.DuckDBPyConnection, *spans: Span, newest: datetime | None
) -> list[tuple[date, date, date, int, int]]:
    """(month, first day, end day, days, days of the month), in order."""
    con.execute("CREATE OR REPLACE TEMP TABLE newest_data AS SELECT CAST(? AS TIMESTAMPTZ) AS newest_at", [newest])
    con.execute(
        "CREATE OR REPLACE TEMP TABLE agreements "
        "(agreement_id INTEGER, time_zone VARCHAR, valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ)"
    )
    for number, span in enumerate(spans):
        con.execute("INSERT INTO agreements VALUES (?, ?, ?, ?)", [number, *span])
    proration.load_months(con)
    return con.execute(
        "SELECT month, first_day, end_day, days, days_of_month FROM agreement_months ORDER BY month, agreement_id"
    ).fetchall()


def prorated(con: duckdb.DuckDBPyConnection, amount: str, days: int, of: int, minor_unit: int = 2) -> Decimal:
    row = con.execute("SELECT prorated(CAST(? AS DECIMAL(18, 6)), ?, ?, ?)", [amount, days, of, minor_unit]).fetchone()
    assert row is not None
    return Decimal(row[0])


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(BERLIN))  # type: ignore[arg-type, misc]


def test_begin_and_end_within_a_month_and_a_leap_february(con: duckdb.DuckDBPyConnection) -> None:
    span = (BERLIN, local(2020, 1, 31, 23, 59), local(2020, 3, 2, 0, 0))
    assert months(con, span, newest=local(2020, 7, 1)) == [
        (date(2020, 1, 1), date(2020, 1, 31), date(2020, 2, 1), 1, 31),
        (date(2020, 2, 1), date(2020, 2, 1), date(2020, 3, 1), 29, 29),
        (date(2020, 3, 1), date(2020, 3, 1), date(2020, 3, 2), 1, 31),
    ]


def test_months_go_as_far_as_the_data_in_the_agreements_zone(con: duckdb.DuckDBPyConnection) -> None:
    newest = datetime(2021, 1, 31, 23, 30, tzinfo=UTC)  # in Berlin 1 February
    began = datetime(2021, 1, 10, tzinfo=UTC)
    found = months(con, (BERLIN, began, None), ("UTC", began, None), newest=newest)
    assert [(row[0].month, row[3], row[4]) for row in found] == [(1, 22, 31), (1, 22, 31), (2, 28, 28)]
    assert months(con, (BERLIN, began, None), newest=None) == []
    assert months(con, (BERLIN, newest + timedelta(days=60), None), newest=newest) == []
    assert months(con, (BERLIN, began, began - timedelta(days=40)), newest=newest) == []


def test_a_change_of_the_clock_makes_no_difference(con: duckdb.DuckDBPyConnection) -> None:
    # 29 March 2020 has 23 hours in Berlin, 25 October 25.
    spans = [(BERLIN, local(2020, 3, 29), local(2020, 3, 30)), (BERLIN, local(2020, 10, 25), local(2020, 10, 26))]
    assert [row[3] for row in months(con, *spans, newest=local(2021, 1, 1))] == [1, 1]


def test_the_day_of_a_change_belongs_to_who_comes(con: duckdb.DuckDBPyConnection) -> None:
    change = local(2020, 2, 10, 12, 0)
    spans = [(BERLIN, local(2020, 2, 1), change), (BERLIN, change, local(2020, 3, 1)), (BERLIN, change, change)]
    assert [row[3] for row in months(con, *spans, newest=change)] == [9, 20]


@pytest.mark.parametrize(
    ("amount", "days", "of", "minor_unit", "expected"),
    [
        ("10", 12, 31, 2, "3.87"),  # 3.8709…
        ("10", 29, 29, 2, "10"),
        ("0.01", 1, 2, 2, "0.01"),  # a tie goes up
        ("9.99", 15, 30, 2, "5.00"),  # 4.995
        ("9.99", 14, 29, 2, "4.82"),  # 4.8227…
        ("0.014999", 30, 30, 2, "0.01"),
        ("999999999999.999999", 30, 31, 2, "967741935483.87"),
        ("1000", 1, 31, 0, "32"),  # yen: 32.258…
        ("1", 1, 3, 3, "0.333"),  # dinars
    ],
)
def test_shares_by_hand(
    con: duckdb.DuckDBPyConnection, amount: str, days: int, of: int, minor_unit: int, expected: str
) -> None:
    assert prorated(con, amount, days, of, minor_unit) == Decimal(expected)


@given(st.data())
def test_a_split_month_costs_what_a_whole_one_does(con: duckdb.DuckDBPyConnection, data: st.DataObject) -> None:
    """Each part is the exact share rounded once and never negative; two differ from the whole by a cent at most."""
    first = data.draw(st.dates(date(2019, 1, 1), date(2032, 12, 1))).replace(day=1)
    end = (first + timedelta(days=31)).replace(day=1)
    begin = datetime(first.year, first.month, 1, tzinfo=ZoneInfo(BERLIN))
    stop = datetime(end.year, end.month, 1, tzinfo=ZoneInfo(BERLIN))
    change = begin + (stop - begin) * data.draw(st.fractions(0, 1, max_denominator=10_000)).__float__()
    amount = data.draw(st.decimals("0", "100000", places=6))
    found = months(con, (BERLIN, begin, change), (BERLIN, change, stop), newest=stop)
    length = monthrange(first.year, first.month)[1]
    assert sum(row[3] for row in found) == length
    parts = [prorated(con, str(amount), row[3], row[4]) for row in found]
    for part, row in zip(parts, found, strict=True):
        exact = Fraction(amount) * row[3] / length * 100
        assert part * 100 == int(exact + Fraction(1, 2))
    assert all(part >= 0 for part in parts)
    whole = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert abs(sum(parts, Decimal(0)) - whole) <= Decimal("0.01")
