"""Single sessions: a list to look through, and one session with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.readers.query import frame
from warehouse.readers.scope import Scope
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl


def find(
    lake: Lake, scope: Scope, *, grades: tuple[str, ...], flag: str | None, text: str | None, limit: int
) -> pl.DataFrame:
    """Sessions that began in the period, the newest first, at most `limit`; `matches` counts all that fit.

    `text` is looked for in session, station and token; `flag` must be among the session's flags.
    """
    return frame(lake, "sessions", **scope.parameters(), grades=list(grades), flag=flag, text=text or "", limit=limit)


def flags(lake: Lake, scope: Scope) -> pl.DataFrame:
    """`flag, sessions` in the period, the most frequent first."""
    return frame(lake, "session_flags", **scope.parameters())


def one(lake: Lake, session_id: str) -> pl.DataFrame:
    """The session with that id or external id: one row, or none."""
    return frame(lake, "session", session_id=session_id)


def steps(lake: Lake, session_id: str) -> pl.DataFrame:
    """Intervals of the session in which energy flowed: `local_from, local_to, energy_kwh, power_kw, measured`.

    `power_kw` is the mean of the interval; `measured` is false where the energy is laid evenly over the session.
    """
    return frame(lake, "session_steps", session_id=session_id)


def energies(lake: Lake) -> pl.DataFrame:
    """All sessions: `station_id, started_at, energy_wh` (exact)."""
    return frame(lake, "session_energies")
