"""Document numbers without gaps: taken inside the transaction that keeps the document, given back when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from warehouse.state import table

DIGITS = 6
YEAR_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Number:
    """One number: `text` is what stands on the document, e.g. KWH2026-000123."""

    series: str
    serial: int

    @property
    def text(self) -> str:
        return f"{self.series}-{self.serial:0{DIGITS}d}"


def series_of(prefix: str, kind: Literal["invoice", "credit_note"], year: int) -> str:
    """The series of a kind of document in a year. Short: India allows sixteen characters for the whole number."""
    return f"{prefix}{'C' if kind == 'credit_note' else ''}{year}"


def take(connection: sa.Connection, series: str, operator_id: str) -> Number:
    """The next number of `series`. Must be the transaction's first statement.

    Its row stays locked until the end: another run waits here, so that numbers are given in one order, and a
    transaction that fails leaves none out. In SQLite a transaction that begins by writing has the lock from the start.
    """
    declared = table("billing", "number_series")
    step = (
        sa.update(declared)
        .where(declared.c.series == series)
        .values(next_serial=declared.c.next_serial + 1)
        .returning(declared.c.next_serial)
    )
    serial = connection.execute(step).scalar_one_or_none()
    if serial is None:
        first = sa.select(sa.literal(series), sa.literal(operator_id), sa.literal(1)).where(
            ~sa.exists().where(declared.c.series == series)
        )
        connection.execute(sa.insert(declared).from_select(["series", "operator_id", "next_serial"], first))
        serial = connection.execute(step).scalar_one()
    return Number(series, serial - 1)
