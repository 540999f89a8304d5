"""A warehouse over a fleet's log for the benchmarks: landing, building, and what the sessions must be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipelines.catalog import STAGES
from pipelines.registry_history import record_registry
from pipelines.stages import Stage, run_stage
from tests.benchmarks.fleet_log import FleetLog, Landed
from tests.benchmarks.measuring import Measured, Report, measure
from tests.registered import connector, register, site
from warehouse.contract import Table, core
from warehouse.settings import Settings, load_settings
from warehouse.store import Lake, open_lake
from warehouse.store.landing import register_landed

HERE = Path(__file__).parent


def stages_to_sessions(*more: Table) -> tuple[Stage, ...]:
    """The stage that writes core.sessions (and `more`) and all that they rest on, in the order in which they run."""
    wanted: set[Table] = {core.SESSIONS, *more}
    found: list[Stage] = []
    for stage in reversed(STAGES):
        if wanted & set(stage.outputs):
            found.insert(0, stage)
            wanted |= set(stage.inputs)
    return tuple(found)


@dataclass
class SessionBench:
    """One warehouse. What was landed and measured so far stands in the fields."""

    home: Path
    log: FleetLog
    report: Report
    landed: Landed = field(default_factory=lambda: Landed(0, 0))
    has_late: bool = False
    has_live: bool = False

    @cached_property
    def settings(self) -> Settings:
        return load_settings(home=self.home, duckdb_memory="3GB", duckdb_threads=2)

    @cached_property
    def lake(self) -> Lake:
        lake = open_lake(self.settings)
        stations = self.log.con.sql("SELECT DISTINCT station_id, power_w FROM fleet_sessions ORDER BY ALL").fetchall()
        register(
            self.settings,
            sites=[site("all")],
            stations=[{"station_id": station, "site_id": "all"} for station, _ in stations],
            connectors=[
                connector(station, rated_power_w=power, evse_id=number, **self._connector_of(station, number))
                for station, power in stations
                for number in (1, 2)
            ],
        )
        record_registry(lake)
        return lake

    def _connector_of(self, station: str, number: int) -> dict[str, int]:
        return {"connector_id": number if self._versions[station] == "1.6" else 1}

    @cached_property
    def _versions(self) -> dict[str, str]:
        query = "SELECT DISTINCT station_id, CASE WHEN is_v2 THEN '2.0.1' ELSE '1.6' END FROM fleet_sessions"
        return dict(self.log.con.execute(query).fetchall())

    def land(self, *, late: bool = False, live: bool = False) -> Landed:
        """Land a part of the log, as `FleetLog.land` says; not registered yet."""
        landed = self.log.land(self.settings.landing, late=late, live=live)
        self.landed += landed
        self.has_late |= late
        self.has_live |= live
        return landed

    def register(self) -> None:
        assert not register_landed(self.lake).set_aside

    def run(self, *, full: bool) -> dict[str, Measured]:
        """Run the stages up to the sessions; what each took, by name."""
        return {stage.name: self.run_one(stage, full=full) for stage in stages_to_sessions()}

    def run_one(self, stage: Stage, *, full: bool) -> Measured:
        with measure() as taken:
            run_stage(self.lake, stage, full=full)
        return taken

    # --- what must be ------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raises AssertionError where the clean sessions are not exactly as they were. The others are told of."""
        con = self.lake.con
        parameters = {"late": self.has_late, "until_end": self.has_live, "live_from": self.log.live_from}
        expected = self.log.con.execute(
            "SELECT * FROM fleet_sessions WHERE ($late OR NOT is_late)"
            " AND ($until_end OR started_at + to_minutes(readings + 30) < $live_from)",
            parameters,
        ).arrow()
        con.register("expected", expected)
        query = (HERE / "compare_sessions.sql").read_text(encoding="utf-8")
        con.execute(f"CREATE OR REPLACE TEMP TABLE compared AS {query}")
        con.unregister("expected")
        wrong = con.execute("SELECT * FROM compared WHERE is_clean AND NOT is_exact LIMIT 5").fetchall()
        assert not wrong, wrong
        samples = con.execute("SELECT count(*) FROM core.meter_values").fetchall()[0][0]
        assert samples == self.landed.samples
        started = self.log.con.execute(
            "SELECT count(*) FROM fleet_sessions WHERE ($late OR NOT is_late)"
            " AND ($until_end OR started_at + latency < $live_from)",
            parameters,
        ).fetchall()[0][0]
        found = con.execute("SELECT count(*) FROM core.sessions").fetchall()[0][0]
        self.report.notes.append(f"Sessions: {found:,} of {started:,}")
        told = con.execute(
            "SELECT fault, count(*) FILTER (is_exact), count(*) FROM compared WHERE fault IS NOT NULL GROUP BY 1 "
            "ORDER BY 1"
        ).fetchall()
        self.report.notes.append(
            "Sessions with a fault whose start and energy are as they were: "
            + (", ".join(f"{fault} {right:,} of {all_:,}" for fault, right, all_ in told) or "none drawn")
        )
        flags = con.execute(
            "SELECT flag, count(*) FROM (SELECT unnest(flags) AS flag FROM compared WHERE is_clean) GROUP BY 1 "
            "ORDER BY 1"
        ).fetchall()
        if flags:
            self.report.notes.append(f"Flags of clean sessions: {', '.join(f'{name} {n:,}' for name, n in flags)}")

    def contents(self) -> dict[str, tuple[object, ...]]:
        """What the stages have written, as counts and digests that do not depend on the order of rows."""
        digests: dict[str, tuple[object, ...]] = {}
        written = {table for stage in stages_to_sessions() for table in stage.outputs}
        for table in written - {core.READING_RUNS, core.READING_QUARTERS}:  # a row for each refresh: cut as they ran
            columns = ", ".join(f'"{name}"' for name in table.column_names)
            query = f"SELECT count(*), sum(hash({columns})) FROM {table.full_name}"
            digests[table.full_name] = self.lake.con.execute(query).fetchall()[0]
        return digests
