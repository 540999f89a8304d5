"""The rows of `access.starts`: made, read, and changed once (a change names the revision that it was made from)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from pipelines.billing.starts.model import Going, Start
from warehouse.state import table

# How far the clocks of collectors may be behind ours.
_CLOCKS_DIFFER = timedelta(minutes=1)
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


def unfinished(engine: sa.Engine) -> list[Start]:
    """Starts that something is still to become of, and failed ones whose money is still held; the oldest first."""
    rows, payments = table("access", "starts"), table("billing", "provider_payments")
    held = sa.and_(rows.c.state == "failed", payments.c.state.in_(("opening", "awaiting_payer", "authorised")))
    query = sa.select(rows).outerjoin(payments, payments.c.payment_id == rows.c.payment_id)
    query = query.where(rows.c.state.in_(UNFINISHED) | held).order_by(rows.c.made_at)
    with engine.connect() as connection:
        return [Start(**row) for row in connection.execute(query).mappings()]


def paid(engine: sa.Engine) -> list[Start]:
    """Starts that wait for a payment which the bank holds by now."""
    rows, payments = table("access", "starts"), table("billing", "provider_payments")
    query = sa.select(rows).join(payments, payments.c.payment_id == rows.c.payment_id)
    query = query.where(rows.c.state == "awaiting_payment", payments.c.state == "authorised")
    with engine.connect() as connection:
        return [Start(**row) for row in connection.execute(query).mappings()]


def changed(engine: sa.Engine, start: Start, values: Mapping[str, Any]) -> bool:
    """Write `values` over `start`; False, and nothing written, where the row has changed since it was read."""
    rows = table("access", "starts")
    mine = sa.and_(rows.c.start_id == start.start_id, rows.c.revision == start.revision)
    with engine.begin() as connection:
        done = connection.execute(sa.update(rows).where(mine).values(**values, revision=start.revision + 1))
        return done.rowcount == 1


def going(engine: sa.Engine, starts: Sequence[Start]) -> dict[str, Going]:
    """Of each start whose transaction goes on: that transaction, by the start's id.

    A contract's token may charge in several places and again and again: place and time tell which one is meant.
    """
    rows = table("access", "transactions")
    stations = {start.station_id for start in starts}
    with engine.connect() as connection:
        found = list(connection.execute(sa.select(rows).where(rows.c.station_id.in_(stations))).mappings())
    told: dict[str, Going] = {}
    for start in starts:
        for row in found:
            same = row["station_id"] == start.station_id and row["evse_or_connector"] == str(start.evse_id)
            known = start.transaction_id in (None, row["transaction_id"])
            later = start.contract_id is None or row["started_at"] >= start.made_at - _CLOCKS_DIFFER
            if same and known and later and row["id_token"].casefold() == start.id_token.casefold():
                told[start.start_id] = Going(row["transaction_id"], row["started_at"])
    return told
