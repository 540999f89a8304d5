"""How much of what is sold was signed by the meter, and whether the signatures hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.readers.scope import Scope
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def signed_coverage(lake: Lake, scope: Scope) -> pl.DataFrame:
    """One row a site and month, by the sites' local days, the newest month first.

    `month, site_id, site, sessions, energy_kwh, rated_kwh` (priced in CDRs), `signed_kwh` (signed energy that may be
    billed), `signed_share` (of `energy_kwh`; NULL where none flowed), and sessions by verdict: `billable` of the
    `valid` ones, `valid, unverifiable, unreadable, invalid, unsigned`. Active sessions are left out.
    """
    return frame(lake, "signed_coverage", **scope.parameters())


def signed_session(lake: Lake, session_id: str) -> pl.DataFrame:
    """The row of `core.signed_sessions` of one session; none where no signed value came."""
    return frame(lake, "signed_session", session_id=session_id)


def signed_values(lake: Lake, session_id: str) -> pl.DataFrame:
    """The signed values of one session's transaction, in order of receipt: verdict, reason, key and what they claim."""
    return frame(lake, "signed_values", session_id=session_id)
