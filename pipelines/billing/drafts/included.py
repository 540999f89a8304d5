"""Energy that plans include: which of it which subscription pays for, and what that takes back from the lines billed.

By start of session, exact until each line is rounded once as billed and once as it would be without that energy.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.stages import sql

_HERE = Path(__file__).parent

_TAKEN = """
CREATE OR REPLACE TEMP TABLE included_taken (
    subscription_id VARCHAR, turn BIGINT, cdr_id VARCHAR, line_no INTEGER, vat_percent DECIMAL(7, 4),
    volume HUGEINT, amount HUGEINT
)
"""


def take_included(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `included_lines` of `session_lines`, `all_cdr_lines`, `plan_months`, `invoice_touched`.

    It has the columns of a draft's line that say something, `amount_excl_vat` below zero. Needs `proration.prepare`.
    """
    for name in ("included_energy", "included_turns"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql(_HERE / f'{name}.sql')}")
    con.execute(_TAKEN)
    row = con.execute("SELECT coalesce(max(turn), 0) FROM included_turns").fetchone()
    for turn in range(1, (int(row[0]) if row else 0) + 1):
        con.execute(f"INSERT INTO included_taken BY NAME {sql(_HERE / 'included_taken.sql')}", {"turn": turn})
    con.execute(f"CREATE OR REPLACE TEMP TABLE included_lines AS {sql(_HERE / 'included_lines.sql')}")
