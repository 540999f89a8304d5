"""What people decided about sessions, and what waits for a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warehouse.readers.query import frame
from warehouse.readers.scope import Scope
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def listing(lake: Lake, session_id: str | None = None) -> pl.DataFrame:
    """Every decision (of one session), the newest first, with what holds: `in_force`.

    `in_force`: yes; overtaken: a newer decision counts; lapsed: energy or grade have changed since; gone: the session
    is no longer there.
    """
    return frame(lake, "decisions", session_id=session_id)


def newest(lake: Lake, session_ids: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The newest decision of each of these sessions that has one."""
    rows = frame(lake, "decisions_newest", session_ids=list(session_ids))
    return {row["session_id"]: row for row in rows.iter_rows(named=True)}


def review(lake: Lake, scope: Scope, *, grades: tuple[str, ...], flag: str | None, limit: int) -> pl.DataFrame:
    """Ended sessions that their grade keeps from being billed, or that somebody holds, the greatest energy first.

    At most `limit`; `matches` and `kwh_at_stake` count all that fit. `amount` is the CDR's where there is one, else
    what the same energy brought on average at that site (`amount_estimated`). `waits_for`: a decision, or what was
    decided and stands; `note` says where a release lapsed.
    """
    return frame(lake, "review", **scope.parameters(), grades=list(grades), flag=flag, limit=limit)
