"""The rating engine: usage × tariffs → priced lines and exact totals, all sessions at once.

Works on any DuckDB connection, so that CDRs, running costs and `kwhouse rate` are priced by one function. It reads the
tables of `tables.load_tariffs` and two temporary tables:

- `sessions_to_rate` (session_no BIGINT, unique; session_id VARCHAR, tariff_id, tariff_version, and maybe more);
- `usage`, charging periods by session_no and period_no (1, 2, … in the order of time; charging before parking within
  one): started_at TIMESTAMPTZ, local_started_at TIMESTAMP in the site's zone, session_seconds and session_energy_wh
  (since the session's start, at the period's), energy_wh, charging_seconds, parking_seconds, reservation_seconds,
  min_power_w, max_power_w, min_current_a, max_current_a (NULL: not known), all DECIMAL(18,6), and reservation VARCHAR:
  NULL, or RESERVATION or RESERVATION_EXPIRES in a period that was only reserved. Where a tariff has no restrictions,
  local_started_at, session_seconds and session_energy_wh may be NULL.

It makes `rated_lines` (one row per session, dimension and element, and one where a least or greatest price changes
something), `rated_totals` (one row per session that has usage) and the view `rated_periods`, which says how each price
came about. Bounds within which nothing overflows: 10⁹ Wh and seconds a session, prices of 10⁶.
Source of the rules: OCPI 2.2.1-d2 and 2.3.0, mod_tariffs.asciidoc; mod_cdrs.asciidoc, "step_size".
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.stages import sql
from warehouse import money

GREATEST_VOLUME = 10**9
_HERE = Path(__file__).parent

# A DECIMAL(18,6) in millionths: whole and rest apart, because a product of decimals must fit 18 digits, and a cast to
# wider ones takes twenty times as long.
MICRO = "micro(d) AS CAST(floor(d) AS BIGINT) * 1000000 + CAST((d - floor(d)) * 1000000 AS BIGINT)"
_MACROS = (
    MICRO,
    # What is missing to a whole number of steps; 0 where the component takes no step.
    "step_up(volume, step) AS CASE WHEN step IS NULL OR volume IS NULL THEN 0"
    " ELSE CAST((step - volume % step) % step AS BIGINT) END",
    "to_four(n) AS CAST(CAST(n AS DECIMAL(38, 0)) * 0.0001 AS DECIMAL(18, 4))",
    # `half_up` of what nearly always fits 64 bits, where dividing is a hundred times as fast.
    "half_up_fast(n, d) AS CASE WHEN abs(n) < 4000000000000000000 AND d < 1000000000000000000"
    " THEN CAST(half_up(CAST(n AS BIGINT), CAST(d AS BIGINT)) AS HUGEINT) ELSE half_up(n, d) END",
)

_TABLES = (
    "rating_sessions",
    "rated_choices",
    "rated_ends",
    "priced_lines",
    "rated_sums",
    "rated_totals",
    "rated_lines",
)
_VIEWS = {"rated_ends": ("rated_volumes",), "priced_lines": ("taxed_amounts", "rated_periods")}


def rate(con: duckdb.DuckDBPyConnection) -> None:
    """Price `usage` by the loaded tariffs into `rated_lines`, `rated_totals` and `rated_periods`."""
    money.prepare(con)
    for macro in _MACROS:
        con.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE rating_dimensions AS {sql(_HERE / 'rating_dimensions.sql')}")
    for name in _TABLES:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql(_HERE / f'{name}.sql')}")
        for view in _VIEWS.get(name, ()):
            con.execute(f"CREATE OR REPLACE TEMP VIEW {view} AS {sql(_HERE / f'{view}.sql')}")
