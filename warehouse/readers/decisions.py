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


def review(
    lake: Lake, scope: Scope, *, grades: tuple[str, ...], statuses: tuple[str, ...], flag: str | None, limit: int
) -> pl.DataFrame:
    """Ended sessions that their grade or a person keeps from being billed, or that a person released.

    `status`: waiting for a decision, held, released, or lapsed (a release that later data have overtaken); lapsed ones
    first, then those with the most money at stake, at most `limit`. `matches`, `matching_kwh` and `matching_amount` (by
    currency) are of all that fit. `amount` is the CDR's before VAT; `amount_estimated`: there is none, and what a kWh
    brings at the site was taken.
    """
    wanted = {"grades": list(grades), "statuses": list(statuses), "flag": flag, "limit": limit}
    return frame(lake, "review", **scope.parameters(), **wanted)
