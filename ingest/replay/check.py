"""Are the sessions in the warehouse those of the files? The same count and the same energy, per site and month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ingest.fleet.session import Session

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class SessionCheck:
    """Outcome of `compare_sessions`.

    `table`: site_id, month (first local day), file_sessions, warehouse_sessions, file_kwh, warehouse_kwh,
    difference_wh (warehouse less file), ordered by site and month.
    """

    table: pl.DataFrame

    @property
    def ok(self) -> bool:
        """Whether each site and month has the same count and the same energy to the last decimal."""
        return not self.wrong.height

    @property
    def wrong(self) -> pl.DataFrame:
        """The rows that differ."""
        import polars as pl

        return self.table.filter(
            (pl.col("file_sessions") != pl.col("warehouse_sessions")) | (pl.col("difference_wh") != Decimal(0))
        )


def session_frame(sessions: Iterable[Session]) -> pl.DataFrame:
    """Sessions of a file as the frame that `compare_sessions` takes."""
    import polars as pl

    rows = [(s.site_id, s.station_id, s.started_at, s.energy_wh) for s in sessions]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "site_id": pl.String,
        "station_id": pl.String,
        "started_at": pl.Datetime("us", "UTC"),
        "energy_wh": pl.Decimal(38, 6),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def compare_sessions(file: pl.DataFrame, warehouse: pl.DataFrame, time_zone: str) -> SessionCheck:
    """Compare a file's sessions with `core.sessions`, per site and local month of the begin in `time_zone`.

    Both frames have station_id, started_at (UTC) and energy_wh (DECIMAL, Wh); `file` has site_id as well, which counts
    for both. Sessions of stations that the file does not name are none of its business; energy NULL counts as 0.
    """
    import polars as pl

    sites = file.select("station_id", "site_id").unique()
    told = _per_month(file.select("station_id", "started_at", "energy_wh").join(sites, on="station_id"), time_zone)
    kept = _per_month(warehouse.select("station_id", "started_at", "energy_wh").join(sites, on="station_id"), time_zone)
    both = told.join(kept, on=["site_id", "month"], how="full", coalesce=True, suffix="_kept").sort("site_id", "month")
    zero = pl.lit(Decimal(0), pl.Decimal(38, 6))
    file_wh, kept_wh = pl.col("wh").fill_null(zero), pl.col("wh_kept").fill_null(zero)
    table = both.select(
        "site_id",
        "month",
        file_sessions=pl.col("sessions").fill_null(0),
        warehouse_sessions=pl.col("sessions_kept").fill_null(0),
        file_kwh=_kwh(file_wh),
        warehouse_kwh=_kwh(kept_wh),
        difference_wh=kept_wh - file_wh,
    )
    return SessionCheck(table)


def _per_month(sessions: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    import polars as pl

    return sessions.group_by(
        "site_id", month=pl.col("started_at").dt.convert_time_zone(time_zone).dt.truncate("1mo").dt.date()
    ).agg(
        sessions=pl.len().cast(pl.Int64),
        wh=pl.col("energy_wh").cast(pl.Decimal(38, 6)).sum(),
    )


def _kwh(energy_wh: pl.Expr) -> pl.Expr:
    """Wh as kWh, exact: Polars' decimal division rounds to the operand's scale, so it is given nine decimals."""
    import polars as pl

    return energy_wh.cast(pl.Decimal(38, 9)) / pl.lit(Decimal(1000), pl.Decimal(38, 9))
