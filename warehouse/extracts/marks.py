"""What an extract is of: a snapshot of the lake, and the instant up to which issued documents count.

Written `1234`, or `1234@2026-11-02T10:00:00.000000Z` where documents were issued after that snapshot was made. The same
mark gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from warehouse.errors import InputError
from warehouse.plain import instant
from warehouse.store import Lake

_KNOWN = "SELECT snapshot_time FROM ducklake_snapshots('lake') WHERE snapshot_id = ?"


@dataclass(frozen=True, slots=True)
class Mark:
    """`made_at`: when the snapshot was made; `until`: documents issued later do not count."""

    snapshot: int
    made_at: datetime
    until: datetime

    def __str__(self) -> str:
        return str(self.snapshot) if self.until == self.made_at else f"{self.snapshot}@{instant(self.until)}"


def newest(lake: Lake) -> Mark:
    """The newest snapshot with all documents that are issued now."""
    cursor = lake.cursor()
    try:
        row = cursor.execute(
            "SELECT current.id, greatest((SELECT max(issued_at) FROM billing.documents),"
            " (SELECT max(issued_at) FROM billing.owner_documents),"
            " (SELECT max(received_at) FROM billing.payments))"
            " FROM ducklake_current_snapshot('lake') AS current"
        ).fetchone()
        snapshot, last_issue = (0, None) if row is None else row
        made_at = _made_at(lake, snapshot)
    finally:
        cursor.close()
    return Mark(snapshot, made_at, made_at if last_issue is None else max(made_at, last_issue.astimezone(UTC)))


def parse(lake: Lake, text: str) -> Mark:
    """The mark that `text` names. Raises `InputError` where that is none, or its snapshot is not kept any more."""
    number, at, moment = text.strip().partition("@")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise InputError(f"{text!r} names no snapshot; write 1234, or 1234@2026-11-02T10:00:00Z as the report says it.")
    made_at = _made_at(lake, int(number))
    if not at:
        return Mark(int(number), made_at, made_at)
    try:
        until = datetime.fromisoformat(moment)
    except ValueError:
        raise InputError(f"{moment!r} is no time; write it as 2026-11-02T10:00:00Z.") from None
    return Mark(int(number), made_at, until if until.tzinfo else until.replace(tzinfo=UTC))


def _made_at(lake: Lake, snapshot: int) -> datetime:
    cursor = lake.cursor()
    try:
        row = cursor.execute(_KNOWN, [snapshot]).fetchone()
    finally:
        cursor.close()
    if row is None:
        raise InputError(
            f"There is no snapshot {snapshot}: the newest is {lake.snapshot()}. Old ones are removed in time, but not "
            "those of closed months."
        )
    made_at: datetime = row[0]
    return made_at.astimezone(UTC)
