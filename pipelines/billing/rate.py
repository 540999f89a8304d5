"""The rating engine: usage × tariff components → priced lines and exact totals, all sessions at once.

Works on any DuckDB connection over two temporary tables, so that CDRs, running costs and `kwhouse rate` are priced by
one function:

- `usage` (session_id, period_no, tariff_id, tariff_version, energy_wh DECIMAL(18,6), charging_seconds and
  parking_seconds DECIMAL(18,6)): charging periods in order, from 1; in a session of our own the charging comes first
  and the parking after it;
- `tariff_components` (tariff_id, tariff_version, element_no, dimension, price DECIMAL(18,6), vat_percent DECIMAL(7,4),
  step_size BIGINT).

It makes `rated_lines` (one row per session, dimension and element) and `rated_totals` (one row per session).
Bounds within which nothing overflows: 10⁹ Wh and seconds a session, prices of 10⁶.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.billing.tariffs import Component
from pipelines.stages import sql
from warehouse import money

GREATEST_VOLUME = 10**9
_HERE = Path(__file__).parent


def load_components(con: duckdb.DuckDBPyConnection, tariffs: Iterable[tuple[str, int, tuple[Component, ...]]]) -> None:
    """Make `tariff_components` from (tariff_id, version, components)."""
    rows = [
        (tariff_id, version, c.element_no, c.dimension, c.price, c.vat_percent, c.step_size)
        for tariff_id, version, components in tariffs
        for c in components
    ]
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE tariff_components AS
        SELECT
            unnest(CAST($tariff_id AS VARCHAR[])) AS tariff_id,
            unnest(CAST($tariff_version AS INTEGER[])) AS tariff_version,
            unnest(CAST($element_no AS INTEGER[])) AS element_no,
            unnest(CAST($dimension AS VARCHAR[])) AS dimension,
            unnest(CAST($price AS DECIMAL(18, 6)[])) AS price,
            unnest(CAST($vat_percent AS DECIMAL(7, 4)[])) AS vat_percent,
            unnest(CAST($step_size AS BIGINT[])) AS step_size
        """,
        {
            "tariff_id": columns[0],
            "tariff_version": columns[1],
            "element_no": columns[2],
            "dimension": columns[3],
            # As text: a list of Python decimals of different scales has no common exact type.
            "price": [format(price, "f") for price in columns[4]],
            "vat_percent": [None if vat is None else format(vat, "f") for vat in columns[5]],
            "step_size": columns[6],
        },
    )


def rate(con: duckdb.DuckDBPyConnection) -> None:
    """Price `usage` by `tariff_components` into `rated_lines` and `rated_totals`."""
    money.prepare(con)
    for name in ("rated_lines", "rated_totals"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql(_HERE / f'{name}.sql')}")
