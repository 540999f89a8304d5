"""Tasks that only one process may do at a time, whichever of several is alive."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from warehouse.state import table


def hold(engine: sa.Engine, task: str, holder: str, now: datetime, seconds: float) -> bool:
    """Take `task` for `seconds`, or keep it so long again; False while another holder has it."""
    rows = table("remote", "leases")
    until = now + timedelta(seconds=seconds)
    free = sa.or_(rows.c.holder == holder, rows.c.held_until <= now)
    with engine.begin() as connection:
        taken = sa.update(rows).where(rows.c.task == task, free).values(holder=holder, held_until=until)
        if connection.execute(taken).rowcount:
            return True
        if connection.execute(sa.select(rows.c.task).where(rows.c.task == task)).first() is not None:
            return False
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(rows), {"task": task, "holder": holder, "held_until": until})
    except IntegrityError:  # another one was quicker
        return False
    return True
