"""Months of an operator: open → locked → closed, in the state database.

Only forwards, but for `unlock`: a locked month may be opened again. A closed one stays closed: what belongs into it and
comes late is booked in the first later month that is not closed. A month without a row is open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.billing.closing.chain import next_month
from warehouse.errors import InputError
from warehouse.plain import for_json
from warehouse.state import table

State = Literal["open", "locked", "closed"]
Bound = sa.Engine | sa.Connection


class PeriodRefused(InputError):
    """A month cannot come to the state asked for."""

    def __init__(self, operator_id: str, month: date, state: State, why: str) -> None:
        super().__init__(f"{month:%Y-%m} of {operator_id} is {state}: {why}")
        self.operator_id, self.month, self.state = operator_id, month, state


class MonthDoesNotClose(InputError):
    """A month cannot be closed; `reasons` names everything that keeps it open."""

    def __init__(self, operator_id: str, month: date, reasons: Sequence[str]) -> None:
        listing = "\n".join(f"  {reason}" for reason in reasons)
        super().__init__(f"{month:%Y-%m} of {operator_id} is not closed, because of:\n{listing}")
        self.operator_id, self.month, self.reasons = operator_id, month, tuple(reasons)


@dataclass(frozen=True, slots=True)
class Period:
    """One month of one operator; `changed_at`, `changed_by` None: it was always open."""

    operator_id: str
    month: date
    state: State
    changed_at: datetime | None = None
    changed_by: str | None = None
    snapshot: int | None = None
    control_sums: dict[str, Any] | None = None

    def __str__(self) -> str:
        who = f" since {self.changed_at:%Y-%m-%d %H:%M} UTC by {self.changed_by}" if self.changed_at else ""
        of = f", snapshot {self.snapshot}" if self.snapshot is not None else ""
        return f"{self.month:%Y-%m} of {self.operator_id} is {self.state}{who}{of}."


def period(bound: Bound, operator_id: str, month: date) -> Period:
    """What is known of a month (`month`: its first day)."""
    periods = table("billing", "periods")
    query = sa.select(periods).where(periods.c.operator_id == operator_id, periods.c.month == month)
    with _connected(bound) as connection:
        row = connection.execute(query).mappings().first()
    return Period(operator_id, month, "open") if row is None else _period(row)


def listing(bound: Bound, operator_id: str | None = None) -> tuple[Period, ...]:
    """All months that have ever been locked or closed, by operator and month."""
    periods = table("billing", "periods")
    query = sa.select(periods).order_by(periods.c.operator_id, periods.c.month)
    if operator_id is not None:
        query = query.where(periods.c.operator_id == operator_id)
    with _connected(bound) as connection:
        return tuple(_period(row) for row in connection.execute(query).mappings())


def is_closed(bound: Bound, operator_id: str, month: date) -> bool:
    """Whether the sums of a month are final."""
    return period(bound, operator_id, month).state == "closed"


def is_open(bound: Bound, operator_id: str, month: date) -> bool:
    """Whether documents may be booked in a month by the way: it is neither locked nor closed."""
    return period(bound, operator_id, month).state == "open"


def booking_month(bound: Bound, operator_id: str, month: date) -> date:
    """The first month from `month` on that is not closed: what is issued for `month` now is booked there."""
    closed = {found.month for found in listing(bound, operator_id) if found.state == "closed"}
    while month in closed:
        month = next_month(month)
    return month


def move(
    bound: Bound,
    operator_id: str,
    month: date,
    state: State,
    *,
    at: datetime,
    by: str,
    snapshot: int | None = None,
    control_sums: Mapping[str, object] | None = None,
) -> Period:
    """Bring a month to `state` and say who did it. Raises `PeriodRefused` where that is no way to go.

    The row is changed only from the state that was looked at: of two people at once, one is refused.
    """
    periods = table("billing", "periods")
    before = period(bound, operator_id, month)
    _refuse(before, state)
    values = {
        "state": state,
        "changed_at": at,
        "changed_by": by,
        "snapshot": snapshot,
        "control_sums": None if control_sums is None else json.dumps(for_json(control_sums), sort_keys=True),
    }
    with _connected(bound) as connection:
        if before.changed_at is None:
            try:
                with connection.begin_nested():
                    connection.execute(sa.insert(periods).values(operator_id=operator_id, month=month, **values))
            except sa.exc.IntegrityError:
                raise PeriodRefused(operator_id, month, before.state, "somebody else is changing it now.") from None
        else:
            changed = connection.execute(
                sa.update(periods)
                .where(
                    periods.c.operator_id == operator_id,
                    periods.c.month == month,
                    periods.c.state == before.state,
                    periods.c.changed_at == before.changed_at,
                )
                .values(**values)
            )
            if changed.rowcount != 1:
                raise PeriodRefused(operator_id, month, before.state, "somebody else is changing it now.")
    return period(bound, operator_id, month)


def _refuse(before: Period, state: State) -> None:
    def refused(why: str) -> PeriodRefused:
        return PeriodRefused(before.operator_id, before.month, before.state, why)

    if before.state == "closed":
        raise refused(
            "it is never opened again. What comes late is booked in the first later month that is not closed."
        )
    if before.state == state:
        raise refused("nothing was changed.")
    if state == "closed" and before.state != "locked":
        raise refused("lock it first.")


def _period(row: sa.RowMapping) -> Period:
    sums = row["control_sums"]
    return Period(
        row["operator_id"],
        row["month"],
        row["state"],
        row["changed_at"],
        row["changed_by"],
        row["snapshot"],
        None if sums is None else json.loads(sums),
    )


@contextmanager
def _connected(bound: Bound) -> Iterator[sa.Connection]:
    """A connection of the engine in a transaction of its own, or the transaction that the caller has open."""
    if isinstance(bound, sa.Connection):
        yield bound
    else:
        with bound.begin() as connection:
            yield connection
