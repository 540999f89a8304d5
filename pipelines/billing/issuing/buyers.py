"""Who buys a session without a contract: nobody by name, unless a person says so.

Beyond an amount that the law sets, an invoice names its buyer (`documents.simplified`); below it the buyer may ask
for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.billing.ledger.ad_hoc import account_of_session
from warehouse.errors import InputError
from warehouse.readers.sessions import resolve
from warehouse.state import table
from warehouse.store import Lake


class BuyerRefused(InputError):
    """Nobody can be named as the buyer of a session. `session_id` is the session."""

    def __init__(self, session_id: str, why: str) -> None:
        super().__init__(f"Session {session_id} {why}")
        self.session_id = session_id


@dataclass(frozen=True, slots=True)
class Named:
    """Who buys a session; `standing` is the number of a document that stands and says something else."""

    session_id: str
    driver_id: str
    standing: str | None

    def __str__(self) -> str:
        told = f"The document of session {self.session_id} will name {self.driver_id}."
        if self.standing is None:
            return told
        return f"{told} {self.standing} stands as it is: take it back (`kwhouse invoice void`), and issue it anew."


def name_buyer(lake: Lake, engine: sa.Engine, session: str, driver_id: str, *, now: datetime, by: str) -> Named:
    """Name a driver (or company) of the registry as the buyer of a session without a contract, in place of any before.

    `session`: a whole id or its beginning. Raises `SessionUnknown`, `SessionAmbiguous` and `BuyerRefused`.
    """
    session_id = resolve(lake, session)
    priced = lake.con.execute("SELECT contract_id FROM billing.cdrs WHERE session_id = ?", [session_id]).fetchone()
    if priced and priced[0] is not None:
        raise BuyerRefused(session_id, f"is billed to contract {priced[0]}, whose holder is its buyer.")
    drivers, buyers = table("registry", "drivers"), table("billing", "receipt_buyers")
    row = {"session_id": session_id, "driver_id": driver_id, "changed_at": now, "changed_by": by}
    with engine.begin() as connection:
        if connection.execute(sa.select(drivers).where(drivers.c.driver_id == driver_id)).first() is None:
            raise BuyerRefused(
                session_id, f"cannot be billed to {driver_id}: declare the driver (or company), with name and address."
            )
        connection.execute(sa.delete(buyers).where(buyers.c.session_id == session_id))
        connection.execute(sa.insert(buyers), row)
        return Named(session_id, driver_id, _standing(connection, session_id))


def buyer_of(connection: sa.Connection, session_id: str) -> str | None:
    """The driver who is named as the buyer of a session; None: nobody."""
    buyers = table("billing", "receipt_buyers")
    return connection.execute(sa.select(buyers.c.driver_id).where(buyers.c.session_id == session_id)).scalar()


def _standing(connection: sa.Connection, session_id: str) -> str | None:
    billed = table("billing", "billed_drafts")
    chosen = sa.select(billed.c.document_id).where(billed.c.draft_id == account_of_session(session_id))
    return connection.execute(chosen).scalar()
