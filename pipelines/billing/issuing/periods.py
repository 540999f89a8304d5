"""In which month a document counts: its own, or the first one after it that is not closed."""

from __future__ import annotations

from datetime import date, timedelta

import sqlalchemy as sa

from warehouse.state import table


def booked_month(connection: sa.Connection, operator_id: str, month: date) -> date:
    """The first month from `month` on (first days of months) that the operator has not closed."""
    periods = table("billing", "periods")
    closed = {
        row[0]
        for row in connection.execute(
            sa.select(periods.c.month).where(periods.c.operator_id == operator_id, periods.c.state == "closed")
        )
    }
    while month in closed:
        month = (month + timedelta(days=31)).replace(day=1)
    return month
