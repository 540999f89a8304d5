"""Monthly amounts by the day: which months and days an agreement is in force, and its share of a whole month's amount.

The share is an exact fraction, days in force over days of the month, rounded half-up once. Days are local days: hours
that a clock change adds or takes do not count.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.stages import sql, temp_table
from warehouse import money
from warehouse.store import Lake

_HERE = Path(__file__).parent

# Rounded minor units (cents) as money with four decimals.
_IN_MONEY = """
CREATE OR REPLACE TEMP MACRO in_money(minor_units, minor_unit) AS
CAST(CAST(minor_units * CAST(10 ** (4 - minor_unit) AS HUGEINT) AS DECIMAL(38, 0)) * 0.0001 AS DECIMAL(18, 4))
"""
# `amount` has up to six decimals.
_PRORATED = """
CREATE OR REPLACE TEMP MACRO prorated(amount, days, days_of_month, minor_unit) AS
in_money(
    half_up(
        CAST(CAST(amount AS DECIMAL(38, 6)) * 1000000 AS HUGEINT) * days,
        CAST(10 ** (6 - minor_unit) AS HUGEINT) * days_of_month
    ),
    minor_unit
)
"""


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make what `money.prepare` makes, and the temporary macros `in_money` and `prorated` on `con`."""
    money.prepare(con)
    con.execute(_IN_MONEY)
    con.execute(_PRORATED)


def load_newest_data(lake: Lake) -> None:
    """Make the temporary table `newest_data` of `all_sessions`: one row with `newest_at`, how far the data reach."""
    temp_table(lake, "newest_data", sql(_HERE / "newest_data.sql"))


def load_months(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `agreement_months` of `agreements` and `newest_data`.

    `agreements` has `agreement_id`, `time_zone` (IANA), `valid_from` and `valid_to` (NULL: open); `newest_data` one row
    with `newest_at`. `agreement_months`: `agreement_id`, `month`, `first_day`, `end_day` (exclusive), `first_at` (the
    instant that decides which prices hold), `days`, `days_of_month`.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE agreement_months AS {sql(_HERE / 'agreement_months.sql')}")
