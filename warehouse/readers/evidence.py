"""What a session rests on and what rests on it: frames, registers, faults, CDRs, invoice lines, its own past."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from warehouse.readers.query import frame, frame_of_few
from warehouse.store import Lake

if TYPE_CHECKING:
    import polars as pl

# From here on it takes longer to plan for each number by itself than to read all frames between the first and the last.
_FEW = 500


def frames(lake: Lake, session_id: str) -> pl.DataFrame:
    """The frames that prove a session, in the order of what they tell, payloads as sent: tokens stand in them.

    `role`: start, answer, update, stop, reading …; `proves`: kinds of faults; `told_at`: by the station's clock.
    """
    import polars as pl

    names = frame(lake, "evidence_names", session_id=session_id)
    station_id = None if names.is_empty() else names["station_id"][0]
    seqs = names["seq"].to_list()
    where = {"station_id": station_id, "first": min(seqs, default=None), "last": max(seqs, default=None)}
    if len(seqs) <= _FEW:
        found = frame_of_few(lake, "evidence_frames", "seqs", seqs, **where)
    else:
        found = frame(lake, "evidence_frames", seqs=seqs, **where)
    return (
        names.drop("station_id")
        .join(found, on=["collector_id", "seq"])
        .sort(pl.coalesce("told_at", "received_at"), "received_at", "collector_id", "seq")
    )


def faults(lake: Lake, session_id: str) -> pl.DataFrame:
    """`kind, evidence, first_seen_at, last_seen_at` of the session's rows in `ops.faults`."""
    return frame(lake, "evidence_faults", session_id=session_id)


def records(lake: Lake, session_id: str) -> pl.DataFrame:
    """Where an imported session stood in which file: `source, kind, received_at`."""
    return frame(lake, "evidence_record", session_id=session_id)


def registers(lake: Lake, session_id: str) -> pl.DataFrame:
    """`local_at, context, register_kwh`: every register reading within the session, believed or not."""
    return frame(lake, "evidence_registers", session_id=session_id)


def cdrs(lake: Lake, session_id: str) -> pl.DataFrame:
    """The session's CDRs: one, or none."""
    return frame(lake, "session_cdrs", session_id=session_id)


def bills(lake: Lake, session_id: str) -> pl.DataFrame:
    """The invoice lines that rest on the session."""
    return frame(lake, "session_bills", session_id=session_id)


def pseudonyms(lake: Lake, tokens: frozenset[str], pseudonym: str | None) -> dict[str, str]:
    """Pseudonym by token: of `tokens`, and of whichever token has `pseudonym`."""
    rows = frame(lake, "pseudonyms", tokens=sorted(tokens), pseudonym=pseudonym)
    return dict(rows.iter_rows())


def history(lake: Lake, text: str) -> pl.DataFrame:
    """One row for each snapshot at which sessions whose id is, or begins with, `text` came, changed or went."""
    found = frame(lake, "snapshot_range").row(0, named=True)
    first, last = found["first"], found["last"]
    return frame(lake, "session_history", text=text, first=first, next=min(first + 1, last), last=last)


def snapshot_at(lake: Lake, moment: datetime) -> tuple[int | None, datetime]:
    """The newest snapshot that was there at `moment` (None: none is kept), and when the oldest one was made."""
    row = frame(lake, "snapshot_at", moment=moment).row(0, named=True)
    return row["snapshot_id"], row["oldest_at"]


def snapshot_time(lake: Lake, snapshot_id: int) -> datetime | None:
    """When a snapshot was made; None where it is not kept."""
    rows = frame(lake, "snapshot_times", snapshot_id=snapshot_id)
    return None if rows.is_empty() else rows["snapshot_time"][0]


def successors(lake: Lake, gone: dict[str, Any]) -> pl.DataFrame:
    """`session_id, started_at, same_transaction` of the sessions that hold now what a session that is gone held."""
    names = ("station_id", "transaction_id", "evse_id", "connector_id", "started_at", "ended_at")
    return frame(lake, "session_successors", **{name: gone[name] for name in names})
