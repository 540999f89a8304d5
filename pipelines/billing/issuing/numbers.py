"""Document numbers without gaps: taken inside the transaction that keeps the document, given back when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from warehouse.state import table

DIGITS = 6
YEAR_DIGITS = 4
APRIL = 4


@dataclass(frozen=True, slots=True)
class Number:
    """One number: `text` is what stands on the document, e.g. KWH2026-000123."""

    series: str
    serial: int

    @property
    def text(self) -> str:
        return f"{self.series}-{self.serial:0{DIGITS}d}"


def series_of(prefix: str, kind: Literal["invoice", "credit_note"], country_code: str, issue_date: date) -> str:
    """The series of a kind of document in a year. Short: India allows sixteen characters for the whole number.

    The year is the calendar's; in India the financial year, from April to March, in the two digits of each half (2627):
    within it a number must be unique, credit notes' too (CGST Rules 2017, rules 46 (b) and 53 (1A) (c)).
    """
    year = issue_date.year
    label = f"{year:0{YEAR_DIGITS}d}"
    if country_code == "IN":
        begin = year if issue_date.month >= APRIL else year - 1
        label = f"{begin % 100:02d}{(begin + 1) % 100:02d}"
    return f"{prefix}{'C' if kind == 'credit_note' else ''}{label}"


def take(connection: sa.Connection, series: str, operator_id: str) -> Number:
    """The next number of `series`. Must be the transaction's first statement.

    Its row stays locked until the end: another run waits here, so that numbers are given in one order, and a
    transaction that fails leaves none out. In SQLite a transaction that begins by writing has the lock from the start.
    One statement makes the row or moves it on: of two runs that find no row yet the second waits as well.
    """
    declared = table("billing", "number_series")
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    step = (
        insert(declared)
        .values(series=series, operator_id=operator_id, next_serial=2)
        .on_conflict_do_update(index_elements=["series"], set_={"next_serial": declared.c.next_serial + 1})
        .returning(declared.c.next_serial)
    )
    return Number(series, connection.execute(step).scalar_one() - 1)
