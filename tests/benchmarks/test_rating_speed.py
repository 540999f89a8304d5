"""A million sessions cut and priced by a tariff with times of day, steps and a least price: sessions a second.

    make bench ARGS="-k rating_speed"
    KWHOUSE_BENCH_SESSIONS=5000000 make bench ARGS="-k rating_speed"

Two threads and 6 GB for DuckDB. What came out is checked against the pieces' own sums; no times are judged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from pipelines.billing.rating.cutting import cut
from pipelines.billing.rating.rate import rate
from pipelines.billing.rating.tables import load_tariffs
from pipelines.billing.tariffs.limits import Limit
from pipelines.billing.tariffs.model import Element, Tariff
from tests.benchmarks.measuring import Report, measure
from tests.rated import component, element

SESSIONS = int(os.environ.get("KWHOUSE_BENCH_SESSIONS", "1_000_000"))
HOUR = 3600
pytestmark = pytest.mark.timeout(0)


def prices(energy: str, parking: str) -> tuple[object, ...]:
    return component("ENERGY", energy, 100, "19"), component("PARKING_TIME", parking, 300, "19")


TARIFF = Tariff(
    "EUR",
    (
        Element((component("FLAT", "0.35", 1, "19"),)),
        element(*prices("0.49", "3"), start_second=8 * HOUR, end_second=20 * HOUR),  # type: ignore[arg-type]
        element(*prices("0.39", "1")),  # type: ignore[arg-type]
    ),
    min_price=Limit(Decimal(1), Decimal("1.19")),
)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A year of sessions in four zones: up to two hours of charging in quarters of an hour, up to two of idle time."""
    with duckdb.connect(config={"threads": 2, "memory_limit": "6GB"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            """
            CREATE TEMP TABLE sessions_to_rate AS
            SELECT
                i AS session_no, md5(CAST(i AS VARCHAR)) AS session_id, 'T' AS tariff_id, 1 AS tariff_version,
                ['Europe/Berlin', 'Asia/Kolkata', 'America/New_York', 'UTC'][1 + i % 4] AS time_zone,
                CAST((1 + hash(i + 1) % 8) * 2500.125 AS DECIMAL(18, 6)) AS energy_wh,
                CAST((1 + hash(i + 1) % 8) * 900 AS BIGINT) AS charging_seconds,
                CAST(hash(i + 2) % 7200 AS BIGINT) AS idle_seconds,
                to_timestamp(CAST(1767225600 + hash(i) % 31536000 AS BIGINT)) AS started_at,
                started_at + to_seconds(charging_seconds + idle_seconds) AS ended_at
            FROM range($sessions) AS numbers (i)
            """,
            {"sessions": SESSIONS},
        )
        con.execute(
            """
            CREATE TEMP TABLE session_steps AS
            SELECT
                session_no,
                started_at + to_seconds(900 * quarter) AS from_at,
                started_at + to_seconds(900 * (quarter + 1)) AS to_at,
                CAST(2500.125 AS DECIMAL(18, 6)) AS energy_wh,
                true AS charging,
                CAST(10000.5 AS DECIMAL(18, 6)) AS power_w,
                CAST(NULL AS DECIMAL(18, 6)) AS current_a
            FROM sessions_to_rate, unnest(generate_series(0, charging_seconds // 900 - 1)) AS quarters (quarter)
            """
        )
        load_tariffs(con, [("T", 1, TARIFF)])
        yield con


def test_sessions_a_second(con: duckdb.DuckDBPyConnection) -> None:
    report = Report(f"Rating, {SESSIONS:,} sessions, two threads")
    with measure() as cutting:
        cut(con)
    report.add("cut", cutting, SESSIONS)
    with measure() as rating:
        rate(con)
    report.add("rate", rating, SESSIONS)
    report.show()
    total = cutting.seconds + rating.seconds
    print(f"cut and rate: {SESSIONS / total:,.0f} sessions/s")
    energy, given = con.execute(
        "SELECT (SELECT sum(energy_wh) FROM usage), (SELECT sum(energy_wh) FROM sessions_to_rate)"
    ).fetchall()[0]
    assert energy == given
    rows, least = con.execute("SELECT count(*), min(total_excl_vat) FROM rated_totals").fetchall()[0]
    assert (rows, least) == (SESSIONS, 1) or least > 1
