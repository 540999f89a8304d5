"""Sessions of our own put in by hand, cut and priced by the real engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.billing.rating.cutting import cut
from pipelines.billing.rating.rate import rate
from pipelines.billing.rating.tables import load_tariffs
from pipelines.billing.tariffs.model import Tariff
from tests.rated import Rated, collect

START = datetime(2026, 1, 12, 10, 0, tzinfo=UTC)

SESSIONS = """
CREATE TEMP TABLE sessions_to_rate (
    session_no BIGINT, session_id VARCHAR, tariff_id VARCHAR, tariff_version INTEGER, started_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ, time_zone VARCHAR, energy_wh DECIMAL(18,6), charging_seconds BIGINT, idle_seconds BIGINT
)
"""
STEPS = """
CREATE TEMP TABLE session_steps (
    session_no BIGINT, from_at TIMESTAMPTZ, to_at TIMESTAMPTZ, energy_wh DECIMAL(18,6), charging BOOLEAN,
    power_w DECIMAL(18,6), current_a DECIMAL(18,6)
)
"""


@dataclass(frozen=True)
class Step:
    """Seconds from the session's start, Wh, W, A."""

    begin: Any
    end: Any
    energy: Any
    power: Any = None
    current: Any = None
    charging: bool = True


@dataclass(frozen=True)
class Session:
    """Wh and whole seconds; it ends where both times are used up, or after `seconds`."""

    energy: Any
    charging: int | None
    idle: int | None = 0
    steps: tuple[Step, ...] = ()
    start: datetime = START
    zone: str = "UTC"
    seconds: int | None = None

    @property
    def ended_at(self) -> datetime:
        lasts = (self.charging or 0) + (self.idle or 0) if self.seconds is None else self.seconds
        return self.start + timedelta(seconds=lasts)


@dataclass(frozen=True)
class Cut:
    """The pieces (as dicts, in order) and the price."""

    pieces: list[dict[str, Any]]
    rated: Rated

    def column(self, name: str) -> list[Any]:
        return [piece[name] for piece in self.pieces]


def cut_all(cases: Sequence[tuple[Tariff, Session]]) -> list[Cut]:
    """Each session cut by its tariff and priced, all at once."""
    # Several threads where there are several sessions, whose order they could mix up.
    with duckdb.connect(config={"threads": 1} if len(cases) == 1 else {}) as con:
        con.execute("SET TimeZone = 'UTC'")
        load_tariffs(con, [(f"T{number}", 1, tariff) for number, (tariff, _) in enumerate(cases)])
        con.execute(SESSIONS)
        con.execute(STEPS)
        for number, (_, session) in enumerate(cases):
            con.execute(
                "INSERT INTO sessions_to_rate VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
                [
                    number,
                    f"S{number}",
                    f"T{number}",
                    session.start,
                    session.ended_at,
                    session.zone,
                    _exact(session.energy),
                    session.charging,
                    session.idle,
                ],
            )
            for step in session.steps:
                con.execute(
                    "INSERT INTO session_steps VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        number,
                        session.start + timedelta(seconds=step.begin),
                        session.start + timedelta(seconds=step.end),
                        _exact(step.energy),
                        step.charging,
                        _exact(step.power),
                        _exact(step.current),
                    ],
                )
        cut(con)
        rate(con)
        return [Cut(_pieces(con, number), collect(con, number)) for number in range(len(cases))]


def cut_one(tariff: Tariff, session: Session) -> Cut:
    return cut_all([(tariff, session)])[0]


def _exact(value: Any) -> str | None:
    return None if value is None else format(Decimal(value), "f")


def _pieces(con: duckdb.DuckDBPyConnection, number: int) -> list[dict[str, Any]]:
    result = con.execute("SELECT * FROM usage WHERE session_no = ? ORDER BY period_no", [number])
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
