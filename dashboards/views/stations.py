"""Stations: which are connected, what they say they are, how that differs from the registry, who waits at the door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import streamlit as st

from dashboards import data, layout
from dashboards.formats import UNKNOWN, count
from dashboards.layout import Figure, read
from warehouse.readers import stations

MOMENT = "YYYY-MM-DD HH:mm"
SOON = timedelta(days=30)


def main() -> None:
    now = datetime.now(UTC)
    # Who is connected changes by the second: it is asked anew, not remembered.
    online, waiting = stations.online(data.lake(), now), stations.waiting(data.lake())
    sites = layout.scope().sites
    is_all = set(sites) >= set(layout.all_sites())
    rows = stations.standing(read(stations.told), read(stations.differences), online)
    rows = rows.filter(pl.col("site_id").is_in(sites) | (pl.lit(is_all) & pl.col("site_id").is_null()))
    differences = read(stations.differences).filter(pl.col("site_id").is_in(sites))
    registered = rows.filter("registered")
    ending = registered.filter(pl.col("certificate_ends_at") < now + SOON)
    layout.figures(
        [
            Figure("Stations", count(registered.height), "Stations of the chosen sites that the registry knows."),
            Figure(
                "Connected",
                count(registered["online_since"].count()) if online.height else UNKNOWN,
                "Of these, stations that a running collector holds now. –: no collector says that it holds any.",
            ),
            Figure("Differences", count(differences.height), "Between what stations say and the registry."),
            Figure(
                "Waiting", count(waiting.height), "Unknown stations that have knocked, until a person accepts them."
            ),
            *(
                [Figure("Certificates ending", count(ending.height), "Connected with one that ends within 30 days.")]
                if ending.height
                else []
            ),
        ]
    )
    _waiting(waiting)
    _differences(differences)
    _stations(rows)


def _waiting(rows: pl.DataFrame) -> None:
    if rows.is_empty():
        return
    column = st.column_config
    layout.table(
        "Waiting: not in the registry",
        rows,
        {
            "station_id": column.TextColumn("Station", pinned=True),
            "last_at": column.DatetimeColumn("Last knock", format=MOMENT),
            "knocks": column.NumberColumn("Knocks", format="localized"),
            "first_at": column.DatetimeColumn("First knock", format=MOMENT),
            "remote_address": column.TextColumn("From"),
        },
        name="waiting",
        note="`kwhouse station accept STATION --site SITE` lets one in. It is refused until then, so nothing but its "
        "name and address is known. Times in UTC.",
    )


def _differences(rows: pl.DataFrame) -> None:
    if rows.is_empty():
        st.success("Stations say nothing that differs from the registry.", icon=":material/check_circle:")
        return
    column = st.column_config
    layout.table(
        "Differences from the registry",
        rows.with_columns(
            pl.col("difference").replace_strict(stations.DIFFERENCES),
            where=pl.concat_str(
                pl.format("EVSE {}", "evse_id"),
                pl.format("connector {}", "connector_id"),
                separator=" ",
                ignore_nulls=True,
            ),
        ),
        {
            "station_id": column.TextColumn("Station", pinned=True),
            "difference": column.TextColumn("Difference"),
            "where": column.TextColumn("Where"),
            "reported": column.TextColumn("The station says"),
            "registered": column.TextColumn("The registry says"),
            "reported_at": column.DatetimeColumn("Said at", format=MOMENT),
            "action": column.TextColumn("In"),
        },
        name="station_differences",
        note="The download names the frame that says it (collector_id, seq in raw.messages). Times in UTC.",
    )


def _stations(rows: pl.DataFrame) -> None:
    column = st.column_config
    layout.table(
        "All stations",
        # As texts: what is not there is then an empty cell.
        rows.with_columns(
            pl.col("online_since", "heard_at").dt.strftime("%Y-%m-%d %H:%M"), pl.col("connectors").cast(pl.String)
        ),
        {
            "station_id": column.TextColumn("Station", pinned=True),
            "site": column.TextColumn("Site"),
            "online_since": column.TextColumn("Connected since (UTC)", help="Empty: not connected"),
            "heard_at": column.TextColumn("Last heard (UTC)", help="As far as the warehouse has read"),
            "vendor": column.TextColumn("Vendor"),
            "model": column.TextColumn("Model"),
            "firmware": column.TextColumn("Firmware"),
            "firmware_status": column.TextColumn("Firmware update"),
            "serial_number": column.TextColumn("Serial number"),
            "connectors": column.TextColumn("Connectors", help="That it has named in status notifications"),
            "ocpp_version": column.TextColumn("OCPP"),
            "differences": column.NumberColumn("Differences"),
            "registered": column.CheckboxColumn("Registered"),
        },
        name="stations",
        note="Vendor, model, firmware and serial number are the station's own words. Times in UTC.",
    )


main()
