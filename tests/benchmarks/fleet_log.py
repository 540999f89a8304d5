"""A fleet's log, made up but exact: landed Parquet files as a collector writes them, and the sessions as they were.

Deterministic, made in DuckDB (`fleet_sessions.sql`, `fleet_frames.sql`). Every station charges twice a day, a session
of 28 to 64 minutes with a reading of three samples (register, power, SoC or current) each minute: 50 frames a session.
One station in five speaks OCPP 2.0.1, the others 1.6. The mix of frames: 93 % readings; start with its answer, stop
and one StatusNotification for each session; one BootNotification a station; a CALLERROR in one session of 200 and a
faulted status in one of 500. Answers other than to StartTransaction are left out: no stage reads them.

In 1.5 % of the sessions something goes wrong: the stop is repeated, a reading comes 20 minutes after the stop, no stop
comes, or the id of a session of the day before is used again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
FRAMES_A_SESSION = 50
FILE_ROWS = 500_000
FIRST_DAY = datetime(2024, 3, 4)  # noqa: DTZ001 (UTC; the SQL casts it)
ROUND = timedelta(hours=12)

# Samples of a frame, told by its beginning, without parsing: a reading holds three, a 2.x start or end its register.
COUNTS = """
    SELECT count(*), coalesce(sum(CASE
        WHEN action = 'MeterValues' OR starts_with(payload, '{"eventType":"Updated"') THEN 3
        WHEN action = 'TransactionEvent' THEN 1 ELSE 0 END), 0)::BIGINT
    FROM read_parquet(?)
"""


@dataclass(frozen=True, slots=True)
class Landed:
    """How much was written."""

    frames: int
    samples: int

    def __add__(self, other: Landed) -> Landed:
        return Landed(self.frames + other.frames, self.samples + other.samples)


@dataclass
class FleetLog:
    """`con` holds the table `fleet_sessions`: what a perfect warehouse would find."""

    stations: int
    rounds: int
    v2_percent: int = 20
    faults: bool = True
    con: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    _next_seq: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_size(cls, frames: int, **more: int | bool) -> FleetLog:
        """A log of about `frames` frames: 100 rounds where that leaves 200 stations, else fewer."""
        rounds = min(100, max(8, frames // (200 * FRAMES_A_SESSION)))
        return cls(stations=max(1, frames // (rounds * FRAMES_A_SESSION)), rounds=rounds, **more)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        self.con.execute("SET TimeZone='UTC'")
        parameters = {
            "stations": self.stations, "rounds": self.rounds, "v2_percent": self.v2_percent, "faults": self.faults,
            "first_day": FIRST_DAY,
        }  # fmt: skip
        query = (HERE / "fleet_sessions.sql").read_text(encoding="utf-8")
        self.con.execute(f"CREATE TABLE fleet_sessions AS {query} ORDER BY session_no", parameters)

    @property
    def end(self) -> datetime:
        return FIRST_DAY + self.rounds * ROUND

    @property
    def live_from(self) -> datetime:
        """Begin of the live end: three quarters of the last round, with sessions going on across it."""
        return self.end - 3 * ROUND / 4

    def land(self, folder: Path, *, late: bool = False, live: bool = False) -> Landed:
        """Write what was received before the live end, or (`live`) after it; returns how much that was.

        `late`: all that the late stations have to tell, and only that, from a collector of its own.
        """
        folder.mkdir(parents=True, exist_ok=True)
        collector_id = "late" if late else "bench"
        landed = Landed(0, 0)
        if collector_id not in self._next_seq:
            self._land_connections(folder, collector_id, late=late)
            landed += self._land_messages(folder, collector_id, "fleet_boots", late=late, at=FIRST_DAY - ROUND)
        step = self.rounds if late else max(1, FILE_ROWS // (self.stations * FRAMES_A_SESSION))
        until = self.end if late or live else self.live_from
        for round_no in range(self.rounds - 1 if live else 0, self.rounds, step):
            landed += self._land_messages(
                folder, collector_id, "fleet_frames", first_round=round_no, last_round=round_no + step, late=late,
                after=self.live_from if live else FIRST_DAY, until=until,
            )  # fmt: skip
        return landed

    def _land_connections(self, folder: Path, collector_id: str, *, late: bool) -> None:
        """A station's only connection bears its number; frames are numbered after all of them."""
        query = (HERE / "fleet_connections.sql").read_text(encoding="utf-8")
        path = folder / f"connections-{collector_id}-{1:012d}-{self.stations:012d}.parquet"
        parameters = {"collector_id": collector_id, "late": late, "at": FIRST_DAY - ROUND}
        self.con.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)", parameters)
        self._next_seq[collector_id] = self.stations + 1

    def _land_messages(self, folder: Path, collector_id: str, query: str, **parameters: object) -> Landed:
        seq = self._next_seq[collector_id]
        text = (HERE / f"{query}.sql").read_text(encoding="utf-8")
        passing = folder / "passing.parquet"
        passing.unlink(missing_ok=True)
        parameters |= {"collector_id": collector_id, "seq": seq - 1}
        self.con.execute(f"COPY ({text}) TO '{passing}' (FORMAT parquet, COMPRESSION zstd)", parameters)
        rows, samples = self.con.execute(COUNTS, [str(passing)]).fetchall()[0]
        if rows:
            passing.rename(folder / f"messages-{collector_id}-{seq:012d}-{seq + rows - 1:012d}.parquet")
        passing.unlink(missing_ok=True)
        self._next_seq[collector_id] += rows
        return Landed(rows, samples)
