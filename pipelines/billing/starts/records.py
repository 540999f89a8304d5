"""The rows of `access.starts`: made, read, and changed once (a change names the revision that it was made from)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipelines.billing.starts.model import MAY_BEGIN_WITHIN, Going, Start
from warehouse.state import table

# How far the clocks of collectors may be behind ours.
_CLOCKS_DIFFER = timedelta(minutes=1)
# Stations count transactions anew after a while: the same number long ago is another one.
_NAMES_DIFFER = timedelta(days=1)
UNFINISHED = ("awaiting_payment", "starting", "charging")


def start_id(page_token: str) -> str:
    """Our id of a start: the same page, the same start. Logs and payments name it, the page's address is a secret."""
    return "start_" + hashlib.sha256(page_token.encode()).hexdigest()[:24]


def add(engine: sa.Engine, row: Mapping[str, Any]) -> bool:
    """Keep a new start; False where there is one with its id already."""
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(table("access", "starts")), {**row, "revision": 0})
    except sa.exc.IntegrityError:
        return False
    return True


def find(engine: sa.Engine, **where: str) -> Start | None:
    """The start with these values (of unique columns); None where there is none."""
    with engine.connect() as connection:
        row = connection.execute(sa.select(table("access", "starts")).filter_by(**where)).mappings().first()
    return None if row is None else Start(**row)


def of_driver(engine: sa.Engine, driver_id: str, most: int) -> list[Start]:
    """The newest starts of a driver that came to something or still may, the newest first."""
    rows = table("access", "starts")
    mine = sa.select(rows).where(rows.c.driver_id == driver_id, rows.c.state != "failed")
    with engine.connect() as connection:
        found = connection.execute(mine.order_by(rows.c.made_at.desc()).limit(most)).mappings()
        return [Start(**row) for row in found]


def unfinished(engine: sa.Engine, now: datetime) -> list[Start]:
    """Starts that something is still to become of, failed ones whose money is still held, or of which something may
    still begin; the oldest first."""
    rows, payments = table("access", "starts"), table("billing", "provider_payments")
    held = sa.and_(rows.c.state == "failed", payments.c.state.in_(("opening", "awaiting_payer", "authorised")))
    query = sa.select(rows).outerjoin(payments, payments.c.payment_id == rows.c.payment_id)
    query = query.where(rows.c.state.in_(UNFINISHED) | held | _may_begin(rows, now)).order_by(rows.c.made_at)
    with engine.connect() as connection:
        return [Start(**row) for row in connection.execute(query).mappings()]


def awaited(engine: sa.Engine, now: datetime) -> list[Start]:
    """Starts that the station was told, and whose transaction was not seen yet: also failed ones, for a while."""
    rows = table("access", "starts")
    told = sa.and_(rows.c.state == "starting", rows.c.command_id.is_not(None))
    with engine.connect() as connection:
        found = connection.execute(sa.select(rows).where(told | _may_begin(rows, now))).mappings()
        return [Start(**row) for row in found]


def _may_begin(rows: sa.Table, now: datetime) -> sa.ColumnElement[bool]:
    is_told = sa.and_(rows.c.state == "failed", rows.c.command_id.is_not(None))
    # What began in the last moment is told of a little later.
    return sa.and_(is_told, rows.c.over_at >= now - MAY_BEGIN_WITHIN - _CLOCKS_DIFFER)


def paid(engine: sa.Engine) -> list[Start]:
    """Starts that wait for a payment which the bank holds by now."""
    rows, payments = table("access", "starts"), table("billing", "provider_payments")
    query = sa.select(rows).join(payments, payments.c.payment_id == rows.c.payment_id)
    query = query.where(rows.c.state == "awaiting_payment", payments.c.state == "authorised")
    with engine.connect() as connection:
        return [Start(**row) for row in connection.execute(query).mappings()]


def changed(engine: sa.Engine, start: Start, values: Mapping[str, Any]) -> bool:
    """Write `values` over `start`; False, and nothing written, where the row has changed since it was read."""
    with engine.begin() as connection:
        return change(connection, start, values)


def change(connection: sa.Connection, start: Start, values: Mapping[str, Any]) -> bool:
    """`changed`, as part of a transaction that does something else with it."""
    rows = table("access", "starts")
    mine = sa.and_(rows.c.start_id == start.start_id, rows.c.revision == start.revision)
    done = connection.execute(sa.update(rows).where(mine).values(**values, revision=start.revision + 1))
    return done.rowcount == 1


def going(engine: sa.Engine, starts: Sequence[Start]) -> dict[str, Going]:
    """Of each start whose transaction goes on: that transaction, by the start's id.

    A contract's token may charge in several places and again and again: place and time tell which one is meant, and of
    several starts at one place the newest before it.
    """
    rows = table("access", "transactions")
    stations = {start.station_id for start in starts}
    told: dict[str, Going] = {}
    with engine.connect() as connection:
        found = list(connection.execute(sa.select(rows).where(rows.c.station_id.in_(stations))).mappings())
        for start in starts:
            for row in found:
                one = Going(row["transaction_id"], row["started_at"])
                same = row["station_id"] == start.station_id and row["evse_or_connector"] == str(start.evse_id)
                if not same or row["id_token"].casefold() != start.id_token.casefold():
                    continue
                if one.transaction_id == start.transaction_id or (
                    start.transaction_id is None and _is_of(connection, start, one)
                ):
                    told[start.start_id] = one
    return told


def _is_of(connection: sa.Connection, start: Start, one: Going) -> bool:
    """Whether a transaction with its token at its place, which no row names yet, came of `start`."""
    if start.contract_id is None:
        return True  # nobody else has that token
    last = None if start.over_at is None else start.over_at + MAY_BEGIN_WITHIN
    if one.since < start.made_at - _CLOCKS_DIFFER or (last is not None and one.since > last):
        return False
    rows = table("access", "starts")
    same = sa.and_(
        rows.c.driver_id == start.driver_id,
        rows.c.start_id != start.start_id,
        rows.c.contract_id.is_not(None),
        rows.c.station_id == start.station_id,
        rows.c.evse_id == start.evse_id,
    )
    newer = sa.and_(
        rows.c.made_at > start.made_at,
        rows.c.made_at <= one.since + _CLOCKS_DIFFER,
        rows.c.command_id.is_not(None) | (rows.c.state != "failed"),
    )
    named = sa.and_(rows.c.transaction_id == one.transaction_id, rows.c.made_at > start.made_at - _NAMES_DIFFER)
    other = sa.select(rows.c.start_id).where(same, newer | named).limit(1)
    return connection.execute(other).first() is None
