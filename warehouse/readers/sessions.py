"""Single sessions: a list to look through, and one session with its evidence."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from warehouse.errors import SessionAmbiguous, SessionUnknown
from warehouse.readers.query import frame
from warehouse.readers.scope import Scope
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl

# How many candidates are named where an id is ambiguous.
_NAMED = 10


def find(
    lake: Lake, scope: Scope, *, grades: tuple[str, ...], flag: str | None, text: str | None, limit: int
) -> pl.DataFrame:
    """Sessions that began in the period, the newest first, at most `limit`; `matches` counts all that fit.

    `text` is looked for in session, station and token; `flag` must be among the session's flags.
    """
    return frame(lake, "sessions", **scope.parameters(), grades=list(grades), flag=flag, text=text or "", limit=limit)


def page(
    lake: Lake,
    *,
    site_id: str | None,
    station_id: str | None,
    state: str | None,
    begun_from: datetime | None,
    begun_to: datetime | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> pl.DataFrame:
    """Sessions that began from `begun_from` (included) to `begun_to` (not included), the newest first.

    `after`: begin and id of the last session of the page before.
    """
    started_at, session_id = after or (None, None)
    return frame(
        lake,
        "session_page",
        site_id=site_id,
        station_id=station_id,
        state=state,
        begun_from=begun_from,
        begun_to=begun_to,
        last_started_at=started_at,
        last_session_id=session_id,
        limit=limit,
    )


def flags(lake: Lake, scope: Scope) -> pl.DataFrame:
    """`flag, sessions` in the period, the most frequent first."""
    return frame(lake, "session_flags", **scope.parameters())


def one(lake: Lake, session_id: str) -> pl.DataFrame:
    """The session with that id or external id: one row, or none."""
    return frame(lake, "session", session_id=session_id)


def resolve(lake: Lake, text: str) -> str:
    """The id of the session that `text` names: a whole id, another system's id, or the beginning of just one id.

    Raises `SessionUnknown` where it names none, `SessionAmbiguous` where it names several.
    """
    wanted = text.strip()
    found = frame(lake, "session_ids", text=wanted, limit=_NAMED + 1) if wanted else None
    if found is None or found.is_empty():
        raise SessionUnknown(text)
    exact = found.filter(found["exact"])
    rows = found if exact.is_empty() else exact
    if rows.height > 1:
        listed = [
            f"{row['session_id']}  {row['station_id']}, {row['started_at']:%Y-%m-%d %H:%M} UTC"
            for row in rows.iter_rows(named=True)
        ]
        raise SessionAmbiguous(wanted, listed[:_NAMED], more=rows.height > _NAMED)
    return str(rows["session_id"][0])


def steps(lake: Lake, session_id: str) -> pl.DataFrame:
    """Intervals of the session in which energy flowed: `local_from, local_to, energy_kwh, power_kw, measured`.

    `power_kw` is the mean of the interval; `measured` is false where the energy is laid evenly over the session.
    """
    return frame(lake, "session_steps", session_id=session_id)


def energies(lake: Lake) -> pl.DataFrame:
    """All sessions: `station_id, started_at, energy_wh` (exact)."""
    return frame(lake, "session_energies")
