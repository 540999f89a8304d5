"""Revenue: rated (CDRs) beside billed (invoice lines), per kWh and per connector."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import layout
from dashboards.charts import series
from dashboards.formats import count, money
from dashboards.layout import Figure, read
from warehouse.readers import Grain, Scope
from warehouse.readers import money as readers


def main() -> None:
    scope = layout.scope()
    totals = read(readers.revenue_totals, scope)
    if totals.is_empty():
        layout.nothing("No session was priced then.")
        return
    grain = Grain(
        st.segmented_control(
            "Step",
            list(Grain),
            format_func=lambda step: step.capitalize(),
            default=scope.grain,
            required=True,
            key=f"grain_{scope.grain}",
        )
    )
    rows = read(readers.revenue_by_period, scope, grain)
    for sums in totals.iter_rows(named=True):
        currency = sums["currency"]
        if totals.height > 1:
            st.subheader(currency, anchor=False)
        _figures(sums, currency)
        _charts(rows.filter(pl.col("currency") == currency), grain, currency)
    _sites(scope)


def _figures(sums: dict[str, float], currency: str) -> None:
    layout.figures(
        [
            Figure(
                "Rated", money(sums["rated"], currency), f"Sum of {count(int(sums['rated_sessions']))} CDRs before VAT."
            ),
            Figure(
                "Billed",
                money(sums["billed"], currency),
                f"Sum of the invoice lines of {count(int(sums['billed_sessions']))} sessions before VAT.",
            ),
            Figure("Rated per kWh", money(sums["rated_per_kwh"], currency, 3), "Rated ÷ kWh of the rated sessions."),
            Figure(
                "Rated per connector",
                money(sums["rated_per_connector"], currency),
                "Rated ÷ the most connectors that were in service on one day, summed over sites.",
            ),
            Figure(
                "Billed per connector",
                money(sums["billed_per_connector"], currency),
                "Billed ÷ the most connectors that were in service on one day, summed over sites.",
            ),
            Figure(
                "Without price",
                count(int(sums["unpriced_sessions"])),
                "Ended sessions without a CDR: no tariff was in force, or the session is unbillable.",
            ),
        ],
        name=currency,
    )


def _charts(rows: pl.DataFrame, grain: Grain, currency: str) -> None:
    left, right = st.columns([3, 2])
    with left:
        layout.chart(
            f"Revenue by {grain}",
            series.rated_beside_billed(rows, grain, currency),
            rows,
            name=f"revenue_{currency}",
            note="Before VAT, by the sessions' starts. Rated: sum of CDRs; billed: sum of invoice lines. Two views of "
            f"the same sessions, not to be added. {layout.zone_note()}.",
        )
    with right:
        layout.chart(
            f"Rated per kWh by {grain}",
            series.per_kwh(rows, grain, currency),
            rows,
            name=f"per_kwh_{currency}",
            note=f"Sum of CDRs before VAT ÷ kWh of the same sessions. {layout.zone_note()}.",
        )


def _sites(scope: Scope) -> None:
    column = st.column_config
    layout.table(
        "Sites",
        read(readers.revenue_by_site, scope),
        {
            "site_id": column.TextColumn("Site", pinned=True),
            "currency": column.TextColumn("Currency"),
            "rated": column.NumberColumn("Rated", format="%,.2f"),
            "billed": column.NumberColumn("Billed", format="%,.2f"),
            "rated_per_kwh": column.NumberColumn("Rated per kWh", format="%.3f"),
            "rated_per_connector": column.NumberColumn("Rated per connector", format="%,.2f"),
            "billed_per_connector": column.NumberColumn("Billed per connector", format="%,.2f"),
            "rated_sessions": column.NumberColumn("Rated sessions", format="localized"),
            "billed_sessions": column.NumberColumn("Billed sessions", format="localized"),
            "unpriced_sessions": column.NumberColumn("Without price", format="localized"),
            "site": column.TextColumn("Name"),
        },
        name="revenue_sites",
        note="Before VAT. Per connector: ÷ the most that were in service on one day of the period.",
    )


main()
