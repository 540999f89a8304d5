"""Decisions of people on whether sessions are billed: `release`, `hold`, `withdraw`.

A decision is a record in the state database: made once, never changed; the newest one of a session counts. What it
was about (grade and energy) is kept with it: see the macro `standing_decision` for how long it stands. Billing follows
at the next refresh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from warehouse.account import account
from warehouse.errors import DecisionRefused, InputError
from warehouse.readers import decisions, sessions
from warehouse.state import open_state, table
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl

Decision = Literal["release", "hold", "withdraw"]
_DONE: dict[Decision, str] = {"release": "released", "hold": "held back", "withdraw": "left to their grade again"}


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """What was decided, on which sessions (full ids), and by whom."""

    decision: Decision
    sessions: tuple[str, ...]
    decided_by: str
    decided_at: datetime

    def __str__(self) -> str:
        lines = "\n".join(f"  {session_id}" for session_id in self.sessions)
        number = "1 session" if len(self.sessions) == 1 else f"{len(self.sessions)} sessions"
        done = _DONE[self.decision].replace("their", "its") if len(self.sessions) == 1 else _DONE[self.decision]
        return f"{number} {done} by {self.decided_by}:\n{lines}\nBilling follows at the next `kwhouse refresh`."


def decide(lake: Lake, ids: Sequence[str], decision: Decision, reason: str, by: str | None = None) -> DecisionReport:
    """Keep `decision` on the sessions that `ids` name (whole ids or unique beginnings of them), all or none.

    `by`: who decided; default: the account that runs the command. Raises `SessionUnknown` or `SessionAmbiguous` for
    ids that name none or several, `DecisionRefused` with every session that it cannot be taken on, `InputError`
    without a reason.
    """
    if not reason.strip():
        raise InputError("A decision needs a reason that others will understand: --reason TEXT.")
    name = account() if by is None else by.strip()
    if not name:
        raise InputError("Say who decides: --by NAME.")
    chosen = dict.fromkeys(sessions.resolve(lake, wanted) for wanted in ids)
    found = {session_id: sessions.one(lake, session_id).row(0, named=True) for session_id in chosen}
    newest = decisions.newest(lake, tuple(chosen))
    refusals = {key: why for key, row in found.items() if (why := _refusal(decision, row, newest.get(key)))}
    if refusals:
        raise DecisionRefused(refusals)
    # After every earlier one, even where this machine's clock is behind another's.
    earlier = [row["decided_at"] + timedelta(microseconds=1) for row in newest.values()]
    moment = max([datetime.now(UTC), *earlier])
    facts = {"decided_at": moment, "decision": decision, "reason": reason.strip(), "decided_by": name}
    rows = [
        {"session_id": key, "grade": row["grade"], "energy_wh": row["energy_wh"], **facts} for key, row in found.items()
    ]
    engine = open_state(lake.settings)
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(table("registry", "session_decisions")), rows)
    finally:
        engine.dispose()
    return DecisionReport(decision, tuple(chosen), name, moment)


def listing(lake: Lake, session_id: str | None = None) -> pl.DataFrame:
    """Decisions, the newest first: all, or those on sessions whose id is, or begins with, `session_id`."""
    rows = decisions.listing(lake)
    return rows if session_id is None else rows.filter(rows["session_id"].str.starts_with(session_id))


def _refusal(decision: Decision, session: dict[str, Any], newest: dict[str, Any] | None) -> str | None:
    """Why `decision` makes no sense on the session; None where it does."""
    in_force = newest["decision"] if newest else "withdraw"
    if session["state"] == "active":
        return "goes on: decide when it has ended"
    if decision == "withdraw" and in_force == "withdraw":
        return "has no decision to withdraw"
    if decision == "release" and session["energy_wh"] is None:
        return "has no evidence of its energy: there is nothing to bill"
    if decision == "release" and session["grade"] == "ok" and in_force == "withdraw":
        return "is graded ok: it is billed without a release"
    return None
