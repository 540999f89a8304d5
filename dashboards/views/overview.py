"""Overview: how much the network delivered, how well it is used, which site does how."""

from __future__ import annotations

import streamlit as st

from dashboards import layout
from dashboards.charts import series
from dashboards.formats import change, count, energy, energy_unit, money, percent, points
from dashboards.layout import Figure, read
from warehouse.readers import money as money_readers
from warehouse.readers import usage


def main() -> None:
    scope = layout.scope()
    totals = read(usage.totals, scope)
    if totals.is_empty():
        layout.nothing("No connector was in service then.")
        return
    sums = totals.row(0, named=True)
    revenue = read(money_readers.revenue_totals, scope)
    compared = " Change: against the equally long time before." if sums["sessions_change"] is not None else ""
    layout.figures(
        [
            Figure(
                "Sessions",
                count(sums["sessions"]),
                "Sessions that began in the period." + compared,
                change(sums["sessions_change"]),
            ),
            Figure(
                "Energy",
                energy(sums["energy_kwh"]),
                "By meter readings, cut at local midnight." + compared,
                change(sums["energy_change"]),
            ),
            Figure(
                "Occupied",
                percent(sums["occupied_utilization"]),
                "Plugged-in time ÷ open time of the connectors." + compared,
                points(sums["occupied_change_points"]),
            ),
            Figure(
                "Charging",
                percent(sums["charging_utilization"]),
                "Time with energy flowing ÷ open time." + compared,
                points(sums["charging_change_points"]),
            ),
            Figure(
                "Idle",
                percent(sums["idle_utilization"]),
                "Occupied less charging." + compared,
                points(sums["idle_change_points"]),
            ),
            Figure(
                "Capacity factor",
                percent(sums["capacity_factor"]),
                "Energy ÷ (rated power × open time)." + compared,
                points(sums["capacity_change_points"]),
            ),
            *(
                Figure(
                    "Revenue",
                    money(row["rated"], row["currency"]),
                    f"Rated: sum of CDRs before VAT, by the sessions' starts. Billed on invoices so far: "
                    f"{money(row['billed'], row['currency'])}.",
                )
                for row in revenue.iter_rows(named=True)
            ),
        ]
    )
    sites = layout.all_sites()
    steps = read(usage.by_period, scope, scope.grain)
    zone = layout.zone_note()
    unit = energy_unit(sums["energy_kwh"])
    left, right = st.columns(2)
    with left:
        layout.chart(
            f"Energy by {scope.grain}",
            series.energy_by_site(steps, sites, scope.grain, unit),
            steps,
            name="energy_trend",
            note=f"{unit[1]} by meter readings, cut at midnight. {zone}.",
        )
    with right:
        layout.chart(
            "Occupied utilization",
            series.lines_by_site(steps, "occupied_utilization", sites, scope.grain),
            steps,
            name="utilization_trend",
            note=f"Plugged-in time ÷ open time of the site's connectors. A gap: (nearly) all out of service. {zone}.",
        )
    by_site = read(usage.by_site, scope)
    column = st.column_config
    layout.table(
        "Sites",
        by_site,
        {
            "site_id": column.TextColumn("Site", pinned=True),
            "connectors": column.NumberColumn("Connectors", help="Most in service on one day"),
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "energy_kwh": column.NumberColumn(f"Energy, {unit[1]}", format=f"%,.{0 if unit[0] == 1 else 1}f"),
            "occupied_utilization": column.ProgressColumn(
                "Occupied", format=layout.PERCENT, min_value=0, max_value=100
            ),
            "charging_utilization": column.NumberColumn("Charging", format=layout.PERCENT),
            "idle_utilization": column.NumberColumn("Idle", format=layout.PERCENT),
            "capacity_factor": column.NumberColumn("Capacity factor", format=layout.PERCENT),
            "peak_load_kw": column.NumberColumn("Peak load, kW", format="%,.1f", help="Greatest 15-minute mean"),
            "in_use_days": column.NumberColumn("Days in use", help="Days with a session"),
            "site": column.TextColumn("Name"),
        },
        name="sites",
        note="Connectors: the most that were in service on one day. Rates are recomputed from seconds and kWh of the "
        f"period, never averaged. {zone}.",
        scale={"energy_kwh": unit[0]},
    )


main()
