"""What an extract is of: a snapshot of the lake, and the instant up to which issued documents count.

Written `1234`, or `1234@2026-11-02T10:00:00.000000Z` where documents were issued or money came after that snapshot was
made; of an extract that posts to accounts with `#` and what names its accounts file (`account_files.py`). The same mark
gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from warehouse.contract.ddl import METADATA
from warehouse.errors import InputError
from warehouse.extracts import account_files
from warehouse.plain import instant
from warehouse.store import Lake

_KNOWN = f"SELECT snapshot_time::TIMESTAMPTZ FROM {METADATA}.ducklake_snapshot WHERE snapshot_id = ?"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Mark:
    """`made_at`: when the snapshot was made; `until`: documents issued and money booked later do not count; `accounts`:
    the accounts file, None: the one that is declared now.
    """

    snapshot: int
    made_at: datetime
    until: datetime
    accounts: str | None = None

    def __str__(self) -> str:
        then = "" if self.until == self.made_at else f"@{instant(self.until)}"
        return f"{self.snapshot}{then}" + (f"#{self.accounts}" if self.accounts else "")


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


def newest_with_accounts(lake: Lake) -> Mark:
    """The same, with the accounts file of now: for what is to be taken again later with all of its extracts."""
    return replace(newest(lake), accounts=account_files.declared(lake.settings)[1])


def parse(lake: Lake, text: str) -> Mark:
    """The mark that `text` names. Raises `InputError` where that is none, or its snapshot is not kept any more."""
    moment_of, _, accounts = text.strip().partition("#")
    number, at, moment = moment_of.partition("@")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise InputError(f"{text!r} names no snapshot; write 1234, or 1234@2026-11-02T10:00:00Z as the report says it.")
    made_at = _made_at(lake, int(number))
    if not at:
        return Mark(int(number), made_at, made_at, accounts or None)
    try:
        until = datetime.fromisoformat(moment)
    except ValueError:
        raise InputError(f"{moment!r} is no time; write it as 2026-11-02T10:00:00Z.") from None
    return Mark(int(number), made_at, until if until.tzinfo else until.replace(tzinfo=UTC), accounts or None)


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
