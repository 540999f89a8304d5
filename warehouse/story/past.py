"""What a session was before: the lake's snapshots keep it, also when it was taken back or split."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from warehouse.errors import InputError, SessionGone, SessionUnknown
from warehouse.readers import evidence, sessions
from warehouse.store import Lake, open_lake
from warehouse.story.telling import Story, tell

Row = dict[str, Any]


def snapshot_at(lake: Lake, text: str) -> int:
    """The snapshot that `text` names: its number, or the newest one at an instant (ISO 8601; UTC where it says none).

    Raises `InputError` where that is no snapshot that is kept.
    """
    wanted = text.strip()
    if wanted.isascii() and wanted.isdigit():
        snapshot_id = int(wanted) if len(wanted) < 19 else 2**62
        if evidence.snapshot_time(lake, snapshot_id) is None:
            raise InputError(
                f"There is no snapshot {wanted}: the newest is {lake.snapshot()}, and old ones are removed in time."
            )
        return snapshot_id
    try:
        moment = datetime.fromisoformat(wanted)
    except ValueError:
        raise InputError(
            f"{text!r} is neither the number of a snapshot nor a time; write a time as 2026-03-31T14:00:00+02:00."
        ) from None
    found, oldest_at = evidence.snapshot_at(lake, moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if found is None:
        raise InputError(
            f"Nothing is kept of that time: the oldest snapshot was made on {oldest_at:%Y-%m-%d %H:%M} UTC."
        )
    return found


@contextmanager
def as_it_was(lake: Lake, snapshot_id: int) -> Iterator[Lake]:
    """The lake as it was at that snapshot, for who sees what `lake` shows."""
    with open_lake(lake.settings, at=snapshot_id, sight=lake.sight) as then:
        yield then


def history(lake: Lake, text: str) -> tuple[Row, ...]:
    """Every change that the snapshots keep of the session that `text` names, or named before it went.

    Raises `SessionUnknown` and `SessionAmbiguous`.
    """
    rows = _history(lake, text.strip())
    if len({row["session_id"] for row in rows}) == 1:
        return rows
    session_id = sessions.resolve(lake, text)
    return _history(lake, session_id)


def _history(lake: Lake, text: str) -> tuple[Row, ...]:
    return tuple(evidence.history(lake, text).rows(named=True)) if text else ()


def explain(lake: Lake, text: str, as_of: str | None = None) -> Story:
    """The story of the session that `text` names, now or as it was (`as_of`: see `snapshot_at`)."""
    if as_of is None:
        return tell(lake, find(lake, text))
    snapshot_id = snapshot_at(lake, as_of)
    with as_it_was(lake, snapshot_id) as then:
        return tell(then, sessions.resolve(then, text), until=evidence.snapshot_time(lake, snapshot_id))


def find(lake: Lake, text: str) -> str:
    """The id of the session that `text` names now.

    Raises `SessionGone` where there is none now and was one before, with where its transaction went; `SessionUnknown`
    and `SessionAmbiguous` otherwise.
    """
    try:
        return sessions.resolve(lake, text)
    except SessionUnknown:
        before = _history(lake, text.strip())
        ids = {row["session_id"] for row in before}
        if len(ids) != 1:
            raise
        raise _gone(lake, before) from None


def _gone(lake: Lake, before: tuple[Row, ...]) -> SessionGone:
    left = before[-1]
    # A session that went was there in every snapshot since its last change before.
    last = next((row for row in reversed(before) if row["there"]), left)
    heirs = evidence.successors(lake, last).rows(named=True)
    same = [row["session_id"] for row in heirs if row["same_transaction"]]
    return SessionGone(
        last["session_id"],
        last_snapshot=left["snapshot_id"] - 1 if not left["there"] else left["snapshot_id"],
        gone_at=left["snapshot_time"],
        transaction_id=last["transaction_id"],
        successors=same or [row["session_id"] for row in heirs],
    )
