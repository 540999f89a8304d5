"""Our own sessions cut into charging periods, wherever a component of their tariff may change.

OCPI tests restrictions at the start of a charging period, and whoever makes a CDR starts a new one when something
relevant to the tariff changes (mod_cdrs.asciidoc, "ChargingPeriod Class"). Sessions are cut at local times of day, at
midnight where weekdays or dates are asked, at changes of the clocks, at durations, at energies (laid evenly over the
step in which they are reached), at each step where power or current is asked, and wherever charging begins or ends.
Sessions whose tariff has no restrictions are not cut.

Reads the tables of `tables.load_tariffs` and two temporary ones:

- `sessions_to_rate` (session_no BIGINT, unique; session_id, tariff_id, tariff_version, started_at and ended_at
  TIMESTAMPTZ, time_zone, energy_wh DECIMAL(18,6), charging_seconds and idle_seconds, NULL where not known);
- `session_steps` (session_no, from_at and to_at TIMESTAMPTZ, energy_wh DECIMAL(18,6), charging BOOLEAN, power_w and
  current_a DECIMAL(18,6) or NULL): when energy flowed. Of sessions without restrictions it may have none.

Without steps a session charges evenly from its begin on and is idle after that. Instants are kept to the µs, energy to
10⁻⁶ Wh; both are rounded half-up at a cut, and the pieces add up to the session's.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.billing.rating.rate import MICRO
from pipelines.stages import sql
from warehouse import money

_HERE = Path(__file__).parent
_TABLES = ("cut_sessions", "zone_offsets", "cut_spans", "cut_steps", "cut_points", "cut_periods")
_MACROS = (
    MICRO,
    # DuckDB's // cuts towards zero.
    "floor_div(a, b) AS a // b - CASE WHEN a % b < 0 THEN 1 ELSE 0 END",
    "of_micro(n) AS CAST(n * 0.000001 AS DECIMAL(18, 6))",
    "utc_offset(zone, us) AS epoch_us(timezone(zone, make_timestamptz(us))) - us",
)


def cut(con: duckdb.DuckDBPyConnection) -> None:
    """Make `usage`, as `rate.rate` reads it, from `sessions_to_rate` and `session_steps`."""
    money.prepare(con)
    for macro in _MACROS:
        con.execute(f"CREATE OR REPLACE TEMP MACRO {macro}")
    for name in _TABLES:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql(_HERE / f'{name}.sql')}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW whole_periods AS {sql(_HERE / 'whole_periods.sql')}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE usage AS {sql(_HERE / 'cut_usage.sql')}")
