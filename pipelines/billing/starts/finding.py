"""Finds the sessions that came of starts, so that each hold knows whose cost it takes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from pipelines.billing.payments import records as payments_kept
from pipelines.stages import sql
from warehouse.state import table
from warehouse.store import Lake

_HERE = Path(__file__).parent


def find_sessions(lake: Lake, engine: sa.Engine) -> int:
    """Name the session of each start that the lake knows by now, and of its hold; gives how many. Run it after each
    refresh: what has its session already is left alone."""
    rows = table("access", "starts")
    found = lake.cursor().execute(sql(_HERE / "found_sessions.sql")).fetchall()
    for start_id, payment_id, session_id in found:
        named = {"session_id": session_id, "revision": rows.c.revision + 1}
        with engine.begin() as connection:
            connection.execute(sa.update(rows).where(rows.c.start_id == start_id).values(named))
            if payment_id is not None:
                payments_kept.name_session(connection, payment_id, session_id)
    return len(found)
