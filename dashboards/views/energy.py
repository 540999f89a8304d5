"""Energy: what was delivered per day, week or month, by site."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.charts import series
from dashboards.formats import energy, energy_unit
from dashboards.layout import Figure, read
from warehouse.readers import Grain, usage


def main() -> None:
    scope = layout.scope()
    totals = read(usage.totals, scope)
    if totals.is_empty():
        layout.nothing("No connector was in service then.")
        return
    sums = totals.row(0, named=True)
    layout.figures(
        [
            Figure("Energy", energy(sums["energy_kwh"]), "By meter readings, cut at local midnight."),
            Figure("A day", energy(sums["energy_kwh_per_day"]), "Energy ÷ days on which a connector was in service."),
            Figure(
                "A session",
                f"{sums['energy_kwh_per_session'] or 0:,.1f}\N{NARROW NO-BREAK SPACE}kWh",
                "Energy ÷ sessions that began in the period.",
            ),
            Figure(
                "Peak load",
                f"{sums['peak_load_kw'] or 0:,.1f}\N{NARROW NO-BREAK SPACE}kW",
                "Greatest 15-minute mean of one site's power.",
            ),
        ]
    )
    grain = st.segmented_control(
        "Step",
        list(Grain),
        format_func=lambda step: step.capitalize(),
        default=scope.grain,
        required=True,
        key=f"grain_{scope.grain}",
    )
    step = Grain(grain)
    rows = read(usage.by_period, scope, step)
    sites = layout.all_sites()
    unit = energy_unit(sums["energy_kwh"])
    edges = "" if step is Grain.DAY else f" The first and the last {step} may be cut by the period."
    layout.chart(
        f"Energy by {step} and site",
        series.energy_by_site(rows, sites, step, unit),
        rows,
        name="energy",
        note=f"{unit[1]} by meter readings, cut at midnight.{edges} {layout.zone_note()}.",
    )
    column = st.column_config
    layout.table(
        f"Each {step}",
        _newest_first(rows),
        {
            "period": column.DateColumn(
                step.capitalize(), format="MMM YYYY" if step is Grain.MONTH else "YYYY-MM-DD", pinned=True
            ),
            "site_id": column.TextColumn("Site"),
            "energy_kwh": column.NumberColumn(f"Energy, {unit[1]}", format=f"%,.{1 if unit[0] == 1 else 3}f"),
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "charging_hours": column.NumberColumn("Charging, h", format="%,.1f"),
            "occupied_hours": column.NumberColumn("Occupied, h", format="%,.1f"),
            "site": column.TextColumn("Name"),
        },
        name="energy_rows",
        scale={"energy_kwh": unit[0]},
    )


def _newest_first(rows: pl.DataFrame) -> pl.DataFrame:
    # The sites summed as "Other sites" have no id of their own.
    told = rows.filter(pl.col("energy_kwh").is_not_null()).with_columns(site_id=pl.coalesce("site_id", "site"))
    return told.sort("period", "site", descending=[True, False])


main()
