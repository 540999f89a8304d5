"""Energy: what was delivered per day, week or month, by site."""

from __future__ import annotations

import streamlit as st

from dashboards import layout
from dashboards.charts import series
from dashboards.formats import energy
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
    edges = "" if step is Grain.DAY else f" The first and the last {step} may be cut by the period."
    layout.chart(
        f"Energy by {step} and site",
        series.stacked_by_site(rows, "energy_kwh", sites, step, "kWh"),
        rows,
        name="energy",
        note=f"kWh by meter readings, cut at midnight.{edges} {layout.zone_note()}.",
    )
    column = st.column_config
    layout.table(
        f"Each {step}",
        rows.filter(rows["energy_kwh"].is_not_null()).sort("period", "site", descending=[True, False]),
        {
            "period": column.DateColumn(step.capitalize(), format="YYYY-MM-DD", pinned=True),
            "site": column.TextColumn("Site"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.1f"),
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "charging_hours": column.NumberColumn("Charging, h", format="%,.1f"),
            "occupied_hours": column.NumberColumn("Occupied, h", format="%,.1f"),
        },
        name="energy_rows",
    )


main()
