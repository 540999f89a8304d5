"""Utilization: at which hours of the week the connectors are in use, and which of them most and least."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.charts import heat
from dashboards.layout import read
from warehouse.readers import Scope, usage

MEASURES = {
    "occupied_utilization": ("Occupied", "Plugged-in time ÷ open time of the connectors"),
    "charging_utilization": ("Charging", "Time with energy flowing ÷ open time of the connectors"),
    "idle_utilization": ("Idle", "Plugged-in time without energy flowing ÷ open time of the connectors"),
}
# As many rows as can be read without scrolling for ever; the table below holds all.
CONNECTORS_SHOWN = 40


def main() -> None:
    scope = layout.scope()
    connectors = read(usage.connectors, scope).with_columns(label=pl.format("{}:{}", "station_id", "connector_id"))
    if connectors.is_empty():
        layout.nothing("No connector was in service then.")
        return
    with st.container(horizontal=True, key="choices", vertical_alignment="bottom"):
        measure = st.segmented_control(
            "Share of open time",
            list(MEASURES),
            format_func=lambda name: MEASURES[name][0],
            default="occupied_utilization",
            required=True,
            key="measure",
        )
        stations = sorted(connectors["station_id"].unique().to_list())
        station = st.selectbox("Station", stations, index=None, placeholder="All stations", key="station", width=260)
    name, meaning = MEASURES[str(measure)]
    hours = read(usage.hour_of_week, scope, station)
    layout.chart(
        f"{name} by hour of the week" + (f": {station}" if station else ""),
        heat.hour_of_week(hours, str(measure)),
        hours,
        name="hour_of_week",
        note=f"{meaning}, in each hour of the week. {layout.zone_note()}.",
    )
    _by_connector(scope, connectors, str(measure))
    _ranking(connectors)


def _by_connector(scope: Scope, connectors: pl.DataFrame, measure: str) -> None:
    name, meaning = MEASURES[measure]
    busiest = connectors.sort(measure, descending=True, nulls_last=True)["label"].head(CONNECTORS_SHOWN).to_list()
    hours = read(usage.hour_of_day_by_connector, scope).with_columns(
        label=pl.format("{}:{}", "station_id", "connector_id")
    )
    left_out = connectors.height - len(busiest)
    layout.chart(
        f"{name} by connector and hour of the day",
        heat.hour_of_day(hours, measure, busiest),
        hours,
        name="hour_of_day",
        note=f"{meaning}. Station:connector, the highest first"
        + (f"; the {left_out} lowest are in the CSV and in the table below" if left_out else "")
        + f". {layout.zone_note()}.",
    )


def _ranking(connectors: pl.DataFrame) -> None:
    column = st.column_config
    layout.table(
        "Connectors",
        connectors,
        {
            "label": column.TextColumn("Connector", pinned=True, help="Station:connector"),
            "occupied_utilization": column.ProgressColumn(
                "Occupied", format=layout.PERCENT, min_value=0, max_value=100
            ),
            "charging_utilization": column.NumberColumn("Charging", format=layout.PERCENT),
            "idle_utilization": column.NumberColumn("Idle", format=layout.PERCENT),
            "capacity_factor": column.NumberColumn("Capacity factor", format=layout.PERCENT),
            "sessions": column.NumberColumn("Sessions", format="localized"),
            "energy_kwh": column.NumberColumn("Energy, kWh", format="%,.0f"),
            "open_hours": column.NumberColumn("Open, h", format="%,.0f"),
            "rated_kw": column.NumberColumn("Rated, kW", format="%,.1f"),
            "site": column.TextColumn("Site"),
        },
        name="connectors",
        note="The most occupied first; a click on a column's head sorts by it. "
        "Capacity factor: energy ÷ (rated power × open time).",
    )


main()
