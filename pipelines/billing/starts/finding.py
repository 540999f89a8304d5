"""Finds the sessions that came of starts, so that each hold knows whose cost it takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from pipelines.billing.payments import records as payments_kept
from pipelines.stages import sql
from warehouse.state import table
from warehouse.store import Lake

_HERE = Path(__file__).parent


class Found(NamedTuple):
    """The session of a start; `payment_id`: of its hold, None where a contract pays."""

    start_id: str
    payment_id: str | None
    session_id: str


def found_sessions(lake: Lake) -> list[Found]:
    """The sessions of starts that have none yet, or another by now."""
    return [Found(*row) for row in lake.cursor().execute(sql(_HERE / "found_sessions.sql")).fetchall()]


def name_sessions(engine: sa.Engine, found: Sequence[Found]) -> None:
    """Keep the sessions of starts and of their holds."""
    rows = table("access", "starts")
    for one in found:
        named = {"session_id": one.session_id, "revision": rows.c.revision + 1}
        with engine.begin() as connection:
            connection.execute(sa.update(rows).where(rows.c.start_id == one.start_id).values(named))
            if one.payment_id is not None:
                payments_kept.name_session(connection, one.payment_id, one.session_id)
